"""How alike two sentences are, by meaning and by words; grouping and matching at scale.

Embeddings alone put every abstract's opening ("Large language models have shown …") close
to every other, whatever difficulty follows. So what all the sentences share is taken out of
the vectors, and half of the likeness is the weighted overlap of content words. Challenges
are grouped by a fitted likeness besides, which also knows what kind of trouble each sentence
states (`kb.trouble`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.trouble import Troubles, weights
from kb.wording import content_words

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


@dataclass(frozen=True, slots=True)
class Rule:
    """When a sentence may join a group: likenesses in 0 to 1."""

    likest: tuple[float, ...]
    """Least average likeness to the group's likest members, as many as there are entries: of
    a group of one member, of two, and so on; the last for all larger ones. A small group has
    little to say for a newcomer, so that it must say it clearly."""
    average: float
    """Least average likeness to all its members: no chain of neighbours gets by it."""
    leader: float
    """Least likeness to the group's leader, which keeps a group from drifting away."""
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
    return Sentences(cleaned.astype(np.float32), tuple(map(_unit, bags)), substance)


def group(sentences: Sentences, found: Troubles, rule: Rule) -> tuple[Ints, Floats]:
    """Leader of each sentence and the likeness to it, both (n,).

    Sentences are taken in the order given, with the troubles `found` in them. Each joins the
    best group before it that `rule` allows, or leads a new one (its own index, likeness 1). So
    what comes later never moves what came before. A sentence with less substance or less of
    a trouble than `rule` asks for neither leads nor joins: leader -1, likeness 0.
    """
    count = len(sentences.words)
    leader = np.full(count, -1, dtype=np.int64)
    likeness = np.zeros(count, dtype=np.float32)
    sizes = np.zeros(count, dtype=np.float32)
    index = _WordIndex(sentences.words)
    fit = (sentences.substance >= rule.substance) & (found.stated >= rule.stated)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        cosines = sentences.vectors[start:stop] @ sentences.vectors[:stop].T
        kinds = found.kinds[start:stop] @ found.kinds[:stop].T
        cues = found.cues[start:stop] @ found.cues[:stop].T
        for at in range(start, stop):
            if not fit[at]:
                continue
            near = np.flatnonzero(fit[:at] & (cosines[at - start, :at] >= _LEAST_NEAR))
            overlap = index.overlap(sentences.words[at], at)[near]
            sure = found.stated[at] * found.stated[near]
            row = at - start
            signs = (cosines[row, near], overlap, kinds[row, near], sure, cues[row, near])
            scores = same_challenge(np.stack(signs, axis=1))
            best, score = _best_group(near, scores, leader, sizes, rule)
            leader[at], likeness[at] = (at, 1.0) if best < 0 else (best, score)
            sizes[leader[at]] += 1
    return leader, likeness


def same_challenge(signs: Floats) -> Floats:
    """How sure it is that pairs state one challenge, (n,), from their `signs`, (n, 5).

    Signs: cosine without the background, overlap of words, agreement in the kind of trouble,
    sureness that both state one, and cues in common.
    """
    table = weights()
    scaled = (signs - table["mean"]) / table["scale"]
    squares = scaled[:, table["left"]] * scaled[:, table["right"]]
    odds = scaled @ table["linear"] + squares @ table["square"] + table["bias"]
    sure: Floats = np.round(1 / (1 + np.exp(-odds)), _DIGITS).astype(np.float32)
    return sure


def _best_group(
    near: Ints, scores: Floats, leader: Ints, sizes: Floats, rule: Rule
) -> tuple[int, float]:
    """Leader of the group most like a sentence, and the likeness to it; -1 if none is like
    enough.

    A group is as like as its likest members are on average (`Rule.likest`): an average over
    all of a large group would let no further sentence in. The best is the one furthest above
    what its size asks for; of two equal ones the older.
    """
    likely = scores >= rule.leader
    near, scores = near[likely], scores[likely]
    if not len(near):
        return -1, 0.0
    groups, of = np.unique(leader[near], return_inverse=True)
    order = np.lexsort((-scores, of))
    rank = np.arange(len(order)) - np.searchsorted(of[order], of[order])
    counted = np.minimum(len(rule.likest), sizes[groups]).astype(np.int64)
    likest = order[rank < len(rule.likest)]
    summed = np.bincount(of[likest], weights=scores[likest], minlength=len(groups))
    merit = np.round(summed / counted - np.array(rule.likest)[counted - 1], _DIGITS)
    to_leader = np.zeros(len(groups), dtype=np.float32)
    leads = leader[near] == near
    to_leader[of[leads]] = scores[leads]
    everyone = np.bincount(of, weights=scores) / sizes[groups]
    merit[(to_leader < rule.leader) | (everyone < rule.average)] = -1.0
    best = int(np.argmax(merit))
    if merit[best] < 0:
        return -1, 0.0
    return int(groups[best]), float(to_leader[best])


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


_LEAST_NEAR = 0.2
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
