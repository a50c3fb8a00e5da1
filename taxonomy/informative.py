"""Which papers to ask people about first: where an answer teaches the tagger most.

A paper is worth asking about where the tagger wavers, above all on rare categories, and
where it stands for others; of papers that lie close together one is enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

SAMPLE = 512
"""Papers, evenly taken, by which the density around a paper is estimated."""

NEAREST = 10
"""Of them, how many count as a paper's surroundings."""

SHORTLIST = 600
"""Papers of most worth among which distance decides."""

DENSITY = 1.0
"""Power to which the density counts; 0 = not at all."""

RARITY = 0.5
"""Power of how rare a category is; 0 = all categories count alike."""

FLOOR = 0.01
"""A category rarer than this counts as if it were this common: its share is a guess."""


def wavering(chances: Floats, thresholds: Floats) -> Floats:
    """(n, c) how near each probability is to its threshold: 1 at it, 0 at certainty."""
    limits = np.clip(thresholds, 1e-3, 1 - 1e-3)
    room = np.where(chances < limits, limits, 1 - limits)
    return np.asarray(1 - np.abs(chances - limits) / room, dtype=np.float32)


def rarity(chances: Floats) -> Floats:
    """(c,) weight of each category, mean 1: more for those expected in few papers."""
    share = np.maximum(chances.mean(axis=0), FLOOR)
    weight = share**-RARITY
    return np.asarray(weight / weight.mean(), dtype=np.float32)


def worth(chances: Floats, thresholds: Floats, undecided: Bools) -> Floats:
    """(n,) what an answer on each paper would teach; 0 where nothing is left to say.

    Takes: chances, (n, c) calibrated probabilities; thresholds, (c,); undecided, (n, c),
    where nobody whose answer counts has spoken.
    """
    gain = wavering(chances, thresholds) ** 2 * rarity(chances)
    return np.asarray((gain * undecided).sum(axis=1), dtype=np.float32)


def density(vectors: Floats) -> Floats:
    """(n,) mean cosine of each paper with its nearest in an even sample of all."""
    count = len(vectors)
    sample = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(int))
    nearest = min(NEAREST + 1, len(sample))
    likeness = vectors @ vectors[sample].T
    best = np.partition(likeness, len(sample) - nearest, axis=1)[:, -nearest:]
    return np.asarray(np.clip(best.mean(axis=1), 0, 1), dtype=np.float32)


def choose(value: Floats, vectors: Floats, near: Floats, count: int) -> Rows:
    """Positions of the papers to ask about, best first; those of no worth are left out.

    Takes: value, (n,); vectors, (n, d) unit vectors; near, (m, d), papers already decided.
    Each choice weighs its worth by the distance to all chosen before and all decided, so
    that near copies do not follow one another. Ties go to the first paper.
    """
    scaled = value * density(vectors) ** DENSITY if len(value) else value
    best = np.argsort(-scaled, kind="stable")[: SHORTLIST + count]
    best = np.sort(best[scaled[best] > 0])
    likeness = np.zeros(len(best), dtype=np.float32)
    if len(near) and len(best):
        likeness = (vectors[best] @ near.T).max(axis=1)
    chosen: list[int] = []
    left = np.ones(len(best), dtype=bool)
    for _ in range(min(count, len(best))):
        gain = np.where(left, scaled[best] * (1 - np.clip(likeness, 0, 1) + 1e-6), -1)
        at = int(gain.argmax())
        chosen.append(int(best[at]))
        left[at] = False
        likeness = np.maximum(likeness, vectors[best] @ vectors[best[at]])
    return np.array(chosen, dtype=np.intp)
