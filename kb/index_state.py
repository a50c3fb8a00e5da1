"""A derived index's note of itself: where it lies, what it has seen, whether it is whole."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

# Raised when an index is laid out anew: what lies there is then made again from the catalogue.
LAYOUTS = {"lexical": 2, "chroma": 1}


@dataclass(frozen=True, slots=True)
class IndexState:
    """What stands beside a derived index, in `NAME.json`."""

    folder: str
    """Folder of the index, beside the note."""
    generation: int = 0
    """Generation of the catalogue that the index holds."""
    dirty: bool = False
    """True while a write runs: found so at open, the writer died and the index is remade."""
    format: int = 1
    """Version of the index's own layout."""


class IndexFolder:
    """The folder of one derived index and its note. A rebuild goes to a fresh folder."""

    def __init__(self, library: Path, name: str) -> None:
        self._library = library
        self._name = name
        self._layout = LAYOUTS[name]
        self._note = library / f"{name}.json"

    def state(self) -> IndexState | None:
        """The note; None where there is no usable index."""
        try:
            state = IndexState(**json.loads(self._note.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        if state.format != self._layout or not (self._library / state.folder).is_dir():
            return None
        return state

    @property
    def path(self) -> Path:
        """Where the index lies now."""
        state = self.state()
        return self._library / (state.folder if state else f"{self._name}-0")

    def fresh(self) -> Path:
        """A new empty folder for a rebuild."""
        taken = [
            int(path.name.rsplit("-", 1)[1])
            for path in self._library.glob(f"{self._name}-*")
            if path.name.rsplit("-", 1)[1].isdigit()
        ]
        path = self._library / f"{self._name}-{max(taken, default=0) + 1}"
        path.mkdir(parents=True)
        return path

    def mark(self, *, generation: int | None = None, dirty: bool | None = None) -> None:
        """Change the note of the present index."""
        state = self.state() or IndexState(f"{self._name}-0", format=self._layout)
        if generation is not None:
            state = replace(state, generation=generation)
        if dirty is not None:
            state = replace(state, dirty=dirty)
        self._write(state)

    def adopt(self, path: Path, generation: int) -> None:
        """Make the rebuilt index in `path` the present one, and drop the others."""
        self._write(IndexState(path.name, generation, format=self._layout))
        for old in self._library.glob(f"{self._name}-*"):
            if old != path:
                shutil.rmtree(old, ignore_errors=True)

    def forget(self) -> None:
        """Drop the note, so that the index counts as missing and is made anew.

        The files stay until then: an engine of this process may hold them open.
        """
        self._note.unlink(missing_ok=True)

    def strays(self) -> list[Path]:
        """Folders of this index that are not the present one: left by a rebuild that died."""
        state = self.state()
        present = state.folder if state else ""
        found = self._library.glob(f"{self._name}-*")
        return sorted(path for path in found if path.is_dir() and path.name != present)

    def _write(self, state: IndexState) -> None:
        part = self._note.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(state)))
        part.replace(self._note)
