"""Average linkage on a sparse graph of likely pairs, the same whatever order they come in.

Two groups become one where the average of all pairs between them is high enough; a pair that
is not in the graph counts as 0, so that no chain of neighbours gets by. Merits are sums of
whole numbers: no rounding decides.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_UNITS = 10_000
"""Likeness is counted in ten-thousandths."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Likely pairs of n items: `one[k] < other[k]`, and how likely they are."""

    one: Ints
    other: Ints
    sure: Floats
    """In 0 to 1."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The least average between two groups that become one, by the pairs between them."""

    single: float
    """Where there is one pair: it has to say it clearly."""
    many: float
    """What the bar falls to, with the root of the number of pairs."""

    def of(self, pairs: int) -> float:
        """The bar for so many pairs."""
        return self.many + (self.single - self.many) / math.sqrt(pairs)


@dataclass(slots=True)
class _Groups:
    """Groups while they are joined, each by its lowest item."""

    links: list[dict[int, int]]
    sizes: list[int]
    joined: list[int]
    """How often each was joined; -1 once it is part of another."""
    into: list[int]
    bar: Bar
    waiting: list[tuple[float, int, int, int, int]] = field(default_factory=list)
    """Heap of two groups that may be joined, the best first, and how often each had been."""

    def offer(self, one: int, other: int) -> None:
        """Put two groups on the heap, if they are alike enough."""
        one, other = min(one, other), max(one, other)
        merit = self.merit(one, other)
        if merit >= 0:
            joined = self.joined[one], self.joined[other]
            heapq.heappush(self.waiting, (-merit, one, other, *joined))

    def merit(self, one: int, other: int) -> float:
        """How far the average of the pairs between two groups is above the bar."""
        between = self.sizes[one] * self.sizes[other]
        average = self.links[one][other] / (_UNITS * between)
        return round(average - self.bar.of(between), 9)

    def join(self, one: int, other: int) -> None:
        """Put `other` into `one`."""
        self.into[other], self.joined[other] = one, -1
        self.sizes[one] += self.sizes[other]
        self.joined[one] += 1
        own, theirs = self.links[one], self.links[other]
        own.pop(other)
        theirs.pop(one)
        for near, sure in theirs.items():
            own[near] = own.get(near, 0) + sure
            self.links[near].pop(other)
            self.links[near][one] = own[near]
        self.links[other] = {}


def linked(count: int, pairs: Pairs, bar: Bar) -> Ints:
    """The lowest item of the group of each of `count` items, (count,).

    The most deserving two groups are joined first, of equal ones those with the lowest items.
    """
    groups = _Groups([{} for _ in range(count)], [1] * count, [0] * count, list(range(count)), bar)
    units = np.rint(pairs.sure.astype(np.float64) * _UNITS).astype(np.int64).tolist()
    for one, other, sure in zip(pairs.one.tolist(), pairs.other.tolist(), units, strict=True):
        groups.links[one][other] = groups.links[other][one] = sure
    for one, other in zip(pairs.one.tolist(), pairs.other.tolist(), strict=True):
        groups.offer(one, other)
    while groups.waiting:
        _, one, other, *seen = heapq.heappop(groups.waiting)
        if [groups.joined[one], groups.joined[other]] == seen:
            groups.join(one, other)
            for near in groups.links[one]:
                groups.offer(one, near)
    into = groups.into
    for item in range(count):  # a group goes into a lower one, whose own way is known by then
        into[item] = into[into[item]]
    return np.array(into, dtype=np.int64)
