"""The seal of a derived index: what its files were when its writer last let go of them.

An engine may crash its process over files that were cut or changed behind its back. So
they are compared with the seal before it opens them: sizes at every opening of a library,
contents before the engine sees them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

Seal = dict[str, list[int]]
"""Path within the index's folder -> [size in bytes, CRC-32 of the content]."""

# Engines change these while they only read.
_RESTLESS = (".lock", ".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3-journal")

_CHUNK = 1 << 20


def seal(folder: Path) -> Seal:
    """The seal of the files as they are."""
    return {name: [path.stat().st_size, checksum(path)] for name, path in _files(folder)}


def broken(folder: Path, kept: Seal, *, deep: bool) -> list[str]:
    """Names of the files that are not as sealed: gone, or of another size or (`deep`) content."""
    wrong = []
    for name, (size, content) in kept.items():
        path = folder / name
        try:
            sound = path.stat().st_size == size and (not deep or checksum(path) == content)
        except OSError:
            sound = False
        if not sound:
            wrong.append(name)
    return wrong


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(_RESTLESS) and not _empty_graph(path):
            yield path.relative_to(folder).as_posix(), path


def _empty_graph(path: Path) -> bool:
    """True for the blanks that Chroma lays out before it first writes a graph, and again later."""
    return path.suffix == ".bin" and not path.with_name("index_metadata.pickle").exists()


def checksum(path: Path) -> int:
    """CRC-32 of a file's content."""
    total = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            total = zlib.crc32(chunk, total)
    return total
