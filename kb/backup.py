"""Backups: the catalogue copied while others work, and put back.

Only the catalogue is copied: the indexes are made from it, without embedding anything.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from kb.catalogue import Catalogue
from kb.catalogue.store import BACKUPS, check_file
from kb.errors import LibraryError, UsageError
from kb.index_state import IndexFolder
from kb.lock import WriteLock

# Removing this many papers at once is backed up first.
BULK = 25

_SIDE_FILES = ("-wal", "-shm")


def backup(catalogue: Catalogue, target: Path) -> None:
    """Copy the catalogue to `target`, whole and checked, while others read and write.

    Raises UsageError where `target` is a folder or the catalogue itself, OSError where it
    cannot be written.
    """
    if target.is_dir() or target.resolve() == catalogue.path.resolve():
        raise UsageError(
            f"not a file to back up to: {target}",
            item=str(target),
            remedy="name a new file, e.g. library.sqlite",
            code="bad_target",
        )
    catalogue.backup(target)


def keep_copy(catalogue: Catalogue, reason: str, now: datetime) -> Path:
    """A backup in the library's own backups folder, named by time and reason."""
    target = _free(catalogue.path.parent / BACKUPS, reason, now)
    catalogue.backup(target)
    return target


def newest_backup(folder: Path) -> Path | None:
    """The newest sound backup in the library's backups folder."""
    found = sorted(
        (folder / BACKUPS).glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )
    for path in found:
        try:
            check_file(path)
        except (LibraryError, OSError):
            continue  # a copy of a damaged catalogue is kept there too
        return path
    return None


def restore(folder: Path, source: Path, now: datetime) -> Path | None:
    """Put the backup `source` in the place of the catalogue in `folder`.

    The backup is checked and brought to this schema first, under another name. What it
    replaces is kept in the backups folder; its path is returned (None where there was no
    catalogue). The indexes count as missing from then on, and are made anew at the next
    opening. Raises DamagedCatalogue, NewerSchema, LibraryLocked, OSError.
    """
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    live = folder / "catalogue.sqlite"
    with WriteLock(folder).held():
        workshop = folder / BACKUPS / "restoring"
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(parents=True)
        try:
            prepared = _prepared(source, workshop / "catalogue.sqlite")
            indexes = _indexes(folder)
            seen = [state.generation for one in indexes if (state := one.state())]
            _outrun(prepared, live, seen)
            # First, so that a crash in between cannot leave indexes of another catalogue.
            for index in indexes:
                index.forget()
            return _swap(prepared, live, now)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _prepared(source: Path, target: Path) -> Path:
    """A copy of the backup, checked and at this schema, in the journal mode of a library."""
    check_file(source)
    with source.open("rb") as stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    check_file(target)
    catalogue = Catalogue.open(target)
    catalogue.use_wal()
    catalogue.close()
    return target


def _outrun(prepared: Path, live: Path, seen: list[int]) -> None:
    """Raise the generation beyond every one seen, so that no reader mistakes old for new."""
    seen = [*seen, _generation(live)]
    catalogue = Catalogue.open(prepared)
    with catalogue.write() as writer:
        writer.outrun(max(seen, default=0))
    catalogue.close()


def _generation(path: Path) -> int:
    """The catalogue's generation; 0 where there is none, or none that can be read."""
    if not path.is_file():
        return 0
    try:
        catalogue = Catalogue.open(path, upgrade=False)
    except LibraryError:
        return 0
    try:
        with catalogue.read() as reader:
            return reader.generation
    finally:
        catalogue.close()


def _swap(prepared: Path, live: Path, now: datetime) -> Path | None:
    """Put the prepared catalogue in place; give where the former one is kept."""
    if not live.is_file():
        prepared.replace(live)
        return None
    aside = live.parent / BACKUPS
    try:
        catalogue = Catalogue.open(live, upgrade=False)
    except LibraryError:
        kept = _free(aside, "damaged", now)
        live.replace(kept)
        for end in _SIDE_FILES:
            side = live.with_name(live.name + end)
            if side.exists():
                side.replace(kept.with_name(kept.name + end))
        prepared.replace(live)
        return kept
    kept = _free(aside, "before-restore", now)
    try:
        catalogue.backup(kept)
        # Through SQLite, in one transaction: readers that have the file open see it too.
        catalogue.overwrite(prepared)
    finally:
        catalogue.close()
    return kept


def _indexes(folder: Path) -> tuple[IndexFolder, IndexFolder]:
    return IndexFolder(folder, "lexical"), IndexFolder(folder, "chroma")


def _free(folder: Path, reason: str, now: datetime) -> Path:
    """A name of the backups folder that is not taken."""
    stem = f"{now:%Y%m%dT%H%M%S}-{reason}"
    path, counter = folder / f"{stem}.sqlite", 1
    while path.exists():
        counter += 1
        path = folder / f"{stem}-{counter}.sqlite"
    return path
