"""Title and abstract -> weighted words and phrases, with NumPy alone.

A paper is read in three zones, because where a phrase stands says what it is worth: the
title names the contribution, the sentences in which the authors speak of their own work
describe it, and the rest of the abstract is mostly scene-setting.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TITLE, OWN, BODY = "t:", "o:", ""
"""Prefix of a gram by zone: the title; sentences about the authors' own work; all of it."""

ZONES = (TITLE, OWN, BODY)

# What scraped abstracts carry and no author wrote.
_JUNK = re.compile(r"\s*\bthis (?:https? )?url\b|https?://\S+", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z0-9]+[+#]*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(\[])")
_OWN = re.compile(
    r"\b(?:we|our|ours|us)\b|\b(?:this|the present|present) (?:paper|work|study|survey|article"
    r"|thesis|report|chapter|research|tutorial|vision|position)\b|\bhere,|\bin this\b"
    r"|\bis (?:proposed|presented|introduced)\b|\bnovel\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """The token without a plural ending, so that "benchmarks" and "benchmark" are one."""
    if len(token) > 4 and token.endswith("ies"):
        return token[:-3] + "y"
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        return token[:-1]
    return token


def tokens(text: str) -> list[str]:
    """The words of `text`: lower case, hyphens split, plural endings removed."""
    return [stem(word) for word in _TOKEN.findall(text.lower())]


def clean(text: str) -> str:
    """`text` without links and the scrape marks that stand for them."""
    return _JUNK.sub(" ", text)


def sentences(text: str) -> list[str]:
    """`text` cut at sentence ends; a list of non-empty strings."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def own_sentences(abstract: str) -> str:
    """The sentences of `abstract` in which the authors speak of their own work, joined."""
    return " ".join(part for part in sentences(abstract) if _OWN.search(part))


def grams(words: Sequence[str], longest: int) -> Iterator[str]:
    """Every run of 1 to `longest` words, the words joined by one blank."""
    yield from words
    for size in range(2, longest + 1):
        yield from map(" ".join, zip(*(words[start:] for start in range(size)), strict=False))


def zones(title: str, abstract: str, longest: int = 2) -> dict[str, Counter[str]]:
    """How often each gram occurs in each zone of one paper, keyed by zone prefix."""
    abstract = clean(abstract)
    title_words = tokens(title)
    return {
        TITLE: Counter(grams(title_words, longest)),
        OWN: Counter(grams(tokens(own_sentences(abstract)), longest)),
        BODY: Counter([*grams(title_words, longest), *grams(tokens(abstract), longest)]),
    }


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A sparse matrix, row by row."""

    starts: NDArray[np.int64]
    """Where each row begins in `columns` and `values`; one more entry than rows."""
    columns: NDArray[np.int64]
    values: Floats
    width: int
    """Number of columns."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    def dense(self, first: int, last: int) -> Floats:
        """Rows `first` up to but not including `last` as a (last - first, width) array."""
        out = np.zeros((last - first, self.width), dtype=np.float32)
        low, high = self.starts[first], self.starts[last]
        row = np.repeat(np.arange(last - first), np.diff(self.starts[first : last + 1]))
        out[row, self.columns[low:high]] = self.values[low:high]
        return out

    def times(self, weights: Floats, batch: int = 256) -> Floats:
        """The product with a (width, k) array, as (rows, k)."""
        # Dense batches: one matrix product beats gathering rows for all but tiny inputs.
        out = np.zeros((self.rows, weights.shape[1]), dtype=np.float32)
        for first in range(0, self.rows, batch):
            last = min(first + batch, self.rows)
            out[first:last] = self.dense(first, last) @ weights
        return out


@dataclass(frozen=True, slots=True)
class TextSpace:
    """The grams a model knows and what each is worth."""

    index: Mapping[str, int]
    """Gram with its zone prefix -> column."""
    idf: Floats
    """Inverse document frequency of each column."""
    weights: Mapping[str, float]
    """Length of each zone's part of a row, by zone prefix."""
    longest: int = 2
    """Words in the longest gram."""

    @classmethod
    def from_counts(
        cls,
        papers: Iterable[Mapping[str, Counter[str]]],
        weights: Mapping[str, float],
        least: Mapping[str, int],
        most: float = 0.5,
        longest: int = 2,
    ) -> TextSpace:
        """Learn the grams from the zones of the training papers.

        Takes: least, the number of papers a gram must occur in, by zone; most, the share
        of papers above which it says nothing.
        """
        seen: Counter[str] = Counter()
        total = 0
        for paper in papers:
            total += 1
            for zone, counts in paper.items():
                if zone in weights:
                    seen.update(zone + gram for gram in counts)
        kept = sorted(
            gram
            for gram, times in seen.items()
            if least[gram[:2] if gram[:2] in (TITLE, OWN) else BODY] <= times <= most * total
        )
        idf = np.array([np.log((1 + total) / (1 + seen[g])) + 1 for g in kept], np.float32)
        return cls({gram: at for at, gram in enumerate(kept)}, idf, dict(weights), longest)

    def row(self, paper: Mapping[str, Counter[str]]) -> tuple[list[int], Floats]:
        """The columns and values of one paper given its zones."""
        columns: list[int] = []
        parts: list[Floats] = []
        look = self.index.get
        for zone, weight in self.weights.items():
            found = [
                (at, times)
                for gram, times in paper[zone].items()
                if (at := look(zone + gram)) is not None
            ]
            if not found:
                continue
            at_list = [at for at, _ in found]
            times = np.array([times for _, times in found], dtype=np.float32)
            values = (1 + np.log(times)) * self.idf[at_list]
            columns += at_list
            parts.append(np.float32(weight) * values / np.linalg.norm(values))
        return columns, np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def matrix(self, papers: Iterable[Mapping[str, Counter[str]]]) -> SparseRows:
        """One row a paper, given the papers' zones."""
        starts, columns, values = [0], [], []
        for paper in papers:
            at, value = self.row(paper)
            columns.append(np.array(at, dtype=np.int64))
            values.append(value)
            starts.append(starts[-1] + len(at))
        return SparseRows(
            np.array(starts, dtype=np.int64),
            np.concatenate(columns) if columns else np.zeros(0, np.int64),
            np.concatenate(values) if values else np.zeros(0, np.float32),
            len(self.idf),
        )
