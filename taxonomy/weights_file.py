"""Model weights on disk: a NumPy archive without pickles, and a JSON file that explains it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("weights")
"""Where the shipped weights lie."""


class WeightsError(Exception):
    """Model weights cannot be used.

    Takes: message, one sentence; item, the file; remedy, what to do about it.
    """

    def __init__(self, message: str, item: str = "", remedy: str = "") -> None:
        super().__init__(message, item, remedy)
        self.message = message
        self.item = item
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        return f"{where}{self.message}" + (f" {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Weights:
    """What one weights file holds."""

    arrays: Mapping[str, NDArray[Any]]
    """The numbers, by name."""
    meta: Mapping[str, Any]
    """Names, settings and where the weights come from."""
    digest: str
    """First 10 hex digits of the SHA-256 of both files' content."""

    def array(self, name: str) -> NDArray[np.float32]:
        """The array of that name as float32. Raises WeightsError, listing the known."""
        return self._named(name).astype(np.float32)

    def whole(self, name: str) -> NDArray[np.int64]:
        """The array of that name as whole numbers. Raises WeightsError likewise."""
        return self._named(name).astype(np.int64)

    def _named(self, name: str) -> NDArray[Any]:
        if name not in self.arrays:
            raise WeightsError(
                f"The array {name!r} is missing.", "", f"Known: {', '.join(sorted(self.arrays))}."
            )
        return self.arrays[name]


def pack_words(words: Sequence[str]) -> NDArray[np.uint8]:
    """Words without line breaks as one array of UTF-8 bytes, which needs no pickle."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack_words(packed: NDArray[Any]) -> list[str]:
    """The words that `pack_words` packed."""
    text = packed.astype(np.uint8).tobytes().decode()
    return text.split("\n") if text else []


def save(path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
    """Write `path` (.npz) and its .json beside it. The same content gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{k: arrays[k] for k in sorted(arrays)})
    text = json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def load(path: Path) -> Weights:
    """Read the weights at `path` (.npz, its .json beside it). Raises WeightsError."""
    remedy = "Install the project anew, or train with `python -m taxonomy.training`."
    try:
        explained = path.with_suffix(".json").read_bytes()
        meta = json.loads(explained)
        # Opened here: NumPy forgets to close a file that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(f"The weights cannot be read: {error}.", str(path), remedy) from error
    if not isinstance(meta, dict):
        raise WeightsError("The description is no JSON object.", str(path), remedy)
    digest = hashlib.sha256(path.read_bytes() + explained).hexdigest()[:10]
    return Weights(arrays, meta, digest)
