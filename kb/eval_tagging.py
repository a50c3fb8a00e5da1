"""How well papers and sentences are tagged: against coded files, and against people here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ingest.sources import clean_text
from kb.catalogue.fronts import read_fronts
from kb.embed import Embedder
from kb.errors import UsageError
from kb.learning import lessons, verdict_table
from kb.library import Library
from kb.training_vectors import paper_vectors, sentence_vectors, text_vectors
from taxonomy.agreement import expected_calibration_error, precision_recall_f1
from taxonomy.codebook import Codebook
from taxonomy.evaluation import (
    Judged,
    Rows,
    by_keywords,
    by_majority,
    cross_validate,
    judge_statements,
    statement_report,
    summary,
    with_interval,
)
from taxonomy.labels import LabelsError, lines, text_hash
from taxonomy.simulation import Plan, simulate
from taxonomy.statement_training import SentenceExamples, StatementRecipe
from taxonomy.statements import LABELS, StatementClassifier
from taxonomy.tagger import Tagger
from taxonomy.tagger_training import Examples, Language, Recipe
from taxonomy.thresholds import best_thresholds
from taxonomy.weights_file import FOLDER

SEED = 20260101
RECORDED = FOLDER / "metrics.json"
"""Figures of the shipped weights, cross-validated when they were made."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Coded papers that judge, and those that may be trained on."""

    examples: Examples
    judged: Rows
    keys: tuple[str, ...]
    """Of the columns."""


def _labels(line: Mapping[str, Any], codebook: Codebook, path: Path) -> set[str]:
    found: set[str] = set()
    for facet in codebook.facets:
        given = set(line.get(facet.plural, ()))
        if not given <= set(facet.keys):
            odd = ", ".join(sorted(given - set(facet.keys)))
            raise _bad(path, f"{line.get('id')}: unknown {facet.key} {odd}")
        found |= given
    return found


def _bad(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path}: {what}",
        item=str(path),
        remedy="papers are lines of {id, title, abstract, phases, layers}, sentences of "
        "{id, text, label}",
        code="bad_gold",
    )


def _read(path: Path, wanted: Sequence[str]) -> list[Mapping[str, Any]]:
    """The lines of a file, each with the fields `wanted`. Raises UsageError."""
    if not path.is_file():
        raise _bad(path, "there is no such file")
    try:
        found = list(lines(path))
    except LabelsError as error:
        raise _bad(path, str(error)) from error
    for at, line in enumerate(found, 1):
        missing = [name for name in wanted if name not in line]
        if missing:
            raise _bad(path, f"line {at} has no {', '.join(missing)}")
    if not found:
        raise _bad(path, "it is empty")
    return found


def read_coded(
    gold: Sequence[Path], train: Sequence[Path], codebook: Codebook, embedder: Embedder
) -> Coded:
    """Coded papers from files, with their vectors; a paper in both only judges.

    Raises UsageError for a file, line or key that cannot be used.
    """
    wanted = ("id", "title", "abstract", *(facet.plural for facet in codebook.facets))
    held: dict[str, tuple[Mapping[str, Any], Path, bool]] = {}
    for files, judges in ((gold, True), (train, False)):
        for path in files:
            for line in _read(path, wanted):
                held.setdefault(str(line["id"]), (line, path, judges))
    ids, vectors = paper_vectors([*gold, *train], embedder)
    vector_of = dict(zip(ids, vectors, strict=True))
    pairs = [(at, key) for at, facet in enumerate(codebook.facets) for key in facet.keys]
    truth = [_labels(line, codebook, path) for line, path, _ in held.values()]
    rows = [line for line, _, _ in held.values()]
    examples = Examples(
        tuple(held),
        tuple((clean_text(str(one["title"])), clean_text(str(one["abstract"]))) for one in rows),
        np.stack([vector_of[one] for one in held]).astype(np.float32),
        np.array([[key in some for _, key in pairs] for some in truth], dtype=bool),
        np.array([bool(one.get("confident", True)) for one in rows]),
        np.zeros(len(rows), dtype=bool),
        np.array([at for at, _ in pairs], dtype=np.int64),
    )
    judged = np.flatnonzero([judges for _, _, judges in held.values()])
    return Coded(examples, judged, tuple(key for _, key in pairs))


def eval_papers(coded: Coded, codebook: Codebook, embedder: Embedder) -> dict[str, Any]:
    """Figures of the tagger on coded papers, beside the baselines on the same papers.

    Papers that the shipped weights were trained on are judged by weights fitted anew
    without them, in five folds, on the other papers given: `refitted` says so.
    """
    tagger, rng = Tagger.load(), np.random.default_rng(SEED)
    examples, judged = coded.examples, coded.judged
    seen = len({examples.ids[row] for row in judged.tolist()} & set(tagger.parts.ids))
    if seen:
        language = Language(tagger.parts.vocabulary, tagger.parts.dense.topics)
        answers = cross_validate(examples, judged, language, Recipe(), rng)
    else:
        texts = [examples.texts[row] for row in judged.tolist()]
        chances, chosen = tagger.judge(texts, examples.vectors[judged])
        answers = Judged(judged, chances[:, : chosen.shape[1]], chosen)
    truth = examples.truth[answers.rows]
    return {
        "n": len(judged),
        "version": tagger.version,
        "refitted": bool(seen),
        "trained_on": len(examples.ids) - len(judged) // 5 if seen else len(tagger.parts.ids),
        "facets": summary(truth, answers.chosen, examples.facet_of, codebook, rng),
        "categories": {
            key: _category(truth[:, at], answers.chosen[:, at], answers.chances[:, at], rng)
            for at, key in enumerate(coded.keys)
        },
        "calibration_error": round(
            expected_calibration_error(truth.ravel(), answers.chances.ravel()), 4
        ),
        "baselines": _baselines(coded, codebook, embedder, rng),
    }


def _category(truth: Any, said: Any, chances: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Precision, recall and F1 of one category, each with its interval."""

    def measure(name: str, rows: Rows) -> float:
        """One measure of a sample of the rows, by their places."""
        return float(getattr(precision_recall_f1(truth[rows], said[rows]), name))

    found = {
        name: with_interval(partial(measure, name), len(truth), rng)
        for name in ("precision", "recall", "f1")
    }
    error = expected_calibration_error(truth, chances)
    return {**found, "positives": int(truth.sum()), "calibration_error": round(error, 4)}


def _baselines(
    coded: Coded, codebook: Codebook, embedder: Embedder, rng: np.random.Generator
) -> dict[str, Any]:
    examples, judged = coded.examples, coded.judged
    texts = [examples.texts[row] for row in judged.tolist()]
    defined = [f"{c.name}. {c.definition}" for f in codebook.facets for c in f.categories]
    cosine = np.clip(examples.vectors @ text_vectors(defined, embedder).T, 0, 1)
    others = np.setdiff1d(np.arange(len(examples.ids)), judged)
    tuned = others if len(others) else judged
    limits = best_thresholds(examples.truth[tuned], cosine[tuned], np.ones(len(tuned)), rng)
    said = {
        "keywords": by_keywords(texts, codebook),
        "definitions": cosine[judged] >= limits,
        "majority": by_majority(examples, judged),
    }
    truth = examples.truth[judged]
    out: dict[str, Any] = {
        name: summary(truth, one, examples.facet_of, codebook, rng) for name, one in said.items()
    }
    cut = "the papers to train on" if len(others) else "the judged papers, which flatters it"
    out["definitions"]["cut_on"] = cut
    return out


def eval_sentences(
    gold: Sequence[Path], train: Sequence[Path], embedder: Embedder
) -> dict[str, Any]:
    """Figures of the sentence classifier on coded sentences, as `eval_papers` for papers."""
    held: dict[str, tuple[str, int, bool, str]] = {}
    for files, judges in ((gold, True), (train, False)):
        for path in files:
            for line in _read(path, ("id", "text", "label")):
                if line["label"] not in LABELS:
                    raise _bad(path, f"{line['id']}: unknown label {line['label']}")
                text = str(line["text"])
                one = (text, LABELS.index(line["label"]), judges, str(line["id"]))
                held.setdefault(text_hash(text), one)
    ids, vectors = sentence_vectors([*gold, *train], embedder)
    vector_of = dict(zip(ids, vectors, strict=True))
    examples = SentenceExamples(
        tuple(text for text, _, _, _ in held.values()),
        np.stack([vector_of[name] for *_, name in held.values()]).astype(np.float32),
        np.array([label for _, label, _, _ in held.values()]),
        tuple(held),
        np.array([judges for _, _, judges, _ in held.values()]),
    )
    judged, rng = np.flatnonzero(examples.twice), np.random.default_rng(SEED)
    model = StatementClassifier.load()
    seen = len({examples.ids[row] for row in judged.tolist()} & set(model.parts.ids))
    if seen:
        rows, chances, said = judge_statements(examples, judged, StatementRecipe(), rng)
    else:
        rows, mine = judged, examples.take(judged)
        chances = model.probabilities(mine.texts, mine.vectors)
        said = np.argmax(chances * model.parts.favour, axis=1)
    truth = examples.truth[rows]
    report = statement_report(truth, said, chances, rng)
    for at, label in enumerate(LABELS):
        report[label] |= _category(truth == at, said == at, chances[:, at], rng)
    commonest = int(np.bincount(truth).argmax())
    return {
        "n": len(judged),
        "version": model.version,
        "refitted": bool(seen),
        "labels": report,
        "baselines": {
            "majority": {
                label: round(
                    precision_recall_f1(truth == at, np.full(len(truth), at == commonest)).f1, 3
                )
                for at, label in enumerate(LABELS)
            }
        },
    }


def eval_decisions(library: Library) -> dict[str, Any]:
    """How far the shipped tagger agrees with what people decided in this library.

    People decide on what looks doubtful: this says nothing of papers nobody looked at.
    """
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
    given, tagger = lessons(library, fronts), library.shipped_tagger
    out: dict[str, Any] = {
        "papers": len(given.decided),
        "verdicts": given.verdicts,
        "version": tagger.version,
        "trained_on": len(set(given.ids) & set(tagger.parts.ids)),
        "categories": {},
    }
    if not given.decided:
        return out
    truth, asked = verdict_table(tagger, given.decided)
    texts = [(one.title, one.abstract) for one in given.decided]
    chances, said = tagger.judge(texts, given.vectors)
    rng = np.random.default_rng(SEED)
    keys = [key for some in tagger.facets.values() for key in some]
    for at, key in enumerate(keys):
        rows = np.flatnonzero(asked[:, at])
        if len(rows):
            out["categories"][key] = {
                "agreement": round(float((said[rows, at] == truth[rows, at]).mean()), 4),
                **_category(truth[rows, at], said[rows, at], chances[rows, at], rng),
            }
    out["agreement"] = round(float((said == truth)[asked].mean()), 4)
    return out


def recorded() -> dict[str, Any] | None:
    """What was measured when the shipped weights were made; None where it is not here."""
    return dict(json.loads(RECORDED.read_text(encoding="utf-8"))) if RECORDED.is_file() else None


def eval_simulation(
    coded: Coded, plan: Plan, on_step: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Decisions that the queue saves against random order, on coded papers.

    Without papers to reveal, half of those given are revealed and the other half judges.
    Raises UsageError where there are too few.
    """
    parts, judged = Tagger.load().parts, coded.judged
    if len(judged) == len(coded.examples.ids):
        judged = np.sort(np.random.default_rng(SEED).permutation(judged)[: len(judged) // 2])
    language = Language(parts.vocabulary, parts.dense.topics)
    try:
        return simulate(coded.examples, judged, language, plan, on_step=on_step)
    except ValueError as error:
        raise UsageError(
            str(error), remedy="give more coded papers: --train FILE", code="too_few"
        ) from error
