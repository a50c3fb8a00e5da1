"""Backups: the catalogue copied while others work, and put back.

Only the catalogue is copied: the indexes are made from it, without embedding anything.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb.catalogue import Catalogue
from kb.catalogue.frozen import kept_version
from kb.catalogue.places import Place, place_of
from kb.catalogue.sidecar import END, beside
from kb.catalogue.sqlite_file import SqliteFile
from kb.catalogue.store import BACKUPS, check_file, require_bytes
from kb.errors import LibraryError, UsageError
from kb.index_state import IndexFolder
from kb.settings import load_settings
from kb.whole_file import require_free

# Removing this many papers at once is backed up first.
BULK = 25

KEPT_COPIES = 5
"""Copies that Sixfold makes on its own are kept, the newest of each reason."""

_AUTOMATIC = re.compile(r"\d{8}T\d{6}-(before-removal|before-restore|damaged)(?:-\d+)?\.sqlite")

# Copies made until nobody writes meanwhile; each takes a second or so.
_TRIES = 5

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
    require_free(target, backup=True)
    catalogue.backup(target)


def keep_copy(catalogue: Catalogue, reason: str, now: datetime) -> Path:
    """A backup in the library's own backups folder, named by time and reason."""
    target = _free(catalogue.path.parent / BACKUPS, reason, now)
    catalogue.backup(target)
    _prune(target)
    return target


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup in the library's own backups folder."""

    path: Path
    at: datetime
    """When it was written."""
    size: int
    """Bytes."""
    schema: int
    """Version of its tables; 0 where the file does not tell, as a damaged one."""
    summed: bool
    """True where a sum of its bytes is kept beside it, which shows what a disk changes."""


def backups(folder: Path) -> list[Kept]:
    """The backups in the library's backups folder, the newest first."""
    found = []
    for path in (folder / BACKUPS).resolve().glob("*.sqlite"):
        facts = path.stat()
        at = datetime.fromtimestamp(facts.st_mtime, UTC)
        version, summed = kept_version(path), beside(path).is_file()
        found.append(Kept(path, at, facts.st_size, version, summed))
    return sorted(found, key=lambda one: (one.at, one.path.name), reverse=True)


def newest_backup(folder: Path) -> Path | None:
    """The newest sound backup in the library's backups folder."""
    return choose_backup(folder)[0]


def choose_backup(folder: Path) -> tuple[Path | None, list[str]]:
    """(the newest sound backup in the library's backups folder, what is wrong with newer ones)."""
    passed_over: list[str] = []
    found = sorted(
        (folder / BACKUPS).glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )
    for path in found:
        try:
            check_file(path)
        except LibraryError as error:  # a copy of a damaged catalogue is kept there too
            passed_over.append(error.message)
        except OSError as error:
            passed_over.append(f"{path} cannot be read: {error.strerror}")
        else:
            return path, passed_over
    return None, passed_over


def require_meant(doomed: int, held: int, does: str, *, yes: bool) -> None:
    """Raise UsageError where 25 papers or more, a quarter of those held or more, would go.

    Takes what the person asked for in words: `remove`. Nothing is said where `yes` is.
    """
    if doomed >= BULK and doomed * 4 >= held and not yes:
        raise UsageError(
            f"this would {does} {doomed} of {held} papers",
            remedy="say --yes if that is meant; kb backup FILE first",
            code="bulk_removal",
        )


def lost_by(folder: Path, source: Path) -> tuple[int, int]:
    """(papers here that the backup has not, papers here); zeros where none can be read here.

    A catalogue that is damaged counts as far as its papers can be read.

    Raises DamagedCatalogue, NewerSchema, OSError of the backup.
    """
    check_file(source)
    there = _ids(source)
    place = place_of(folder, load_settings(folder).catalogue_url)
    if not place.exists():
        return 0, 0
    try:
        catalogue = Catalogue.open(place, upgrade=False)
    except LibraryError:
        here = _ids(place.path)
        return len(here - there), len(here)
    try:
        with catalogue.read() as reader:
            rows = reader.connection.exec_driver_sql("SELECT paper_id FROM papers")
            here = {str(one) for (one,) in rows}
    except LibraryError:
        return 0, 0
    finally:
        catalogue.close()
    return len(here - there), len(here)


def _ids(path: Path) -> set[str]:
    """Ids of the papers in an SQLite file, which is not touched; none where it cannot be read."""
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as file:
            return {str(one) for (one,) in file.execute("SELECT paper_id FROM papers")}
    except sqlite3.DatabaseError:
        return set()


def restore(folder: Path, source: Path, now: datetime, *, yes: bool = False) -> Path | None:
    """Put the backup `source` in the place of the catalogue in `folder`.

    The backup is checked and brought to this schema first, under another name. What it
    replaces is kept in the backups folder; its path is returned (None where there was no
    catalogue). The indexes count as missing from then on, and are made anew at the next
    opening. Raises DamagedCatalogue, NewerSchema, LibraryLocked, OSError; UsageError where
    much of the library would go, unless `yes`.
    """
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    place = place_of(folder, load_settings(folder).catalogue_url)
    require_meant(*lost_by(folder, source), "take away", yes=yes)
    with place.write_lock().held():
        workshop = folder / BACKUPS / "restoring"
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(parents=True)
        try:
            prepared = _prepared(source, workshop / "catalogue.sqlite")
            indexes = _indexes(folder)
            seen = [state.generation for one in indexes if (state := one.state())]
            _outrun(prepared, place, seen)
            # First, so that a crash in between cannot leave indexes of another catalogue.
            for index in indexes:
                index.forget()
            if isinstance(place, SqliteFile):
                return _swap(prepared, place.path, now)
            return _fill(prepared, place, now)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _prepared(source: Path, target: Path) -> Path:
    """A copy of the backup, checked and at this schema, in the journal mode of a library."""
    check_file(source)
    with source.open("rb") as stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    require_bytes(target, beside(source))
    check_file(target)
    place = SqliteFile(target)
    catalogue = Catalogue.open(place)
    place.use_wal()
    catalogue.close()
    return target


def _outrun(prepared: Path, live: Place, seen: list[int]) -> None:
    """Raise the generation beyond every one seen, so that no reader mistakes old for new.

    Indexes that other machines keep, or a Chroma server, and maps that a process holds cannot
    be forgotten from here: for them, every paper goes and comes anew.
    """
    seen = [*seen, _generation(live)]
    catalogue = Catalogue.open(prepared)
    with catalogue.write() as writer:
        writer.outrun(max(seen, default=0))
        writer.renew(_numbers(live))
    catalogue.close()


def _generation(place: Place) -> int:
    """The catalogue's generation; 0 where there is none, or none that can be read."""
    if not place.exists():
        return 0
    try:
        catalogue = Catalogue.open(place, upgrade=False)
    except LibraryError:
        return 0
    try:
        with catalogue.read() as reader:
            return reader.generation
    finally:
        catalogue.close()


def _numbers(place: Place) -> list[int]:
    """Numbers of the papers held there, at whatever schema; none where that cannot be read."""
    try:
        catalogue = Catalogue.open(place, upgrade=False)
    except LibraryError:
        return []
    try:
        with catalogue.read() as reader:
            rows = reader.connection.exec_driver_sql("SELECT n FROM papers")
            return [int(n) for (n,) in rows]
    except LibraryError:
        return []
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
        kept = _free(aside, "before-restore", now)
        try:
            _copy_settled(catalogue, kept)
            # Through SQLite, in one transaction: readers that have the file open see it too.
            catalogue.overwrite(prepared)
        finally:
            catalogue.close()
    except LibraryError:
        kept = _free(aside, "damaged", now)
        _put_aside(live, kept)
        prepared.replace(live)
    _prune(kept)
    return kept


def _copy_settled(catalogue: Catalogue, kept: Path) -> None:
    """Copy the catalogue, and again where somebody wrote meanwhile: short writes take no lock."""
    with closing(sqlite3.connect(catalogue.path)) as watch:
        for _ in range(_TRIES):
            before = watch.execute("PRAGMA data_version").fetchone()
            catalogue.backup(kept)
            if watch.execute("PRAGMA data_version").fetchone() == before:
                return


def _put_aside(live: Path, kept: Path) -> None:
    """Keep a damaged catalogue with its side files; its name stays taken until the swap."""
    try:
        kept.hardlink_to(live)
    except OSError:
        shutil.copyfile(live, kept)
    # What they hold must not be brought into the catalogue that comes next.
    for end in _SIDE_FILES:
        side = live.with_name(live.name + end)
        if side.exists():
            side.replace(kept.with_name(kept.name + end))


def _prune(made: Path) -> None:
    """Drop the oldest copies made for the same reason as `made`, beyond `KEPT_COPIES`."""
    found = _AUTOMATIC.fullmatch(made.name)
    if not found:
        return
    alike = made.parent.glob(f"*-{found[1]}*.sqlite")
    older = sorted(one for one in alike if one != made and _AUTOMATIC.fullmatch(one.name))
    for old in older[: max(0, len(older) - KEPT_COPIES + 1)]:
        for end in ("", *_SIDE_FILES, END):
            old.with_name(old.name + end).unlink(missing_ok=True)


def _fill(prepared: Path, place: Place, now: datetime) -> Path | None:
    """Have a server's catalogue hold what is prepared; give where the former rows are kept."""
    if not place.exists():
        catalogue, kept = Catalogue.create(place), None
    else:
        catalogue = Catalogue.open(place)
        kept = _free(place.path.parent / BACKUPS, "before-restore", now)
        catalogue.backup(kept)
    try:
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
