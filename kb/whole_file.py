"""Files that a person asked for by name, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from kb.errors import UsageError


def write_whole(target: Path, content: bytes) -> None:
    """Put `content` into the file `target`, in place of what is there.

    Raises UsageError where `target` is a folder, or lies in none; OSError.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder", item=str(target), remedy="name a file with -o")
    if not target.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {target.parent}", item=str(target), remedy="make it first"
        )
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
