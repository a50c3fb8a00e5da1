"""Training of the sentence classifier: coded sentences and their vectors -> its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.cues import CUES
from taxonomy.dense import closeness
from taxonomy.features import BODY, encode, learn_space, learn_vocabulary
from taxonomy.fitting import kernel_ridge, second_step, text_gram
from taxonomy.labels import LabelsError, SentenceLabel
from taxonomy.statements import (
    CUE,
    LABELS,
    METHOD,
    StatementParts,
    chances_of,
    placed,
    read_cues,
    sentence_words,
)
from taxonomy.weights_file import pack_words, save

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StatementRecipe:
    """Every choice made in training; found by leave-one-out on the coded sentences."""

    least: int = 2
    """Sentences a word or gram must occur in."""
    longest: int = 2
    """Words in the longest gram."""
    cue_kernel: float = 0.6
    """Weight of the cues beside the vector in the kernel."""
    cue_weight: float = 0.3
    """Weight of the cues that count one by one."""
    penalty: float = 0.8
    """Of the kernel ridge regression."""
    stack_penalty: float = 2.0
    """Of the second step."""
    twice: float = 2.0
    """What a sentence counts that was coded twice, one coded once being 1."""
    favours: tuple[float, ...] = (0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)
    """Tried as factors of `challenge` and `direction`."""
    folds: int = 10
    """Folds from which the factors learn."""


@dataclass(frozen=True, slots=True)
class SentenceExamples:
    """Coded sentences, ready for training; `n` sentences."""

    texts: tuple[str, ...]
    vectors: Floats
    """(n, 384) unit vectors of the sentences alone."""
    truth: NDArray[np.intp]
    """(n,) positions in `LABELS`."""
    ids: tuple[str, ...]
    """SHA-256 of each text, 64 hex digits."""
    twice: NDArray[np.bool_]
    """(n,): coded twice."""

    def take(self, rows: NDArray[np.intp]) -> SentenceExamples:
        """Some of the sentences, by position."""
        texts = tuple(self.texts[row] for row in rows)
        ids = tuple(self.ids[row] for row in rows)
        return SentenceExamples(texts, self.vectors[rows], self.truth[rows], ids, self.twice[rows])


def join(
    codings: Sequence[SentenceLabel], texts: Mapping[str, str], vectors: Mapping[str, Floats]
) -> SentenceExamples:
    """Join codings with texts and vectors. Raises LabelsError naming what is missing.

    Takes: texts and vectors by the SHA-256 of the sentence's text.
    """
    absent = [c.sha256 for c in codings if c.sha256 not in texts or c.sha256 not in vectors]
    if absent:
        raise LabelsError(f"{len(absent)} coded sentences lack text or vector, e.g. {absent[0]}.")
    return SentenceExamples(
        tuple(texts[coded.sha256] for coded in codings),
        np.stack([vectors[coded.sha256] for coded in codings]).astype(np.float32),
        np.array([LABELS.index(coded.label) for coded in codings]),
        tuple(coded.sha256 for coded in codings),
        np.array([coded.times == "twice" for coded in codings]),
    )


def _f1(truth: NDArray[np.intp], said: NDArray[np.intp], label: int) -> float:
    hits = ((truth == label) & (said == label)).sum()
    return float(2 * hits / max(1, (truth == label).sum() + (said == label).sum()))


def best_favour(
    chances: Floats, truth: NDArray[np.intp], choices: Sequence[float]
) -> NDArray[np.float32]:
    """The factors of `challenge` and `direction` that make the sum of their F1 largest."""
    found = []
    for challenge in choices:
        for direction in choices:
            favour = np.array([challenge, direction, 1, 1], dtype=np.float32)
            said = np.argmax(chances * favour, axis=1)
            found.append((_f1(truth, said, 0) + _f1(truth, said, 1), -challenge, -direction))
    _, challenge, direction = max(found)
    return np.array([-challenge, -direction, 1, 1], dtype=np.float32)


def unseen_chances(
    raw: NDArray[np.float64],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    recipe: StatementRecipe,
    rng: np.random.Generator,
) -> Floats:
    """Probabilities of every sentence from folds that did not hold it."""
    chances = np.zeros(targets.shape, dtype=np.float32)
    for held in np.array_split(rng.permutation(len(raw)), recipe.folds):
        rest = np.setdiff1d(np.arange(len(raw)), held)
        stack, bias = second_step(raw[rest], targets[rest], weights[rest], recipe.stack_penalty)
        chances[held] = chances_of(
            raw[held].astype(np.float32), stack.astype(np.float32), bias.astype(np.float32)
        )
    return chances


def fit_statements(
    examples: SentenceExamples, recipe: StatementRecipe, rng: np.random.Generator
) -> StatementParts:
    """Train the sentence classifier."""
    found = [sentence_words(text) for text in examples.texts]
    vocabulary = learn_vocabulary(({BODY: words} for words in found), recipe.least)
    index = {word: at for at, word in enumerate(vocabulary, 1)}
    words = {BODY: encode(found, index)}
    plan = [(BODY, 1.0, recipe.least)]
    space = learn_space(words, plan, recipe.longest, len(vocabulary) + 1, most=1.0)
    rows = space.matrix(words)
    said = read_cues(examples.texts)
    cue_space = learn_space(said, [(CUE, 1.0, recipe.least)], 1, len(CUES) + 1, most=1.0)
    cue_rows = cue_space.matrix(said).dense(0, len(examples.texts))
    points = placed(examples.vectors, cue_rows, recipe.cue_kernel)
    kernel = closeness(points, points) + text_gram(rows)
    kernel += recipe.cue_weight * cue_rows @ cue_rows.T
    targets = np.eye(len(LABELS))[examples.truth]
    weights = np.where(examples.twice, recipe.twice, 1.0)
    pull, mean, raw = kernel_ridge(kernel, targets, recipe.penalty, weights)
    chances = unseen_chances(raw, targets, weights, recipe, rng)
    stack, bias = second_step(raw, targets, weights, recipe.stack_penalty)
    return StatementParts(
        vocabulary=tuple(vocabulary),
        space=space,
        cue_space=cue_space,
        vectors=examples.vectors,
        cue_rows=cue_rows,
        cue_weight=recipe.cue_kernel,
        pull=pull.astype(np.float32),
        text=rows.turned_times(pull.astype(np.float32)),
        cues=recipe.cue_weight * cue_rows.T @ pull.astype(np.float32),
        mean=mean.astype(np.float32),
        stack=stack.astype(np.float32),
        bias=bias.astype(np.float32),
        favour=best_favour(chances, examples.truth, recipe.favours),
        ids=examples.ids,
    )


def save_statements(path: Path, parts: StatementParts, about: Mapping[str, Any]) -> None:
    """Write a sentence classifier's weights."""
    zone, cue_zone = parts.space.zones[0], parts.cue_space.zones[0]
    arrays: dict[str, NDArray[Any]] = {
        "vocabulary": pack_words(parts.vocabulary),
        "text.keys": zone.keys,
        "text.idf": zone.idf.astype(np.float16),
        "cues.keys": cue_zone.keys,
        "cues.idf": cue_zone.idf.astype(np.float16),
        "cue_rows": parts.cue_rows.astype(np.float16),
        "cues": parts.cues,
        "ids": pack_words(parts.ids),
        "vectors": parts.vectors.astype(np.float16),
        "pull": parts.pull.astype(np.float16),
        "text": parts.text.astype(np.float16),
        **{name: getattr(parts, name) for name in ("mean", "stack", "bias", "favour")},
    }
    meta = {
        "method": METHOD,
        "labels": list(LABELS),
        "cues": list(CUES),
        "cue_weight": parts.cue_weight,
        "longest": parts.space.longest,
        **about,
    }
    save(path, arrays, meta)
