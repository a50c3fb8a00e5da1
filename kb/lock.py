"""One writer at a time, across processes and users."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from kb.catalogue.frozen import frozen, refused
from kb.errors import CatalogueUnwritable, LibraryLocked

NOTE_TRIES = 10
"""Tenths of a second for which a refused writer waits to learn who holds the lock."""

# Name and password in an address, also after a scheme that is none of ours.
_USERINFO = re.compile(r"(\w+://)[^/\s]*@")

# What a note says of the holder.
_NAMED = frozenset({"pid", "user", "host", "command", "since"})


class Lock(Protocol):
    """The lock that one writer of a library holds."""

    read_only: bool
    """Set where nobody may change anything: then it is never taken."""

    def held(self, *, seconds: float = 0.0) -> AbstractContextManager[None]:
        """Hold the lock, waiting up to `seconds` for it. Held already by us: no wait."""
        ...

    def holder(self) -> dict[str, str] | None:
        """Who writes now: {pid, user, host, command, since}; None where nobody is known."""
        ...


class WriteLock:
    """The library's write lock. The operating system frees it when its holder dies."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / ".lock", mode=_mode(folder))
        self._note = folder / ".lock.json"
        self.read_only = False
        """Set where nobody may change anything: then it is never taken."""

    @contextmanager
    def held(self, *, seconds: float = 0.0) -> Iterator[None]:
        """Hold the lock, waiting up to `seconds` for it. Held already by us: no wait.

        Raises LibraryLocked with who holds it and since when, CatalogueUnwritable where
        the folder cannot be written, ReadOnly where it is not to be.
        """
        if self.read_only:
            raise refused(self._note)
        try:
            self._lock.acquire(timeout=seconds, poll_interval=0.1)
        except Timeout:
            raise self._locked() from None
        except OSError as error:
            folder = self._note.parent
            if frozen(folder / ".lock"):
                raise refused(folder / ".lock") from error
            raise self._unwritable(error) from error
        try:
            if self._lock.lock_counter == 1:
                self._leave_note()
            yield
        finally:
            if self._lock.lock_counter == 1:
                self._note.unlink(missing_ok=True)
            self._lock.release()

    def _leave_note(self) -> None:
        part = self._note.with_suffix(".part")
        try:
            part.write_text(json.dumps(whoami()))
            part.replace(self._note)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            part.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> CatalogueUnwritable:
        folder = self._note.parent
        return CatalogueUnwritable(
            f"the library in {folder} cannot be written: {error.strerror or error}",
            item=str(folder),
            remedy="check the rights of the folder and the free space",
        )

    def holder(self) -> dict[str, str] | None:
        """Who writes now: {pid, user, host, command, since}; None where nobody left a note."""
        try:
            found = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or not found.keys() >= _NAMED:
            return None
        return {str(key): str(value) for key, value in found.items()}

    def _locked(self) -> LibraryLocked:
        who = self.holder()
        for _ in range(NOTE_TRIES):
            if who is not None:
                break
            time.sleep(0.1)  # the holder has the lock but not yet written its note
            who = self.holder()
        return locked(str(self._note.parent), who)


def locked(item: str, who: Mapping[str, str] | None) -> LibraryLocked:
    """The error for a library that another process writes. Takes: who, as a note names it."""
    name = (
        f"process {who['pid']} of {who['user']} on {who['host']} ({who['command']}), "
        f"since {who['since']}"
        if who
        else "another process"
    )
    return LibraryLocked(
        f"the library is being written by {name}",
        item=item,
        remedy="wait until it is done, or stop that process; reading goes on meanwhile",
    )


def whoami() -> dict[str, str]:
    """This process, as a note names it: {pid, user, host, command, since}."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]])
    command = _USERINFO.sub(r"\1…@", command)
    return {
        "pid": str(os.getpid()),
        "user": _user(),
        "host": socket.gethostname(),
        "command": command[:120],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _mode(folder: Path) -> int:
    """Rights of the lock's file: whoever may write in the folder may take the lock."""
    return 0o644 | (folder.stat().st_mode & 0o022 if folder.is_dir() else 0)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"  # a container's user may have no name
