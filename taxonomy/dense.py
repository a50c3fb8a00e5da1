"""Words and MiniLM vector -> one dense point, in which papers on like matters lie close.

Beside the vector stand latent topics of the words (a truncated singular value decomposition
of some thousand abstracts without labels): MiniLM knows what words mean, the topics know how
this field uses them. Each block has length 1 times the root of its weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import TextSpace, Words

Floats = NDArray[np.float32]


def unit(rows: Floats) -> Floats:
    """Rows brought to length 1; rows of zeros stay so."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Topics:
    """Latent topics of one set of zones."""

    space: TextSpace
    axes: Floats
    """(grams, topics): each topic's weight on each gram, strongest topic first."""
    prefixes: tuple[tuple[int, float], ...]
    """(number of topics, weight): blocks made of the first so many topics. Few topics say
    what a paper is about in broad strokes, many tell neighbours apart."""

    def place(self, words: Mapping[str, Words]) -> Floats:
        """(papers, topics) position of each paper, of length 1."""
        return unit(self.space.matrix(words).times(self.axes))


@dataclass(frozen=True, slots=True)
class DenseMap:
    """How a paper becomes a point."""

    vector_weight: float
    """Weight of the MiniLM vector."""
    topics: tuple[Topics, ...]

    def places(self, words: Mapping[str, Words]) -> tuple[Floats, ...]:
        """The topic positions of papers, one array for each set of topics."""
        return tuple(topics.place(words) for topics in self.topics)

    def points(self, vectors: Floats, places: tuple[Floats, ...]) -> Floats:
        """(papers, d) points from vectors and topic positions."""
        blocks = [np.sqrt(self.vector_weight) * vectors]
        for topics, place in zip(self.topics, places, strict=True):
            blocks += [
                np.sqrt(weight) * unit(place[:, :count]) for count, weight in topics.prefixes
            ]
        return np.concatenate(blocks, axis=1).astype(np.float32)


def closeness(one: Floats, other: Floats) -> Floats:
    """(n, m) Gaussian kernel of two sets of points: 1 for the same place, towards 0 far off."""
    out = np.asarray(one @ other.T, dtype=np.float32)
    # In place, for the table of all pairs is large: minus the squared distance, at most 0.
    out *= 2
    out -= np.einsum("ij,ij->i", one, one)[:, None]
    out -= np.einsum("ij,ij->i", other, other)[None, :]
    np.minimum(out, 0, out=out)
    return np.asarray(np.exp(out, out=out), dtype=np.float32)
