"""The library's facts in memory, as of one generation: what filters and scores run on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.catalogue import Catalogue, Filters
from kb.catalogue.values import PaperTable, Vector

Mask = npt.NDArray[np.bool_]


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
        spans = [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        return np.concatenate(spans)


@dataclass
class Snapshot:
    """One generation of the library. The matrix is read when first scored against."""

    catalogue: Catalogue
    generation: int
    table: PaperTable
    _masks: dict[Filters, Mask] = field(default_factory=dict)

    @classmethod
    def take(cls, catalogue: Catalogue) -> Snapshot:
        """The catalogue's present generation."""
        with catalogue.read() as reader:
            return cls(catalogue, reader.generation, reader.table())

    @cached_property
    def matrix(self) -> Matrix:
        """All passage vectors of this generation."""
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
        numbers, rows, vectors = numbers[known], rows[known], vectors[known]
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        starts = np.searchsorted(rows, np.arange(len(self.table.n) + 1))
        return Matrix(numbers[order], rows, vectors[order], starts)

    @cached_property
    def position(self) -> dict[int, int]:
        """Passage number -> its position in the matrix."""
        return {int(number): i for i, number in enumerate(self.matrix.passage)}

    @cached_property
    def row_of_passage(self) -> dict[int, int]:
        """Passage number -> row of its paper."""
        rows = self.matrix.paper_row.tolist()
        return dict(zip(self.matrix.passage.tolist(), rows, strict=True))

    def mask(self, filters: Filters) -> Mask:
        """Which papers pass the filters, (papers,)."""
        if filters.collection or filters not in self._masks:
            self._masks[filters] = self._mask(filters)
        return self._masks[filters]

    def _mask(self, filters: Filters) -> Mask:
        table = self.table
        passing = np.ones(len(table.n), dtype=bool)
        for facet, keys in (("phase", filters.phases), ("layer", filters.layers)):
            if keys:
                passing &= self._any_tag([(facet, key) for key in keys], filters.tag_status)
        if filters.tag_status and not (filters.phases or filters.layers):
            passing &= self._any_tag(list(table.has_tags), filters.tag_status)
        if filters.year_from is not None:
            passing &= table.year >= filters.year_from
        if filters.year_to is not None:
            passing &= (table.year <= filters.year_to) & (table.year > 0)
        if filters.author:
            wanted = filters.author.lower()
            passing &= np.array([wanted in names for names in table.authors], dtype=bool)
        if filters.category:
            wanted = filters.category.lower()
            passing &= np.array(
                [any(one.lower() == wanted for one in some) for some in table.categories], bool
            )
        if filters.collection:
            with self.catalogue.read() as reader:
                members = reader.collection(filters.collection)
            passing &= np.array([one in members for one in table.paper_id], dtype=bool)
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
        years, amounts = np.unique(self.table.year[passing], return_counts=True)
        counts["year"] = {int(y): int(a) for y, a in zip(years, amounts, strict=True) if y}
        return counts
