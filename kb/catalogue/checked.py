"""The note of a catalogue's file found good: its size, its time, and the sum of its bytes.

A disk that loses a bit changes no file's time. So a file of the noted size and time must be
of the noted sum too; a file of another time was written since, and is checked by SQLite.
"""

from __future__ import annotations

import json
import time
import zlib
from pathlib import Path

from kb.seal import checksum

NOTE = ".checked.json"

ROT = "its bytes are not those last written, though nobody wrote since: the disk's fault"

# Two writes within one tick of the disk's clock leave one time. Whole seconds: an old one's.
_TICK = 0.02
_LONG_TICK = 2.0

_Facts = list[int]


def remember(path: Path) -> None:
    """Note the file as good, as it is; one that is noted already keeps its sum.

    Nothing where it cannot be noted: that only costs the next opening a check.
    """
    try:
        facts = _facts(path)
        known = _noted(path)
        if known and known[:2] == facts and len(known) == 3:
            return
        content = [checksum(path)] if _settled(facts[1]) else []
        if _facts(path) == facts:
            whole = [*facts, *content]
            _note(path).write_text(json.dumps([*whole, _sum_of(whole)]))
    except OSError:
        return


def seen(path: Path) -> bool:
    """True where the file has the size and the time of the one noted."""
    known = _noted(path)
    return bool(known) and known[:2] == _facts(path)


def rotten(path: Path) -> bool:
    """True where the file has the size and the time of the one noted, and other bytes."""
    known = _noted(path)
    if len(known) < 3 or known[:2] != _facts(path) or checksum(path) == known[2]:
        return False
    # Whoever wrote meanwhile has changed the time.
    return known[:2] == _facts(path) and _noted(path) == known


def _settled(mtime_ns: int) -> bool:
    """True once no later write can leave the same time."""
    age = abs(time.time_ns() - mtime_ns) / 1e9
    if mtime_ns % 1_000_000_000 == 0:
        return age > _LONG_TICK
    if age < _TICK:
        time.sleep(_TICK)
    return True


def _note(path: Path) -> Path:
    return path.with_name(NOTE)


def _facts(path: Path) -> _Facts:
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns]


def _noted(path: Path) -> _Facts:
    """[size, time] of the file noted, and its sum where that is known; [] without a note."""
    try:
        *whole, own = json.loads(_note(path).read_bytes())
    except (OSError, ValueError, TypeError):
        return []
    # A note may rot as well.
    return whole if len(whole) in (2, 3) and own == _sum_of(whole) else []


def _sum_of(numbers: _Facts) -> int:
    return zlib.crc32(json.dumps(numbers).encode())
