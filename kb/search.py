"""Hybrid search: BM25 and vectors, fused by score, filtered exactly."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kb.catalogue import Filters, StoredPaper, StoredPassage
from kb.catalogue.values import Vector
from kb.errors import unknown
from kb.feedback import ask_again, like
from kb.library import Library
from kb.query import Query
from kb.ranking import DIGITS, MODES, NO_ROUTE, Clock, Ints, Mode, Ranked, Route, Searcher
from kb.reranking import rerank
from kb.snapshot import Mask, Snapshot
from kb.snippets import snippet


@dataclass(frozen=True, slots=True)
class Why:
    """Why a hit is where it is."""

    dense_rank: int | None
    """Rank by vectors alone, from 1; None where vectors did not bring it."""
    lexical_rank: int | None
    """Rank by BM25 alone, from 1; None where it did not match."""
    dense: float
    """Cosine of the question and the nearest passage."""
    lexical: float
    """BM25 score."""
    first_rank: int | None = None
    """Rank, from 1, before what the first hits share, or a reranker, moved it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One paper (or passage) found."""

    rank: int
    score: float
    paper: StoredPaper
    passage: StoredPassage
    """The passage that fits best."""
    snippet: str
    why: Why

    def to_json(self) -> dict[str, Any]:
        """The hit as the command line prints it."""
        return {
            "rank": self.rank,
            "score": round(self.score, DIGITS),
            "paper_id": self.paper.paper_id,
            "title": self.paper.title,
            "authors": list(self.paper.authors),
            "year": self.paper.year,
            "url": self.paper.url,
            "phases": list(self.paper.keys("phase")),
            "layers": list(self.paper.keys("layer")),
            "passage_id": self.passage.passage_id,
            "section": self.passage.section,
            "page": self.passage.page,
            "snippet": self.snippet,
            "why": {
                "dense_rank": self.why.dense_rank,
                "lexical_rank": self.why.lexical_rank,
                "dense": round(self.why.dense, 4),
                "lexical": round(self.why.lexical, 4),
            },
        }


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found."""

    query: str
    mode: Mode
    took_ms: float
    total: int
    """Papers that pass the filters; in lexical mode, those of them that match."""
    hits: tuple[Hit, ...]
    steps: dict[str, float] = field(default_factory=dict)
    """Milliseconds of each step."""
    route: Route = NO_ROUTE
    """How the vectors were scored."""
    ranked_by: str = ""
    """The words that it was ranked by: the query without its conditions."""
    reranker: str = ""
    """What read the first hits again; "" = nothing."""

    def to_json(self) -> dict[str, Any]:
        """The results as the command line prints them."""
        return {
            "query": self.query,
            "mode": self.mode,
            "took_ms": round(self.took_ms, 2),
            "total": self.total,
            "hits": [hit.to_json() for hit in self.hits],
        }


def search(
    library: Library,
    query: str | Query,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    limit: int = 10,
    mode: Mode = "hybrid",
    by: Literal["papers", "passages"] = "papers",
    reranker: str | None = None,
    only: Ints | None = None,
) -> Results:
    """The papers (or passages) that fit `query` best among those that pass the filters.

    A text is taken as plain words; `kb.query.parse` makes a Query of what a person typed.
    Scores descend, ties go by id; where there are no words to rank by, all that pass are
    hits with a score of 0. `only`, numbers of papers (k,), leaves out all others. A `reranker`
    (None: that of the settings) reads the first hits of the hybrid mode again. Raises
    UsageError for an unknown mode, ModelMismatch where the library's vectors come from another
    model, ModelError for a reranker that is not here.
    """
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    asked = Query(query, typed=query) if isinstance(query, str) else query
    query = asked.text
    start = time.perf_counter()
    clock = Clock()
    with clock.step("load"):
        snapshot = library.snapshot()
        snapshot.matrix  # noqa: B018 - read from the catalogue once a generation
    with clock.step("filter"):
        passing = _passing(library, snapshot, asked, filters, only)
    vector = _encoded(library, query, clock) if mode != "lexical" and query.strip() else None
    filtered = bool(filters) or not asked.plain or only is not None
    holding = _holding(library, snapshot, asked) if by == "passages" else None
    searcher = Searcher(library, snapshot, passing, filtered=filtered, clock=clock, holding=holding)
    if query.strip() or asked.plain:
        ranked = searcher.rank(query, vector, mode, by, limit)
    else:
        ranked = searcher.unranked(by, limit)
    reranker = library.settings.reranker if reranker is None else reranker
    if mode != "hybrid" or vector is None:
        reranker = ""  # the legs stay as they are
    else:
        ranked = _refined(searcher, ranked, query, vector, by, reranker)
    with clock.step("fetch"):
        hits = _fetch(library, snapshot, ranked, query, vector, by, limit)
    total = ranked.total if mode == "lexical" else int(passing.sum())
    took = (time.perf_counter() - start) * 1000
    return Results(asked.typed, mode, took, total, hits, clock.steps, ranked.route, query, reranker)


def related(
    library: Library,
    name: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    limit: int = 10,
    only: Ints | None = None,
) -> Results:
    """Papers most like the one that `name` means, by its front passages and telling words.

    Of those that pass the filters and, where given, are among `only`, numbers of papers (k,).
    Raises UsageError where it is unknown.
    """
    start = time.perf_counter()
    number, snapshot = library.number(name), library.snapshot()
    if number not in snapshot.table.row_of:  # removed or joined a moment ago
        number = library.number(name)
    row = snapshot.table.row_of[number]
    vector = snapshot.front_vector(row)
    passing = _passing(library, snapshot, Query(""), filters, only).copy()
    passing[row] = False
    searcher = Searcher(library, snapshot, passing, filtered=True, clock=Clock())
    ranked = like(library, snapshot, searcher.rank("", vector, "dense", "papers", limit), row)
    hits = _fetch(library, snapshot, ranked, "", vector, "papers", limit)
    took = (time.perf_counter() - start) * 1000
    return Results(name, "dense", took, int(passing.sum()), hits, route=ranked.route)


def _passing(
    library: Library, snapshot: Snapshot, asked: Query, filters: Filters, only: Ints | None
) -> Mask:
    """Which papers a search may find, (papers,). Do not write to it."""
    passing = snapshot.mask(filters)
    if not asked.plain:
        passing = passing & meeting(library, snapshot, asked)
    return passing if only is None else passing & np.isin(snapshot.table.n, only)


def _encoded(library: Library, query: str, clock: Clock) -> Vector:
    """The question's vector, (dimension,). Raises ModelMismatch."""
    library.require_model()
    with clock.step("encode"):
        vector: Vector = library.embedder.encode_query([query])[0]
    return vector


def _refined(
    searcher: Searcher, ranked: Ranked, query: str, vector: Vector, by: str, reranker: str
) -> Ranked:
    """The candidates ranked again by what the first share, and by a reranker if any."""
    library, snapshot = searcher.library, searcher.snapshot
    if by == "papers":
        with searcher.clock.step("feedback"):
            ranked = ask_again(library, snapshot, ranked, vector)
    if reranker:
        with searcher.clock.step("rerank"):
            ranked = rerank(library, snapshot, ranked, query, by, reranker)
    return ranked


def meeting(library: Library, snapshot: Snapshot, asked: Query) -> Mask:
    """Which papers meet the conditions and pass the filters of a query, (papers,)."""
    passing = np.ones(len(snapshot.table.n), dtype=bool)
    for filters, wanted in asked.filters:
        passing &= snapshot.mask(filters) == wanted
    for condition in asked.conditions:
        having = library.indexes.text.papers_saying(
            condition.text, title=condition.field == "title"
        )
        numbers = np.fromiter(having, dtype=np.int64, count=len(having))
        passing &= np.isin(snapshot.table.n, numbers) == condition.wanted
    return passing


def _holding(library: Library, snapshot: Snapshot, asked: Query) -> Mask | None:
    """Which passages hold every phrase asked for, (passages,); None where none is asked for."""
    phrases = [one.text for one in asked.conditions if one.wanted and not one.field]
    if not phrases:
        return None
    held = np.ones(len(snapshot.matrix.passage), dtype=bool)
    for phrase in phrases:
        having = library.indexes.text.passages_saying(phrase)
        numbers = np.fromiter(having, dtype=np.int64, count=len(having))
        held &= np.isin(snapshot.matrix.passage, numbers)
    return held


def _ranks(values: Vector) -> dict[int, int]:
    """Index -> rank from 1, of the values above zero."""
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    return {
        int(i): rank
        for rank, i in enumerate(order, 1)
        if not np.isnan(values[i]) and values[i] != 0
    }


def _fetch(
    library: Library,
    snapshot: Snapshot,
    ranked: Ranked,
    query: str,
    vector: Vector | None,
    by: str,
    limit: int,
) -> tuple[Hit, ...]:
    """The first `limit` candidates with their papers, passages and snippets."""
    top = ranked.rows[:limit]
    by_dense, by_words = _ranks(ranked.dense), _ranks(ranked.lexical)
    before = {} if ranked.before is None else _ranks(ranked.before)
    matrix, table = snapshot.matrix, snapshot.table
    rows = top if by == "papers" else matrix.paper_row[top]
    with library.catalogue.read() as reader:
        papers = reader.papers(int(table.n[row]) for row in rows)
        if by == "papers":
            spans = [matrix.of_papers(np.array([row])) for row in top]
        else:
            spans = [np.array([position]) for position in top]
        chosen = [_fitting(matrix.vectors, span, vector) for span in spans]
        wanted = [int(matrix.passage[i]) for some in chosen for i in some]
        passages = reader.passages(wanted)
    hits: list[Hit] = []
    for i, (row, some) in enumerate(zip(rows.tolist(), chosen, strict=True)):
        paper = papers.get(int(table.n[row]))
        texts = [passages[n] for n in (int(matrix.passage[k]) for k in some) if n in passages]
        if paper is None or not texts:
            continue  # removed by another process a moment ago
        passage, shown = snippet(texts, query)
        cosine = float(np.nan_to_num(ranked.dense[i]))
        bm25 = float(ranked.lexical[i])
        why = Why(by_dense.get(i), by_words.get(i), cosine, bm25, before.get(i))
        hits.append(Hit(len(hits) + 1, float(ranked.score[i]), paper, passage, shown, why))
    return tuple(hits)


def _fitting(vectors: Vector, span: Ints, vector: Vector | None) -> Ints:
    """Up to three of a paper's passages, the nearest first."""
    if vector is None or len(span) <= 1:
        return span[:8]
    order = np.argsort(-(vectors[span] @ vector), kind="stable")
    return span[order[:3]]
