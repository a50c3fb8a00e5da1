"""Ranking: a BM25 leg and a vector leg, each filtered exactly, fused by score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from kb.catalogue.values import Vector
from kb.library import Library
from kb.snapshot import Mask, Snapshot
from kb.text_index import Among

Mode = Literal["hybrid", "dense", "lexical"]
MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


# Candidates each leg brings to the fusion.
POOL = 200

# Up to this many passages exact scoring is as fast as Chroma and misses nothing: of 72,000
# the nearest 200 took 5 ms on one thread against Chroma's 7. And a process that does not ask
# Chroma does not load it (a second, 100 MB). Filtered searches are always exact.
EXACT_BELOW = 100_000

# What BM25 adds to the cosine, per word of the query: score = cosine + LEXICAL_WEIGHT · BM25 /
# words. Both keep their own scale, so that a query whose words are nowhere leans on the
# vectors by itself; min-max scaling gives a poor lexical match as much say as a good one.
# nDCG@10 of .09 / .12 / .15 before feedback: own topics .116 / .121 / .120, own questions
# .678 / .687 / .688, SciFact's training claims .742 / .745 / .744.
LEXICAL_WEIGHT = 0.12

# Of fewer than one paper in this many, the text index is told which they are: it then looks
# at those alone. Of more, its best hits are filtered: to be told costs .1 ms per thousand.
NARROW = 8

# More than any index holds.
ALL = 10_000_000

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


Way = Literal["exact", "chroma"]
"""Every vector compared, or the graph of Chroma asked."""


@dataclass(frozen=True, slots=True)
class Route:
    """How the vectors were scored."""

    path: Way | None
    """None where they were not."""
    why: str
    scored: int = 0
    """Passages compared with the question, one by one."""


NO_ROUTE = Route(None, "not asked by meaning")


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
    route: Route = NO_ROUTE
    before: Vector | None = None
    """Scores before feedback or a reranker; None where there was neither."""


@dataclass
class Searcher:
    """One search under way."""

    library: Library
    snapshot: Snapshot
    passing: Mask
    filtered: bool
    clock: Clock
    holding: Mask | None = None
    """Which passages may be hits, (passages,); None = all of papers that pass."""
    path: Way | None = None
    """Where vectors are to be scored; None = wherever that is better."""

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
        route = NO_ROUTE
        if vector is not None:
            with self.clock.step("dense"):
                dense, route = self._by_vector(vector, pool, by, list(lexical))
        if by == "papers" and dense and lexical:
            with self.clock.step("lexical"):
                lexical |= self._words_of(query, [row for row in dense if row not in lexical])
        with self.clock.step("fuse"):
            words = len(self.library.indexes.text.stems(query)) if lexical else 0
            ranked = _fuse(dense, lexical, mode, total, self._id_of(by), words)
            return replace(ranked, route=route)

    def _words_of(self, query: str, rows: list[int]) -> dict[int, float]:
        """Paper row -> BM25 of those of the rows that match.

        What only the vectors brought is scored by words too: else it would stand behind the
        last that the words brought, however many of them it has.
        """
        here = np.zeros(len(self.passing), dtype=bool)
        here[rows] = True
        one = replace(self, passing=here)
        return one._papers_by_words(query, max(len(rows), 1), count_all=False)[0] if rows else {}

    def unranked(self, by: str, limit: int) -> Ranked:
        """The first `limit` of all that passes, in the order of the ids."""
        first = self.snapshot.by_id
        rows = first[self.passing[first]]
        if by == "passages":
            held = self.snapshot.matrix.of_papers(rows)
            rows = held[self._passages_passing()[held]]
        every = dict.fromkeys(rows[:limit].tolist(), 0.0)
        papers = int(self.passing.sum())
        return _fuse({}, every, "lexical", papers, self._id_of(by), words=1)

    def _passages_passing(self) -> Mask:
        passing = self.passing[self.snapshot.matrix.paper_row]
        return passing if self.holding is None else passing & self.holding

    def _id_of(self, by: str) -> Callable[[int], str]:
        if by == "papers":
            return self.snapshot.table.paper_id.__getitem__
        table, matrix = self.snapshot.table, self.snapshot.matrix
        return lambda position: (
            f"{table.paper_id[matrix.paper_row[position]]}#{matrix.passage[position]:012d}"
        )

    def _route(self) -> Route:
        """Where the vectors are scored, and why there."""
        count = len(self.snapshot.matrix.passage)
        if self.path:
            return Route(self.path, "asked for")
        if self.filtered or self.holding is not None:
            return Route("exact", "filtered: Chroma's own filter is slower and misses some")
        if count <= EXACT_BELOW:
            return Route("exact", f"{count} passages: as fast as Chroma, and misses none")
        return Route("chroma", f"{count} passages, no filter: Chroma's graph is faster")

    def _by_vector(
        self, vector: Vector, pool: int, by: str, also: list[int]
    ) -> tuple[dict[int, float], Route]:
        """Cosine of the nearest papers (or passages), and of those in `also`."""
        matrix = self.snapshot.matrix
        if not len(matrix.passage):
            return {}, NO_ROUTE
        route = self._route()
        near = None
        if route.path == "chroma":
            indexes, generation = self.library.indexes, self.snapshot.generation
            near = indexes.nearest(vector, pool, generation)
            if near is None:
                route = Route("exact", "the Chroma server is gone, or behind")
        if near is None:
            narrow = self.filtered or self.holding is not None
            positions = (
                np.flatnonzero(self._passages_passing())
                if narrow
                else np.arange(len(matrix.passage))
            )
        else:
            near = self.snapshot.places_of(near)
            wanted = np.array(also, dtype=np.int64)
            extra = matrix.of_papers(wanted) if by == "papers" else wanted
            positions = np.unique(np.concatenate([near[near >= 0], extra]))
        # Copying rows out costs more than scoring those that are not wanted.
        most = len(positions) * 8 > len(matrix.passage)
        cosines = (
            (matrix.vectors @ vector)[positions] if most else matrix.vectors[positions] @ vector
        )
        keys = matrix.paper_row[positions] if by == "papers" else positions
        return _best(keys, cosines, pool, set(also)), replace(route, scored=len(positions))

    def _papers_by_words(
        self, query: str, pool: int, *, count_all: bool
    ) -> tuple[dict[int, float], int]:
        """Paper row -> BM25, and how many papers match and pass."""
        index, snapshot = self.library.indexes.text, self.snapshot
        some = self._among(told=count_all)
        # Without full text the index counts by itself; else one paper may match twice.
        fronts_only = not snapshot.table.full_text.any()
        count_all = count_all and not fronts_only
        rows, scores, matched = _passing_hits(
            lambda n: index.search_papers(query, n, some),
            snapshot.rows_of,
            self.passing,
            pool,
            count_all,
        )
        if fronts_only:
            return _first(rows, scores, pool), matched
        body, body_scores, _ = _passing_hits(
            lambda n: index.search_passages(query, n, some),
            snapshot.rows_of_passages,
            self.passing,
            pool,
            count_all,
        )
        whole = snapshot.table.full_text[body]
        body, body_scores = body[whole], body_scores[whole]
        rows = np.concatenate([rows, body])
        scores = np.concatenate([scores, body_scores * np.float32(BODY_SHARE)])
        order = np.lexsort((-scores, rows))
        rows, scores = rows[order], scores[order]
        best = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if len(rows) else order
        return _first(rows[best], scores[best], 2 * pool), len(best)

    def _among(self, *, told: bool) -> Among | None:
        """The papers that pass, as the text index takes them.

        None where all pass, or so many that, unless the index is to be `told`, its best hits
        hold enough of them.
        """
        passing, papers = int(self.passing.sum()), len(self.passing)
        if passing == papers or (not told and passing * NARROW > papers):
            return None
        inside = passing * 2 <= papers
        named = self.passing if inside else ~self.passing
        return Among(self.snapshot.table.n[named].tolist(), inside)

    def _passages_by_words(
        self, query: str, pool: int, *, count_all: bool
    ) -> tuple[dict[int, float], int]:
        """Matrix position -> BM25, and how many papers match and pass."""
        index, snapshot = self.library.indexes.text, self.snapshot
        some = self._among(told=False)
        places, scores, _ = _passing_hits(
            lambda n: index.search_passages(query, n, some),
            snapshot.places_of,
            self._passages_passing(),
            pool,
            count_all,
        )
        papers = len(np.unique(snapshot.matrix.paper_row[places]))
        return _first(places, scores, pool), papers


def _passing_hits(
    find: Callable[[int], tuple[tuple[Ints, Vector], int]],
    place: Callable[[Ints], Ints],
    passing: Mask,
    pool: int,
    count_all: bool,
) -> tuple[Ints, Vector, int]:
    """(places, BM25, how many match) of the best `pool` hits that pass.

    Asks for more until there are enough or no more; with `count_all`, all hits at once.
    What matches is counted before the filter, unless all are asked for.
    """
    limit = ALL if count_all else pool if passing.all() else pool * 4
    while True:
        (numbers, scores), matched = find(limit)
        places = place(numbers)
        kept = np.flatnonzero(places >= 0)
        kept = kept[passing[places[kept]]]
        if count_all:
            return places[kept], scores[kept], len(kept)
        if len(kept) >= pool or len(numbers) >= matched or len(numbers) < limit:
            return places[kept[:pool]], scores[kept[:pool]], matched
        limit *= 8


def _first(keys: Ints, scores: Vector, most: int) -> dict[int, float]:
    """Key -> score of the `most` highest."""
    if len(keys) > most:
        top = np.argsort(-scores, kind="stable")[:most]
        keys, scores = keys[top], scores[top]
    return dict(zip(keys.tolist(), scores.tolist(), strict=True))


def best_of_each(keys: Ints, cosines: Vector) -> tuple[Ints, Vector]:
    """(each key once, its best cosine) of keys of which the same lie side by side."""
    edges = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return keys[edges], np.maximum.reduceat(cosines, edges)


def _best(keys: Ints, cosines: Vector, pool: int, also: set[int]) -> dict[int, float]:
    """The best cosine of each key, of the `pool` best keys and of those in `also`."""
    if not len(keys):
        return {}
    unique, best = best_of_each(keys, cosines)
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
    picked = descending(score, rows, id_of)
    return Ranked(rows[picked], score[picked], nearness[picked], match[picked], total)


def descending(score: Vector, rows: Ints, id_of: Callable[[int], str]) -> Ints:
    """Places by score. Rounded as it is printed: what is equal on the screen goes by id."""
    order = sorted(
        range(len(rows)), key=lambda i: (-round(float(score[i]), DIGITS), id_of(int(rows[i])))
    )
    return np.array(order, dtype=np.int64)
