"""Vectors kept by content, so that evaluating a corpus twice embeds it once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kb.catalogue.values import Vector

# Written out this often, so that an interrupted run keeps what it has.
CHUNK = 2_048


class VectorCache:
    """A file of float16 vectors, keyed by model and text."""

    def __init__(self, path: Path, model_id: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._model_id = model_id
        self._file = sqlite3.connect(path, timeout=60)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def encode(
        self, texts: Sequence[str], encode: Callable[[Sequence[str]], Vector], dimension: int
    ) -> Vector:
        """(n, dimension) vectors of `texts`: those known from the file, the rest by `encode`."""
        keys = [self._key(text) for text in texts]
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), 900):
            some = keys[start : start + 900]
            marks = ",".join("?" * len(some))
            found.update(
                self._file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)  # noqa: S608 - only question marks
            )
        missing = [i for i, key in enumerate(keys) if key not in found]
        # Longest first over all that is missing, so that a batch shares one length.
        missing.sort(key=lambda i: -len(texts[i]))
        for start in range(0, len(missing), CHUNK):
            some_rows = missing[start : start + CHUNK]
            packed = encode([texts[i] for i in some_rows]).astype("<f2")
            fresh = [(keys[i], packed[row].tobytes()) for row, i in enumerate(some_rows)]
            with self._file:
                self._file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", fresh)
            found.update(fresh)
        out = np.empty((len(texts), dimension), dtype=np.float32)
        for row, key in enumerate(keys):
            out[row] = np.frombuffer(found[key], dtype="<f2")
        return out

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._model_id}\0{text}".encode()).digest()[:16]
