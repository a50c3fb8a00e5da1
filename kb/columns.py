"""The paper table turned round: from an author, a category or ids to the papers, at once."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kb.catalogue.values import PaperTable

Mask = npt.NDArray[np.bool_]

# Between the authors of two papers; in no name.
_BETWEEN = "\0"


class Columns:
    """Columns of one table, each made when it is first asked for."""

    def __init__(self, table: PaperTable) -> None:
        self._table = table

    def by_author(self, name: str) -> Mask:
        """Papers with an author whose name holds `name`, case ignored, (papers,)."""
        text, starts = self._names
        wanted, found = name.lower(), self._none()
        at = -1 if _BETWEEN in wanted else text.find(wanted)
        while at >= 0:
            row = bisect_right(starts, at) - 1
            found[row] = True
            # One find in a paper is enough.
            at = text.find(wanted, starts[row + 1]) if row + 1 < len(starts) else -1
        return found

    def in_category(self, name: str) -> Mask:
        """Papers of a category, case ignored, (papers,)."""
        found = self._none()
        found[self._categories.get(name.lower(), [])] = True
        return found

    def among(self, paper_ids: Iterable[str]) -> Mask:
        """Papers with one of the ids, (papers,)."""
        found = self._none()
        found[[self._rows[one] for one in paper_ids if one in self._rows]] = True
        return found

    def _none(self) -> Mask:
        return np.zeros(len(self._table.n), dtype=bool)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Every category, that of the most papers first."""
        every = Counter(name for some in self._table.categories for name in some)
        return tuple(name for name, _ in every.most_common())

    @cached_property
    def most_frequent_author(self) -> str:
        """The last name of the author of the most papers, in small letters; "" where none is."""
        every = Counter(name for some in self._table.authors for name in some.split("\n") if name)
        last = (name.split()[-1] for name, _ in every.most_common() if name.split())
        return next((name for name in last if name.isalpha() and len(name) > 1), "")

    @cached_property
    def _names(self) -> tuple[str, list[int]]:
        """(the authors of all papers as one text, where each paper's begin)."""
        lengths = [len(names) + 1 for names in self._table.authors]
        starts = [0, *np.cumsum(lengths).tolist()[:-1]] if lengths else []
        return _BETWEEN.join(self._table.authors), starts

    @cached_property
    def _categories(self) -> dict[str, npt.NDArray[np.int64]]:
        rows: dict[str, list[int]] = {}
        for row, some in enumerate(self._table.categories):
            for name in {one.lower() for one in some}:
                rows.setdefault(name, []).append(row)
        return {name: np.array(some, dtype=np.int64) for name, some in rows.items()}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {one: row for row, one in enumerate(self._table.paper_id)}
