"""From which probability on a category becomes a tag, and when a paper gets none at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxonomy.agreement import false_tag_rate, macro_f1

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

GRID = np.arange(0.08, 0.72, 0.01)
"""Thresholds tried, as calibrated probabilities."""

GATES = np.arange(0.0, 0.66, 0.05)
"""Probabilities of "has any" tried as gates."""


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
    said = scores[:, :, None] >= GRID
    for at in range(rounds):
        counts = np.bincount(rng.integers(0, len(truth), len(truth)), minlength=len(truth))
        mass = counts * weights
        for column in range(truth.shape[1]):
            hits = (mass * truth[:, column]) @ said[:, column]
            sizes = (mass * truth[:, column]).sum() + mass @ said[:, column]
            curve = 2 * hits / np.maximum(sizes, 1e-9)
            smooth = np.convolve(np.pad(curve, 2, mode="edge"), np.ones(5) / 5, "valid")
            found[at, column] = GRID[int(smooth.argmax())]
    return np.asarray(np.median(found, axis=0), dtype=np.float32)


def best_gate(truth: Bools, said: Bools, some: Floats, most: float) -> float:
    """The gate of one facet: the best macro-F1 among those with few enough false tags.

    Takes: truth and said, (n, c) of the facet, said before gating; some, (n,), the
    probability that the paper has any category; most, the share of papers without any
    that may be given one. Where no gate keeps the limit, gives the strictest.
    """
    choices = []
    for gate in GATES:
        kept = said & (some >= gate)[:, None]
        if not false_tag_rate(truth, kept) > most:
            choices.append((macro_f1(truth, kept), float(gate)))
    return max(choices)[1] if choices else float(GATES[-1])
