"""Title, abstract and vector of a paper -> its tags, scored, with the words that led there.

Two readings are added up for every category: which words and phrases the paper uses, and
where its MiniLM vector lies. A second step sees all categories' sums at once (a benchmark of
code models says something about both facets) and gives one calibrated probability each. A
category becomes a tag where it passes its own threshold; that none does is an answer too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.evidence import phrases
from taxonomy.features import TextSpace, zones
from taxonomy.heads import Heads
from taxonomy.weights_file import FOLDER, Weights, WeightsError, load, unpack_words

Floats = NDArray[np.float32]

WEIGHTS = FOLDER / "tagger.npz"
"""The shipped weights."""

DIMENSIONS = 384
"""Length of a MiniLM vector."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One category a paper is given."""

    facet: str
    """Key of the facet."""
    key: str
    """Key of the category."""
    score: float
    """Calibrated probability that a coder would give it, 0 to 1."""
    evidence: tuple[str, ...]
    """Words and phrases of the title or abstract, verbatim, that spoke most for it."""


@dataclass(frozen=True, slots=True)
class PaperTags:
    """What the tagger says of one paper."""

    scores: Mapping[str, Mapping[str, float]]
    """Facet key -> category key -> calibrated probability, for every category."""
    tags: Mapping[str, tuple[Tag, ...]]
    """Facet key -> the tags given, best first; an empty tuple means "none of them"."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """Weights ready to be used; made by `Tagger.load`."""

    space: TextSpace
    heads: Heads
    facets: Mapping[str, tuple[str, ...]]
    """Facet key -> its category keys, in the order of the heads' columns."""
    version: str
    """Changes whenever the weights do."""
    method: str
    """Name of the way of tagging, the same for all versions of it."""

    @classmethod
    def load(cls, path: Path | None = None) -> Tagger:
        """Read weights; the shipped ones by default. Raises WeightsError."""
        return cls.from_weights(load(WEIGHTS if path is None else path))

    @classmethod
    def from_weights(cls, weights: Weights) -> Tagger:
        """A tagger from weights already read. Raises WeightsError where they do not fit."""
        meta = weights.meta
        words = unpack_words(weights.arrays["vocabulary"])
        space = TextSpace(
            {word: at for at, word in enumerate(words)},
            weights.array("idf"),
            dict(meta["zone_weights"]),
            int(meta["longest"]),
        )
        facets = {facet["key"]: tuple(facet["categories"]) for facet in meta["facets"]}
        heads = Heads.from_weights(weights)
        if heads.categories != sum(map(len, facets.values())):
            raise WeightsError("Heads and categories differ in number.", str(meta["method"]))
        version = f"{meta['method']}.{weights.digest}"
        return cls(space, heads, facets, version, str(meta["method"]))

    def tag(self, papers: Sequence[tuple[str, str]], vectors: NDArray[np.floating]) -> list[PaperTags]:
        """Tag papers.

        Takes: papers, (title, abstract) pairs, the abstract may be ""; vectors, (n, 384),
        one unit MiniLM vector a paper in the same order: the mean, brought back to length
        1, of the vectors of the abstract's chunks, each embedded below its title.
        Gives one entry a paper, in order. Raises ValueError where the numbers differ.
        """
        if vectors.shape != (len(papers), DIMENSIONS):
            raise ValueError(
                f"{len(papers)} papers need vectors of shape ({len(papers)}, {DIMENSIONS}), "
                f"got {vectors.shape}"
            )
        if not papers:
            return []
        rows = self.space.matrix(zones(*paper, self.space.longest) for paper in papers)
        scores, chosen = self.heads.decide(rows, vectors.astype(np.float32))
        return [
            self._paper(paper, scores[at], chosen[at]) for at, paper in enumerate(papers)
        ]

    def _paper(self, paper: tuple[str, str], scores: Floats, chosen: NDArray[np.bool_]) -> PaperTags:
        """One paper's row of scores and decisions with names and evidence."""
        named: dict[str, dict[str, float]] = {}
        tags: dict[str, tuple[Tag, ...]] = {}
        first = 0
        for facet, keys in self.facets.items():
            columns = range(first, first + len(keys))
            first += len(keys)
            named[facet] = {
                key: float(scores[at]) for key, at in zip(keys, columns, strict=True)
            }
            given = [
                Tag(facet, key, float(scores[at]), self._evidence(paper, at))
                for key, at in zip(keys, columns, strict=True)
                if chosen[at]
            ]
            tags[facet] = tuple(sorted(given, key=lambda tag: (-tag.score, tag.key)))
        return PaperTags(named, tags)

    def _evidence(self, paper: tuple[str, str], column: int) -> tuple[str, ...]:
        return phrases(*paper, self.space, self.heads.text[:, column])
