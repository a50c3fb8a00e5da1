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
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NARROW = 32
"""Columns up to which all rows at once beat one after the other."""

TITLE, OWN, BODY = "title", "own", "body"
"""The zones: the title; sentences about the authors' own work; title and abstract."""

# What scraped abstracts carry and no author wrote.
_JUNK = re.compile(
    r"\s*\bthis (?:https? )?url\b|https?://\S+|^arXiv:\S+ Announce Type: \w+ "
    r"(?:Abstract: )?",
    re.IGNORECASE,
)
TOKEN = re.compile(r"[a-z0-9]+[+#]*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(\[])")
_OWN = re.compile(
    r"\b(?:we|our|ours|us)\b|\b(?:this|the present|present) (?:paper|work|study|survey|article"
    r"|thesis|report|chapter|research|tutorial|vision|position)\b|\bhere,|\bin this\b"
    r"|\bis (?:proposed|presented|introduced)\b|\bnovel\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """The lower-case token without a plural ending: "benchmarks" and "benchmark" are one."""
    if len(token) > 4 and token.endswith("ies"):
        return token[:-3] + "y"
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        return token[:-1]
    return token


def tokens(text: str) -> list[str]:
    """The words of `text`: lower case, hyphens split, plural endings removed."""
    return [stem(word) for word in TOKEN.findall(text.lower())]


def clean(text: str) -> str:
    """`text` without links and the scrape marks that stand for them."""
    # Most texts have none, and looking for three words is much faster than the pattern.
    if "http" in text or "URL" in text or "Announce" in text:
        return _JUNK.sub(" ", text)
    return text


def own_sentences(abstract: str) -> str:
    """The sentences of `abstract` in which the authors speak of their own work, joined."""
    return " ".join(part for part in _SENTENCE_END.split(abstract) if _OWN.search(part))


def zones(title: str, abstract: str) -> dict[str, list[str]]:
    """The words of each zone of one paper."""
    abstract = clean(abstract)
    head = tokens(title)
    return {TITLE: head, OWN: tokens(own_sentences(abstract)), BODY: head + tokens(abstract)}


@dataclass(frozen=True, slots=True)
class SparseRows:
    """A sparse matrix, row by row."""

    starts: Ints
    """Where each row begins in `columns` and `values`; one more entry than rows."""
    columns: Ints
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

    def batches(self, size: int = 256) -> Iterator[tuple[slice, Floats]]:
        """The rows in dense blocks, each with the slice it covers."""
        for first in range(0, self.rows, size):
            last = min(first + size, self.rows)
            yield slice(first, last), self.dense(first, last)

    def times(self, weights: Floats) -> Floats:
        """The product with a (width, k) array, as (rows, k)."""
        out = np.zeros((self.rows, weights.shape[1]), dtype=np.float32)
        if weights.shape[1] <= NARROW:
            filled = np.flatnonzero(np.diff(self.starts))
            if len(filled):
                terms = self.values[:, None] * weights[self.columns]
                out[filled] = np.add.reduceat(terms, self.starts[filled], axis=0)
            return out
        starts = self.starts.tolist()
        for row, (first, last) in enumerate(pairwise(starts)):
            out[row] = self.values[first:last] @ weights[self.columns[first:last]]
        return out

    def turned_times(self, weights: Floats) -> Floats:
        """The product of the matrix on its side with a (rows, k) array, as (width, k)."""
        out = np.zeros((self.width, weights.shape[1]), dtype=np.float32)
        for part, block in self.batches():
            out += block.T @ weights[part]
        return out


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one zone of many papers, as numbers, one after the other."""

    ids: Ints
    """1 upwards; 0 for a word outside the vocabulary."""
    rows: Ints
    """The paper each word stands in."""
    papers: int
    """Number of papers."""


def encode(texts: Iterable[Sequence[str]], vocabulary: Mapping[str, int]) -> Words:
    """Words as numbers. Takes: texts, the words of each paper; vocabulary, word -> number."""
    look = vocabulary.get
    ids: list[int] = []
    lengths: list[int] = []
    for words in texts:
        ids += [look(word, 0) for word in words]
        lengths.append(len(words))
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return Words(np.array(ids, dtype=np.int64), rows.astype(np.int64), len(lengths))


def gram_keys(words: Words, longest: int, base: int) -> tuple[Ints, Ints]:
    """Every run of 1 to `longest` known words as one number, and the paper it stands in.

    Takes: base, the number of words in the vocabulary plus 1. The number of a run is its
    words' numbers read as digits, so that runs of different length never collide.
    """
    keys, rows = [words.ids], [words.rows]
    key, known = words.ids, words.ids > 0
    for size in range(2, longest + 1):
        shift = size - 1
        key = key[:-1] * base + words.ids[shift:]
        known = known[:-1] & (words.ids[shift:] > 0)
        inside = known & (words.rows[shift:] == words.rows[: len(key)])
        keys.append(np.where(inside, key, 0))
        rows.append(words.rows[: len(key)])
    every, where = np.concatenate(keys), np.concatenate(rows)
    found = every > 0
    return every[found], where[found]


@dataclass(frozen=True, slots=True)
class Zone:
    """The grams known of one zone."""

    name: str
    """One of the zones."""
    weight: float
    """Length of the zone's part of a row."""
    keys: Ints
    """Rising numbers of the grams, as `gram_keys` makes them; one column each."""
    idf: Floats
    """Inverse document frequency of each."""

    def _columns(self, keys: Ints, base: int) -> Ints:
        """The column where each gram would stand; another's where it is unknown.

        Takes: keys, single words first, as `gram_keys` gives them.
        """
        # Single words by a table: a search in many keys misses the cache at every step.
        alone = int(np.count_nonzero(keys < base))
        table = np.zeros(base, dtype=np.int64)
        known = int(np.searchsorted(self.keys, base))
        table[self.keys[:known]] = np.arange(known)
        at = np.concatenate([table[keys[:alone]], np.searchsorted(self.keys, keys[alone:])])
        at[at == len(self.keys)] = 0
        return np.asarray(at, dtype=np.int64)

    def part(self, words: Words, longest: int, base: int) -> tuple[Ints, Ints, Floats]:
        """Row, column (within the zone) and value of every known gram."""
        keys, rows = gram_keys(words, longest, base)
        at = self._columns(keys, base)
        hit = self.keys[at] == keys if len(self.keys) else np.zeros(len(keys), dtype=bool)
        width = max(len(self.keys), 1)
        cells, times = np.unique(rows[hit] * width + at[hit], return_counts=True)
        row, column = np.divmod(cells, width)
        values = (1 + np.log(times)).astype(np.float32) * self.idf[column]
        norms = np.sqrt(np.bincount(row, values**2, minlength=words.papers))
        return row, column, np.asarray(self.weight * values / norms[row], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class TextSpace:
    """The grams of some zones, as columns of a matrix."""

    zones: tuple[Zone, ...]
    longest: int
    """Words in the longest gram."""
    base: int
    """Number of words in the vocabulary plus 1."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return sum(len(zone.keys) for zone in self.zones)

    def matrix(self, words: Mapping[str, Words]) -> SparseRows:
        """One row a paper. Takes: words, by zone."""
        parts = [zone.part(words[zone.name], self.longest, self.base) for zone in self.zones]
        offsets = np.cumsum([0, *(len(zone.keys) for zone in self.zones)])
        row = np.concatenate([part[0] for part in parts])
        column = np.concatenate([part[1] + at for part, at in zip(parts, offsets, strict=False)])
        value = np.concatenate([part[2] for part in parts])
        order = np.argsort(row, kind="stable")
        papers = words[self.zones[0].name].papers
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=papers))])
        return SparseRows(starts.astype(np.int64), column[order], value[order], self.width)


def learn_vocabulary(papers: Iterable[Mapping[str, Sequence[str]]], least: int) -> list[str]:
    """The words that at least `least` papers use in any zone, in alphabetical order."""
    seen: Counter[str] = Counter()
    for paper in papers:
        seen.update({word for words in paper.values() for word in words})
    return sorted(word for word, times in seen.items() if times >= least)


def learn_space(
    words: Mapping[str, Words],
    plan: Sequence[tuple[str, float, int]],
    longest: int,
    base: int,
    most: float = 0.5,
) -> TextSpace:
    """Learn which grams to keep.

    Takes: plan, (zone, weight, papers a gram must occur in) for each zone to use; most,
    the share of papers above which a gram says nothing.
    """
    found = []
    for name, weight, least in plan:
        keys, rows = gram_keys(words[name], longest, base)
        papers = words[name].papers
        order = np.lexsort((rows, keys))
        keys, rows = keys[order], rows[order]
        first = np.ones(len(keys), dtype=bool)
        first[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
        known, times = np.unique(keys[first], return_counts=True)
        kept = (times >= least) & (times <= most * papers)
        idf = np.log((1 + papers) / (1 + times[kept])) + 1
        found.append(Zone(name, weight, known[kept], idf.astype(np.float32)))
    return TextSpace(tuple(found), longest, base)


class _Numbers(dict[str, int]):
    """Lower-case word as it stands -> its number; remembers, so that stems are cut once."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary

    def __missing__(self, word: str) -> int:
        number = self[word] = self._vocabulary.get(stem(word), 0)
        return number


def read(papers: Sequence[tuple[str, str]], vocabulary: Mapping[str, int]) -> dict[str, Words]:
    """The words of (title, abstract) pairs by zone, as numbers: `zones` and `encode` at once.

    Each word is looked up once, though it may stand in two zones.
    """
    look = _Numbers(vocabulary).__getitem__
    ids: dict[str, list[int]] = {TITLE: [], OWN: [], BODY: []}
    ends: dict[str, list[int]] = {TITLE: [], OWN: [], BODY: []}
    for title, abstract in papers:
        head = list(map(look, TOKEN.findall(title.lower())))
        ids[TITLE] += head
        ids[BODY] += head
        for part in _SENTENCE_END.split(clean(abstract)):
            found = list(map(look, TOKEN.findall(part.lower())))
            ids[BODY] += found
            if _OWN.search(part):
                ids[OWN] += found
        for zone, some in ids.items():
            ends[zone].append(len(some))
    return {zone: _words(ids[zone], ends[zone]) for zone in ids}


def _words(ids: Sequence[int], ends: Sequence[int]) -> Words:
    rows = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))
    return Words(np.array(ids, dtype=np.int64), rows.astype(np.int64), len(ends))
