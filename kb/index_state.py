"""A derived index's note of itself: where it lies, what it has seen, whether it is whole."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kb.seal import Seal, broken, seal

DAMAGED = "damaged"
"""Folder of indexes that were found damaged, in the library's folder."""

KEPT = 2
"""Damaged copies kept of each index, the newest."""

# Raised when an index is laid out anew: what lies there is then made again from the catalogue.
LAYOUTS = {"lexical": 2, "chroma": 1}
NAMES = tuple(LAYOUTS)


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
    seal: Seal | None = None
    """What its files were when it was last written; None in a note of an earlier Sixfold."""


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
        # Of those put aside, too: an engine may still hold what lay at such a path open.
        every = [*self._library.glob(f"{self._name}-*")]
        every += (self._library / DAMAGED).glob(f"{self._name}-*")
        numbers = (path.name.split("-")[1] for path in every)
        taken = [int(number) for number in numbers if number.isdecimal()]
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
        if not state.dirty:
            state = replace(state, seal=seal(self._library / state.folder))
        self._write(state)

    def adopt(self, path: Path, generation: int, sealed: Seal | None = None) -> None:
        """Make the rebuilt (or, with its seal, copied) index in `path` the present one.

        The others are dropped.
        """
        sealed = seal(path) if sealed is None else sealed
        self._write(IndexState(path.name, generation, format=self._layout, seal=sealed))
        for old in self._library.glob(f"{self._name}-*"):
            if old != path:
                shutil.rmtree(old, ignore_errors=True)

    def forget(self) -> None:
        """Drop the note, so that the index counts as missing and is made anew.

        The files stay until then: an engine of this process may hold them open.
        """
        self._note.unlink(missing_ok=True)

    def broken(self, *, deep: bool = False) -> list[str]:
        """Names of files that are not as they were left: by size, or (`deep`) by content.

        Nothing is said of an index that is missing or just being written.
        """
        state = self.state()
        if state is None or state.dirty or state.seal is None:
            return []
        wrong = broken(self._library / state.folder, state.seal, deep=deep)
        return wrong if self.state() == state else []

    def put_aside(self, stamp: str) -> Path | None:
        """Move a damaged index out of the way, and forget it; it is then made anew.

        Returns where it is kept now; None where there was nothing to keep.
        """
        path, aside = self.path, self._library / DAMAGED
        self.forget()
        if not path.is_dir():
            return None
        aside.mkdir(exist_ok=True)
        target, counter = aside / f"{path.name}-{stamp}", 1
        while target.exists():
            counter += 1
            target = aside / f"{path.name}-{stamp}-{counter}"
        try:
            path.rename(target)
        except OSError:
            return None  # held open where that forbids renaming: dropped by the rebuild
        older = sorted(
            (one for one in aside.glob(f"{self._name}-*") if one != target),
            key=lambda one: one.name.split("-", 2)[-1],  # the moment
        )
        for old in older[: len(older) - KEPT + 1]:
            shutil.rmtree(old, ignore_errors=True)
        return target

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
