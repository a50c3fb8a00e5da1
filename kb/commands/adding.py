"""kb add, fetch."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ingest.bibliography import columns_of
from ingest.bibliography_columns import FIELDS
from ingest.errors import SourceError
from kb.adding import Options, Report, add
from kb.arxiv_papers import LAST
from kb.bundle import load_bundle, would_load
from kb.collecting import require
from kb.commands.common import Session, command
from kb.commands.self_testing import test_after
from kb.errors import BundleError, UsageError, unknown
from kb.intake import Intake
from kb.library import Library
from kb.request import Failed, failed_of, is_bundle, request, sources_of
from kb.shown import visible_json

MOST_NOTES = 10
"""Notes shown; one names what came in with something amiss."""

Bar = Any  # tqdm is generic over what it wraps; ours wraps nothing


@command
@click.argument("sources", nargs=-1)
@click.option("--no-pdf", is_flag=True, help="Records only; no PDF is fetched from arXiv.")
@click.option("--dry-run", is_flag=True, help="Say what would be added; change nothing.")
@click.option("--arxiv-query", metavar="Q", default="", help="A query of arXiv's, cat:cs.SE say.")
@click.option("--max", "maximum", type=click.IntRange(1, 30_000), default=100, help="Of a query.")
@click.option(
    "--since",
    metavar="DATE",
    default="",
    help="New since YYYY-MM-DD; of a query also: last.",
)
@click.option("--until", metavar="DATE", default="", help="Of a query: submitted by YYYY-MM-DD.")
@click.option("--retry", is_flag=True, help="Add again only what failed in the last run.")
@click.option(
    "--columns", metavar="F=COLUMN,…", default="", help="Which column of a table is what."
)
@click.option("--events", is_flag=True, help="A JSON line on standard error after each commit.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another writer.")
def add_command(
    session: Session,
    sources: tuple[str, ...],
    no_pdf: bool,
    dry_run: bool,
    arxiv_query: str,
    maximum: int,
    since: str,
    until: str,
    retry: bool,
    columns: str,
    events: bool,
    wait: float,
) -> int:
    """Add papers: arXiv ids or URLs, PDF files, folders, bibliographies, .jsonl, a bundle.

    Bibliographies are BibTeX (.bib), RIS (.ris), CSL-JSON (.json, as Zotero exports it) and
    tables (.csv, .tsv). PDFs that they name, or that lie beside them in a folder of the same
    name or `files`, are attached. --columns title=Titel,authors=Autoren names columns.
    """
    if not (sources or arxiv_query or retry):
        raise UsageError("nothing to add", remedy="kb add 2506.23762, a PDF, a folder or a file")
    if retry and (sources or arxiv_query):
        raise UsageError("--retry takes no sources", item="--retry", remedy="kb add --retry")
    days = _days(since, until, arxiv_query)
    named = read_columns(columns, sources)
    library, report = session.open(), Report()
    for name in sources:
        if is_bundle(name):
            path = Path(name).expanduser()
            merge(report, _add_bundle(library, path, dry_run=dry_run, events=events))
    failed = _failed(session, library) if retry else None
    asked = (
        failed.asked
        if failed
        else request(sources, arxiv_query, maximum, days, with_pdf=not no_pdf, columns=named)
    )
    with Intake(library) as intake, _progress(events) as (options, bar):
        wanted = sources_of(intake, asked, failed)
        bar.reset(total=intake.size(asked["names"]) if asked["names"] else None)
        if wanted:
            chosen = replace(options, dry_run=dry_run, wait=wait, asked=asked, since=asked["since"])
            merge(report, add(library, wanted, chosen))
        if not (dry_run or report.stopped or report.broken):
            intake.finish()
    _say_empty(session, sources)
    test_after(session, library, 0 if dry_run else report.added + report.updated)
    return finish(session, report, dry_run=dry_run)


def _failed(session: Session, library: Library) -> Failed:
    """What failed in the last run; tells where there is nothing, or not the whole of it."""
    failed = failed_of(library)
    if not failed.finished:
        session.say("the last run was cut off: the same command again does what it did not try")
    elif not failed.items:
        session.say("nothing failed in the last run (kb journal shows it)")
    return failed


def _say_empty(session: Session, sources: Sequence[str]) -> None:
    """Tell of folders that hold nothing to add."""
    for name in sources:
        folder = Path(name).expanduser()
        if folder.is_dir() and not any(one.suffix.lower() == ".pdf" for one in folder.rglob("*")):
            session.say(f"no PDF in {name}: of a folder only PDFs are added; name other files")


def _days(since: str, until: str, query: str) -> tuple[str, str]:
    """--since and --until, checked. Raises UsageError."""
    if until and not query:
        raise UsageError("--until goes with --arxiv-query", item="--until", remedy="leave it out")
    if since == LAST and query:
        return since, until and str(_date(until))
    return since and str(_date(since)), until and str(_date(until))


@command
@click.argument("papers", nargs=-1)
@click.option("--collection", metavar="C", default="", help="All papers of a collection.")
@click.option("--missing", is_flag=True, help="Abstracts of all papers that lack one.")
@click.option("--events", is_flag=True, help="A JSON line on standard error after each commit.")
def fetch_command(
    session: Session, papers: tuple[str, ...], collection: str, missing: bool, events: bool
) -> int:
    """Fetch full text (or --missing abstracts) of papers already held, from arXiv."""
    library = session.open()
    ids = _held(library, papers, collection, missing=missing)
    if not ids:
        session.say("nothing to fetch")
    with Intake(library) as intake, _progress(events) as (options, bar):
        bar.reset(total=len(ids))
        wanted = [intake.by_ids(ids, with_pdf=not missing)] if ids else []
        asked = request(ids, "", 0, ("", ""), with_pdf=not missing, columns={})
        report = add(library, wanted, replace(options, asked=asked)) if ids else Report()
    return finish(session, report)


def _held(library: Library, papers: Sequence[str], collection: str, *, missing: bool) -> list[str]:
    """ArXiv ids of the papers to fetch. Raises UsageError where none is named."""
    numbers = [library.number(one) for one in papers]
    if collection:
        require(library, collection)
    with library.catalogue.read() as reader:
        if collection:
            numbers += reader.numbers(reader.collection(collection)).values()
        if not numbers and not missing:
            raise UsageError("nothing to fetch", remedy="kb fetch ID…, --collection C or --missing")
        held = reader.papers(None if missing and not numbers else numbers).values()
    return [one.arxiv_id for one in held if one.arxiv_id and not (missing and one.abstract)]


def merge(report: Report, other: Report) -> None:
    """Add another report's counts to this one."""
    report.added += other.added
    report.updated += other.updated
    report.unchanged += other.unchanged
    report.failed += other.failed
    report.passages += other.passages
    report.seconds += other.seconds
    report.papers += other.papers
    report.notes += other.notes
    report.not_tried += other.not_tried
    report.run = other.run or report.run
    report.stopped = other.stopped or report.stopped
    report.broken = report.broken or other.broken


def finish(session: Session, report: Report, *, dry_run: bool = False) -> int:
    """Print what was done. Returns the exit status: 1 where an item failed."""
    text = (
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{len(report.failed)} failed · {report.passages} passages · {report.seconds:.1f} s"
    )
    if dry_run:
        text = f"Nothing was changed; it would be: {text}"
    for note in report.notes[:MOST_NOTES]:
        session.say(f"note: {note['item']}: {note['detail']}")
    if len(report.notes) > MOST_NOTES:
        session.say(f"note: … and {len(report.notes) - MOST_NOTES} more (--json lists them)")
    for one in report.failed:
        session.say(f"failed: {one['item']} ({one['step']}): {one['error']}")
    if report.stopped:
        session.say(f"{report.why}; {report.not_tried} not tried")
    session.emit(report.to_json(), text)
    return 1 if report.failed or report.stopped else 0


@contextmanager
def _progress(events: bool) -> Iterator[tuple[Options, Bar]]:
    """Options and a bar with rate and time left, which shows on a terminal only."""
    bar: Bar = tqdm(unit=" papers", disable=None, file=sys.stderr, dynamic_ncols=True)

    def step(_: int, passages: int) -> None:
        """Show how many passages there are so far."""
        bar.set_postfix(passages=passages)

    with bar:
        found = partial(bar.update, 1)
        yield Options(on_progress=step, on_event=_event if events else None, on_found=found), bar


def _event(facts: dict[str, str]) -> None:
    """Acknowledge one committed paper."""
    sys.stderr.write(visible_json(facts) + "\n")
    sys.stderr.flush()


def _add_bundle(library: Library, path: Path, *, dry_run: bool, events: bool) -> Report:
    """Merge a bundle; one that cannot be used is an item that failed."""
    try:
        if dry_run:
            return would_load(library, path)
        with library.catalogue.read() as reader:
            before = set(reader.table().paper_id) if events else set()
        report = load_bundle(library, path)
    except (BundleError, OSError) as error:
        told = f"{error.message}. {error.remedy}" if isinstance(error, BundleError) else str(error)
        return Report(failed=[{"item": str(path), "step": "bundle", "error": told.strip()}])
    if events:
        for paper_id in report.papers:
            state = "updated" if paper_id in before else "added"
            _event({"item": str(path), "state": state, "paper_id": paper_id})
    return report


def read_columns(text: str, sources: Sequence[str]) -> dict[str, str]:
    """Field -> column, of `title=Titel,authors=Autoren`, looked up in the tables among `sources`.

    Raises UsageError for a field or a column that is not there; it lists those that are.
    """
    named: dict[str, str] = {}
    for pair in next(csv.reader([text], skipinitialspace=True)) if text else ():
        field, equals, column = (part.strip() for part in pair.partition("="))
        if field not in FIELDS:
            raise unknown("field", field, FIELDS)
        if not equals or not column:
            raise UsageError(
                f"no column is named for {field}", item=pair, remedy=f"give {field}=COLUMN"
            )
        named[field] = column
    tables = [Path(one).expanduser() for one in sources if one.lower().endswith((".csv", ".tsv"))]
    if named and not tables:
        raise UsageError("--columns is for .csv and .tsv files", remedy="name one")
    for table in tables if named else ():
        if table.is_file():
            try:
                columns_of(table, named)
            except SourceError as error:
                raise UsageError(
                    f"{table}: {error.message}",
                    item=error.item,
                    remedy=error.remedy,
                    code=error.code,
                ) from error
    return named


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UsageError(f"not a date: {text}", item=text, remedy="give YYYY-MM-DD") from None
