"""The SHA-256 of a backup in a small file beside it, in the form that `sha256sum -c` reads.

SQLite's own check sees its structure only: a bit that a disk loses within a text or a vector
of a backup shows in this sum alone.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

END = ".sha256"


def beside(path: Path) -> Path:
    """Where the sum of a backup is kept."""
    return path.with_name(path.name + END)


def publish(part: Path, target: Path) -> None:
    """Give a finished copy its name, and its sum a file beside it.

    A crash in between leaves a copy without a sum, never one with the sum of another.
    Raises OSError; `target` is then untouched, and `part` gone.
    """
    note = beside(target)
    fresh = note.with_name(f"{note.name}.{os.getpid()}.part")
    try:
        fresh.write_text(f"{_sha256(part)}  {target.name}\n", encoding="utf-8")
        note.unlink(missing_ok=True)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(note)


def fault(path: Path, note: Path | None = None) -> str:
    """Why a file is not the one that was written; "" where it is, or where no sum was kept.

    Takes the sum from `note`, or from the file beside it. Raises OSError where the file cannot
    be read.
    """
    note = note or beside(path)
    try:
        kept = note.read_bytes()[:64]
    except FileNotFoundError:
        return ""
    if kept == _sha256(path).encode():
        return ""
    return f"its bytes are not those that were written: {note.name} names others"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
