"""Which sentences hold a stem, and with what weight: overlaps of words without all pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class WordIndex:
    """An inverted index of bags of weighted stems."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        self._count = len(bags)
        rows: dict[str, list[int]] = {}
        weights: dict[str, list[float]] = {}
        for row, bag in enumerate(bags):
            for word, weight in bag.items():
                rows.setdefault(word, []).append(row)
                weights.setdefault(word, []).append(weight)
        self._rows = {word: np.array(found, dtype=np.int64) for word, found in rows.items()}
        self._weights = {word: np.array(found, dtype=np.float64) for word, found in weights.items()}

    def overlap(self, bag: Mapping[str, float]) -> Doubles:
        """Cosine of `bag` with each bag, (n,)."""
        total = np.zeros(self._count)
        for word, weight in bag.items():
            if word in self._rows:
                # A stem stands once in a bag, so no row repeats and plain addition is safe.
                total[self._rows[word]] += self._weights[word] * weight
        return total

    def largest(self, bag: Mapping[str, float]) -> Doubles:
        """Weight of the weightiest stem shared with each bag, (n,); 0 where there is none."""
        best = np.zeros(self._count)
        for word in bag:
            if word in self._rows:
                rows = self._rows[word]
                best[rows] = np.maximum(best[rows], self._weights[word])
        return best
