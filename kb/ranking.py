"""Ranking: a BM25 leg and a vector leg, each filtered exactly, fused by score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from kb.catalogue.values import Vector
from kb.library import Library
from kb.snapshot import Mask, Snapshot

Mode = Literal["hybrid", "dense", "lexical"]
MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


# Candidates each leg brings to the fusion.
POOL = 200

# Up to this many passages exact scoring is as fast as Chroma (1.5 ms each on 2 cores) and
# misses nothing; filtered searches are always exact.
EXACT_BELOW = 10_000

# What BM25 adds to the cosine, per word of the query: score = cosine + LEXICAL_WEIGHT · BM25 /
# words. Both keep their own scale, so that a query whose words are nowhere leans on the
# vectors by itself; min-max scaling gives a poor lexical match as much say as a good one.
# nDCG@10 of .06 / .12 / .20, and of min-max with .7 for the vectors: single development questions
# .808 / .795 / .773, .799; those with several papers .471 / .512 / .523, .447; questions
# written from abstracts .875 / .905 / .912, .871; topic lists .118 / .124 / .120, .112;
# SciFact's training claims .730 / .731 / .733, .724.
LEXICAL_WEIGHT = 0.12

# Decimals of a score that count, and that are printed.
DIGITS = 6

# A passage of the body that matches counts a little less than title and abstract.
BODY_SHARE = 0.8

Ints = npt.NDArray[np.int64]


class Clock:
    """Milliseconds of each step of a search."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside, under `name`."""
        start = time.perf_counter()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + (time.perf_counter() - start) * 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates with the scores of both legs; rows are papers or passage positions."""

    rows: Ints
    score: Vector
    dense: Vector
    """Cosine; NaN where not scored."""
    lexical: Vector
    """BM25; 0 where it did not match."""
    total: int


@dataclass
class Searcher:
    """One search under way."""

    library: Library
    snapshot: Snapshot
    passing: Mask
    filtered: bool
    clock: Clock

    def rank(self, query: str, vector: Vector | None, mode: Mode, by: str, limit: int) -> Ranked:
        """All candidates, best first."""
        pool = max(POOL, limit * 2)
        lexical: dict[int, float] = {}
        total = 0
        if mode != "dense":
            with self.clock.step("lexical"):
                found = self._papers_by_words if by == "papers" else self._passages_by_words
                lexical, total = found(query, pool, count_all=mode == "lexical")
        dense: dict[int, float] = {}
        if vector is not None:
            with self.clock.step("dense"):
                dense = self._by_vector(vector, pool, by, list(lexical))
        with self.clock.step("fuse"):
            words = len(self.library.indexes.text.stems(query)) if lexical else 0
            return _fuse(dense, lexical, mode, total, self._id_of(by), words)

    def _id_of(self, by: str) -> Callable[[int], str]:
        if by == "papers":
            return self.snapshot.table.paper_id.__getitem__
        table, matrix = self.snapshot.table, self.snapshot.matrix
        return lambda position: (
            f"{table.paper_id[matrix.paper_row[position]]}#{matrix.passage[position]:012d}"
        )

    def _by_vector(self, vector: Vector, pool: int, by: str, also: list[int]) -> dict[int, float]:
        """Cosine of the nearest papers (or passages), and of those in `also`."""
        matrix = self.snapshot.matrix
        if not len(matrix.passage):
            return {}
        exact = self.filtered or len(matrix.passage) <= EXACT_BELOW
        if exact:
            positions = (
                np.flatnonzero(self.passing[matrix.paper_row])
                if self.filtered
                else np.arange(len(matrix.passage))
            )
        else:
            numbers, _ = self.library.indexes.vector.query(vector, pool)
            held = self.snapshot.position
            near = [held[int(number)] for number in numbers if int(number) in held]
            wanted = np.array(also, dtype=np.int64)
            extra = matrix.of_papers(wanted) if by == "papers" else wanted
            positions = np.unique(np.concatenate([np.array(near, dtype=np.int64), extra]))
        # Copying rows out costs more than scoring those that are not wanted.
        most = len(positions) * 8 > len(matrix.passage)
        cosines = (
            (matrix.vectors @ vector)[positions] if most else matrix.vectors[positions] @ vector
        )
        keys = matrix.paper_row[positions] if by == "papers" else positions
        return _best(keys, cosines, pool, set(also))

    def _papers_by_words(
        self, query: str, pool: int, *, count_all: bool
    ) -> tuple[dict[int, float], int]:
        """Paper row -> BM25, and how many papers match and pass."""
        index = self.library.indexes.text
        table = self.snapshot.table
        front = _passing_hits(
            lambda n: index.search_papers(query, n), table.row_of, self.passing, pool, count_all
        )
        scores = dict(front)
        if table.full_text.any():
            row_of = self.snapshot.row_of_passage
            body = _passing_hits(
                lambda n: index.search_passages(query, n), row_of, self.passing, pool, count_all
            )
            for row, score in body:
                if table.full_text[row]:
                    scores[row] = max(scores.get(row, 0.0), score * BODY_SHARE)
        return scores, len(scores)

    def _passages_by_words(
        self, query: str, pool: int, *, count_all: bool
    ) -> tuple[dict[int, float], int]:
        """Matrix position -> BM25, and how many papers match and pass."""
        index = self.library.indexes.text
        passing = self.passing[self.snapshot.matrix.paper_row]
        hits = _passing_hits(
            lambda n: index.search_passages(query, n),
            self.snapshot.position,
            passing,
            pool,
            count_all,
        )
        papers = {int(self.snapshot.matrix.paper_row[position]) for position, _ in hits}
        return dict(hits), len(papers)


def _passing_hits(
    find: Callable[[int], tuple[tuple[Ints, Vector], int]],
    row_of: dict[int, int],
    passing: Mask,
    pool: int,
    count_all: bool,
) -> list[tuple[int, float]]:
    """The best `pool` hits that pass, asking for more until there are enough or no more."""
    limit = 10_000_000 if count_all else pool if passing.all() else pool * 4
    while True:
        (numbers, scores), matched = find(limit)
        hits = [
            (row_of[number], score)
            for number, score in zip(numbers.tolist(), scores.tolist(), strict=True)
            if number in row_of and passing[row_of[number]]
        ]
        if len(hits) >= pool or len(numbers) >= matched or len(numbers) < limit:
            return hits if count_all else hits[:pool]
        limit *= 8


def _best(keys: Ints, cosines: Vector, pool: int, also: set[int]) -> dict[int, float]:
    """The best cosine of each key, of the `pool` best keys and of those in `also`."""
    if not len(keys):
        return {}
    # Keys of one paper lie side by side; the maximum of each run is its best passage.
    edges = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    best = np.maximum.reduceat(cosines, edges)
    unique = keys[edges]
    if len(unique) > pool:
        near = np.argpartition(-best, pool)[:pool]
        chosen = np.zeros(len(unique), dtype=bool)
        chosen[near] = True
        if also:
            chosen |= np.isin(unique, np.fromiter(also, dtype=np.int64))
        unique, best = unique[chosen], best[chosen]
    return dict(zip(unique.tolist(), best.tolist(), strict=True))


def _fuse(
    dense: dict[int, float],
    lexical: dict[int, float],
    mode: Mode,
    total: int,
    id_of: Callable[[int], str],
    words: int,
) -> Ranked:
    """Both legs in one order: the cosine and a share of BM25 per word of the query."""
    rows = np.array(sorted({*dense, *lexical}), dtype=np.int64)
    nearness = np.array([dense.get(row, np.nan) for row in rows.tolist()], dtype=np.float32)
    match = np.array([lexical.get(row, 0.0) for row in rows.tolist()], dtype=np.float32)
    if mode == "dense":
        score = np.nan_to_num(nearness, nan=-1.0)
    elif mode == "lexical" or not dense:
        score = match
    elif not lexical:
        score = np.nan_to_num(nearness, nan=-1.0)
    else:
        score = np.nan_to_num(nearness, nan=-1.0) + LEXICAL_WEIGHT / max(words, 1) * match
    # Rounded as it is printed: equal scores on the screen are in the order of the ids.
    order = sorted(
        range(len(rows)), key=lambda i: (-round(float(score[i]), DIGITS), id_of(int(rows[i])))
    )
    picked = np.array(order, dtype=np.int64)
    return Ranked(rows[picked], score[picked], nearness[picked], match[picked], total)
