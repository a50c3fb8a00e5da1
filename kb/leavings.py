"""What runs that were cut short have left behind, and clearing it away."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from kb.indexes import Indexes

# Names that Sixfold gives to files which are only there while it writes them.
_PATTERNS = ("*.part", "*.part-*", "backups/*.part", "backups/*.part-*", "backups/restoring")

# Uploads and downloads are written without the lock: only what is old is nobody's.
_UNLOCKED = tuple(f"{place}/*.part{more}" for place in ("pdf", "uploads") for more in ("", "-*"))
_OLD = 3_600.0  # seconds

_PID = re.compile(r"\.(\d+)\.part(?:-\w+)?$")


def left_over(folder: Path, indexes: Indexes) -> list[Path]:
    """Files and folders that a run cut short has left, and that nothing uses."""
    found = [path for pattern in _PATTERNS for path in folder.glob(pattern)]
    found += [path for pattern in _UNLOCKED for path in folder.glob(pattern) if _old(path)]
    if indexes.folder == folder:
        found += [*indexes.lexical.strays(), *indexes.chroma.strays()]
    return sorted(found)


def sweep(folder: Path, indexes: Indexes, *, everything: bool = False) -> None:
    """Remove what is left over. The write lock must be held: what lies there is nobody's then.

    A file that names a process which still runs (a backup, which needs no lock) stays,
    unless `everything`.
    """
    for path in left_over(folder, indexes):
        if everything or not _in_use(path):
            drop(path)


def _old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _OLD
    except FileNotFoundError:
        return False


def _in_use(path: Path) -> bool:
    found = _PID.search(path.name)
    if not found or int(found[1]) == os.getpid():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def drop(path: Path) -> None:
    """Remove a file or a whole folder; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
