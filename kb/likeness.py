"""How alike two sentences are, by meaning and by words; grouping and matching at scale.

Embeddings alone put every abstract's opening ("Large language models have shown …") close
to every other, whatever difficulty follows. So what all the sentences share is taken out of
the vectors, and half of the likeness is the weighted overlap of content words. Challenges
are grouped by a fitted likeness besides, which also knows what kind of trouble each sentence
states (`kb.trouble`) and how rare a word their main clauses share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.linkage import Bar, Pairs, linked
from kb.trouble import Troubles, rarity, weights
from kb.wording import clause_words, content_words

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_BLOCK = 512
"""Sentences compared at a time: 512 x 40,000 cosines are 80 MB."""
_MEANING = 0.5
"""Share of the cosine in the likeness; the rest is the overlap of words. Read off ten pairs
a stratum of 11,666 real challenge sentences: at equal weights, likeness >= .5 was about one
difficulty in most pairs, where the plain cosine needed .9."""
_DIGITS = 4
"""Likeness is rounded, so that the last bits of a matrix product decide nothing."""
_SMALLEST_BACKGROUND = 256
"""Sentences needed before their mean says what a field shares rather than what they say."""
_LARGEST_BACKGROUND = 2048


@dataclass(frozen=True, slots=True)
class Background:
    """What the sentences of a field have in common, to be taken out of their vectors."""

    mean: Floats
    """(d,) mean of unit vectors."""
    axis: Floats
    """(d,) unit direction of the largest variance about the mean."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences ready to be compared."""

    vectors: Floats
    """(n, d) unit vectors without the background."""
    words: tuple[Mapping[str, float], ...]
    """n bags of stems, each of Euclidean length 1 (empty where nothing is said)."""
    substance: Floats
    """(n,) sum of the word weights before scaling: how much a sentence says."""
    plain: Floats
    """(n, d) unit vectors as they were given."""
    rare: tuple[Mapping[str, float], ...]
    """n bags of the main clauses' stems, each with its rarity, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which sentences are grouped, and when two groups are one."""

    bar: Bar
    """Least average likeness of the pairs between two groups."""
    pair: float
    """Likeness below which a pair counts as 0."""
    substance: float
    """Least sum of word weights of a sentence that can be grouped at all."""
    stated: float
    """Least sureness that a sentence states a trouble, likewise."""


def background(vectors: Floats) -> Background | None:
    """What `vectors` (n, d), unit rows, share; None where there are too few to tell.

    Only the first 2,048 rows are read: rows in order of date keep the same background
    while newer ones are added.
    """
    if len(vectors) < _SMALLEST_BACKGROUND:
        return None
    sample = vectors[:_LARGEST_BACKGROUND].astype(np.float64)
    mean = sample.mean(axis=0)
    centred = sample - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    return Background(mean.astype(np.float32), axes[:, -1].astype(np.float32))


def prepare(texts: Sequence[str], vectors: Floats, shared: Background | None) -> Sentences:
    """Sentences of `texts` and their (n, d) vectors, with `shared` taken out.

    Raises ValueError where the numbers of texts and vectors differ.
    """
    if len(texts) != len(vectors):
        raise ValueError(f"{len(texts)} sentences but {len(vectors)} vectors")
    cleaned = np.asarray(vectors, dtype=np.float32)
    if shared is not None:
        cleaned = cleaned - shared.mean
        cleaned = cleaned - np.outer(cleaned @ shared.axis, shared.axis)
    lengths = np.linalg.norm(cleaned, axis=1, keepdims=True)
    cleaned = cleaned / np.maximum(lengths, np.float32(1e-9))
    bags = [content_words(text) for text in texts]
    substance = np.array([sum(bag.values()) for bag in bags], dtype=np.float32)
    return Sentences(
        cleaned.astype(np.float32),
        tuple(map(_unit, bags)),
        substance,
        np.asarray(vectors, dtype=np.float32),
        tuple({word: rarity(word) for word in clause_words(text)} for text in texts),
    )


def group(sentences: Sentences, found: Troubles, rule: Rule) -> tuple[Ints, Floats]:
    """First sentence of the group of each, and its average likeness to the others, both (n,).

    `found`: the troubles in the sentences. A sentence with less substance or less of a
    trouble than `rule` asks for is in no group: -1, likeness 0. One alone is a group: 1.
    """
    count = len(sentences.words)
    fit = (sentences.substance >= rule.substance) & (found.stated >= rule.stated)
    pairs = _likely(sentences, found, fit, rule.pair)
    groups = linked(count, pairs, rule.bar)
    inside = groups[pairs.one] == groups[pairs.other]
    total = np.zeros(count)
    for ends in (pairs.one, pairs.other):
        total += np.bincount(ends[inside], weights=pairs.sure[inside], minlength=count)
    others = np.bincount(groups, minlength=count)[groups] - 1
    likeness = np.where(others > 0, np.round(total / np.maximum(others, 1), _DIGITS), 1.0)
    return np.where(fit, groups, -1), np.where(fit, likeness, 0.0).astype(np.float32)


def _likely(
    sentences: Sentences, found: Troubles, fit: NDArray[np.bool_], at_least: float
) -> Pairs:
    """All pairs of sentences that are `fit` and as likely one challenge as `at_least`."""
    count = len(sentences.words)
    words, rare = _WordIndex(sentences.words), _WordIndex(sentences.rare)
    one: list[Ints] = []
    other: list[Ints] = []
    sure: list[Floats] = []
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        cosines = sentences.vectors[start:stop] @ sentences.vectors[:stop].T
        for at in np.flatnonzero(fit[start:stop]).tolist():
            row = start + at
            near = np.flatnonzero(fit[:row] & (cosines[at, :row] >= _LEAST_NEAR))
            signs = (
                cosines[at, near],
                words.overlap(sentences.words[row], row)[near],
                found.kinds[near] @ found.kinds[row],
                found.stated[near] * found.stated[row],
                found.cues[near] @ found.cues[row],
                rare.largest(sentences.rare[row], row)[near],
                sentences.plain[near] @ sentences.plain[row],
            )
            scores = same_challenge(np.stack(signs, axis=1))
            likely = scores >= at_least
            one.append(near[likely])
            other.append(np.full(int(likely.sum()), row, dtype=np.int64))
            sure.append(scores[likely])
    none = np.zeros(0, dtype=np.int64)
    return Pairs(
        np.concatenate([none, *one]),
        np.concatenate([none, *other]),
        np.concatenate([none.astype(np.float32), *sure]),
    )


def same_challenge(signs: Floats) -> Floats:
    """How sure it is that pairs state one challenge, (n,), from their `signs`, (n, 7).

    Signs: cosine without the background, overlap of words, agreement in the kind of trouble,
    sureness that both state one, cues in common, rarity of the rarest stem that both main
    clauses have, and plain cosine.
    """
    table = weights()
    scaled = (signs - table["mean"]) / table["scale"]
    squares = scaled[:, table["left"]] * scaled[:, table["right"]]
    odds = scaled @ table["linear"] + squares @ table["square"] + table["bias"]
    sure: Floats = np.round(1 / (1 + np.exp(-odds)), _DIGITS).astype(np.float32)
    return sure


def match(
    asked: Sentences, among: Sentences, *, at_least: float
) -> Iterator[tuple[int, Ints, Floats]]:
    """For each sentence of `asked` that is like any of `among`: its index, theirs, likeness.

    Theirs come in rising order of index. Sentences with no match are skipped.
    """
    index = _WordIndex(among.words)
    for start in range(0, len(asked.words), _BLOCK):
        cosines = asked.vectors[start : start + _BLOCK] @ among.vectors.T
        # Words alone reach at most 1 - _MEANING: below this cosine nothing can match.
        floor = (at_least - (1 - _MEANING)) / _MEANING
        possible = np.flatnonzero((cosines >= max(floor, _LEAST_COSINE)).any(axis=1))
        for row in possible:
            words = asked.words[start + row]
            scores = _blend(cosines[row], index.overlap(words, len(among.words)))
            found = np.flatnonzero(scores >= at_least)
            if len(found):
                yield start + int(row), found, scores[found]


_LEAST_NEAR = 0.25
"""Cosine below which two sentences are taken to state other challenges, unseen."""
_LEAST_COSINE = 0.4
"""Sentences that share words but not this much meaning are never alike."""


def _blend(cosines: Floats, overlap: Floats) -> Floats:
    scores = np.round(_MEANING * cosines + (1 - _MEANING) * overlap, _DIGITS)
    scores[cosines < _LEAST_COSINE] = -1.0
    return scores.astype(np.float32)


def _unit(bag: Mapping[str, float]) -> Mapping[str, float]:
    length = float(np.sqrt(sum(weight * weight for weight in bag.values())))
    return {word: weight / length for word, weight in bag.items()} if length else {}


class _WordIndex:
    """Which sentences hold a stem, and with what weight: overlaps without all pairs."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        rows: dict[str, list[int]] = {}
        weights: dict[str, list[float]] = {}
        for row, bag in enumerate(bags):
            for word, weight in bag.items():
                rows.setdefault(word, []).append(row)
                weights.setdefault(word, []).append(weight)
        self._rows = {word: np.array(found, dtype=np.int64) for word, found in rows.items()}
        self._weights = {word: np.array(found, dtype=np.float32) for word, found in weights.items()}

    def overlap(self, bag: Mapping[str, float], count: int) -> Floats:
        """Cosine of `bag` with each of the first `count` bags, shape (count,)."""
        total = np.zeros(count, dtype=np.float32)
        for word, weight in bag.items():
            rows = self._rows.get(word)
            if rows is None:
                continue
            end = int(np.searchsorted(rows, count))
            # A stem stands once in a bag, so no row repeats and plain addition is safe.
            total[rows[:end]] += self._weights[word][:end] * np.float32(weight)
        return total

    def largest(self, bag: Mapping[str, float], count: int) -> Floats:
        """Weight of the weightiest stem shared with each of the first `count` bags, 0 if none."""
        best = np.zeros(count, dtype=np.float32)
        for word in bag:
            rows = self._rows.get(word)
            if rows is None:
                continue
            end = int(np.searchsorted(rows, count))
            best[rows[:end]] = np.maximum(best[rows[:end]], self._weights[word][:end])
        return best
