"""Sentence -> challenge, direction, contribution or other.

Coded sentences pull their neighbours towards their own label; nearness is that of the
vectors (what a sentence is about) and of the cues (what it does). Words, pairs of words and
cues add to it one by one, and a second step makes calibrated probabilities of the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.cues import ASKED, BEGIN, CUES, END, cues
from taxonomy.dense import closeness
from taxonomy.features import BODY, TextSpace, Words, Zone, clean, encode, tokens
from taxonomy.heads import sigmoid
from taxonomy.weights_file import FOLDER, Weights, WeightsError, load, unpack_words

Floats = NDArray[np.float32]

LABELS = ("challenge", "direction", "contribution", "other")
"""What a sentence can be: a problem stated, what should be done next, what this paper did
or found, anything else."""

WEIGHTS = FOLDER / "statements.npz"
"""The shipped weights."""

DIMENSIONS = 384
"""Length of a MiniLM vector."""

METHOD = "kernel-words-and-cues-2"
"""Name of the way of labelling; a new one where the arithmetic changes."""

CUE = "cue"
"""The zone of a sentence's cues."""

CUE_NUMBERS = {cue: at for at, cue in enumerate(CUES, 1)}
"""Cue -> number, from 1."""


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
    cue_space: TextSpace
    """`q` columns, one for each cue known."""
    vectors: Floats
    """(m, 384): vectors of the coded sentences."""
    cue_rows: Floats
    """(m, q): cues of the coded sentences, as `cue_space` reads them."""
    cue_weight: float
    """Weight of the cues beside the vector in the kernel."""
    pull: Floats
    """(m, 4): how strongly each coded sentence speaks for each label where it is near."""
    text: Floats
    """(f, 4): weight of each gram."""
    cues: Floats
    """(q, 4): weight of each cue."""
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


def read_cues(texts: Sequence[str]) -> dict[str, Words]:
    """The cues of sentences, as `TextSpace.matrix` takes them."""
    return {CUE: encode(map(cues, texts), CUE_NUMBERS)}


def placed(vectors: Floats, cue_rows: Floats, cue_weight: float) -> Floats:
    """(n, 384 + q) points of sentences from their vectors and cues."""
    return np.concatenate([vectors, np.sqrt(np.float32(cue_weight)) * cue_rows], axis=1)


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
    points: Floats
    """(m, 384 + q): the coded sentences in the kernel."""
    version: str
    """Changes whenever the weights do."""

    @classmethod
    def load(cls, path: Path | None = None) -> StatementClassifier:
        """Read weights; the shipped ones by default. Raises WeightsError."""
        return cls.from_weights(load(WEIGHTS if path is None else path))

    @classmethod
    def from_weights(cls, weights: Weights) -> StatementClassifier:
        """A classifier from weights already read. Raises WeightsError."""
        if weights.meta["cues"] != list(CUES):
            raise WeightsError("The weights know other cues.", str(weights.meta["method"]))
        words = tuple(unpack_words(weights.whole("vocabulary")))
        keys, idf = weights.whole("text.keys"), weights.array("text.idf")
        space = TextSpace(
            (Zone(BODY, 1.0, keys, idf),), int(weights.meta["longest"]), len(words) + 1
        )
        parts = StatementParts(
            vocabulary=words,
            space=space,
            cue_space=TextSpace(
                (Zone(CUE, 1.0, weights.whole("cues.keys"), weights.array("cues.idf")),),
                1,
                len(CUES) + 1,
            ),
            vectors=weights.array("vectors"),
            cue_rows=weights.array("cue_rows"),
            cue_weight=float(weights.meta["cue_weight"]),
            pull=weights.array("pull"),
            text=weights.array("text"),
            cues=weights.array("cues"),
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
        index = {word: at for at, word in enumerate(parts.vocabulary, 1)}
        points = placed(parts.vectors, parts.cue_rows, parts.cue_weight)
        return cls(parts, index, points, version)

    def probabilities(self, texts: Sequence[str], vectors: NDArray[np.floating]) -> Floats:
        """(n, 4) calibrated probabilities in the order of `LABELS`; takes what `label` does."""
        if vectors.shape != (len(texts), DIMENSIONS):
            raise ValueError(
                f"{len(texts)} sentences need vectors of shape ({len(texts)}, {DIMENSIONS}), "
                f"got {vectors.shape}"
            )
        parts = self.parts
        words = {BODY: encode(map(sentence_words, texts), self.index)}
        cue_rows = parts.cue_space.matrix(read_cues(texts)).dense(0, len(texts))
        own = placed(vectors.astype(np.float32), cue_rows, parts.cue_weight)
        raw = closeness(own, self.points) @ parts.pull + parts.mean
        raw += parts.space.matrix(words).times(parts.text) + cue_rows @ parts.cues
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
