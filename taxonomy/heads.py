"""The arithmetic from features to probabilities and decisions. NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import SparseRows
from taxonomy.weights_file import Weights

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def sigmoid(values: Floats) -> Floats:
    """The logistic function, entry by entry, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Heads:
    """Weights of all categories; `f` grams, `c` categories, `b` first-step outputs."""

    text: Floats
    """(f, b): weight of each gram. The first c outputs are the categories, in order."""
    vector: Floats
    """(384, b): weight of each entry of the vector."""
    bias: Floats
    """(b,)."""
    stack: Floats
    """(b, c): what each first-step output says about each category."""
    stack_bias: Floats
    """(c,)."""
    curve_from: Floats
    """(c, m): rising raw probabilities of the calibration curve."""
    curve_to: Floats
    """(c, m): calibrated probability at each of them."""
    thresholds: Floats
    """(c,): calibrated probability from which a category becomes a tag."""

    @property
    def categories(self) -> int:
        """Number of categories over all facets."""
        return len(self.thresholds)

    @classmethod
    def from_weights(cls, weights: Weights) -> Heads:
        """The heads that a weights file holds. Raises WeightsError."""
        return cls(*(weights.array(name) for name in cls.__slots__))

    def first_step(self, rows: SparseRows, vectors: Floats) -> Floats:
        """(n, b) sums over words and vector."""
        return rows.times(self.text) + vectors @ self.vector + self.bias

    def scores(self, rows: SparseRows, vectors: Floats) -> Floats:
        """(n, c) calibrated probabilities."""
        raw = sigmoid(self.first_step(rows, vectors) @ self.stack + self.stack_bias)
        columns = [
            np.interp(raw[:, at], self.curve_from[at], self.curve_to[at])
            for at in range(self.categories)
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def decide(self, rows: SparseRows, vectors: Floats) -> tuple[Floats, Bools]:
        """(n, c) calibrated probabilities, and which of them become tags."""
        scores = self.scores(rows, vectors)
        return scores, scores >= self.thresholds
