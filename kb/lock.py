"""One writer at a time, across processes and users."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kb.errors import CatalogueUnwritable, LibraryLocked

NOTE_TRIES = 10
"""Tenths of a second for which a refused writer waits to learn who holds the lock."""


class WriteLock:
    """The library's write lock. The operating system frees it when its holder dies."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / ".lock")
        self._note = folder / ".lock.json"

    @contextmanager
    def held(self, *, seconds: float = 0.0) -> Iterator[None]:
        """Hold the lock, waiting up to `seconds` for it. Held already by us: no wait.

        Raises LibraryLocked with who holds it and since when, CatalogueUnwritable where
        the folder cannot be written.
        """
        try:
            self._lock.acquire(timeout=seconds, poll_interval=0.1)
        except Timeout:
            raise self._locked() from None
        except OSError as error:
            folder = self._note.parent
            raise CatalogueUnwritable(
                f"the library in {folder} cannot be written: {error.strerror or error}",
                item=str(folder),
                remedy="check the rights of the folder and the free space",
            ) from error
        try:
            if self._lock.lock_counter == 1:
                part = self._note.with_suffix(".part")
                part.write_text(json.dumps(_whoami()))
                part.replace(self._note)
            yield
        finally:
            if self._lock.lock_counter == 1:
                self._note.unlink(missing_ok=True)
            self._lock.release()

    def holder(self) -> dict[str, str] | None:
        """Who writes now: {pid, user, host, command, since}; None where nobody left a note."""
        try:
            found = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict):
            return None
        return {str(key): str(value) for key, value in found.items()}

    def _locked(self) -> LibraryLocked:
        who = self.holder()
        for _ in range(NOTE_TRIES):
            if who is not None:
                break
            time.sleep(0.1)  # the holder has the lock but not yet written its note
            who = self.holder()
        name = (
            f"process {who['pid']} of {who['user']} on {who['host']} ({who['command']}), "
            f"since {who['since']}"
            if who
            else "another process"
        )
        return LibraryLocked(
            f"the library is being written by {name}",
            item=str(self._note.parent),
            remedy="wait until it is done, or stop that process; reading goes on meanwhile",
        )


def _whoami() -> dict[str, str]:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]])
    return {
        "pid": str(os.getpid()),
        "user": _user(),
        "host": socket.gethostname(),
        "command": command[:120],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"  # a container's user may have no name
