"""How good tagger and sentence classifier are on papers and sentences they did not see.

Cross-validation in which the judged items take turns at being left out and all others are
always in training, figures with bootstrap intervals, and the baselines to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.agreement import (
    bootstrap_interval,
    expected_calibration_error,
    false_tag_rate,
    macro_f1,
    precision_recall_f1,
)
from taxonomy.codebook import Codebook
from taxonomy.features import read as read_words
from taxonomy.features import tokens
from taxonomy.labels import read_codings, read_sentence_codings, text_hash
from taxonomy.statement_training import SentenceExamples, StatementRecipe, fit_statements
from taxonomy.statement_training import join as join_sentences
from taxonomy.statements import LABELS, StatementClassifier
from taxonomy.tagger import Tagger
from taxonomy.tagger_training import Examples, Language, Recipe, fit_tagger, join
from taxonomy.thresholds import best_thresholds

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

ROUNDS = 1000
"""Bootstrap resamples behind every interval."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers for the judged papers, from models that did not see them."""

    rows: Rows
    """Positions of the judged papers among the examples."""
    chances: Floats
    """(n, c) probabilities."""
    chosen: Bools
    """(n, c) tags."""


def cross_validate(
    examples: Examples,
    judged: Rows,
    language: Language,
    recipe: Recipe,
    rng: np.random.Generator,
    folds: int = 5,
    allowed: Bools | None = None,
) -> Judged:
    """Judge some papers in folds; all others are always in training.

    Takes: judged, positions of the papers to judge; allowed, (n,), papers that may be
    trained on, all by default.
    """
    order = rng.permutation(judged)
    chances, chosen = [], []
    may = np.ones(len(examples.ids), dtype=bool) if allowed is None else allowed
    for held in np.array_split(order, folds):
        rest = np.setdiff1d(np.flatnonzero(may), held)
        parts = fit_tagger(examples.take(rest), language, recipe, rng)
        sub = examples.take(held)
        words = read_words(sub.texts, language.index)
        points = parts.dense.points(sub.vectors, parts.dense.places(words))
        raw = parts.heads.first_step(points, parts.space.matrix(words))
        scores, tags = parts.heads.second_step(raw)
        chances.append(scores[:, : tags.shape[1]])
        chosen.append(tags)
    return Judged(order, np.concatenate(chances), np.concatenate(chosen))


def with_interval(
    measure: Callable[[Rows], float], items: int, rng: np.random.Generator
) -> dict[str, Any]:
    """A figure over all items with its 95 % bootstrap interval."""
    low, high = bootstrap_interval(measure, items, rng, ROUNDS)
    value = measure(np.arange(items))
    return {"value": round(value, 3), "low": round(low, 3), "high": round(high, 3), "n": items}


def f1_with_interval(truth: Bools, said: Bools, rng: np.random.Generator) -> dict[str, Any]:
    """The F1 of one category with its interval."""
    return with_interval(
        lambda rows: precision_recall_f1(truth[rows], said[rows]).f1, len(truth), rng
    )


def summary(
    truth: Bools,
    chosen: Bools,
    facet_of: NDArray[np.int64],
    codebook: Codebook,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Macro-F1 and false tags of each facet, with intervals."""
    out: dict[str, Any] = {}
    for number, facet in enumerate(codebook.facets):
        real, said = truth[:, facet_of == number], chosen[:, facet_of == number]
        out[facet.plural] = {
            "macro_f1": with_interval(partial(_macro, real, said), len(real), rng),
            "false_tags": with_interval(partial(_false, real, said), len(real), rng),
            "bare": int((~real.any(axis=1)).sum()),
        }
    return out


def _macro(truth: Bools, said: Bools, rows: Rows) -> float:
    return macro_f1(truth[rows], said[rows])


def _false(truth: Bools, said: Bools, rows: Rows) -> float:
    return false_tag_rate(truth[rows], said[rows])


def per_category(
    truth: Bools, answers: Judged, codebook: Codebook, rng: np.random.Generator
) -> dict[str, Any]:
    """Precision, recall, F1 with interval, positives and calibration of each category."""
    out: dict[str, Any] = {}
    keys = [key for facet in codebook.facets for key in facet.keys]
    for at, key in enumerate(keys):
        real, said = truth[:, at], answers.chosen[:, at]
        quality = precision_recall_f1(real, said)
        error = expected_calibration_error(real, answers.chances[:, at])
        out[key] = {
            "precision": round(quality.precision, 3),
            "recall": round(quality.recall, 3),
            "f1": f1_with_interval(real, said, rng),
            "positives": quality.support,
            "calibration_error": round(error, 3),
        }
    return out


def by_keywords(texts: Sequence[tuple[str, str]], codebook: Codebook) -> Bools:
    """(n, c) baseline: a category where one of its cues stands in title or abstract."""
    cues = [
        [f" {' '.join(tokens(cue))} " for cue in category.cues]
        for facet in codebook.facets
        for category in facet.categories
    ]
    found = [f" {' '.join(tokens(f'{title} . {abstract}'))} " for title, abstract in texts]
    return np.array([[any(c in paper for c in own) for own in cues] for paper in found], dtype=bool)


def by_definitions(
    examples: Examples, judged: Rows, definitions: Floats, rng: np.random.Generator
) -> Bools:
    """(n, c) baseline: cosine of paper and definition, cut where F1 is best elsewhere."""
    cosine = np.clip(examples.vectors @ definitions.T, 0, 1)
    elsewhere = np.setdiff1d(np.arange(len(examples.ids)), judged)
    limits = best_thresholds(
        examples.truth[elsewhere], cosine[elsewhere], np.ones(len(elsewhere)), rng
    )
    return np.asarray(cosine[judged] >= limits, dtype=bool)


def by_majority(examples: Examples, judged: Rows) -> Bools:
    """(n, c) baseline: each facet's commonest category for every paper."""
    out = np.zeros((len(judged), examples.truth.shape[1]), dtype=bool)
    for facet in range(int(examples.facet_of.max()) + 1):
        mine = np.flatnonzero(examples.facet_of == facet)
        out[:, mine[examples.truth[:, mine].sum(axis=0).argmax()]] = True
    return out


def judge_statements(
    examples: SentenceExamples,
    judged: Rows,
    recipe: StatementRecipe,
    rng: np.random.Generator,
    folds: int = 10,
    allowed: Bools | None = None,
) -> tuple[Rows, Floats, NDArray[np.intp]]:
    """(positions, probabilities, labels) of some sentences in folds, as `cross_validate`."""
    order = rng.permutation(judged)
    may = np.ones(len(examples.truth), dtype=bool) if allowed is None else allowed
    chances, said = [], []
    for held in np.array_split(order, folds):
        rest = np.setdiff1d(np.flatnonzero(may), held)
        parts = fit_statements(examples.take(rest), recipe, rng)
        model = StatementClassifier.from_parts(parts, "cross-validation")
        sub = examples.take(held)
        scores = model.probabilities(sub.texts, sub.vectors)
        chances.append(scores)
        said.append(np.argmax(scores * parts.favour, axis=1))
    return order, np.concatenate(chances), np.concatenate(said)


def statement_report(
    truth: NDArray[np.intp], said: NDArray[np.intp], chances: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """F1 with interval, positives and calibration of each label."""
    out: dict[str, Any] = {}
    for at, label in enumerate(LABELS):
        real, claimed = truth == at, said == at
        out[label] = {
            "f1": f1_with_interval(real, claimed, rng),
            "positives": int(real.sum()),
            "calibration_error": round(expected_calibration_error(real, chances[:, at]), 3),
        }
    return out


def shipped_examples(
    texts: Mapping[str, tuple[str, str]], labels: Path, codebook: Codebook
) -> tuple[Examples, Rows, Language]:
    """The coded papers with the vectors in the shipped weights; which were coded twice.

    Takes: texts by id, of all coded papers. Raises LabelsError where one is missing.
    """
    parts = Tagger.load().parts
    vectors = dict(zip(parts.ids, parts.vectors, strict=True))
    codings = read_codings(labels, codebook)
    examples = join(codings, texts, vectors, codebook)
    twice = np.array([paper.times == "twice" for paper in codings])
    return examples, np.flatnonzero(twice), Language(parts.vocabulary, parts.dense.topics)


def shipped_sentences(texts: Sequence[str], labels: Path) -> SentenceExamples:
    """The coded sentences with the vectors in the shipped weights. Raises LabelsError."""
    parts = StatementClassifier.load().parts
    vectors = dict(zip(parts.ids, parts.vectors, strict=True))
    by_hash = {text_hash(text): text for text in texts}
    return join_sentences(read_sentence_codings(labels), by_hash, vectors)
