"""The write lock of a catalogue on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

import kb.lock  # not its names: it may be loading this package
from kb.catalogue.frozen import refused
from kb.errors import CatalogueUnwritable

if TYPE_CHECKING:
    from kb.catalogue.postgres import Postgres

# A server that does not answer: seconds until that is said.
CONNECT_SECONDS = 10

# Advisory locks are pairs of numbers in a whole database: the schema tells libraries apart.
WRITER = 1_397_315_654

_POLL = 0.1

_LOCK = f"{WRITER}, hashtext(current_schema())"

# PostgreSQL cuts names of connections there.
_LONGEST = 63

# So that the server notices within a minute that a holder's machine is gone.
_ALIVE = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


@dataclass
class _Held:
    connection: Connection
    depth: int = 1


class AdvisoryLock:
    """Held by a connection of its own: it is free as soon as that ends, however it ends."""

    def __init__(self, place: Postgres) -> None:
        self._place = place
        self._mine = threading.local()
        self.read_only = False

    @contextmanager
    def held(self, *, seconds: float = 0.0) -> Iterator[None]:
        """Hold the lock, waiting up to `seconds` for it. Held already by this thread: no wait.

        Raises LibraryLocked with who holds it and since when, CatalogueUnwritable where the
        server is gone, ReadOnly where nothing is to be written.
        """
        if self.read_only:
            raise refused(self._place.path)
        held: _Held | None = getattr(self._mine, "held", None)
        if held is None:
            held = self._mine.held = _Held(self._taken(seconds))
        else:
            held.depth += 1
        try:
            yield
        finally:
            held.depth -= 1
            if not held.depth:
                self._mine.held = None
                with suppress(SQLAlchemyError):  # a server that is gone holds nothing
                    held.connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")
                held.connection.close()

    def check_held(self) -> None:
        """Raise CatalogueUnwritable where this thread held the lock and its connection is gone.

        Another may have taken it since: what is begun must not go on.
        """
        held: _Held | None = getattr(self._mine, "held", None)
        if held is None:
            return
        try:
            held.connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError as error:
            raise CatalogueUnwritable(
                f"the connection to {self._place.name} that held the write lock is gone: "
                "nothing more is written",
                item=self._place.name,
                remedy="run the same command again: it goes on where it was",
            ) from error

    def holder(self) -> dict[str, str] | None:
        """Who writes now: {pid, user, host, command, since}; None where nobody does."""
        query = text(
            "SELECT a.application_name, coalesce(a.backend_start::text, '') FROM pg_locks l"
            " JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :ours"
            " AND l.objid = (hashtext(current_schema())::bigint & 4294967295)::oid"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        try:
            with self._place.engine.connect() as connection:
                row = connection.execute(query, {"ours": WRITER}).first()
        except DBAPIError as error:
            raise self._place.told(error) or error from error
        if row is None:
            return None
        pid, user, host, command = (*str(row[0]).split("|", 3), "", "", "", "")[:4]
        return {"pid": pid, "user": user, "host": host, "command": command, "since": str(row[1])}

    def _taken(self, seconds: float) -> Connection:
        """A connection that holds the lock."""
        who = kb.lock.whoami()
        name = "|".join([who["pid"], who["user"], who["host"], who["command"]])
        options = f"{self._place.url.query.get('options', '')} {_ALIVE}".strip()
        engine = create_engine(
            self._place.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": name.encode("ascii", "replace").decode()[:_LONGEST],
                "options": options,
            },
        )
        until = time.monotonic() + seconds
        try:
            connection = engine.connect()
            try:
                while not self._try(connection):
                    if time.monotonic() >= until:
                        raise kb.lock.locked(self._place.name, self.holder())
                    time.sleep(_POLL)
            except BaseException:
                connection.close()
                raise
        except DBAPIError as error:
            raise self._place.told(error) or error from error
        return connection

    def _try(self, connection: Connection) -> bool:
        return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar())
