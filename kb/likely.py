"""Which papers are likely to be included, learned from those that were decided.

Logistic regression on a paper's vector and on its weighted words and pairs of words, as
active learning for screening usually has it. Pure: numbers and texts in, chances out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.catalogue.values import Vector
from taxonomy.features import (
    BODY,
    TITLE,
    SparseRows,
    encode,
    learn_space,
    learn_vocabulary,
    zones,
)

Doubles = npt.NDArray[np.float64]

# Chosen on 350 papers coded once (data/labels/papers_once.jsonl), of .5, 1, 2 and .1, 1; see
# tests/bench/screening.py.
WORDS = 2.0
"""Length of a paper's words beside its vector, which has length 1."""
PENALTY = 1.0
"""Of the squared weights, for each class as a whole."""

_ROUNDS, _STEPS = 12, 25


@dataclass(frozen=True, slots=True)
class Pool:
    """Papers as the learner sees them, one row each."""

    vectors: Vector
    """(papers, dimension), unit length; zeros where a paper has none."""
    words: SparseRows
    """(papers, words and pairs of words)."""

    def times(self, weights: Doubles) -> Doubles:
        """The product of all rows with one weight a column, (papers,)."""
        dense = self.vectors.shape[1]
        terms = self.words.values * weights[dense + self.words.columns]
        rows = np.repeat(np.arange(self.words.rows), np.diff(self.words.starts))
        told = np.bincount(rows, terms, minlength=self.words.rows)
        return np.asarray(self.vectors @ weights[:dense] + told, dtype=np.float64)

    def turned_times(self, values: Doubles) -> Doubles:
        """The product of the matrix on its side with one value a row, (columns,)."""
        spread = np.repeat(values, np.diff(self.words.starts)) * self.words.values
        told = np.bincount(self.words.columns, spread, minlength=self.words.width)
        return np.concatenate([self.vectors.T @ values, told]).astype(np.float64)

    def only(self, rows: npt.NDArray[np.int64]) -> Pool:
        """Some of the rows."""
        starts, counts = self.words.starts[rows], np.diff(self.words.starts)[rows]
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.arange(ends[-1]) + np.repeat(starts - ends[:-1], counts)
        words = SparseRows(ends, self.words.columns[at], self.words.values[at], self.words.width)
        return Pool(self.vectors[rows], words)


def pool(texts: Sequence[tuple[str, str]], vectors: Vector) -> Pool:
    """Papers by (title, abstract) and vector, (papers, dimension)."""
    parts = [zones(title, abstract) for title, abstract in texts]
    known = learn_vocabulary(parts, 2)
    vocabulary = {word: number for number, word in enumerate(known, 1)}
    words = {zone: encode((part[zone] for part in parts), vocabulary) for zone in (TITLE, BODY)}
    plan = ((TITLE, 0.5 * WORDS, 2), (BODY, WORDS, 2))
    return Pool(vectors, learn_space(words, plan, 2, len(known) + 1).matrix(words))


def chances(
    papers: Pool, rows: Sequence[int], relevant: Sequence[bool], penalty: float = PENALTY
) -> Doubles:
    """How likely each paper is to be included, (papers,): log-odds, to rank by.

    Takes: rows, those that were decided, and what was decided. Both classes count alike,
    however rare one is, so the figures rank papers and are no probabilities. Raises
    ValueError where only one class was seen.
    """
    truth = np.array(relevant, dtype=np.float64)
    if truth.size == 0 or truth.min() == truth.max():
        raise ValueError("both included and excluded papers are needed")
    seen = papers.only(np.array(rows, dtype=np.int64))
    worth = np.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean())) / len(truth)
    weights, bias = _fit(seen, truth, worth, penalty / len(truth))
    return papers.times(weights) + bias


def _fit(seen: Pool, truth: Doubles, worth: Doubles, penalty: float) -> tuple[Doubles, float]:
    """Newton's method; each step is solved by conjugate gradients, so no matrix is made."""
    width = seen.vectors.shape[1] + seen.words.width
    found = np.zeros(width + 1)  # the bias last
    hold = np.full(width + 1, penalty)
    hold[-1] = 1e-6

    def forward(some: Doubles) -> Doubles:
        """The scores (papers,) that some weights (features and bias,) give."""
        return np.asarray(seen.times(some[:-1]) + some[-1], dtype=np.float64)

    def backward(some: Doubles) -> Doubles:
        """What some values of papers (papers,) are worth to each weight (features and bias,)."""
        return np.append(seen.turned_times(some), some.sum())

    for _ in range(_ROUNDS):
        chance = 0.5 * (1 + np.tanh(0.5 * forward(found)))
        slope = backward(worth * (chance - truth)) + hold * found
        bend = worth * chance * (1 - chance)
        step, rest = np.zeros(width + 1), slope.copy()
        way, size = rest.copy(), float(rest @ rest)
        goal = size * 1e-4
        for _ in range(_STEPS):
            if size <= goal or size == 0:
                break
            bent = backward(bend * forward(way)) + hold * way
            far = size / float(way @ bent)
            step += far * way
            rest -= far * bent
            now = float(rest @ rest)
            way, size = rest + now / size * way, now
        found -= step
        if float(np.abs(step).max()) < 1e-4:
            break
    return found[:-1], float(found[-1])
