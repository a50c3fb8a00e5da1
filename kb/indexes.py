"""The two derived indexes, kept in step with the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.catalogue import Catalogue, IndexRow
from kb.catalogue.reading import Reader
from kb.catalogue.values import Vector
from kb.errors import IndexUnreachable, damaged_index
from kb.index_state import IndexFolder
from kb.text_index import TextIndex
from kb.vector_index import VectorIndex
from kb.vector_server import ServedIndex

# Papers handed to an index at once: bounds memory, keeps commits rare.
BATCH = 2_000


class Indexes:
    """Opens, follows, rebuilds. Each index notes the catalogue generation it has seen."""

    def __init__(
        self, folder: Path, lexical: IndexFolder, chroma: IndexFolder | ServedIndex
    ) -> None:
        self.folder = folder
        self.lexical = lexical
        self.chroma = chroma
        self._text: TextIndex | None = None
        self._vector: VectorIndex | None = None
        # Generations that the open indexes show; another process may have gone on.
        self._text_seen = 0
        self._vector_seen = 0
        self._guard = threading.RLock()

    def current(self, generation: int) -> bool:
        """True where both indexes are whole and have seen `generation`."""
        try:
            states = (self.lexical.state(), self.chroma.state())
        except IndexUnreachable:
            return False
        return all(
            state is not None and not state.dirty and state.generation == generation
            for state in states
        )

    @property
    def text(self) -> TextIndex:
        """The open text index, read again where another process has written it."""
        with self._guard:
            state = self.lexical.state()
            generation = state.generation if state else 0
            if self._text is None or self._text.path != self.lexical.path:
                _require_sound(self.lexical, "text")
                self._text = TextIndex(self.lexical.path)
            elif self._text_seen != generation:
                # The catalogue moves on first: who read it then has not seen what followed.
                self._text.reload()
            self._text_seen = generation
            return self._text

    @property
    def vector(self) -> VectorIndex:
        """The open vector index, opened anew where another process has written it."""
        with self._guard:
            state = self.chroma.state()
            generation = state.generation if state else 0
            if self._vector is None or self._vector.path != self.chroma.path:
                _require_sound(self.chroma, "vector")
                self._vector = VectorIndex(self.chroma.path)
            elif self._vector_seen != generation:
                _require_sound(self.chroma, "vector")
                self._vector.reload()
            self._vector_seen = generation
            return self._vector

    def refresh(self) -> None:
        """See what another process has written."""
        with self._guard:
            if self._text is not None and self._text.path == self.lexical.path:
                self._text.reload()

    def follow(self, catalogue: Catalogue) -> None:
        """Bring both indexes to the catalogue's generation. The write lock must be held."""
        with catalogue.read() as reader:
            generation = reader.generation
            for index in (self.lexical, self.chroma):
                # A server that is gone is followed up when it is back.
                with suppress(IndexUnreachable):
                    self._follow(catalogue, reader, index, generation)

    def _follow(
        self,
        catalogue: Catalogue,
        reader: Reader,
        index: IndexFolder | ServedIndex,
        generation: int,
    ) -> None:
        state = index.state()
        # Ahead of the catalogue: another, older catalogue was put in its place.
        if state is None or state.dirty or state.generation > generation:
            self.rebuild(catalogue, index)
        elif state.generation != generation:
            self._apply(reader, index, state.generation, generation)

    def nearest(self, vector: Vector, limit: int, generation: int) -> npt.NDArray[np.int64] | None:
        """Numbers of the nearest passages by the vector index.

        None where that is on a server which is gone, or has not seen `generation` yet.
        """
        if not isinstance(self.chroma, ServedIndex):
            return self.vector.query(vector, limit)[0]
        try:
            state = self.chroma.state()
            if state is None or state.dirty or state.generation != generation:
                return None
            return self.vector.query(vector, limit)[0]
        except IndexUnreachable:
            return None

    def rebuild(self, catalogue: Catalogue, index: IndexFolder | ServedIndex) -> None:
        """Make one index anew from the catalogue, without embedding anything."""
        target = index.fresh()
        with catalogue.read() as reader:
            generation = reader.generation
            fresh = (
                TextIndex(target)
                if index is self.lexical and isinstance(target, Path)
                else VectorIndex(target)
            )
            for rows in _rows(reader, reader.changed_since(-1)):
                fresh.put(rows)
        with self._guard:
            if isinstance(fresh, TextIndex):
                self._text, self._text_seen = fresh, generation
            else:
                self._vector, self._vector_seen = fresh, generation
            # Its own `fresh` gave it.
            index.adopt(target, generation)  # type: ignore[arg-type]

    def _apply(
        self, reader: Reader, index: IndexFolder | ServedIndex, since: int, generation: int
    ) -> None:
        """Hand one index what has changed. A crash meanwhile leaves it marked dirty."""
        index.mark(dirty=True)
        removed = sorted(reader.removed_since(since))
        changed = reader.changed_since(since)
        dropped = sorted({*removed, *changed})
        if index is self.lexical:
            batches = _rows(reader, changed)
            # The first batch with what is dropped: each call waits for the disk.
            self.text.put(next(batches, []), dropped)
            for rows in batches:
                self.text.put(rows)
        else:
            self.vector.drop(dropped)
            for rows in _rows(reader, changed):
                self.vector.put(rows)
            self._vector_seen = generation
        index.mark(generation=generation, dirty=False)

    def replace(self, catalogue: Catalogue, generation: int) -> None:
        """Make anew each index that is not at `generation`, without writing to what it was."""
        with self._guard:
            for index in (self.lexical, self.chroma):
                state = index.state()
                if state is None or state.generation != generation:
                    self.rebuild(catalogue, index)

    def discard(self) -> None:
        """Forget both indexes, so that the next `follow` makes them anew."""
        with self._guard:
            self._text = self._vector = None
            for index in (self.lexical, self.chroma):
                index.forget()

    def broken(self) -> list[str]:
        """Those of `lexical` and `chroma` with a file that is gone, cut or grown."""
        both = {"lexical": self.lexical, "chroma": self.chroma}
        return [name for name, index in both.items() if index.broken()]

    def put_aside(self, names: Iterable[str], stamp: str) -> list[Path]:
        """Move damaged indexes (`lexical`, `chroma`) out of the way; where they are kept."""
        kept = []
        with self._guard:
            if "lexical" in names:
                self._text = None
                kept.append(self.lexical.put_aside(stamp))
            if "chroma" in names:
                self._vector = None
                kept.append(self.chroma.put_aside(stamp))
        return [one for one in kept if one]


def _require_sound(index: IndexFolder | ServedIndex, kind: str) -> None:
    """Raise DamagedIndex where an engine would open files that are not as it left them.

    Chroma has been seen to take its process down over such files.
    """
    wrong = index.broken(deep=True)
    if wrong and isinstance(index, IndexFolder):
        raise damaged_index(kind, index.path, f"not as it was written: {', '.join(wrong[:3])}")


def _rows(reader: Reader, numbers: list[int]) -> Iterator[list[IndexRow]]:
    """Papers as the indexes hold them, in batches."""
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        stored = reader.papers(some)
        passages = reader.passages_of(some)
        wanted = [passage.n for one in passages.values() for passage in one]
        vectors = reader.vectors(wanted)
        yield [
            IndexRow(
                stored[number],
                tuple(passages.get(number, ())),
                np.stack([vectors[passage.n] for passage in passages.get(number, ())])
                if passages.get(number)
                else np.zeros((0, 0), dtype=np.float32),
            )
            for number in some
        ]
