"""The catalogue as an SQLite file: opened, checked, copied, and its errors told."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import kb.lock  # not its names: it may be loading this package
from kb.catalogue import checked
from kb.catalogue.frozen import connect_frozen, frozen
from kb.catalogue.sidecar import publish
from kb.catalogue.typed import mistyped
from kb.errors import CatalogueUnwritable, DamagedCatalogue, LibraryError, NoLibrary, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kb.lock import Lock

# What SQLite says of a broken file, and of one that it cannot write.
_DAMAGE = (
    "malformed",
    "not a database",
    "corrupt",
    "no such table",  # of ours: its name is damaged
    "no such column",
    "Could not decode to UTF-8",
    "unsupported file format",
    "blob too big",
)
_UNWRITABLE = ("locked", "readonly", "is full", "unable to open", "disk I/O error")

# A reader or a short append waits this long for another process's commit.
BUSY_MILLISECONDS = 10_000


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives power loss
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


class SqliteFile:
    """A catalogue's file. Safe to read from many threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.engine = _engine(path)

    @property
    def read_only(self) -> bool:
        """True where the file, or its folder, cannot be written."""
        return frozen(self.path)

    def exists(self) -> bool:
        """True where there is a file."""
        return self.path.exists()

    @contextmanager
    def fresh(self) -> Iterator[SqliteFile]:
        """A file under another name, renamed at the end: a crash leaves none, never half of one."""
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        made = SqliteFile(part)
        try:
            made.use_wal()
            yield made
        except BaseException:
            made.engine.dispose()
            part.unlink(missing_ok=True)
            raise
        made.engine.dispose()
        part.replace(self.path)

    def check(self) -> None:
        """SQLite's quick check; where the file is as noted at the last good one, its sum."""
        if not self.path.is_file():
            raise no_library(self.path.parent)
        if checked.seen(self.path):
            self._require_bytes()
            return
        with self.engine.connect() as connection:
            fault = str(connection.exec_driver_sql("PRAGMA quick_check").scalar())
            fault = mistyped(connection) or "ok" if fault == "ok" else fault
        if fault != "ok":
            raise damaged(self.path, fault)
        self.remember_checked()

    def begin_read(self, connection: Connection) -> None:
        """Begin to read: without BEGIN each statement would see the state of its own moment."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: Connection, patience: int) -> None:
        """Take SQLite's write lock now, not at the first write: so two writers queue."""
        connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def in_transaction(self, connection: Connection) -> bool:
        """False where a full disk or a broken file has ended the transaction already."""
        driver: Any = connection.connection.driver_connection
        return bool(driver.in_transaction)

    def migrated(self, connection: Connection) -> None:
        """Nothing is left to do."""

    def told(self, error: DBAPIError) -> LibraryError | None:
        """What SQLite reports of the file, in our words; None where it is not about the file."""
        detail = str(error.orig)
        if any(sign in detail for sign in _DAMAGE):
            return damaged(self.path, detail)
        if any(sign in detail for sign in _UNWRITABLE):
            return CatalogueUnwritable(
                f"the catalogue {self.path} cannot be used: {detail}",
                item=str(self.path),
                remedy="check the free space and the rights of its folder (also to write: SQLite "
                "keeps its side files there), and that no other program holds it",
            )
        return None

    def backup(self, target: Path) -> None:
        """An exact copy. Raises DamagedCatalogue where it is not sound; `target` then stays."""
        self._require_bytes()
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        source = connect_frozen(self.path) if frozen(self.path) else sqlite3.connect(self.path)
        copy = sqlite3.connect(part)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            fault = copy.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            part.unlink(missing_ok=True)
            raise _not_copied(self.path, target, str(error)) from error
        finally:
            copy.close()
            source.close()
        if fault != "ok":
            part.unlink(missing_ok=True)
            raise damaged(self.path, str(fault))
        publish(part, target)

    def overwrite(self, source: Path) -> None:
        """Become an exact copy of `source`: processes that have it open see it from then on."""
        copy, live = sqlite3.connect(source), sqlite3.connect(self.path, timeout=60)
        try:
            copy.backup(live)
        finally:
            live.close()
            copy.close()

    def use_wal(self) -> None:
        """Let readers go on while one writes; the file remembers it."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def integrity(self) -> str:
        """SQLite's full integrity check, and ours of the bytes: "ok", or the first fault."""
        if checked.rotten(self.path):
            return checked.ROT
        with self.engine.connect() as connection:
            fault = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            if fault == "ok" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                return "a row refers to a paper or passage that is not there"
            return mistyped(connection) or "ok" if fault == "ok" else fault

    def write_lock(self) -> Lock:
        """A lock on a file beside the catalogue."""
        return kb.lock.WriteLock(self.path.parent)

    def remember_checked(self) -> None:
        """Note the file as good; the note only saves the next check, and tells of bit rot."""
        checked.remember(self.path)

    def _require_bytes(self) -> None:
        if checked.rotten(self.path):
            raise rotten(self.path)


def _engine(path: Path) -> Engine:
    def load(value: str) -> Any:
        """A column of JSON as a value; DamagedCatalogue where it is none."""
        try:
            return json.loads(value)
        except ValueError as error:
            raise damaged(path, f"a value is not JSON: {error}") from error

    # AUTOCOMMIT hands BEGIN and COMMIT to us: sqlite3's own implicit transactions
    # would begin too late for two writers to queue.
    if path.exists() and frozen(path):
        engine = create_engine(
            "sqlite://",
            creator=lambda: connect_frozen(path),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            json_deserializer=load,
        )
    else:
        engine = create_engine(
            f"sqlite:///{path}", isolation_level="AUTOCOMMIT", json_deserializer=load
        )
    event.listen(engine, "connect", _on_connect)
    return engine


def no_library(folder: Path, where: str = "") -> NoLibrary:
    """The error for a folder without a catalogue; it tells where one has been."""
    lost = "" if where else _remains(folder)
    return NoLibrary(
        f"there is no library in {where or folder}"
        + (f": its catalogue {folder / 'catalogue.sqlite'} is gone, here {lost}" if lost else ""),
        item=str(folder),
        remedy=_BACK if lost else "kb init --starter (with papers to try), or kb init (empty)",
    )


_BACK = (
    "kb restore puts the newest sound backup in its place (kb restore FILE: another); "
    "to begin anew all the same: kb init --anew"
)


def require_bare(folder: Path) -> None:
    """Raise UsageError where a folder without a catalogue holds backups or indexes of one."""
    lost = _remains(folder)
    if lost:
        raise UsageError(
            f"the catalogue of the library in {folder} is gone, and here {lost}",
            item=str(folder),
            remedy=_BACK,
            code="catalogue_gone",
        )


def _remains(folder: Path) -> str:
    """What is left of a library without a catalogue, in words; "" where nothing is."""
    copies = len(list((folder / "backups").glob("*.sqlite")))
    indexes = [name for name in ("lexical", "chroma") if (folder / f"{name}.json").exists()]
    told = [f"{copies} backups"] if copies else []
    told += [f"the indexes {' and '.join(indexes)}"] if indexes else []
    return f"lie {', '.join(told)}" if told else ""


def damaged(path: Path, detail: str) -> DamagedCatalogue:
    """The error for a catalogue's file that is broken."""
    return DamagedCatalogue(
        f"the catalogue {path} is damaged: {detail.splitlines()[0]}",
        item=str(path),
        remedy="kb restore FILE, with the newest backup from the library's backups folder",
    )


def rotten(path: Path) -> DamagedCatalogue:
    """The error for a catalogue's file whose bytes changed though nobody wrote."""
    return DamagedCatalogue(
        f"the catalogue {path} is damaged: {checked.ROT}",
        item=str(path),
        remedy="kb restore FILE, with the newest backup from the library's backups folder; "
        f"without one, delete {path.with_name(checked.NOTE)} to go on with what is left",
    )


def _not_copied(path: Path, target: Path, detail: str) -> LibraryError:
    """The error for a backup that cannot be made."""
    if any(sign in detail for sign in _DAMAGE):
        return damaged(path, detail)
    return CatalogueUnwritable(
        f"{path.name} cannot be copied to {target}: {detail}",
        item=str(target),
        remedy="make room on that disk, or name a file on another",
    )
