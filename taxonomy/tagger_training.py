"""Training of the tagger: coded papers, their texts and vectors -> its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.codebook import Codebook
from taxonomy.dense import DenseMap, Topics, closeness
from taxonomy.features import (
    BODY,
    OWN,
    TITLE,
    TextSpace,
    Words,
    encode,
    learn_space,
    learn_vocabulary,
    read,
    zones,
)
from taxonomy.fitting import kernel_ridge, second_step, text_gram, topic_axes
from taxonomy.heads import Heads, sigmoid
from taxonomy.labels import LabelsError, PaperLabels
from taxonomy.tagger_file import METHOD, TaggerParts, write
from taxonomy.thresholds import best_gate, best_thresholds

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice made in training; found by leave-one-out on the coded papers."""

    least_word: int = 3
    """Papers a word must occur in to be known at all."""
    body_plan: tuple[tuple[str, float, int], ...] = ((TITLE, 0.7, 5), (BODY, 1.0, 5))
    """Zones, weights and least papers of the topics of the whole abstract."""
    body_prefixes: tuple[tuple[int, float], ...] = ((200, 0.3), (100, 0.18), (50, 0.15))
    """Blocks of topics and their weights."""
    own_plan: tuple[tuple[str, float, int], ...] = ((OWN, 1.0, 5),)
    """The same for the topics of what the authors say of their own work."""
    own_prefixes: tuple[tuple[int, float], ...] = ((150, 0.18),)
    """The same."""
    vector_weight: float = 0.8
    """Weight of the MiniLM vector among the blocks."""
    text_plan: tuple[tuple[str, float, int], ...] = (
        (TITLE, 0.7, 2),
        (OWN, 1.0, 4),
        (BODY, 0.7, 4),
    )
    """Zones, weights and least coded papers of the grams that count one by one."""
    text_weight: float = 0.1
    """Weight of those grams beside the blocks."""
    penalty: float = 0.3
    """Of the kernel ridge regression."""
    stack_penalty: float = 2.0
    """Of the second step."""
    unsure: float = 0.6
    """What an item counts that its coder was not sure of."""
    rare: float = 2.0
    """What a paper of a rare category counts more than others in the first step."""
    rare_share: float = 0.1
    """Share of the coded papers below which a category is rare."""
    chosen: float = 0.3
    """What an item counts, when thresholds are set, that was coded because it was hard."""
    false_tags: float = 0.08
    """Share of papers without a category that may be given one, per facet."""
    folds: int = 10
    """Folds from which thresholds learn."""


@dataclass(frozen=True, slots=True)
class Language:
    """What is learned from texts without labels."""

    vocabulary: tuple[str, ...]
    topics: tuple[Topics, ...]

    @property
    def index(self) -> dict[str, int]:
        """Word -> number, from 1."""
        return {word: at for at, word in enumerate(self.vocabulary, 1)}


@dataclass(frozen=True, slots=True)
class Examples:
    """Coded papers, ready for training; `n` papers, `c` categories."""

    ids: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    """(title, abstract)."""
    vectors: Floats
    """(n, 384) unit vectors."""
    truth: Bools
    """(n, c)."""
    sure: Bools
    """(n,): coded twice, or once by a coder who was sure."""
    chosen: Bools
    """(n,): picked for coding because a model found it hard."""
    facet_of: NDArray[np.int64]
    """(c,): number of each category's facet."""

    def take(self, rows: NDArray[np.intp]) -> Examples:
        """Some of the papers, by position."""
        return Examples(
            tuple(self.ids[row] for row in rows),
            tuple(self.texts[row] for row in rows),
            self.vectors[rows],
            self.truth[rows],
            self.sure[rows],
            self.chosen[rows],
            self.facet_of,
        )

    @property
    def targets(self) -> NDArray[np.float64]:
        """(n, c + facets): the categories, then for each facet whether it has any."""
        some = [
            self.truth[:, self.facet_of == facet].any(axis=1)
            for facet in range(int(self.facet_of.max()) + 1)
        ]
        return np.column_stack([self.truth, *some]).astype(np.float64)


def learn_language(
    texts: Sequence[tuple[str, str]], recipe: Recipe, rng: np.random.Generator
) -> Language:
    """Vocabulary and topics from (title, abstract) pairs without labels."""
    found = [zones(*text) for text in texts]
    vocabulary = learn_vocabulary(found, recipe.least_word)
    index = {word: at for at, word in enumerate(vocabulary, 1)}
    words = {zone: encode((paper[zone] for paper in found), index) for zone in (TITLE, OWN, BODY)}
    topics = []
    for plan, prefixes in (
        (recipe.body_plan, recipe.body_prefixes),
        (recipe.own_plan, recipe.own_prefixes),
    ):
        space = learn_space(words, plan, 1, len(vocabulary) + 1)
        axes = topic_axes(space.matrix(words), max(count for count, _ in prefixes), rng)
        topics.append(Topics(space, axes, prefixes))
    return Language(tuple(vocabulary), tuple(topics))


def join(
    codings: Sequence[PaperLabels],
    texts: Mapping[str, tuple[str, str]],
    vectors: Mapping[str, Floats],
    codebook: Codebook,
) -> Examples:
    """Join codings with texts and vectors by id. Raises LabelsError naming what is missing."""
    absent = [paper.id for paper in codings if paper.id not in texts or paper.id not in vectors]
    if absent:
        raise LabelsError(f"{len(absent)} coded papers lack text or vector, e.g. {absent[0]}.")
    keys = [(at, key) for at, facet in enumerate(codebook.facets) for key in facet.keys]
    return Examples(
        tuple(paper.id for paper in codings),
        tuple(texts[paper.id] for paper in codings),
        np.stack([vectors[paper.id] for paper in codings]).astype(np.float32),
        np.array([[key in paper.labels for _, key in keys] for paper in codings], dtype=bool),
        np.array([paper.confident or paper.times == "twice" for paper in codings]),
        np.array([paper.chosen for paper in codings]),
        np.array([at for at, _ in keys], dtype=np.int64),
    )


def unseen_chances(
    raw: NDArray[np.float64],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    recipe: Recipe,
    rng: np.random.Generator,
) -> Floats:
    """Second-step probabilities of every paper from folds that did not hold it."""
    chances = np.zeros(targets.shape, dtype=np.float32)
    everyone = np.arange(len(raw))
    for held in np.array_split(rng.permutation(len(raw)), recipe.folds):
        rest = np.setdiff1d(everyone, held)
        stack, bias = second_step(raw[rest], targets[rest], weights[rest], recipe.stack_penalty)
        chances[held] = sigmoid((raw[held] @ stack + bias).astype(np.float32))
    return chances


def fit_limits(
    examples: Examples, chances: Floats, weights: Floats, recipe: Recipe, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Thresholds and gates from probabilities of models that did not see the paper."""
    mass = np.where(examples.chosen, recipe.chosen, 1) * weights
    count = examples.truth.shape[1]
    limits = best_thresholds(examples.truth, chances[:, :count], mass, rng)
    usual = ~examples.chosen
    truth, seen = examples.truth[usual], chances[usual]
    gates = []
    for facet in range(chances.shape[1] - count):
        columns = examples.facet_of == facet
        said = seen[:, :count][:, columns] >= limits[columns]
        gates.append(best_gate(truth[:, columns], said, seen[:, count + facet], recipe.false_tags))
    return limits, np.array(gates, dtype=np.float32)


def fit_tagger(
    examples: Examples, language: Language, recipe: Recipe, rng: np.random.Generator
) -> TaggerParts:
    """Train everything that needs labels: first step, second step, thresholds and gates."""
    index = language.index
    words: dict[str, Words] = read(examples.texts, index)
    dense = DenseMap(recipe.vector_weight, language.topics)
    places = dense.places(words)
    points = dense.points(examples.vectors, places)
    space: TextSpace = learn_space(words, recipe.text_plan, 2, len(index) + 1)
    rows = space.matrix(words)
    kernel = closeness(points, points) + recipe.text_weight * text_gram(rows)
    weights = np.where(examples.sure, 1.0, recipe.unsure)
    targets = examples.targets
    rare = examples.truth[:, examples.truth.mean(axis=0) < recipe.rare_share].any(axis=1)
    pull, mean, raw = kernel_ridge(
        kernel, targets, recipe.penalty, weights * np.where(rare, recipe.rare, 1.0)
    )
    chances = unseen_chances(raw, targets, weights, recipe, rng)
    limits, gates = fit_limits(examples, chances, weights, recipe, rng)
    stack, bias = second_step(raw, targets, weights, recipe.stack_penalty)
    heads = Heads(
        references=points,
        pull=pull.astype(np.float32),
        text=recipe.text_weight * rows.turned_times(pull.astype(np.float32)),
        mean=mean.astype(np.float32),
        stack=stack.astype(np.float32),
        bias=bias.astype(np.float32),
        thresholds=limits,
        gates=gates,
        facet_of=examples.facet_of,
    )
    return TaggerParts(
        language.vocabulary, space, dense, heads, examples.vectors, places, examples.ids
    )


def save_tagger(
    path: Path, parts: TaggerParts, codebook: Codebook, about: Mapping[str, Any]
) -> None:
    """Write a tagger's weights for this codebook."""
    meta = {
        "method": METHOD,
        "codebook": codebook.version,
        "facets": [{"key": facet.key, "categories": list(facet.keys)} for facet in codebook.facets],
        **about,
    }
    write(path, parts, meta)
