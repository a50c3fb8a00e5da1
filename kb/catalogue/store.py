"""The catalogue: opened, checked, migrated, read and written, wherever it lies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from kb.catalogue.frozen import refused
from kb.catalogue.migrating import migrate as _migrate
from kb.catalogue.places import Place
from kb.catalogue.private_copy import read_from_copy
from kb.catalogue.reading import Reader
from kb.catalogue.sidecar import beside
from kb.catalogue.sidecar import fault as sidecar_fault
from kb.catalogue.sqlite_file import BUSY_MILLISECONDS, SqliteFile, damaged
from kb.catalogue.writing import Writer
from kb.errors import CatalogueUnwritable, DamagedCatalogue, LibraryError, NewerSchema

if TYPE_CHECKING:
    from kb.lock import Lock

SCHEMA_VERSION = 5
"""Version of the tables; each migration in `kb/migrations` raises it by one."""

Busy = CatalogueUnwritable
"""What a write raises where the catalogue is locked too long, read-only, full or gone."""

_FAULTS = (DBAPIError, sqlite3.DatabaseError)
"""What an engine raises; SQLite's own where a fault shows only as rows are fetched."""

_UNREADABLE = (*_FAULTS, UnicodeDecodeError)
"""The same at opening, where SQLite's message may name a table by its damaged name."""

BACKUPS = "backups"
"""Folder of the copies that Sixfold makes on its own, in the library's folder."""


class Catalogue:
    """One library's catalogue. Safe to read from many threads and processes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.path = place.path
        """Its file, or where that would be: the folder is the library's."""
        self.read_only = False
        """Set where nobody may change anything, as in a library that is shown to others."""

    @property
    def engine(self) -> Engine:
        """Its connections."""
        return self.place.engine

    @classmethod
    def create(cls, where: Path | Place, facts: Mapping[str, str] | None = None) -> Catalogue:
        """A new catalogue where none is yet, with some facts of the library's.

        A crash leaves none, never half of one.
        """
        place = _place(where)
        with place.fresh() as fresh:
            _migrate(fresh, {"generation": "0"} | dict(facts or {}))
        return cls(_place(where))

    @classmethod
    def open(
        cls, where: Path | Place, *, upgrade: bool = True, read_only: bool = False
    ) -> Catalogue:
        """The catalogue there, checked, and migrated where it is older.

        With `read_only`, nothing in it is ever changed. Raises DamagedCatalogue where its
        engine finds a fault, NewerSchema where a newer Sixfold wrote it, NoLibrary where
        there is none.
        """
        place = _place(where)
        try:
            place.check()
            version = schema_version(place.engine)
        except _UNREADABLE as error:
            place.engine.dispose()
            raise (place.told(_wrapped(error)) or damaged(place.path, str(error))) from error
        except BaseException:
            place.engine.dispose()
            raise
        if version > SCHEMA_VERSION:
            place.engine.dispose()
            raise _newer(place.name, version)
        if version < 1:
            place.engine.dispose()
            raise damaged(place.path, "it holds no tables of Sixfold")
        catalogue = cls(place)
        catalogue.read_only = read_only or place.read_only
        if version < SCHEMA_VERSION and upgrade:
            if catalogue.read_only:
                read_from_copy(place, version)
            else:
                catalogue._bring_up(version)
        return catalogue

    def _bring_up(self, version: int) -> None:
        """Copy the catalogue, then migrate it; where that fails, it stays as it was."""
        stem = self.path.parent / BACKUPS / f"v{version}-before-v{SCHEMA_VERSION}"
        copy = _free(stem)
        self.backup(copy)
        try:
            _migrate(self.place)
        except _FAULTS as error:
            self.close()
            # Each further try to open it would leave one more.
            for path in (copy, beside(copy)):
                path.unlink(missing_ok=True)
            raise self.place.told(_wrapped(error)) or _unknown(self.place.name, error) from error

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A reader on one consistent state of the catalogue."""
        with self._connected() as connection:
            self.place.begin_read(connection)
            try:
                yield Reader(connection)
            finally:
                self._roll_back(connection)

    @contextmanager
    def write(self, *, bump: bool = True, patience: int = BUSY_MILLISECONDS) -> Iterator[Writer]:
        """A writer in one transaction: all of it is kept, or nothing.

        Waits up to `patience` milliseconds for another process's transaction. With `bump`
        the catalogue's generation rises by one, so that the derived indexes follow; logs
        and collections, which no index holds, leave it. Raises CatalogueUnwritable where
        the catalogue is locked too long, read-only, full or gone.
        """
        if self.read_only:
            raise refused(self.path)
        with self._connected() as connection:
            self.place.begin_write(connection, patience)
            try:
                writer = Writer(connection, bump=bump)
                yield writer
                writer.finish()
            except BaseException:
                self._roll_back(connection)
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection; what the engine reports of the catalogue is told in our words."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except _FAULTS as error:
            told = self.place.told(_wrapped(error))
            if told is None and not isinstance(error, OperationalError):
                raise  # a fault of our own statement, not of the catalogue
            raise told or _unknown(self.place.name, error) from error

    def _roll_back(self, connection: Connection) -> None:
        if self.place.in_transaction(connection):
            connection.exec_driver_sql("ROLLBACK")

    def backup(self, target: Path) -> None:
        """The whole as an SQLite file, made while others read and write; checked, atomic.

        Raises DamagedCatalogue where the copy is not sound; `target` is then untouched.
        """
        self.place.backup(target)

    def overwrite(self, source: Path) -> None:
        """Make this catalogue hold what the SQLite file `source` holds, in one transaction.

        Processes that have it open see the new content from then on. The write lock must
        be held, and `source` be checked.
        """
        self.place.overwrite(source)

    def integrity(self) -> str:
        """The engine's full integrity check: "ok", or the first fault it names."""
        try:
            return self.place.integrity()
        except _FAULTS as error:
            told = self.place.told(_wrapped(error))
            if isinstance(told, CatalogueUnwritable) and "disk I/O" not in told.message:
                raise told from error
            return str(_wrapped(error).orig)

    def write_lock(self) -> Lock:
        """The lock that one writer of the library holds, across processes and users."""
        return self.place.write_lock()

    def remember_checked(self) -> None:
        """Save the next opening its check."""
        self.place.remember_checked()


def check_file(path: Path) -> int:
    """Check a catalogue's file without changing it, e.g. a backup. Returns its schema version.

    Where a sum of its bytes is kept beside it, they must be of that sum. Raises
    DamagedCatalogue, NewerSchema; OSError where it cannot be read.
    """
    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise damaged(path, "it is not an SQLite file")
    require_bytes(path, beside(path))
    place = SqliteFile(path)
    try:
        fault = place.integrity()
        version = schema_version(place.engine)
    except _UNREADABLE as error:
        raise damaged(path, str(_wrapped(error).orig)) from error
    finally:
        place.engine.dispose()
    if fault != "ok":
        raise damaged(path, fault)
    if version < 1:
        raise damaged(path, "it holds no tables of Sixfold")
    if version > SCHEMA_VERSION:
        raise _newer(place.name, version)
    return version


def require_bytes(path: Path, note: Path) -> None:
    """Raise DamagedCatalogue where a backup, or a copy of one, is not what its sum says."""
    told = sidecar_fault(path, note)
    if told:
        raise DamagedCatalogue(
            f"the backup {path} is damaged: {told}",
            item=str(path),
            remedy="kb restore takes the newest sound backup of the library, kb restore FILE "
            f"another; to take this one as it is, delete {note}",
        )


def schema_version(engine: Engine) -> int:
    """The schema version written in the catalogue; 0 where there are no tables yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return 0
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return int(found) if found else 0


def _wrapped(error: Exception) -> DBAPIError:
    return error if isinstance(error, DBAPIError) else DBAPIError(None, None, error)


def _place(where: Path | Place) -> Place:
    return SqliteFile(where) if isinstance(where, Path) else where


def _unknown(name: str, error: Exception) -> LibraryError:
    detail = str(getattr(error, "orig", error)).splitlines()[0]
    return LibraryError(
        f"the catalogue {name} cannot be used: {detail}",
        item=name,
        remedy="kb doctor says what is wrong; kb restore puts the newest sound backup in place",
    )


def _newer(name: str, version: int) -> NewerSchema:
    return NewerSchema(
        f"{name} has schema version {version}; this Sixfold knows up to {SCHEMA_VERSION}",
        item=name,
        remedy="install the newer Sixfold that wrote it: nothing was changed",
    )


def _free(stem: Path) -> Path:
    """A path beginning with `stem` at which nothing lies yet."""
    counter, path = 1, stem.with_name(f"{stem.name}.sqlite")
    while path.exists():
        counter += 1
        path = stem.with_name(f"{stem.name}-{counter}.sqlite")
    return path
