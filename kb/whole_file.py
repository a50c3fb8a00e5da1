"""Files that a person names or brings, written whole or not at all, and over nothing of ours."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.catalogue.frozen import kept_version
from kb.errors import UsageError

_OWNED = re.compile(
    r"catalogue\.sqlite.*|(lexical|chroma)([-.].*)?|backups|pdf|uploads|damaged.*|settings\.toml"
    r"|\.lock.*|\.checked\.json|selftest\.json|challenges\.json|.*\.part(-\w+)?",
    re.IGNORECASE,
)
"""What Sixfold itself keeps in a library's folder."""

_SIGNS = ("catalogue.sqlite", "lexical.json", "chroma.json", ".checked.json", ".lock.json")
"""Of these, a library's folder has one, also where its catalogue lies on a server, or is gone."""


def write_whole(target: Path, content: bytes, *, ours: bool = False) -> None:
    """Put `content` into the file `target`, in place of what is there.

    `ours`: Sixfold chose the name, in a library's folder. Raises UsageError where `target` is
    a folder, lies in none, or is something of a library's; OSError, which names `target`.
    """
    if not ours:
        require_free(target)
    if not target.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {target.parent}", item=str(target), remedy="make it first"
        )
    part = target.with_name(f"{target.name}.{os.getpid()}.part-{threading.get_ident()}")
    with asked_for(target):
        try:
            part.write_bytes(content)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def require_free(target: Path, *, folder: bool = False, backup: bool = False) -> None:
    """Raise UsageError where a person's output would take the place of a library's own file.

    Links are followed. `folder`: one is to be written into; `backup`: older backups may be
    written over, and may lie in the folder kept for them.
    """
    if target.is_dir() and not folder:
        raise UsageError(f"{target} is a folder", item=str(target), remedy="name a file with -o")
    places = {target.resolve(), target.absolute().parent.resolve() / target.name}
    if any(_in_library(one, backup=backup) or (not backup and _catalogue(one)) for one in places):
        raise UsageError(
            f"{target} belongs to a library of Sixfold, and is not written over",
            item=str(target),
            remedy="name another file",
            code="bad_target",
        )


@contextmanager
def asked_for(target: Path) -> Iterator[None]:
    """Have an OSError name the file that was asked for, not the one it is written as first."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _in_library(path: Path, *, backup: bool) -> bool:
    for folder in path.parents:
        own = path.relative_to(folder).parts[0]
        if backup and own.lower() == "backups":
            continue
        if _OWNED.fullmatch(own) and any((folder / sign).exists() for sign in _SIGNS):
            return True
    return False


def _catalogue(path: Path) -> bool:
    """True for an SQLite file that holds a catalogue, whatever its name."""
    try:
        with path.open("rb") as stream:
            if stream.read(16) != b"SQLite format 3\0":
                return False
    except OSError:
        return False
    return kept_version(path) > 0
