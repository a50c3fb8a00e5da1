"""Agreement between coders, and between a machine and its coders. NumPy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Quality:
    """How well predictions of one category match the truth."""

    precision: float
    """Share of the predicted that is true, 0 to 1; 0 where nothing was predicted."""
    recall: float
    """Share of the true that was predicted, 0 to 1; 0 where nothing is true."""
    f1: float
    """Harmonic mean of the two, 0 to 1."""
    support: int
    """Number of true cases."""
    predicted: int
    """Number of predicted cases."""


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Cohen's kappa of two coders over the same items.

    Takes: one label an item from each coder, in the same order. Gives 1 for perfect
    agreement, 0 for what chance gives; 1 where both used one and the same label
    throughout. Raises ValueError for unequal or no items.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"two equal, non-empty codings needed; got {len(first)}, {len(second)}")
    total = len(first)
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / total
    one, two = Counter(first), Counter(second)
    chance = sum(one[label] * two[label] for label in one) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def krippendorff_alpha(codings: Sequence[Sequence[Hashable | None]]) -> float:
    """Krippendorff's alpha for nominal labels, with gaps.

    Takes: one sequence a coder, all over the same items; None where a coder left an item
    out. Gives 1 for perfect agreement, 0 for chance; 1 where only one label occurs.
    Raises ValueError where no item has two labels or coders differ in length.
    """
    if len({len(coding) for coding in codings}) != 1:
        raise ValueError("every coder needs one entry an item")
    pairs: Counter[tuple[Hashable, Hashable]] = Counter()
    weights: dict[tuple[Hashable, Hashable], float] = {}
    for unit in zip(*codings, strict=True):
        labels = [label for label in unit if label is not None]
        if len(labels) < 2:
            continue
        pairs.clear()
        for at, one in enumerate(labels):
            pairs.update((one, two) for k, two in enumerate(labels) if k != at)
        for pair, times in pairs.items():
            weights[pair] = weights.get(pair, 0.0) + times / (len(labels) - 1)
    total = sum(weights.values())
    if total == 0:
        raise ValueError("no item was labelled by two coders")
    sums: dict[Hashable, float] = {}
    for (one, _), weight in weights.items():
        sums[one] = sums.get(one, 0.0) + weight
    observed = sum(weight for (one, two), weight in weights.items() if one != two)
    expected = (total**2 - sum(value**2 for value in sums.values())) / (total - 1)
    return 1.0 if expected == 0 else 1 - observed / expected


def precision_recall_f1(truth: ArrayLike, predicted: ArrayLike) -> Quality:
    """Precision, recall and F1 of one category.

    Takes: two boolean arrays over the same items. Raises ValueError for unequal lengths.
    """
    true, said = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    if true.shape != said.shape or true.ndim != 1:
        raise ValueError(f"two equal flat arrays needed; got {true.shape} and {said.shape}")
    hits, support, claims = int((true & said).sum()), int(true.sum()), int(said.sum())
    return Quality(
        precision=hits / claims if claims else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (support + claims) if support + claims else 0.0,
        support=support,
        predicted=claims,
    )


def macro_f1(truth: ArrayLike, predicted: ArrayLike) -> float:
    """The mean F1 over the columns of two boolean (items, categories) arrays."""
    true, said = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    if true.shape != said.shape or true.ndim != 2 or not true.shape[1]:
        raise ValueError(f"two equal tables needed; got {true.shape} and {said.shape}")
    hits = (true & said).sum(axis=0)
    sizes = true.sum(axis=0) + said.sum(axis=0)
    return float(np.mean(np.where(sizes > 0, 2 * hits / np.maximum(sizes, 1), 0.0)))


def false_tag_rate(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Share of the items without any true category that were given one; NaN if none is."""
    true, said = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    bare = ~true.any(axis=1)
    return float(said[bare].any(axis=1).mean()) if bare.any() else float("nan")


def bootstrap_interval(
    measure: Callable[[NDArray[np.intp]], float],
    items: int,
    rng: np.random.Generator,
    rounds: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a measure over resampled items.

    Takes: measure, which gives the figure for an array of item positions (with
    repetitions); items, how many there are; level, the coverage, 0 to 1. Rounds in which
    the measure is NaN are left out. Raises ValueError where none is left.
    """
    drawn = np.array([measure(rng.integers(0, items, items)) for _ in range(rounds)])
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        raise ValueError("the measure is undefined in every resample")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def expected_calibration_error(truth: ArrayLike, scores: ArrayLike, bins: int = 10) -> float:
    """Mean gap between score and share of true cases, over bins of equal size.

    Takes: truth, booleans; scores, probabilities of the same items, 0 to 1; bins, how many
    (fewer items than bins: one item a bin). Raises ValueError for unequal or no items.
    """
    true, said = np.asarray(truth, dtype=float), np.asarray(scores, dtype=float)
    if true.shape != said.shape or true.ndim != 1 or not len(true):
        raise ValueError(f"two equal, non-empty flat arrays needed; got {true.shape}, {said.shape}")
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return float(sum(abs(true[p].mean() - said[p].mean()) * len(p) for p in parts) / len(order))
