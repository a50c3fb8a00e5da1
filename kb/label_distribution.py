"""Who gave which tags, and how sure the machine is of its own: counts over a facet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.catalogue import StoredPaper

BINS = 10
"""Bins of the machine's probabilities, each a tenth wide."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """The papers of one key."""

    key: str
    machine: int
    """Papers whose tag the machine gave."""
    human: int
    """Papers whose tag a person gave or confirmed."""
    expected: float
    """How many of the machine's are right, by its own calibrated probabilities."""

    @property
    def papers(self) -> int:
        """Papers that have the tag."""
        return self.machine + self.human


@dataclass(frozen=True, slots=True)
class Distribution:
    """The tags of one facet."""

    facet: str
    keys: tuple[Tagged, ...]
    """In the order of the codebook; keys that no paper has, too."""
    none: int
    """Papers without any tag of the facet."""
    scores: tuple[int, ...]
    """The machine's tags by probability: bin i holds i/10 up to (i+1)/10, (BINS,)."""


def distribution(papers: Iterable[StoredPaper], facet: str, keys: Sequence[str]) -> Distribution:
    """Count the effective tags of a facet; tags of keys that are not in `keys` are left out."""
    machine, human = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0)
    sums, scores, none = dict.fromkeys(keys, 0.0), [0] * BINS, 0
    for paper in papers:
        own = [tag for tag in paper.tags if tag.facet == facet and tag.key in machine]
        none += not own
        for tag in own:
            if tag.by == "human":
                human[tag.key] += 1
            else:
                machine[tag.key] += 1
                sums[tag.key] += tag.score
                scores[min(BINS - 1, int(tag.score * BINS))] += 1
    found = tuple(Tagged(key, machine[key], human[key], sums[key]) for key in keys)
    return Distribution(facet, found, none, tuple(scores))
