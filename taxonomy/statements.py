"""Sentence -> challenge, direction, contribution or other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.dense import closeness
from taxonomy.features import BODY, TextSpace, Zone, clean, encode, tokens
from taxonomy.heads import sigmoid
from taxonomy.weights_file import FOLDER, Weights, load, unpack_words

Floats = NDArray[np.float32]

LABELS = ("challenge", "direction", "contribution", "other")
"""What a sentence can be: a problem stated, what should be done next, what this paper did
or found, anything else."""

WEIGHTS = FOLDER / "statements.npz"
"""The shipped weights."""

DIMENSIONS = 384
"""Length of a MiniLM vector."""

METHOD = "kernel-and-words-1"
"""Name of the way of labelling; a new one where the arithmetic changes."""

BEGIN, END, ASKED = "^^", "$$", "??"
"""Marks of a sentence's begin, its end, and its end where it asks."""


@dataclass(frozen=True, slots=True)
class StatementLabel:
    """What the classifier says of one sentence."""

    label: str
    """One of `LABELS`."""
    score: float
    """Calibrated probability of that label, 0 to 1."""
    scores: Mapping[str, float]
    """Calibrated probability of every label; they sum to 1."""


def sentence_words(text: str) -> list[str]:
    """The words of a sentence, its ends marked: how it begins says much of what it is."""
    asked = text.rstrip().endswith("?")
    return [BEGIN, *tokens(clean(text)), ASKED if asked else END]


@dataclass(frozen=True, slots=True)
class StatementParts:
    """Everything the classifier needs; `m` coded sentences, `f` grams, 4 labels."""

    vocabulary: tuple[str, ...]
    space: TextSpace
    vectors: Floats
    """(m, 384): vectors of the coded sentences."""
    pull: Floats
    """(m, 4): how strongly each coded sentence speaks for each label where it is near."""
    text: Floats
    """(f, 4): weight of each gram."""
    mean: Floats
    """(4,): share of sentences with the label."""
    stack: Floats
    """(4, 4): what each raw output says about each label's log-odds."""
    bias: Floats
    """(4,): of the log-odds."""
    favour: Floats
    """(4,): what a label's probability is multiplied by before the largest is taken."""
    ids: tuple[str, ...]
    """SHA-256 of the coded sentences' texts, 64 hex digits each."""


def chances_of(raw: Floats, stack: Floats, bias: Floats) -> Floats:
    """(n, 4) probabilities from raw outputs; rows sum to 1."""
    odds = sigmoid(raw @ stack + bias)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class StatementClassifier:
    """Weights ready to be used; made by `StatementClassifier.load`."""

    parts: StatementParts
    index: Mapping[str, int]
    """Word -> number, from 1."""
    version: str
    """Changes whenever the weights do."""

    @classmethod
    def load(cls, path: Path | None = None) -> StatementClassifier:
        """Read weights; the shipped ones by default. Raises WeightsError."""
        return cls.from_weights(load(WEIGHTS if path is None else path))

    @classmethod
    def from_weights(cls, weights: Weights) -> StatementClassifier:
        """A classifier from weights already read. Raises WeightsError."""
        words = tuple(unpack_words(weights.whole("vocabulary")))
        keys, idf = weights.whole("text.keys"), weights.array("text.idf")
        space = TextSpace(
            (Zone(BODY, 1.0, keys, idf),), int(weights.meta["longest"]), len(words) + 1
        )
        parts = StatementParts(
            vocabulary=words,
            space=space,
            vectors=weights.array("vectors"),
            pull=weights.array("pull"),
            text=weights.array("text"),
            mean=weights.array("mean"),
            stack=weights.array("stack"),
            bias=weights.array("bias"),
            favour=weights.array("favour"),
            ids=tuple(unpack_words(weights.whole("ids"))),
        )
        return cls.from_parts(parts, f"{weights.meta['method']}.{weights.digest}")

    @classmethod
    def from_parts(cls, parts: StatementParts, version: str) -> StatementClassifier:
        """A classifier from its parts."""
        return cls(parts, {word: at for at, word in enumerate(parts.vocabulary, 1)}, version)

    def probabilities(self, texts: Sequence[str], vectors: NDArray[np.floating]) -> Floats:
        """(n, 4) calibrated probabilities in the order of `LABELS`; takes what `label` does."""
        if vectors.shape != (len(texts), DIMENSIONS):
            raise ValueError(
                f"{len(texts)} sentences need vectors of shape ({len(texts)}, {DIMENSIONS}), "
                f"got {vectors.shape}"
            )
        parts = self.parts
        words = {BODY: encode(map(sentence_words, texts), self.index)}
        near = closeness(vectors.astype(np.float32), parts.vectors) @ parts.pull
        raw = near + parts.space.matrix(words).times(parts.text) + parts.mean
        return chances_of(raw, parts.stack, parts.bias)

    def label(self, texts: Sequence[str], vectors: NDArray[np.floating]) -> list[StatementLabel]:
        """Label sentences.

        Takes: texts, one sentence each; vectors, (n, 384), the unit MiniLM vector of each
        sentence alone, in the same order. Gives one entry a sentence, in order. Raises
        ValueError where the numbers differ.
        """
        if not len(texts):
            return []
        scores = self.probabilities(texts, vectors)
        best = np.argmax(scores * self.parts.favour, axis=1)
        return [
            StatementLabel(LABELS[at], row[at], dict(zip(LABELS, row, strict=True)))
            for at, row in zip(best.tolist(), scores.tolist(), strict=True)
        ]
