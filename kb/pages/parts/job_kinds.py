"""What runs in the background: adding, examining, mending, copying and putting back.

Each function begins a job and returns it at once. Nothing here knows of the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kb.adding import Options, add
from kb.backup import keep_copy, restore
from kb.bundle import load_bundle
from kb.catalogue.fronts import lacking_abstract
from kb.doctor import CLOSED, check, mend
from kb.errors import DamagedCatalogue, NoLibrary, UsageError
from kb.intake import Intake
from kb.library import Library, utc_now
from kb.pages.parts.job_model import encoding
from kb.pages.parts.jobs import Job, Jobs, begin
from kb.reembed import embed_again
from kb.request import Failed, failed_of, is_bundle, request, sources_of
from kb.selftest import keep_self_test
from kb.starter import starter_path

# A quarter of the command line's batches: tagging one holds the interpreter's lock meanwhile,
# and so every page.
_SHARE = 4

# Of 19: the process that reads PDFs leaves the processors to whoever draws a page.
_NICE = 5


def add_named(
    jobs: Jobs, library: Library, names: Sequence[str], *, with_pdf: bool, by: str = ""
) -> Job:
    """Add arXiv ids and files; each bundle among them is a job of its own."""
    bundles = [name for name in names if is_bundle(name)]
    for name in bundles:
        begun = begin("bundle", name, at=library.clock(), by=by)
        jobs.start(begun, partial(_load, library, Path(name)))
    asked = request(names, "", 0, ("", ""), with_pdf=with_pdf, columns={})
    return _adding(jobs, library, "add", asked, by=by) if asked["names"] else jobs.jobs[0]


def add_query(
    jobs: Jobs,
    library: Library,
    query: str,
    maximum: int,
    since: str = "",
    *,
    with_pdf: bool,
    by: str = "",
) -> Job:
    """Add what a query of arXiv finds; `since` is an ISO day, `last` or ""."""
    asked = request((), query, maximum, (since, ""), with_pdf=with_pdf, columns={})
    return _adding(jobs, library, "add", asked, by=by)


def retry(jobs: Jobs, library: Library, run: int, *, by: str = "") -> Job:
    """Add again what failed in a run. Raises UsageError where no such run can be repeated."""
    failed = failed_of(library, run)
    return _adding(jobs, library, "retry", failed.asked, failed, by=by)


def fetch_abstracts(jobs: Jobs, library: Library, *, by: str = "") -> Job:
    """Fetch from arXiv the abstracts that are not here."""
    with library.catalogue.read() as reader:
        ids = [one for one in lacking_abstract(reader) if one]
    asked = request(ids, "", 0, ("", ""), with_pdf=False, columns={})
    return _adding(jobs, library, "fetch", asked, by=by)


def resume(jobs: Jobs, library: Library, run: int, *, by: str = "") -> Job:
    """Go on with a run that ended early: what it kept is known, and passed over."""
    asked = failed_of(library, run).asked
    return _adding(jobs, library, "resume", _from_anywhere(asked), by=by)


def _from_anywhere(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The request with whole paths: the run may have begun in another folder."""
    home = Path(str(asked["folder"]))
    there = {name: str(home / Path(name).expanduser()) for name in asked["names"]}
    names = [there[name] if Path(there[name]).exists() else name for name in asked["names"]]
    return {**asked, "names": names}


def _adding(
    jobs: Jobs,
    library: Library,
    kind: str,
    asked: Mapping[str, Any],
    failed: Failed | None = None,
    *,
    by: str,
) -> Job:
    names = sorted(failed.items) if failed else asked["names"]
    told = [*names, *([f"arXiv: {asked['query']}"] if asked["query"] and not failed else [])]
    job = begin(kind, *told, at=library.clock(), by=by)
    job.total = len(failed.items) if failed else 0
    return jobs.start(job, partial(_add, library, asked, failed))


def _add(library: Library, asked: Mapping[str, Any], failed: Failed | None, job: Job) -> None:
    job.at = "read"
    with Intake(library, nice=_NICE) as intake:
        if failed is None:
            job.total = intake.size(asked["names"]) if not asked["query"] else 0
        options = Options(
            on_progress=job.step,
            on_outcome=job.note,
            encode=encoding(library, job),
            share=_SHARE,
            stop=job.stop,
            asked=asked,
            since="" if asked["since"] == "last" else asked["since"],
        )
        job.report = add(library, sources_of(intake, asked, failed), options)
        if not (job.report.stopped or job.report.broken):
            intake.finish()


def _load(library: Library, path: Path, job: Job) -> None:
    with library.lock.held():  # first: checking a bundle takes seconds
        job.report = load_bundle(library, path, stop=job.stop)


def make(jobs: Jobs, folder: Path, *, by: str = "") -> Job:
    """Make a library with the papers that come with Sixfold, or fill an empty one."""
    return jobs.start(begin("starter", at=utc_now(), by=by), partial(_make, folder))


def _make(folder: Path, job: Job) -> None:
    bundle = starter_path()  # before anything is made: without it no library is left behind
    try:
        library = Library.open(folder)
    except NoLibrary:
        library = Library.create(folder)
    try:
        with library.lock.held():
            job.report = load_bundle(library, bundle)
            keep_self_test(library)
    finally:
        library.close()


def examine(jobs: Jobs, library: Library, *, by: str = "") -> Job:
    """Look for faults."""
    return jobs.start(begin("check", at=library.clock(), by=by), partial(_examine, library))


def _examine(library: Library, job: Job) -> None:
    library.heal()  # what merely lags is no fault
    job.faults = check(library)


def repair(jobs: Jobs, library: Library, *, by: str = "") -> Job:
    """Look for faults and mend what can be mended without guessing."""
    return jobs.start(begin("repair", at=library.clock(), by=by), partial(_repair, library))


def _repair(library: Library, job: Job) -> None:
    with library.lock.held():
        before = check(library)
        if before and not any(fault.code in CLOSED for fault in before):
            mend(library, before)
        job.faults = check(library) if before else []
        job.mended = [fault for fault in before if fault not in job.faults]


def reindex(jobs: Jobs, library: Library, *, embed: bool = False, by: str = "") -> Job:
    """Make both indexes anew; with `embed` all vectors, by the settings' model."""
    return jobs.start(
        begin("reindex", at=library.clock(), by=by), partial(_reindex, library, embed)
    )


def _reindex(library: Library, embed: bool, job: Job) -> None:
    if embed:
        embed_again(library, everything=True, on_progress=job.advance)
    else:
        with library.writing():
            library.indexes.discard()
    keep_self_test(library)


def back_up(jobs: Jobs, library: Library, *, by: str = "") -> Job:
    """Copy the catalogue to the library's backups folder, while others read and write."""
    job = begin("backup", at=library.clock(), by=by, alone=False)
    return jobs.start(job, partial(_back_up, library))


def _back_up(library: Library, job: Job) -> None:
    job.file = keep_copy(library.catalogue, "by-hand", library.clock())


def put_back(jobs: Jobs, folder: Path, source: Path, *, yes: bool = False, by: str = "") -> Job:
    """Put a backup in the catalogue's place; what it replaces is kept.

    With `yes` also where much of the library goes: somebody was asked.
    """
    job = begin("restore", source.name, at=utc_now(), by=by)
    return jobs.start(job, partial(_put_back, folder, source, yes))


def _put_back(folder: Path, source: Path, yes: bool, job: Job) -> None:
    if not source.is_file():
        raise UsageError(
            f"there is no backup {source.name} any more", item=str(source), remedy="choose another"
        )
    job.file = restore(folder, source, utc_now(), yes=yes)
    try:
        Library.open(folder).close()  # makes the indexes anew
    except DamagedCatalogue as error:
        raise UsageError(error.message, item=str(source), remedy=error.remedy) from error
