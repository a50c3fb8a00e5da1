"""From which score on a category becomes a tag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

GRID = np.arange(0.06, 0.80, 0.01)
"""Thresholds tried, as calibrated probabilities."""


def f1_curve(truth: Bools, scores: Floats, weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Weighted F1 of one category at each threshold of `GRID`."""
    said = scores[:, None] >= GRID
    hits = (weights * truth) @ said
    sizes = (weights * truth).sum() + weights @ said
    return np.asarray(2 * hits / np.maximum(sizes, 1e-9))


def best_thresholds(
    truth: Bools,
    scores: Floats,
    weights: NDArray[np.floating],
    rng: np.random.Generator,
    rounds: int = 25,
) -> Floats:
    """The threshold of each category that makes its F1 largest.

    Takes: truth, (n, c); scores, (n, c), from models that did not see the item; weights,
    (n,), what each item counts. The median over bootstrap resamples, because the best
    point of one F1 curve is noise where a category has a few dozen cases.
    """
    found = np.zeros((rounds, truth.shape[1]))
    for at in range(rounds):
        draw = rng.integers(0, len(truth), len(truth))
        for column in range(truth.shape[1]):
            curve = f1_curve(truth[draw, column], scores[draw, column], weights[draw])
            smooth = np.convolve(np.pad(curve, 2, mode="edge"), np.ones(5) / 5, "valid")
            found[at, column] = GRID[int(smooth.argmax())]
    return np.asarray(np.median(found, axis=0), dtype=np.float32)


def limit_false_tags(
    truth: Bools, scores: Floats, thresholds: Floats, columns: slice, most: float
) -> Floats:
    """Thresholds of one facet raised together until few bare items are tagged.

    Takes: columns, the facet's; most, the share of items without any true category of the
    facet that may be given one, 0 to 1. Gives all thresholds, the facet's scaled by the
    smallest common factor in odds that keeps the limit.
    """
    bare = ~truth[:, columns].any(axis=1)
    if not bare.any():
        return thresholds
    part = thresholds[columns]
    # In odds, so that a factor never pushes a threshold past 1.
    odds = part / (1 - part)
    own = scores[bare][:, columns]
    excess = np.max(own / np.maximum(1 - own, 1e-6) / odds, axis=1)
    factor = max(1.0, float(np.quantile(excess, 1 - most)) * 1.0001)
    raised = thresholds.copy()
    raised[columns] = odds * factor / (1 + odds * factor)
    return raised
