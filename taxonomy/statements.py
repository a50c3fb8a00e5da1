"""Sentence -> challenge, direction, contribution or other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import BODY, TextSpace, clean, grams, tokens
from taxonomy.weights_file import FOLDER, Weights, load, unpack_words

Floats = NDArray[np.float32]

LABELS = ("challenge", "direction", "contribution", "other")
"""What a sentence can be: a problem stated, what should be done next, what this paper did
or found, anything else."""

WEIGHTS = FOLDER / "statements.npz"
"""The shipped weights."""

DIMENSIONS = 384
"""Length of a MiniLM vector."""

LONGEST = 3
"""Words in the longest gram: "it is unclear", "in future work" need three."""


@dataclass(frozen=True, slots=True)
class StatementLabel:
    """What the classifier says of one sentence."""

    label: str
    """One of `LABELS`."""
    score: float
    """Calibrated probability of that label, 0 to 1."""
    scores: Mapping[str, float]
    """Calibrated probability of every label; they sum to 1."""


def sentence_zones(text: str) -> dict[str, Counter[str]]:
    """How often each gram occurs in a sentence, its ends marked, as `TextSpace` takes it."""
    words = ["^", *tokens(clean(text)), "?" if text.rstrip().endswith("?") else "$"]
    return {BODY: Counter(grams(words, LONGEST))}


def softmax(values: Floats) -> Floats:
    """Rows of `values` as probabilities."""
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class StatementClassifier:
    """Weights ready to be used; made by `StatementClassifier.load`."""

    space: TextSpace
    text: Floats
    """(f, 4): weight of each gram, by label."""
    vector: Floats
    """(384, 4): weight of each entry of the vector."""
    bias: Floats
    """(4,)."""
    favour: Floats
    """(4,): what a label's log-probability is raised by before the best is taken."""
    version: str
    """Changes whenever the weights do."""

    @classmethod
    def load(cls, path: Path | None = None) -> StatementClassifier:
        """Read weights; the shipped ones by default. Raises WeightsError."""
        return cls.from_weights(load(WEIGHTS if path is None else path))

    @classmethod
    def from_weights(cls, weights: Weights) -> StatementClassifier:
        """A classifier from weights already read. Raises WeightsError."""
        words = unpack_words(weights.arrays["vocabulary"])
        space = TextSpace(
            {word: at for at, word in enumerate(words)},
            weights.array("idf"),
            {BODY: 1.0},
            LONGEST,
        )
        parts = (weights.array(name) for name in ("text", "vector", "bias", "favour"))
        return cls(space, *parts, f"{weights.meta['method']}.{weights.digest}")

    def probabilities(self, texts: Sequence[str], vectors: NDArray[np.floating]) -> Floats:
        """(n, 4) calibrated probabilities in the order of `LABELS`; as `label` takes them."""
        if vectors.shape != (len(texts), DIMENSIONS):
            raise ValueError(
                f"{len(texts)} sentences need vectors of shape ({len(texts)}, {DIMENSIONS}), "
                f"got {vectors.shape}"
            )
        rows = self.space.matrix(map(sentence_zones, texts))
        return softmax(rows.times(self.text) + vectors.astype(np.float32) @ self.vector + self.bias)

    def label(
        self, texts: Sequence[str], vectors: NDArray[np.floating]
    ) -> list[StatementLabel]:
        """Label sentences.

        Takes: texts, one sentence each; vectors, (n, 384), the unit MiniLM vector of each
        sentence alone, in the same order. Gives one entry a sentence, in order. Raises
        ValueError where the numbers differ.
        """
        if not len(texts):
            return []
        scores = self.probabilities(texts, vectors)
        best = np.argmax(np.log(np.maximum(scores, 1e-9)) + self.favour, axis=1)
        return [
            StatementLabel(
                LABELS[at],
                float(row[at]),
                {label: float(score) for label, score in zip(LABELS, row, strict=True)},
            )
            for at, row in zip(best, scores, strict=True)
        ]
