"""Codings, texts and vectors -> the weights that ship.

    python -m taxonomy.training --texts FILE… --vectors FILE
        --sentences FILE… --sentence-vectors FILE [--labels DIR] [--output DIR]

Texts are JSON Lines ({id, title, abstract}), sentences too ({id, text}), vectors an .npz of
`ids` and `vectors`. Either pair may be left out: then that model is left as it is. The same
input gives the same weights: every random choice comes from `SEED`.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from taxonomy.codebook import Codebook
from taxonomy.codebook import load as load_codebook
from taxonomy.features import BODY, OWN, TITLE, SparseRows, TextSpace, zones
from taxonomy.heads import Heads, sigmoid
from taxonomy.labels import FOLDER as LABELS_FOLDER
from taxonomy.labels import LabelsError, PaperLabels, lines, read_papers, read_sentences, text_hash
from taxonomy.statements import LABELS, LONGEST, StatementClassifier, sentence_zones
from taxonomy.statements import WEIGHTS as STATEMENT_WEIGHTS
from taxonomy.tagger import WEIGHTS
from taxonomy.thresholds import best_thresholds, limit_false_tags
from taxonomy.weights_file import pack_words, save

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Zones = Mapping[str, Counter[str]]

SEED = 20506

METHOD = "words-and-vector-1"
STATEMENT_METHOD = "statement-words-and-vector-1"
"""Names of the ways of judging; new ones where the arithmetic changes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice made in training; found by cross-validation on the training papers."""

    zone_weights: tuple[tuple[str, float], ...] = ((TITLE, 0.7), (OWN, 1.0), (BODY, 0.7))
    """Length of each zone's part of a text row."""
    least: tuple[tuple[str, int], ...] = ((TITLE, 2), (OWN, 3), (BODY, 3))
    """Papers a gram must occur in."""
    vector_weight: float = 2.0
    """Length of the vector's part of a row."""
    penalty: float = 20.0
    """Inverse regularisation of the first step."""
    stack_penalty: float = 0.05
    """Inverse regularisation of the second step."""
    unsure: float = 0.6
    """What an item counts that its coder was not sure of."""
    twice: float = 1.0
    """What an item counts that was coded twice."""
    folds: int = 5
    """Folds from which the second step and the thresholds learn."""
    false_tags: float = 0.12
    """Share of bare items that may be tagged, per facet, on unseen training papers."""


@dataclass(frozen=True, slots=True)
class StatementRecipe:
    """Every choice made in training the sentence classifier."""

    least: int = 2
    """Sentences a gram must occur in."""
    vector_weight: float = 1.0
    """Length of the vector's part of a row."""
    penalty: float = 5.0
    """Inverse regularisation."""
    favour: tuple[float, ...] = (0.0, 0.4, 0.0, 0.0)
    """What each label's log-probability is raised by before the best is taken."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Coded papers, ready for training; `n` papers, `c` categories."""

    ids: tuple[str, ...]
    zones: Sequence[Zones]
    vectors: Floats
    """(n, 384) unit vectors."""
    truth: Bools
    """(n, c)."""
    weights: Floats
    """(n,) what each counts."""
    facets: tuple[slice, ...]
    """The columns of each facet."""

    def take(self, rows: NDArray[np.intp]) -> Examples:
        """Some of the papers, by position."""
        return Examples(
            tuple(self.ids[row] for row in rows),
            [self.zones[row] for row in rows],
            self.vectors[rows],
            self.truth[rows],
            self.weights[rows],
            self.facets,
        )

    @property
    def targets(self) -> Bools:
        """(n, c + facets): the categories, then for each facet whether it has any."""
        some = [self.truth[:, part].any(axis=1, keepdims=True) for part in self.facets]
        return np.hstack([self.truth, *some])


def _scipy(rows: SparseRows) -> csr_matrix:
    return csr_matrix((rows.values, rows.columns, rows.starts), shape=(rows.rows, rows.width))


def _logistic(
    features: Any, truth: Bools, weights: Floats, penalty: float
) -> tuple[Floats, float]:
    """Weights and bias of one logistic regression; a constant where only one answer occurs."""
    if truth.all() or not truth.any():
        return np.zeros(features.shape[1], np.float32), 6.0 if truth.all() else -6.0
    model = LogisticRegression(C=penalty, solver="liblinear", random_state=SEED)
    model.fit(features, truth, sample_weight=weights)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def fit_first_step(
    space: TextSpace, examples: Examples, recipe: Recipe
) -> tuple[Floats, Floats, Floats]:
    """One logistic regression an output over words and vector: (text, vector, bias)."""
    text = _scipy(space.matrix(examples.zones))
    features = hstack([text, csr_matrix(recipe.vector_weight * examples.vectors)]).tocsr()
    fitted = [
        _logistic(features, target, examples.weights, recipe.penalty)
        for target in examples.targets.T
    ]
    weights = np.stack([weight for weight, _ in fitted], axis=1)
    bias = np.array([bias for _, bias in fitted], dtype=np.float32)
    width = text.shape[1]
    return weights[:width], recipe.vector_weight * weights[width:], bias


def _space(examples: Examples, recipe: Recipe) -> TextSpace:
    return TextSpace.from_counts(examples.zones, dict(recipe.zone_weights), dict(recipe.least))


def folds(count: int, parts: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """`parts` disjoint sets of positions that together make up 0 … count - 1."""
    yield from np.array_split(rng.permutation(count), parts)


def _unseen_sums(examples: Examples, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """First-step sums of every paper from models that did not see it."""
    count = len(examples.ids)
    out = np.zeros((count, examples.targets.shape[1]), dtype=np.float32)
    for held in folds(count, recipe.folds, rng):
        rest = np.setdiff1d(np.arange(count), held)
        seen = examples.take(rest)
        space = _space(seen, recipe)
        text, vector, bias = fit_first_step(space, seen, recipe)
        rows = space.matrix(examples.zones[row] for row in held)
        out[held] = rows.times(text) + examples.vectors[held] @ vector + bias
    return out


def _fit_stack(sums: Floats, truth: Bools, weights: Floats, penalty: float) -> tuple[Floats, Floats]:
    fitted = [_logistic(sums, column, weights, penalty) for column in truth.T]
    return (
        np.stack([weight for weight, _ in fitted], axis=1),
        np.array([bias for _, bias in fitted], dtype=np.float32),
    )


def fit(examples: Examples, recipe: Recipe, rng: np.random.Generator) -> tuple[TextSpace, Heads]:
    """Train everything: first step, second step, thresholds."""
    sums = _unseen_sums(examples, recipe, rng)
    scores = np.zeros(examples.truth.shape, dtype=np.float32)
    everyone = np.arange(len(sums))
    for held in folds(len(sums), recipe.folds, rng):
        rest = np.setdiff1d(everyone, held)
        stack, bias = _fit_stack(
            sums[rest], examples.truth[rest], examples.weights[rest], recipe.stack_penalty
        )
        scores[held] = sigmoid(sums[held] @ stack + bias)
    limits = best_thresholds(examples.truth, scores, examples.weights, rng)
    for columns in examples.facets:
        limits = limit_false_tags(examples.truth, scores, limits, columns, recipe.false_tags)
    stack, stack_bias = _fit_stack(sums, examples.truth, examples.weights, recipe.stack_penalty)
    space = _space(examples, recipe)
    text, vector, bias = fit_first_step(space, examples, recipe)
    straight = np.tile(np.array([0, 1], dtype=np.float32), (examples.truth.shape[1], 1))
    return space, Heads(text, vector, bias, stack, stack_bias, straight, straight, limits)


def read_texts(paths: Sequence[Path]) -> dict[str, tuple[str, str]]:
    """Id -> (title, abstract) of JSON Lines files. Raises LabelsError."""
    return {
        str(line["id"]): (str(line["title"]), str(line["abstract"]))
        for path in paths
        for line in lines(path)
    }


def examples_from(
    codings: Sequence[PaperLabels],
    texts: Mapping[str, tuple[str, str]],
    vectors: Mapping[str, Floats],
    codebook: Codebook,
    recipe: Recipe,
) -> Examples:
    """Join codings with texts and vectors by id. Raises LabelsError naming what is missing."""
    absent = [paper.id for paper in codings if paper.id not in texts or paper.id not in vectors]
    if absent:
        raise LabelsError(f"{len(absent)} coded papers lack text or vector, e.g. {absent[0]}.")
    keys = [key for facet in codebook.facets for key in facet.keys]
    ends = np.cumsum([len(facet.keys) for facet in codebook.facets])
    weights = [
        (recipe.twice if paper.times == "twice" else 1.0)
        * (1.0 if paper.confident or paper.times == "twice" else recipe.unsure)
        for paper in codings
    ]
    return Examples(
        tuple(paper.id for paper in codings),
        [zones(*texts[paper.id]) for paper in codings],
        np.stack([vectors[paper.id] for paper in codings]).astype(np.float32),
        np.array([[key in paper.labels for key in keys] for paper in codings], dtype=bool),
        np.array(weights, dtype=np.float32),
        tuple(
            slice(int(end) - len(facet.keys), int(end))
            for facet, end in zip(codebook.facets, ends, strict=True)
        ),
    )


def save_tagger(
    path: Path, space: TextSpace, heads: Heads, codebook: Codebook, about: Mapping[str, Any]
) -> None:
    """Write a tagger's weights; half precision where it changes no decision worth the bytes."""
    small = {"text", "vector"}
    arrays: dict[str, NDArray[Any]] = {
        name: getattr(heads, name).astype(np.float16 if name in small else np.float32)
        for name in Heads.__slots__
    }
    arrays["vocabulary"] = pack_words(sorted(space.index, key=space.index.__getitem__))
    arrays["idf"] = space.idf.astype(np.float16)
    meta = {
        "method": METHOD,
        "zone_weights": dict(space.weights),
        "longest": space.longest,
        "codebook": codebook.version,
        "facets": [
            {"key": facet.key, "categories": list(facet.keys)} for facet in codebook.facets
        ],
        **about,
    }
    save(path, arrays, meta)


def read_codings(folder: Path, codebook: Codebook) -> list[PaperLabels]:
    """All codings of papers in a folder; a paper coded twice hides its single coding."""
    plurals = [facet.plural for facet in codebook.facets]
    known = frozenset(key for facet in codebook.facets for key in facet.keys)
    found: dict[str, PaperLabels] = {}
    for path in sorted(folder.glob("papers_*.jsonl")):
        for paper in read_papers(path, plurals, known):
            if paper.id not in found or paper.times == "twice":
                found[paper.id] = paper
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True, slots=True)
class SentenceExamples:
    """Coded sentences, ready for training; `n` sentences."""

    zones: Sequence[Zones]
    vectors: Floats
    """(n, 384) unit vectors of the sentences alone."""
    truth: NDArray[np.intp]
    """(n,) positions in `LABELS`."""

    def take(self, rows: NDArray[np.intp]) -> SentenceExamples:
        """Some of the sentences, by position."""
        return SentenceExamples(
            [self.zones[row] for row in rows], self.vectors[rows], self.truth[rows]
        )


def fit_statements(
    examples: SentenceExamples, recipe: StatementRecipe, version: str = "unsaved"
) -> StatementClassifier:
    """Train the sentence classifier: one multinomial regression over words and vector."""
    space = TextSpace.from_counts(
        examples.zones, {BODY: 1.0}, {BODY: recipe.least}, most=1.0, longest=LONGEST
    )
    text = _scipy(space.matrix(examples.zones))
    features = hstack([text, csr_matrix(recipe.vector_weight * examples.vectors)]).tocsr()
    model = LogisticRegression(C=recipe.penalty, max_iter=500, random_state=SEED)
    model.fit(features, examples.truth)
    weights = model.coef_.T.astype(np.float32)
    width = text.shape[1]
    return StatementClassifier(
        space,
        weights[:width],
        recipe.vector_weight * weights[width:],
        model.intercept_.astype(np.float32),
        np.array(recipe.favour, dtype=np.float32),
        version,
    )


def sentence_examples(
    folder: Path, texts: Mapping[str, str], vectors: Mapping[str, Floats]
) -> SentenceExamples:
    """Join the sentence codings of a folder with texts and vectors. Raises LabelsError.

    Takes: texts and vectors by the SHA-256 of the sentence's text.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("sentences_*.jsonl")):
        for coded in read_sentences(path, LABELS):
            if coded.sha256 not in found or coded.times == "twice":
                found[coded.sha256] = coded.label
    absent = [key for key in found if key not in texts or key not in vectors]
    if absent:
        raise LabelsError(f"{len(absent)} coded sentences lack text or vector, e.g. {absent[0]}.")
    keys = sorted(found)
    return SentenceExamples(
        [sentence_zones(texts[key]) for key in keys],
        np.stack([vectors[key] for key in keys]).astype(np.float32),
        np.array([LABELS.index(found[key]) for key in keys]),
    )


def save_statements(path: Path, model: StatementClassifier, about: Mapping[str, Any]) -> None:
    """Write a sentence classifier's weights."""
    arrays: dict[str, NDArray[Any]] = {
        "text": model.text.astype(np.float16),
        "vector": model.vector.astype(np.float16),
        "bias": model.bias,
        "favour": model.favour,
        "vocabulary": pack_words(sorted(model.space.index, key=model.space.index.__getitem__)),
        "idf": model.space.idf.astype(np.float16),
    }
    save(path, arrays, {"method": STATEMENT_METHOD, "labels": list(LABELS), **about})


def _vectors(path: Path) -> dict[str, Floats]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(zip(archive["ids"].tolist(), archive["vectors"], strict=True))


def train_tagger(options: argparse.Namespace) -> None:
    """Train and save the tagger from the files that the command line names."""
    codebook, recipe = load_codebook(), Recipe()
    codings = read_codings(options.labels, codebook)
    texts, vectors = read_texts(options.texts), _vectors(options.vectors)
    examples = examples_from(codings, texts, vectors, codebook, recipe)
    space, heads = fit(examples, recipe, np.random.default_rng(SEED))
    times = Counter(paper.times for paper in codings)
    about = {"papers": len(codings), **{f"coded_{key}": times[key] for key in sorted(times)}}
    save_tagger(options.output / WEIGHTS.name, space, heads, codebook, about)
    log.info("%d papers, %d grams -> %s", len(codings), len(space.idf), options.output)


def train_statements(options: argparse.Namespace) -> None:
    """Train and save the sentence classifier from the files that the command line names."""
    by_id = {str(line["id"]): str(line["text"]) for path in options.sentences for line in lines(path)}
    held = _vectors(options.sentence_vectors)
    texts = {text_hash(text): text for text in by_id.values()}
    vectors = {text_hash(text): held[key] for key, text in by_id.items() if key in held}
    examples = sentence_examples(options.labels, texts, vectors)
    model = fit_statements(examples, StatementRecipe())
    save_statements(
        options.output / STATEMENT_WEIGHTS.name, model, {"sentences": len(examples.truth)}
    )
    log.info("%d sentences -> %s", len(examples.truth), options.output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line. Gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m taxonomy.training", description=__doc__)
    parser.add_argument("--texts", type=Path, nargs="+")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--sentences", type=Path, nargs="+")
    parser.add_argument("--sentence-vectors", type=Path)
    parser.add_argument("--labels", type=Path, default=LABELS_FOLDER)
    parser.add_argument("--output", type=Path, default=WEIGHTS.parent)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.texts and options.vectors:
        train_tagger(options)
    if options.sentences and options.sentence_vectors:
        train_statements(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
