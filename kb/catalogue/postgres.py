"""The catalogue in a PostgreSQL database: for several machines, and more writers' machines.

One schema of a database holds one library. psycopg comes with the dependency group
`postgres`. Copies are SQLite files, as of any library: so they are portable.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError

from kb.catalogue.advisory import CONNECT_SECONDS, AdvisoryLock
from kb.catalogue.copying import copy_tables, empty, in_file, write_file
from kb.catalogue.sqlite_file import no_library
from kb.errors import (
    CatalogueUnwritable,
    DamagedCatalogue,
    DependencyMissing,
    LibraryError,
    UsageError,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kb.catalogue.places import Place
    from kb.lock import Lock

DRIVER = "postgresql+psycopg"

# The lock that transactions which write take in turn; see `advisory` for a writer's own.
_TRANSACTION = "1397315668, hashtext(current_schema())"

# SQLSTATE, or how it begins -> what to do.
_REMEDIES = {
    "08": "start the PostgreSQL server, or mend `catalogue_url` in settings.toml",
    "57P": "wait until the server is up again, and try once more",
    "28": "give the password in PGPASSWORD, ~/.pgpass or SIXFOLD_CATALOGUE_URL, never in a file "
    "of the library",
    "3D": "createdb NAME on the server, or mend `catalogue_url` in settings.toml",
    "3F": "create the schema, or mend `catalogue_url` in settings.toml",
    "42501": "GRANT the rights on the schema to this user",
    "25006": "name the primary server: this one only reads",
    "53": "free space, memory or connections on the PostgreSQL server",
    "55P03": "another process writes: wait until it is done",
    "40": "try again: another process was in the way",
}
_DAMAGE = ("XX001", "XX002")
_VALUE = "22"


class Postgres:
    """A catalogue in a PostgreSQL database."""

    def __init__(self, url: str, path: Path) -> None:
        self.path = path
        self.url = _parsed(url)
        self.name = self.url.render_as_string(hide_password=True)
        self._lock: AdvisoryLock | None = None
        self.engine = _engine(self.url)
        # Whoever forgets to close it leaves no connection open on the server.
        weakref.finalize(self, self.engine.dispose)

    @property
    def read_only(self) -> bool:
        """True on a server that only follows another."""
        with self.engine.connect() as connection:
            return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"

    def exists(self) -> bool:
        """True where the schema holds tables of ours."""
        try:
            return inspect(self.engine).has_table("alembic_version")
        except DBAPIError as error:
            raise self._told_of(error) from error

    @contextmanager
    def fresh(self) -> Iterator[Place]:
        """This place: tables are made in one transaction."""
        try:
            yield self
        except DBAPIError as error:
            raise self._told_of(error) from error
        finally:
            self.engine.dispose()

    def check(self) -> None:
        """Whether the server answers and a library is there; it checks its own files."""
        if not self.exists():
            raise no_library(self.path.parent, self.name)

    def begin_read(self, connection: Connection) -> None:
        """One state for all statements; a statement that would write is refused."""
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, connection: Connection, patience: int) -> None:
        """Take turns with every other transaction that writes, then begin.

        READ COMMITTED: what the one before wrote is seen, and no two are ever at it.
        """
        if self._lock is not None:
            self._lock.check_held()
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, patience)}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TRANSACTION})")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")

    def in_transaction(self, connection: Connection) -> bool:
        """False where the server has ended it, or is gone."""
        if connection.invalidated or connection.closed:
            return False
        driver: Any = connection.connection.driver_connection
        return not driver.closed and driver.info.transaction_status != 0

    def migrated(self, connection: Connection) -> None:
        """Have every text compared byte by byte, as SQLite does, whatever the database's language.

        Else an order, and a look-up of a range, would differ between the two.
        """
        query = text(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND collation_name IS NULL"
            " AND data_type IN ('text', 'character varying')"
            " AND table_name IN (SELECT tablename FROM pg_tables"
            " WHERE schemaname = current_schema())"
        )
        quote = connection.dialect.identifier_preparer.quote
        for table, column, kind in connection.execute(query).all():
            place = f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(column)}"
            connection.exec_driver_sql(f'{place} TYPE {kind} COLLATE "C"')

    def told(self, error: DBAPIError) -> LibraryError | None:
        """What PostgreSQL reports, in our words; None for a fault of our own statement."""
        state = str(getattr(error.orig, "sqlstate", None) or "")
        detail = self._without_password(str(error.orig))
        if state in _DAMAGE:
            return DamagedCatalogue(
                f"the catalogue in {self.name} is damaged: {detail}",
                item=self.name,
                remedy="kb restore FILE, with the newest backup from the library's backups folder",
            )
        if isinstance(error, DataError):
            state = _VALUE
        elif not state or error.connection_invalidated:
            state = _guessed(detail)
        if state.startswith(_VALUE):
            what, remedy = "refuses a value", "mend the paper's facts, or leave it out"
        else:
            what = "cannot be used"
            found = [said for start, said in _REMEDIES.items() if state.startswith(start)]
            if not found:
                return None
            remedy = found[0]
        return CatalogueUnwritable(
            f"the catalogue in {self.name} {what}: {detail}", item=self.name, remedy=remedy
        )

    def backup(self, target: Path) -> None:
        """All rows, of one moment, as an SQLite file."""
        with self._connected() as connection:
            self.begin_read(connection)
            write_file(connection, target)
            connection.exec_driver_sql("ROLLBACK")

    def overwrite(self, source: Path) -> None:
        """Replace all rows by those of a file, in one transaction: readers never see half."""
        with self._connected() as connection, in_file(source) as held:
            self.begin_write(connection, 60_000)
            try:
                empty(connection)
                copy_tables(held, connection)
            except BaseException:
                if self.in_transaction(connection):
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    def integrity(self) -> str:
        """The word ok where every table can be read to its end; references, the server keeps."""
        with self._connected() as connection:
            for table in sorted(inspect(connection).get_table_names()):
                name = connection.dialect.identifier_preparer.quote(table)
                try:
                    connection.exec_driver_sql(f"SELECT sum(length(t::text)) FROM {name} t")  # noqa: S608 - a table's own name
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", "") in _DAMAGE:
                        return f"table {table}: {self._without_password(str(error.orig))}"
                    raise
        return "ok"

    def write_lock(self) -> Lock:
        """An advisory lock of the database: it falls with the connection of whoever holds it."""
        self._lock = self._lock or AdvisoryLock(self)
        return self._lock

    def remember_checked(self) -> None:
        """Nothing is noted: opening asks the server."""

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise self._told_of(error) from error

    def _told_of(self, error: DBAPIError) -> Exception:
        return self.told(error) or error

    def _without_password(self, detail: str) -> str:
        line = (detail.strip().splitlines() or ["no reason given"])[0]
        password = str(self.url.password or "")
        return line.replace(password, "***") if password else line


def _engine(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            isolation_level="AUTOCOMMIT",  # BEGIN and COMMIT are ours, as with SQLite
            pool_pre_ping=True,  # a server that was started anew costs no error
            max_overflow=20,
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "sixfold"},
        )
    except ImportError as error:  # SQLAlchemy loads psycopg; nobody else does
        raise DependencyMissing(
            "a catalogue on PostgreSQL needs the package psycopg",
            item="psycopg",
            remedy="pip install 'psycopg[binary]'",
        ) from error


def _parsed(url: str) -> URL:
    """The address, which is never repeated whole: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in (DRIVER, "postgresql", "postgres"):
        raise UsageError(
            "catalogue_url is no address of a PostgreSQL database",
            item="catalogue_url",
            remedy=f"give {DRIVER}://USER@HOST:PORT/DATABASE",
            code="bad_catalogue_url",
        )
    return parsed.set(drivername=DRIVER)


def has_password(url: str) -> bool:
    """True where an address would put a password into a file."""
    parsed = _parsed(url)
    return bool(parsed.password or parsed.query.get("password"))


def _guessed(detail: str) -> str:
    """A SQLSTATE for what libpq says before there is a connection, which has none."""
    if re.search(r"password|authentication|no pg_hba", detail):
        return "28"
    if re.search(r"database .* does not exist", detail):
        return "3D"
    return "08"
