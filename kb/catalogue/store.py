"""The catalogue as a file: opened, checked, migrated, read and written."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError

from kb.catalogue.reading import Reader
from kb.catalogue.tables import meta
from kb.catalogue.writing import Writer
from kb.errors import (
    CatalogueUnwritable,
    DamagedCatalogue,
    LibraryError,
    NewerSchema,
    ReadOnly,
)

SCHEMA_VERSION = 4
"""Version of the tables; each migration in `kb/migrations` raises it by one."""

Busy = CatalogueUnwritable
"""What a write raises where the file is locked too long, read-only or full."""

# What SQLite says of a broken file, and of one that it cannot write.
_DAMAGE = ("malformed", "not a database", "corrupt")
_UNWRITABLE = ("locked", "readonly", "is full", "unable to open", "disk I/O error")

BACKUPS = "backups"
"""Folder of the copies that Sixfold makes on its own, beside the catalogue."""

# A reader or a short append waits this long for another process's commit.
BUSY_MILLISECONDS = 10_000


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives power loss
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


class Catalogue:
    """One library's catalogue. Safe to read from many threads and processes."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.engine = engine
        self.read_only = False
        """Set where nobody may change anything, as in a library that is shown to others."""

    @classmethod
    def create(cls, path: Path, facts: Mapping[str, str] | None = None) -> Catalogue:
        """A new catalogue at `path`, which must not exist, with some facts of the library's.

        It is made under another name: a crash leaves none at `path`, never half of one.
        """
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        engine = _engine(part)
        try:
            cls(part, engine).use_wal()
            _migrate(engine)
            rows = {"generation": "0"} | dict(facts or {})
            with engine.begin() as connection:
                connection.execute(
                    meta.insert(), [{"key": key, "value": value} for key, value in rows.items()]
                )
        except BaseException:
            engine.dispose()
            part.unlink(missing_ok=True)
            raise
        engine.dispose()
        part.replace(path)
        return cls(path, _engine(path))

    @classmethod
    def open(cls, path: Path, *, upgrade: bool = True) -> Catalogue:
        """The catalogue at `path`, checked, and migrated where it is older.

        Raises DamagedCatalogue where SQLite finds a fault, NewerSchema where a newer
        Sixfold wrote it.
        """
        engine = _engine(path)
        try:
            _check(path, engine)
            version = schema_version(engine)
        except DatabaseError as error:
            engine.dispose()
            raise (_told(path, error) or _damaged(path, str(error.orig))) from error
        if version > SCHEMA_VERSION:
            engine.dispose()
            raise _newer(path, version)
        if version < 1:
            engine.dispose()
            raise _damaged(path, "it holds no tables of Sixfold")
        catalogue = cls(path, engine)
        if version < SCHEMA_VERSION and upgrade:
            catalogue.backup(_free(path.parent / BACKUPS / f"v{version}-before-v{SCHEMA_VERSION}"))
            _migrate(engine)
        return catalogue

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A reader on one consistent state of the catalogue."""
        with self._connected() as connection:
            # Without BEGIN each statement would see the state of its own moment.
            connection.exec_driver_sql("BEGIN")
            try:
                yield Reader(connection)
            finally:
                _roll_back(connection)

    @contextmanager
    def write(self, *, bump: bool = True, patience: int = BUSY_MILLISECONDS) -> Iterator[Writer]:
        """A writer in one transaction: all of it is kept, or nothing.

        Waits up to `patience` milliseconds for another process's transaction. With `bump`
        the catalogue's generation rises by one, so that the derived indexes follow; logs
        and collections, which no index holds, leave it. Raises CatalogueUnwritable where
        the file is locked too long, read-only or full.
        """
        if self.read_only:
            raise ReadOnly(
                "this library is open for reading only: nothing was changed",
                item=str(self.path),
                remedy="whoever runs the app can start it without --read-only",
            )
        with self._connected() as connection:
            # IMMEDIATE: take the write lock now, not at the first write, so that two
            # writers queue instead of failing halfway.
            connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            writer = Writer(connection, bump=bump)
            try:
                yield writer
                writer.finish()
            except BaseException:
                _roll_back(connection)
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection; what SQLite reports of the file is told in our words."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except DatabaseError as error:
            told = _told(self.path, error)
            if told is None:
                raise  # a fault of our own statement, not of the file
            raise told from error

    def backup(self, target: Path) -> None:
        """An exact copy at `target`, made while others read and write; checked, atomic.

        Raises DamagedCatalogue where the copy is not sound; `target` is then untouched.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        source = sqlite3.connect(self.path)
        copy = sqlite3.connect(part)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            fault = copy.execute("PRAGMA quick_check").fetchone()[0]
        finally:
            copy.close()
            source.close()
        if fault != "ok":
            part.unlink(missing_ok=True)
            raise _damaged(self.path, str(fault))
        part.replace(target)

    def overwrite(self, source: Path) -> None:
        """Make this catalogue an exact copy of `source`, in one transaction.

        Processes that have it open see the new content from then on. The write lock must
        be held, and `source` be checked.
        """
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
        """SQLite's full integrity check: "ok", or the first fault it names."""
        with self.engine.connect() as connection:
            fault = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            if fault == "ok" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                return "a row refers to a paper or passage that is not there"
            return fault


def check_file(path: Path) -> int:
    """Check a catalogue's file without changing it, e.g. a backup. Returns its schema version.

    Raises DamagedCatalogue, NewerSchema; OSError where it cannot be read.
    """
    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise _damaged(path, "it is not an SQLite file")
    engine = _engine(path)
    try:
        fault = Catalogue(path, engine).integrity()
        version = schema_version(engine)
    except DatabaseError as error:
        raise _damaged(path, str(error.orig)) from error
    finally:
        engine.dispose()
    if fault != "ok":
        raise _damaged(path, fault)
    if version < 1:
        raise _damaged(path, "it holds no tables of Sixfold")
    if version > SCHEMA_VERSION:
        raise _newer(path, version)
    return version


def schema_version(engine: Engine) -> int:
    """The schema version written in the file; 0 where there are no tables yet."""
    with engine.connect() as connection:
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        if not connection.execute(text(tables)).scalar():
            return 0
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return int(found) if found else 0


def _engine(path: Path) -> Engine:
    # AUTOCOMMIT hands BEGIN and COMMIT to us: sqlite3's own implicit transactions
    # would begin too late for two writers to queue.
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    event.listen(engine, "connect", _on_connect)
    return engine


def _migrate(engine: Engine) -> None:
    # Imported here: Alembic costs a quarter of a second, and only an old library needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _check(path: Path, engine: Engine) -> None:
    """SQLite's quick check, skipped where the file is as it was at the last good one."""
    marker = path.with_name(".checked.json")
    seen = [path.stat().st_size, path.stat().st_mtime_ns]
    if marker.is_file():
        try:
            if json.loads(marker.read_text()) == seen:
                return
        except ValueError:
            marker.unlink(missing_ok=True)
    with engine.connect() as connection:
        fault = str(connection.exec_driver_sql("PRAGMA quick_check").scalar())
    if fault != "ok":
        engine.dispose()
        raise _damaged(path, fault)
    remember_checked(path)


def remember_checked(path: Path) -> None:
    """Note the file's size and time as known good; skipped where it cannot be written.

    The note only saves the next check.
    """
    marker = path.with_name(".checked.json")
    try:
        marker.write_text(json.dumps([path.stat().st_size, path.stat().st_mtime_ns]))
    except OSError:
        return


def _roll_back(connection: Connection) -> None:
    # A full disk or a broken file has ended the transaction already.
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


def _told(path: Path, error: DatabaseError) -> LibraryError | None:
    """What SQLite reports of the file, in our words; None where it is not about the file."""
    detail = str(error.orig)
    if any(sign in detail for sign in _DAMAGE):
        return _damaged(path, detail)
    if any(sign in detail for sign in _UNWRITABLE):
        return CatalogueUnwritable(
            f"the catalogue {path} cannot be used: {detail}",
            item=str(path),
            remedy="check the free space and the rights of its folder (also to write: SQLite "
            "keeps its side files there), and that no other program holds it",
        )
    return None


def _damaged(path: Path, detail: str) -> DamagedCatalogue:
    return DamagedCatalogue(
        f"the catalogue {path} is damaged: {detail.splitlines()[0]}",
        item=str(path),
        remedy="kb restore FILE, with the newest backup from the library's backups folder",
    )


def _newer(path: Path, version: int) -> NewerSchema:
    return NewerSchema(
        f"{path} has schema version {version}; this Sixfold knows up to {SCHEMA_VERSION}",
        item=str(path),
        remedy="install the newer Sixfold that wrote it: nothing was changed",
    )


def _free(stem: Path) -> Path:
    """A path beginning with `stem` at which nothing lies yet."""
    counter, path = 1, stem.with_name(f"{stem.name}.sqlite")
    while path.exists():
        counter += 1
        path = stem.with_name(f"{stem.name}-{counter}.sqlite")
    return path
