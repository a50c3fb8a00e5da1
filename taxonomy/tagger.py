"""Title, abstract and vector of a paper -> its tags, scored, with the words that led there.

Every coded paper pulls its neighbours towards its own tags; nearness is that of the MiniLM
vectors and of the topics the words speak of. Single words and phrases add to it. A second
step sees all categories at once (a benchmark of code models says something about both
facets) and gives one calibrated probability each. A category becomes a tag where it passes
its own threshold and the paper looks like one that has any; none is an answer too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.evidence import PhraseFinder
from taxonomy.features import read as read_words
from taxonomy.tagger_file import TaggerParts
from taxonomy.tagger_file import read as read_parts
from taxonomy.weights_file import FOLDER, Weights, WeightsError, load

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

WEIGHTS = FOLDER / "tagger.npz"
"""The shipped weights."""

BATCH = 1024
"""Papers tagged at once: what is held in between fits the processor's cache better."""

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

    parts: TaggerParts
    index: Mapping[str, int]
    """Word -> number, from 1."""
    finder: PhraseFinder
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
        method = str(weights.meta["method"])
        facets = {
            str(facet["key"]): tuple(map(str, facet["categories"]))
            for facet in weights.meta["facets"]
        }
        return cls.from_parts(read_parts(weights), facets, f"{method}.{weights.digest}", method)

    @classmethod
    def from_parts(
        cls, parts: TaggerParts, facets: Mapping[str, tuple[str, ...]], version: str, method: str
    ) -> Tagger:
        """A tagger from its parts. Raises WeightsError where categories do not fit."""
        if parts.heads.categories != sum(map(len, facets.values())):
            raise WeightsError("The weights and the facets differ in categories.", method)
        index = {word: at for at, word in enumerate(parts.vocabulary, 1)}
        return cls(
            parts,
            index,
            PhraseFinder(index, parts.space, parts.heads.text),
            facets,
            version,
            method,
        )

    def judge(
        self, papers: Sequence[tuple[str, str]], vectors: NDArray[np.floating]
    ) -> tuple[Floats, Bools]:
        """Probabilities (n, c + facets) and decisions (n, c), columns in the order of `facets`;
        the last columns say whether a paper has any category of the facet. Takes and raises
        what `tag` does.
        """
        if vectors.shape != (len(papers), DIMENSIONS):
            raise ValueError(
                f"{len(papers)} papers need vectors of shape ({len(papers)}, {DIMENSIONS}), "
                f"got {vectors.shape}"
            )
        words = read_words(papers, self.index)
        dense, heads = self.parts.dense, self.parts.heads
        points = dense.points(vectors.astype(np.float32), dense.places(words))
        return heads.second_step(heads.first_step(points, self.parts.space.matrix(words)))

    def tag(
        self, papers: Sequence[tuple[str, str]], vectors: NDArray[np.floating]
    ) -> list[PaperTags]:
        """Tag papers.

        Takes: papers, (title, abstract) pairs, the abstract may be ""; vectors, (n, 384),
        one unit MiniLM vector a paper in the same order: the mean, brought back to length
        1, of the vectors of the abstract's chunks, each embedded below its title.
        Gives one entry a paper, in order. Raises ValueError where the numbers differ.
        """
        out: list[PaperTags] = []
        for first in range(0, max(len(papers), len(vectors)), BATCH):
            part = slice(first, first + BATCH)
            out += self._tag_batch(papers[part], vectors[part])
        return out

    def _tag_batch(
        self, papers: Sequence[tuple[str, str]], vectors: NDArray[np.floating]
    ) -> list[PaperTags]:
        chances, chosen = self.judge(papers, vectors)
        given = [np.flatnonzero(row) for row in chosen]
        tagged = [at for at, some in enumerate(given) if len(some)]
        found = self.finder.phrases([papers[at] for at in tagged], [given[at] for at in tagged])
        evidence: list[dict[int, tuple[str, ...]]] = [{} for _ in papers]
        for at, phrases in zip(tagged, found, strict=True):
            evidence[at] = dict(zip(given[at].tolist(), phrases, strict=True))
        return [self._paper(row, some) for row, some in zip(chances, evidence, strict=True)]

    def _paper(self, chances: Floats, evidence: Mapping[int, tuple[str, ...]]) -> PaperTags:
        """One paper's row of probabilities with names; evidence by the column of each tag."""
        named: dict[str, dict[str, float]] = {}
        tags: dict[str, tuple[Tag, ...]] = {}
        first = 0
        for facet, keys in self.facets.items():
            scores = [float(score) for score in chances[first : first + len(keys)]]
            named[facet] = dict(zip(keys, scores, strict=True))
            own = [
                Tag(facet, key, scores[at], evidence[first + at])
                for at, key in enumerate(keys)
                if first + at in evidence
            ]
            tags[facet] = tuple(sorted(own, key=lambda tag: (-tag.score, tag.key)))
            first += len(keys)
        return PaperTags(named, tags)
