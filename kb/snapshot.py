"""The library's facts in memory, as of one generation: what filters and scores run on."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from kb.catalogue import Catalogue, Filters
from kb.catalogue.filing import Filing
from kb.catalogue.values import PaperTable, Vector
from kb.columns import Columns

Mask = npt.NDArray[np.bool_]

# Filters whose papers are kept in mind: the app asks for one a facet whenever it draws.
MASKS = 64

# Passages of a paper that say what it is about.
FRONT = 3


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every passage vector, passages of one paper side by side."""

    passage: npt.NDArray[np.int64]
    """Passage numbers, (passages,)."""
    paper_row: npt.NDArray[np.int64]
    """Row of each passage's paper in the paper table, ascending."""
    vectors: Vector
    """(passages, dimension), unit length."""
    starts: npt.NDArray[np.int64]
    """First passage of each paper row, and one past the last: (papers + 1,)."""

    def of_papers(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Positions of all passages of some paper rows."""
        if not len(rows):
            return np.zeros(0, dtype=np.int64)
        if len(rows) == 1:
            return np.arange(self.starts[rows[0]], self.starts[rows[0] + 1])
        first, count = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        # Counting on from each paper's first passage.
        before = np.repeat(np.cumsum(count) - count, count)
        counted = np.arange(int(count.sum()), dtype=np.int64) - before
        return np.asarray(np.repeat(first, count) + counted, dtype=np.int64)


@dataclass
class Snapshot:
    """One generation of the library. The matrix is read when first scored against."""

    catalogue: Catalogue
    generation: int
    table: PaperTable
    _masks: dict[Filters, Mask] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _reading: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @classmethod
    def take(cls, catalogue: Catalogue, filing: Filing | None = None) -> Snapshot:
        """The catalogue's present generation; its tags read by another `filing` where given."""
        with catalogue.read() as reader:
            if filing is not None:
                reader.under(filing)
            with _uncollected():
                return cls(catalogue, reader.generation, reader.table())

    @property
    def matrix(self) -> Matrix:
        """All passage vectors of this generation.

        The same ones to every thread: read a moment later they may be more or fewer.
        """
        with self._reading:
            return self._matrix

    @cached_property
    def _matrix(self) -> Matrix:
        _score_on_one_thread()
        with self.catalogue.read() as reader:
            numbers, papers, vectors = reader.all_vectors()
        rows = np.searchsorted(self.table.n, papers)
        # A paper added since the snapshot was taken has no row here: leave it out.
        known = (
            (rows < len(self.table.n))
            & (self.table.n[np.minimum(rows, len(self.table.n) - 1)] == papers)
            if len(papers)
            else np.zeros(0, bool)
        )
        order = np.flatnonzero(known)
        order = order[np.argsort(rows[order], kind="stable")]
        # Mostly they lie in order already: a copy would take as much memory again.
        if len(order) < len(rows) or (np.diff(order) != 1).any():
            numbers, rows, vectors = numbers[order], rows[order], vectors[order]
        starts = np.searchsorted(rows, np.arange(len(self.table.n) + 1))
        return Matrix(numbers, rows, vectors, starts)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
        """Positions of the matrix by passage number."""
        return np.argsort(self.matrix.passage, kind="stable")

    def places_of(self, passages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Position in the matrix of each passage number; -1 where it is not here."""
        return _looked_up(passages, self.matrix.passage, self._order)

    def rows_of_passages(self, passages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Row of each passage number's paper; -1 where it is not here."""
        places = self.places_of(passages)
        found = np.full(len(places), -1, dtype=np.int64)
        found[places >= 0] = self.matrix.paper_row[places[places >= 0]]
        return found

    def front_vector(self, row: int) -> Vector:
        """The mean of the vectors of a paper's first passages, (dimension,), unit length."""
        first = self.matrix.of_papers(np.array([row]))[:FRONT]
        mean = self.matrix.vectors[first].sum(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)

    def rows_of(self, papers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Row of each paper number; -1 where it is not here."""
        return _looked_up(papers, self.table.n, None)

    @cached_property
    def by_id(self) -> npt.NDArray[np.int64]:
        """Rows in the order of the paper ids."""
        ids = self.table.paper_id
        return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)

    @cached_property
    def columns(self) -> Columns:
        """The table turned round, for filters."""
        return Columns(self.table)

    def mask(self, filters: Filters) -> Mask:
        """Which papers pass the filters, (papers,). Do not write to it.

        The last `MASKS` are kept; a collection is looked up anew, for it changes without
        the generation changing.
        """
        plain = replace(filters, collection="") if filters.collection else filters
        with self._guard:
            found = self._masks.pop(plain, None)
            if found is None:
                found = self._mask(plain)
                found.flags.writeable = False
            self._masks[plain] = found  # the newest last
            while len(self._masks) > MASKS:
                self._masks.pop(next(iter(self._masks)))
        if not filters.collection:
            return found
        with self.catalogue.read() as reader:
            members = reader.collection(filters.collection)
        return found & self.columns.among(members)

    def _mask(self, filters: Filters) -> Mask:
        table = self.table
        passing = np.ones(len(table.n), dtype=bool)
        for facet, keys in filters.by_facet().items():
            passing &= self._any_tag([(facet, key) for key in keys], filters.tag_status)
        if filters.tag_status and not filters.by_facet():
            passing &= self._any_tag(list(table.has_tags), filters.tag_status)
        if filters.year_from is not None:
            passing &= table.year >= filters.year_from
        if filters.year_to is not None:
            passing &= (table.year <= filters.year_to) & (table.year > 0)
        if filters.author:
            passing &= self.columns.by_author(filters.author)
        if filters.category:
            passing &= self.columns.in_category(filters.category)
        return passing

    def _any_tag(self, wanted: list[tuple[str, str]], status: str) -> Mask:
        none = np.zeros(len(self.table.n), dtype=bool)
        found = none.copy()
        for tag in wanted:
            has = self.table.has_tags.get(tag, none)
            human = self.table.human_tags.get(tag, none)
            found |= human if status == "human" else has & ~human if status == "machine" else has
        return found

    def facet_counts(self, passing: Mask) -> dict[str, dict[Any, int]]:
        """Papers per phase, layer and year among those that pass."""
        counts: dict[str, dict[Any, int]] = {"phase": {}, "layer": {}, "year": {}}
        for (facet, key), has in self.table.has_tags.items():
            counts.setdefault(facet, {})[key] = int((has & passing).sum())
        amounts = np.bincount(self.table.year[passing])
        counts["year"] = {int(y): int(amounts[y]) for y in np.flatnonzero(amounts) if y}
        return counts


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's collector, which looks for cycles where there are none.

    It takes a third of the time in which a table of 50,000 papers is made (.7 s).
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@cache
def _score_on_one_thread() -> None:
    """Keep OpenBLAS to one thread from now on.

    Scoring waits for memory, not for arithmetic: a second thread makes it little faster, and
    spins on after each query in the way of BM25 and of other readers (50,000 papers on 2
    cores, filtered: 49 ms of processor time a search, 27 without).
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)


def _looked_up(
    wanted: npt.NDArray[np.int64],
    held: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64] | None,
) -> npt.NDArray[np.int64]:
    """Where each number stands in `held`, -1 for nowhere; `order` sorts it, None = sorted."""
    if not len(held):
        return np.full(len(wanted), -1, dtype=np.int64)
    near = np.minimum(np.searchsorted(held, wanted, sorter=order), len(held) - 1)
    places = near if order is None else order[near]
    return np.where(held[places] == wanted, places, -1)
