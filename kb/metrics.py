"""Measures of a ranking against judgements, as trec_eval defines them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Resamples of the bootstrap: the interval's ends move by less than .002 between seeds.
RESAMPLES = 2_000


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, 0 to 1.

    Gain is the grade itself, the discount log2(rank + 1); a document without a grade, or
    with one below 1, gains nothing. 0.0 where nothing is relevant.
    """
    gains = [max(grades.get(document, 0), 0) for document in ranking[:k]]
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k]
    ideal = _discounted(best)
    return _discounted(gains) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Share of the relevant documents (grade 1 or more) among the first `k`, 0 to 1."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """1 / rank of the first relevant document; 0.0 where none is among the first `k`."""
    for rank, document in enumerate(ranking[:k], 1):
        if grades.get(document, 0) > 0:
            return 1.0 / rank
    return 0.0


def interval(values: Sequence[float], *, seed: int = 1) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of `values`; (nan, nan) of none."""
    if not len(values):
        return math.nan, math.nan
    data = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(data), size=(RESAMPLES, len(data)))
    low, high = np.quantile(data[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one system is ahead of another on the same queries."""

    difference: float
    """Mean of the one less mean of the other."""
    interval: tuple[float, float]
    """95 % paired bootstrap interval of the difference."""
    ratio: float
    """Mean of the one over mean of the other; inf where that is 0, nan where both are."""
    ratio_interval: tuple[float, float]
    p: float
    """Two-sided: how often resampled queries turn the difference round."""


def paired(ours: Sequence[float], theirs: Sequence[float], *, seed: int = 1) -> Difference:
    """Compare two systems query by query: whole queries are resampled, so pairs stay pairs.

    Takes a value a query of each, in the same order. Raises ValueError where their numbers
    differ or there are none.
    """
    if len(ours) != len(theirs) or not len(ours):
        raise ValueError(f"{len(ours)} values beside {len(theirs)}")
    one, other = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(one), size=(RESAMPLES, len(one)))
    means, others = one[drawn].mean(axis=1), other[drawn].mean(axis=1)
    apart = means - others
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = means / others
        ratio = float(one.mean() / other.mean())
    sided = min(int((apart <= 0).sum()), int((apart >= 0).sum()))
    low, high = np.quantile(apart, (0.025, 0.975))
    known = ratios[~np.isnan(ratios)]
    # No interpolation: between a number and infinity there is nothing.
    ends = np.quantile(known, (0.025, 0.975), method="nearest") if len(known) else (math.nan,) * 2
    return Difference(
        difference=float(one.mean() - other.mean()),
        interval=(float(low), float(high)),
        ratio=ratio,
        ratio_interval=(float(ends[0]), float(ends[1])),
        # The data themselves are one resample: no p of 0.
        p=min(1.0, 2 * (sided + 1) / (RESAMPLES + 1)),
    )


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a positive scores above a negative, ties half; nan where one is empty."""
    if not len(positive) or not len(negative):
        return math.nan
    ours, theirs = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float(((ours > theirs) + 0.5 * (ours == theirs)).mean())


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
