"""Agreement of coders who give each item a set of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = frozenset[str]


def masi(one: Labels, other: Labels) -> float:
    """The MASI distance of two sets: 0 for the same, 1 for sets that share nothing.

    Passonneau 2006: 1 - Jaccard · M, where M is 1 for equal sets, 2/3 where one holds the
    other, 1/3 where they overlap, 0 where they do not. Two empty sets are the same.
    """
    if one == other:
        return 0.0
    shared = len(one & other)
    if not shared:
        return 1.0
    factor = 2 / 3 if one <= other or other <= one else 1 / 3
    return 1 - factor * shared / len(one | other)


def set_alpha(codings: Sequence[Sequence[Labels | None]]) -> float:
    """Krippendorff's alpha with the MASI distance, with gaps.

    Takes: one sequence a coder, all over the same items; None where a coder left an item
    out. Gives 1 for perfect agreement, 0 for chance; 1 where only one set occurs. Raises
    ValueError where no item was coded twice or the coders differ in length.
    """
    if len({len(coding) for coding in codings}) != 1:
        raise ValueError("every coder needs one entry an item")
    units = [[one for one in unit if one is not None] for unit in zip(*codings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    if not units:
        raise ValueError("no item was labelled by two coders")
    kinds = sorted({one for unit in units for one in unit}, key=sorted)
    at = {kind: number for number, kind in enumerate(kinds)}
    distance = np.array([[masi(one, other) for other in kinds] for one in kinds])
    counts: NDArray[np.float64] = np.zeros((len(units), len(kinds)))
    for row, unit in enumerate(units):
        for one in unit:
            counts[row, at[one]] += 1
    sizes = counts.sum(axis=1)
    within = np.einsum("ua,ab,ub->u", counts, distance, counts)
    observed = float((within / (sizes - 1)).sum() / sizes.sum())
    total = counts.sum(axis=0)
    expected = float(total @ distance @ total / (sizes.sum() * (sizes.sum() - 1)))
    return 1.0 if expected == 0 else 1 - observed / expected
