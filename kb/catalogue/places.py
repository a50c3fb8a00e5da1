"""Where a catalogue may lie, and what each place must offer: a file, or a PostgreSQL database."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from kb.catalogue.postgres import Postgres, has_password
from kb.catalogue.sqlite_file import SqliteFile
from kb.errors import LibraryError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kb.lock import Lock

CATALOGUE = "catalogue.sqlite"
"""The catalogue's file, in the library's folder."""

URL_VARIABLE = "SIXFOLD_CATALOGUE_URL"
"""Goes before the setting `catalogue_url`, and may hold the password."""


class Place(Protocol):
    """What one database engine does otherwise than another."""

    @property
    def path(self) -> Path:
        """The catalogue's file, or where that would be: its folder is the library's."""
        ...

    @property
    def name(self) -> str:
        """Where the catalogue lies, as people are told; without a password."""
        ...

    @property
    def engine(self) -> Engine:
        """Connections that leave BEGIN and COMMIT to the catalogue."""
        ...

    @property
    def read_only(self) -> bool:
        """True where nothing can be written there."""
        ...

    def exists(self) -> bool:
        """True where a catalogue lies here, sound or not."""
        ...

    def fresh(self) -> AbstractContextManager[Place]:
        """A place to make a new catalogue in; it is this one once that is left without error."""
        ...

    def check(self) -> None:
        """A quick look at whether it is sound. Raises DamagedCatalogue, NoLibrary."""
        ...

    def begin_read(self, connection: Connection) -> None:
        """Begin to read one consistent state."""
        ...

    def begin_write(self, connection: Connection, patience: int) -> None:
        """Begin the one transaction that writes, waiting up to `patience` milliseconds."""
        ...

    def in_transaction(self, connection: Connection) -> bool:
        """True where there is something to roll back."""
        ...

    def migrated(self, connection: Connection) -> None:
        """What this engine needs once the tables were made or changed."""
        ...

    def told(self, error: DBAPIError) -> LibraryError | None:
        """What the engine reports of the place, in our words; None for other faults."""
        ...

    def backup(self, target: Path) -> None:
        """The catalogue as an SQLite file, made while others work; checked, atomic."""
        ...

    def overwrite(self, source: Path) -> None:
        """Become what the SQLite file `source` holds, in one transaction."""
        ...

    def integrity(self) -> str:
        """The engine's own full check: "ok", or the first fault it names."""
        ...

    def write_lock(self) -> Lock:
        """The lock that one writer holds, across processes, users and machines."""
        ...

    def remember_checked(self) -> None:
        """Save the next opening its check."""
        ...


def place_of(folder: Path, catalogue_url: str) -> Place:
    """Where the catalogue of the library in `folder` lies, by the setting `catalogue_url`.

    Raises UsageError for an address that is none, DependencyMissing without psycopg.
    """
    url = os.environ.get(URL_VARIABLE, "") or catalogue_url
    if not url:
        return SqliteFile(folder / CATALOGUE)
    if url == catalogue_url and has_password(url):
        raise UsageError(
            "catalogue_url: a password is not kept in a file",
            item="catalogue_url",
            remedy="take it out, and set PGPASSWORD or SIXFOLD_CATALOGUE_URL in the environment",
            code="key_in_file",
        )
    return Postgres(url, folder / CATALOGUE)
