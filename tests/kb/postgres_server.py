"""A PostgreSQL server of the tests' own: on a socket in a temporary folder, without a port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

_NUMBER = count(1)


def binaries() -> Path | None:
    """Debian's folder of `initdb` and `pg_ctl`, or that on the path; None without PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    named = shutil.which("initdb")
    if found:
        return found[0].parent
    return Path(named).resolve().parent if named else None


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    """Of its socket and its data."""

    def url(self, database: str) -> str:
        """The address of a database, for the user that owns all."""
        return f"postgresql+psycopg://sixfold@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What a statement gives, as the owner, outside any transaction."""
        with psycopg.connect(
            host=str(self.folder), user="sixfold", dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, like: str = "template0") -> str:
        """The address of a fresh database: empty, or a copy of another that nobody uses."""
        name = f"library_{next(_NUMBER)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses= -k {self.folder} -c fsync=off -c max_connections=60"
        self.control("-l", str(self.folder / "log"), "-o", options, "start")

    def control(self, *words: str) -> None:
        """`pg_ctl`, as the user that owns the data."""
        home = binaries()
        assert home is not None
        _as_owner([str(home / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *words])


@contextmanager
def running() -> Iterator[Server]:
    """A fresh server, gone afterwards. Not for power loss: it does not wait for the disk."""
    home = binaries()
    assert home is not None
    # Short: a socket's path holds 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="sixfold-pg-"))
    folder.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    server = Server(folder)
    try:
        made = ["-A", "trust", "-U", "sixfold", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        _as_owner([str(home / "initdb"), "-D", str(folder / "data"), *made])
        server.start()
        try:
            yield server
        finally:
            server.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner(command: list[str]) -> None:
    """Run a command; as root, as Debian's user postgres, for the server refuses root."""
    if os.getuid() == 0:
        pwd.getpwnam("postgres")
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=60)
