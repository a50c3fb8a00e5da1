"""The arithmetic from features to probabilities and decisions. NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.dense import closeness
from taxonomy.features import SparseRows

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def sigmoid(values: Floats) -> Floats:
    """The logistic function, entry by entry, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Heads:
    """Weights of all categories: `m` coded papers, `f` grams, `b` first-step outputs
    (the categories, then for each facet "has any"), `c` categories.
    """

    references: Floats
    """(m, d): points of the coded papers."""
    pull: Floats
    """(m, b): how strongly each coded paper speaks for each output where it is near."""
    text: Floats
    """(f, b): weight of each gram."""
    mean: Floats
    """(b,): share of papers with the output."""
    stack: Floats
    """(b, b): what each first-step output says about each output's log-odds."""
    bias: Floats
    """(b,): of the log-odds."""
    thresholds: Floats
    """(c,): probability from which a category becomes a tag."""
    gates: Floats
    """(facets,): probability of "has any" below which a paper gets no tag of the facet."""
    facet_of: NDArray[np.int64]
    """(c,): number of each category's facet."""

    @property
    def categories(self) -> int:
        """Number of categories over all facets."""
        return len(self.thresholds)

    def first_step(self, points: Floats, rows: SparseRows) -> Floats:
        """(n, b) raw outputs: what near coded papers are, plus what the grams say."""
        return np.asarray(
            closeness(points, self.references) @ self.pull + rows.times(self.text) + self.mean,
            dtype=np.float32,
        )

    def second_step(self, raw: Floats) -> tuple[Floats, Bools]:
        """(n, b) calibrated probabilities, and (n, c) which categories become tags."""
        chances = sigmoid(raw @ self.stack + self.bias)
        return chances, decide(chances, self.thresholds, self.gates, self.facet_of)


def decide(
    chances: Floats, thresholds: Floats, gates: Floats, facet_of: NDArray[np.int64]
) -> Bools:
    """(n, c) which categories become tags. Takes chances as `Heads.second_step` gives them."""
    count = len(thresholds)
    opened = chances[:, count:] >= gates
    return np.asarray((chances[:, :count] >= thresholds) & opened[:, facet_of], dtype=bool)
