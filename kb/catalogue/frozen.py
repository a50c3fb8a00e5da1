"""A catalogue that cannot be written, on a read-only disk or in another's folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from kb.errors import CatalogueUnwritable, ReadOnly

# Bytes that SQLite's side files take at least, a reader's too; less is a full disk.
ROOM = 256 << 10


def frozen(path: Path) -> bool:
    """True where the catalogue at `path` or its folder cannot be written, or the disk is full."""
    return not _allowed(path) or _full(path.parent)


def _allowed(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < ROOM


def connect_frozen(path: Path) -> sqlite3.Connection:
    """A connection that only reads, and makes no file beside the catalogue.

    Raises CatalogueUnwritable where commits still lie in the side file of a writer that
    died, and this disk does not let them be brought in.
    """
    wal = path.with_name(f"{path.name}-wal")
    # Without commits in its side file, the catalogue alone is all there is. Where another
    # writes there, each new connection sees that anew.
    hot = wal.is_file() and wal.stat().st_size > 0
    mode = "mode=ro" if hot else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{mode}", uri=True, check_same_thread=False
        )
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if not hot:
            raise
        raise CatalogueUnwritable(
            f"the last writer of {path} died, and what it wrote still lies in {wal.name}; "
            f"it cannot be brought in here, where nothing can be written ({error})",
            item=str(wal),
            remedy="copy the library's folder to a disk that can be written, and open it there",
        ) from error
    return connection


def kept_version(path: Path) -> int:
    """The schema version of a copy at `path`, without touching it; 0 where it tells none."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            found = file.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return 0
    return int(found[0]) if found else 0


def too_old(path: Path, version: int) -> ReadOnly:
    """The error for a catalogue that would have to be migrated where nothing can be written."""
    return ReadOnly(
        f"{path} has schema version {version} and must be brought up to date before it is read, "
        "but nothing can be written here",
        item=str(path),
        remedy="open it once for writing (kb status), or copy its folder to a disk that can be "
        "written and open it there",
    )


def refused(path: Path) -> ReadOnly:
    """The error for a write to a library that is open for reading only."""
    if _allowed(path) and _full(path.parent):
        return ReadOnly(
            f"the disk of the library in {path.parent} is full; nothing was changed",
            item=str(path),
            remedy="make room on it, then do the same again",
        )
    if frozen(path):
        return ReadOnly(
            f"the library in {path.parent} is read only: its disk or folder cannot be written; "
            "nothing was changed",
            item=str(path),
            remedy="make the disk or the folder writable, or copy the library to one that is",
        )
    return ReadOnly(
        "this library is open for reading only: nothing was changed",
        item=str(path),
        remedy="whoever runs the app can start it without --read-only",
    )
