"""kb init, remove, bundle, status, doctor, reindex, backup, restore."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from kb.backup import backup, choose_backup, restore
from kb.bundle import load_bundle, write_bundle
from kb.catalogue import SCHEMA_VERSION
from kb.catalogue.sidecar import beside
from kb.catalogue.store import BACKUPS
from kb.commands.common import Session, command
from kb.commands.self_testing import told_of
from kb.doctor import CLOSED, Fault, check, examine, mend
from kb.errors import UsageError
from kb.library import Library, utc_now
from kb.reembed import embed_again
from kb.selftest import keep_self_test
from kb.starter import starter_path


@command
@click.option("--starter", is_flag=True, help="Load the papers that come with Sixfold.")
@click.option("--anew", is_flag=True, help="Also where backups of a lost library lie.")
def init_command(session: Session, starter: bool, anew: bool) -> None:
    """Make a library."""
    started = time.perf_counter()
    if starter:
        # Before anything is made: a bundle that cannot be read leaves no library behind.
        bundle = starter_path()
        library = _empty_or_new(session.folder, anew=anew)
        load_bundle(library, bundle)
        keep_self_test(library)
    else:
        library = Library.create(session.folder, anew=anew)
        library.heal()
    with library.catalogue.read() as reader:
        counts = reader.counts()
    library.close()
    seconds = round(time.perf_counter() - started, 2)
    session.emit(
        {"papers": counts["papers"], "passages": counts["passages"], "seconds": seconds},
        f"A library with {counts['papers']} papers is in {library.folder} ({seconds:.1f} s).",
    )


def _empty_or_new(folder: Path, *, anew: bool) -> Library:
    """A library without papers: a new one, or one whose first filling was cut short."""
    try:
        return Library.create(folder, anew=anew)
    except UsageError as error:
        if error.code != "library_exists":
            raise
        library = Library.open(folder)
        with library.catalogue.read() as reader:
            if reader.counts()["papers"]:
                raise
        return library


@command
@click.argument("papers", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Also where much of the library would go.")
def remove_command(session: Session, papers: tuple[str, ...], yes: bool) -> None:
    """Remove papers everywhere."""
    removed = session.open().remove(list(papers), yes=yes)
    session.emit({"removed": removed}, f"{removed} removed.")


@command
@click.option("-o", "--output", required=True, metavar="FILE.kbz", help="Where to write it.")
def bundle_command(session: Session, output: str) -> None:
    """Write the whole library to one file, with vectors, decisions, notes and reviews.

    Reading lists and saved searches go along too, under their owners' names. Chats and the
    log of searches stay behind; kb backup copies them too.
    """
    path = Path(output).expanduser()
    manifest = write_bundle(session.open(), path)
    papers = manifest.counts["papers"]
    size = path.stat().st_size
    session.emit(
        {"papers": papers, "file": str(path), "bytes": size, "counts": manifest.counts},
        f"{papers} papers in {path} ({size / 1e6:.1f} MB).",
    )


@command
def status_command(session: Session) -> None:
    """What is here."""
    library = session.open()
    with library.catalogue.read() as reader:
        counts, generation, model = reader.counts(), reader.generation, reader.meta("model")
    who = library.lock.holder()
    files = [path for path in library.folder.rglob("*") if path.is_file()]
    facts = {
        **counts,
        "generation": generation,
        "schema": SCHEMA_VERSION,
        "model": model,
        "folder": str(library.folder),
        "bytes": sum(path.stat().st_size for path in files),
        "indexes_current": library.indexes.current(generation),
        "writer": who,
    }
    library.close()
    shown = facts | {"writer": "nobody"}
    if who:
        shown["writer"] = f"{who['command']} · {who['user']} on {who['host']}, since {who['since']}"
    width = max(len(name) for name in facts)
    session.emit(facts, "\n".join(f"{name:<{width}}  {value}" for name, value in shown.items()))


@command
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
def doctor_command(session: Session, fix: bool) -> int:
    """Is the library sound? Says what is wrong, and what mends it."""
    faults = examine(session.folder)
    mended: list[Fault] = []
    kept: list[Path] = []
    if fix and faults and not any(fault.code in CLOSED for fault in faults):
        library = Library.open(session.folder, heal=False)
        kept = mend(library, faults)
        before, faults = faults, check(library)
        mended = [fault for fault in before if fault not in faults]
        library.close()
    session.emit(
        {
            "ok": not faults,
            "faults": [fault.to_json() for fault in faults],
            "mended": [fault.to_json() for fault in mended],
            "put_aside": [str(path) for path in kept],
        },
        "\n".join([_told(faults, mended), *(f"kept    {path}" for path in kept)]),
    )
    return 3 if faults else 0


def _told(faults: list[Fault], mended: list[Fault]) -> str:
    lines = [f"mended  {fault.code}: {fault.detail}" for fault in mended]
    lines += [f"fault   {fault.code}: {fault.detail}\n        {fault.remedy}" for fault in faults]
    return "\n".join(lines or ["The library is sound."])


@command
@click.option("--embed", is_flag=True, help="Make all vectors anew, by the settings' model.")
def reindex_command(session: Session, embed: bool) -> None:
    """Rebuild both indexes from the catalogue."""
    started = time.perf_counter()
    library = Library.open(session.folder, heal=False)
    made = 0
    if embed:
        bar: tqdm[Any] = tqdm(unit="text", disable=None)
        with bar:
            made = embed_again(library, everything=True, on_progress=_shown(bar))
    else:
        with library.writing():
            library.indexes.discard()
    with library.catalogue.read() as reader:
        passages = reader.counts()["passages"]
    tested = keep_self_test(library)
    library.close()
    seconds = round(time.perf_counter() - started, 2)
    session.emit(
        {
            "passages": passages,
            "embedded": made,
            "seconds": seconds,
            "selftest": tested.to_json(),
        },
        f"Both indexes hold {passages} passages ({seconds:.1f} s).\n{told_of(tested)}",
    )


def _shown(bar: tqdm[Any]) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        """Set the bar to `done` of `total`."""
        bar.total = total
        bar.update(done - bar.n)

    return show


@command
@click.argument("file", type=click.Path(dir_okay=False))
def backup_command(session: Session, file: str) -> None:
    """Copy the catalogue to a file, while others work."""
    path = Path(file).expanduser()
    library = Library.open(session.folder, heal=False)
    backup(library.catalogue, path)
    library.close()
    size = path.stat().st_size
    session.emit({"file": str(path), "bytes": size}, f"{path}: {size / 1e6:.1f} MB, checked.")


@command
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Also where much of the library would go.")
def restore_command(session: Session, file: str | None, yes: bool) -> None:
    """Put a backup in the catalogue's place; what it replaces is kept.

    Without FILE: the newest sound one of the library's backups folder.
    """
    source, passed_over = (Path(file).expanduser(), []) if file else choose_backup(session.folder)
    if source is None:
        raise UsageError(
            "; ".join([f"there is no sound backup in {session.folder / BACKUPS}", *passed_over]),
            item=str(session.folder / BACKUPS),
            remedy="kb restore FILE",
            code="no_backup",
        )
    file, verified = str(source), beside(source).is_file()
    kept = restore(session.folder, source, utc_now(), yes=yes)
    library = session.open()
    with library.catalogue.read() as reader:
        papers = reader.counts()["papers"]
    library.close()
    lines = [f"Passed over: {one}" for one in passed_over]
    lines.append(f"Restored {source.name}: {papers} papers.")
    if not verified:
        lines.append("No checksum lies beside it: SQLite's own check found no fault.")
    if kept:
        lines.append(f"What was here before is in {kept}.")
    session.emit(
        {
            "file": file,
            "papers": papers,
            "kept": str(kept) if kept else None,
            "verified": verified,
            "passed_over": passed_over,
        },
        "\n".join(lines),
    )
