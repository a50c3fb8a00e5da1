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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.known_pairs import Known, in_order, nothing_known
from kb.linkage import Bar, Pairs, linked
from kb.trouble import Troubles, rarity, weights
from kb.word_index import Doubles, WordIndex
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
    """n bags of the main clauses' stems, each with its rarity, 0 to 1; none where not asked."""


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


def prepare(
    texts: Sequence[str], vectors: Floats, shared: Background | None, *, clauses: bool = True
) -> Sentences:
    """Sentences of `texts` and their (n, d) vectors, with `shared` taken out.

    `clauses`: whether to read main clauses, which `group` needs and `match` does not. Raises
    ValueError where the numbers of texts and vectors differ.
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
        tuple(_rare(text) for text in texts) if clauses else (),
    )


def _rare(text: str) -> dict[str, float]:
    return {word: rarity(word) for word in clause_words(text)}


def group(
    sentences: Sentences, found: Troubles, rule: Rule, known: Known | None = None
) -> tuple[Ints, Floats, Pairs]:
    """First sentence of the group of each, its average likeness to the others, both (n,), and
    the pairs that led to it.

    `found`: the troubles in the sentences; `known`: pairs scored before. A sentence with less
    substance or less of a trouble than `rule` asks for is in no group: -1, likeness 0. One
    alone is a group: 1.
    """
    count = len(sentences.words)
    fit = (sentences.substance >= rule.substance) & (found.stated >= rule.stated)
    pairs = _likely(sentences, found, fit, rule.pair, known or nothing_known(count, count))
    groups = linked(count, pairs, rule.bar)
    inside = groups[pairs.one] == groups[pairs.other]
    total = np.zeros(count)
    for ends in (pairs.one, pairs.other):
        total += np.bincount(ends[inside], weights=pairs.sure[inside], minlength=count)
    others = np.bincount(groups, minlength=count)[groups] - 1
    likeness = np.where(others > 0, np.round(total / np.maximum(others, 1), _DIGITS), 1.0)
    alike = np.where(fit, likeness, 0.0).astype(np.float32)
    return np.where(fit, groups, -1), alike, pairs


def _likely(
    sentences: Sentences,
    found: Troubles,
    fit: NDArray[np.bool_],
    at_least: float,
    known: Known,
) -> Pairs:
    """All pairs of sentences that are `fit` and as likely one challenge as `at_least`.

    Two sentences that were both known are not compared again.
    """
    words, rare = WordIndex(sentences.words), WordIndex(sentences.rare)
    compare = _Comparison(sentences, found, words, rare)
    fresh = np.flatnonzero(fit & ~known.among)
    ends = np.stack([known.pairs.one, known.pairs.other])
    found_pairs = [Pairs(ends.min(axis=0), ends.max(axis=0), known.pairs.sure)]
    for start in range(0, len(fresh), _BLOCK):
        rows = fresh[start : start + _BLOCK]
        cosines = sentences.vectors[rows] @ sentences.vectors.T
        for row, near_all in zip(rows.tolist(), cosines >= _LEAST_NEAR - _SLACK, strict=True):
            # Of two new sentences the later one asks.
            near_all[row:] &= known.among[row:]
            near = np.flatnonzero(near_all & fit)
            others, scores = compare.with_row(row, near, at_least)
            found_pairs.append(Pairs(np.minimum(others, row), np.maximum(others, row), scores))
    return in_order(found_pairs)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Scores pairs of sentences: roughly first, then those that count in double precision.

    So no last bit of a matrix product decides, and a pair scores the same whichever of the
    two asks.
    """

    sentences: Sentences
    found: Troubles
    words: WordIndex
    rare: WordIndex

    def with_row(self, row: int, near: Ints, at_least: float) -> tuple[Ints, Floats]:
        """Those of `near` that are as likely as `at_least` one challenge with `row`; how likely."""
        overlap = self.words.overlap(self.sentences.words[row])
        largest = self.rare.largest(self.sentences.rare[row])
        rough = same_challenge(self._signs(row, near, overlap, largest, np.float32))
        near = near[rough >= at_least - _SLACK]
        signs = self._signs(row, near, overlap, largest, np.float64)
        scores = same_challenge(signs)
        likely = (scores >= at_least) & (signs[:, 0] >= _LEAST_NEAR)
        return near[likely], scores[likely]

    def _signs(
        self, row: int, near: Ints, overlap: Doubles, largest: Doubles, kind: type[np.floating[Any]]
    ) -> NDArray[Any]:
        def product(of: Floats) -> NDArray[Any]:
            """Dot products (near,) of the row with each near one."""
            dots: NDArray[Any] = of[near].astype(kind, copy=False) @ of[row].astype(kind)
            return dots

        found = self.found
        signs = (
            product(self.sentences.vectors),
            overlap[near],
            product(found.kinds),
            found.stated[near].astype(kind, copy=False) * found.stated[row],
            product(found.cues),
            largest[near],
            product(self.sentences.plain),
        )
        return np.stack([sign.astype(kind, copy=False) for sign in signs], axis=1)


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
    asked: Sentences, among: Sentences, *, at_least: float, known: Known | None = None
) -> Pairs:
    """Pairs of a sentence of `among` (one) and one of `asked` (other) that are so alike.

    Those that are both `known` are not compared again.
    """
    before = known or nothing_known(len(asked.words), len(among.words))
    # Words alone reach at most 1 - _MEANING: below this cosine nothing can match.
    floor = max((at_least - (1 - _MEANING)) / _MEANING, _LEAST_COSINE)
    found = [before.pairs]
    everything = np.arange(len(among.words))
    for rows, columns in (
        (np.flatnonzero(~before.asked), everything),
        (np.flatnonzero(before.asked), np.flatnonzero(~before.among)),
    ):
        if len(rows) and len(columns):
            found += _matched(asked, among, rows, columns, floor, at_least)
    return in_order(found)


def _matched(
    asked: Sentences, among: Sentences, rows: Ints, columns: Ints, floor: float, at_least: float
) -> Iterator[Pairs]:
    index = WordIndex([among.words[column] for column in columns.tolist()])
    vectors = among.vectors[columns]
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        cosines = asked.vectors[block] @ vectors.T
        possible = cosines >= floor - _SLACK
        for at in np.flatnonzero(possible.any(axis=1)).tolist():
            row, near = int(block[at]), np.flatnonzero(possible[at])
            overlap = index.overlap(asked.words[row])[near]
            # What cannot get there is not worth double precision.
            rough = _MEANING * cosines[at, near] + (1 - _MEANING) * overlap
            some = rough >= at_least - _SLACK
            near, overlap = near[some], overlap[some]
            exact = vectors[near].astype(np.float64) @ asked.vectors[row].astype(np.float64)
            scores = np.round(_MEANING * exact + (1 - _MEANING) * overlap, _DIGITS)
            alike = (scores >= at_least) & (exact >= _LEAST_COSINE)
            yield Pairs(
                columns[near[alike]],
                np.full(int(alike.sum()), row, dtype=np.int64),
                scores[alike].astype(np.float32),
            )


_LEAST_NEAR = 0.25
"""Cosine below which two sentences are taken to state other challenges, unseen."""
_LEAST_COSINE = 0.4
"""Sentences that share words but not this much meaning are never alike."""
_SLACK = 1e-3
"""Far more than single precision can be off."""


def _unit(bag: Mapping[str, float]) -> Mapping[str, float]:
    length = float(np.sqrt(sum(weight * weight for weight in bag.values())))
    return {word: weight / length for word, weight in bag.items()} if length else {}
