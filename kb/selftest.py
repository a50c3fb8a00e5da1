"""Does a library find its own papers? Asked of all of them at index build, and by the doctor.

Known items give recall and rank by mode and phase. Four checks need no judgement of what is
good: Chroma against exact scoring, the text index against the texts, sentences against
their papers, vectors against vectors made anew. An index that is formally complete and
wrong fails one of them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest.split import embedding_text
from kb.catalogue.values import Vector
from kb.known_items import KnownItem, known_items
from kb.library import Library
from kb.metrics import interval
from kb.ranking import Clock, Ints, Mode, Searcher
from kb.snapshot import Snapshot

FILE = "selftest.json"
"""In the library's folder: the last whole self-test."""

ITEMS = 96
"""Items of a whole self-test: a share of .95 is known to about .04."""
FEW = 32
"""Items of the gate."""
DEPTH = 10
EMBEDDED = 4
"""Texts embedded anew by the gate."""

AGREES = 0.9
"""Of Chroma with exact scoring. .998 on 13,000 passages; its graph is .93 on 89,000 random
vectors, which are harder than any real ones."""
SPELLED = 0.98
NEAR = 0.9
SAME_MODEL = 0.9
"""Least shares of the other checks that a sound library passes; each is nearly 1.0 there."""
LOST = 0.25
"""Most of the items found before that may be found no more."""

# Cosine that a text's vector, made anew, has with the one held: .999 across precisions.
_SAME = 0.95
# Scores closer than this are equal: duplicates share a rank. Vectors are kept in 16 bits.
_TIE = 1e-3
# Chroma's cosine differs by no more from that of the catalogue's vectors.
_SAID = 1e-2
# Words of a text that are looked up in the index.
_WORDS = 16
# Fewer items than this say nothing of what was lost.
_COMPARABLE = 8

LEGS = ("dense", "dense_exact", "lexical", "hybrid")
"""`dense` is Chroma's answer, `dense_exact` that of every vector compared."""

# Passages asked of Chroma, as by a search.
_POOL = 200
# Items whose cosines are in memory at once: 35 MB over 270,000 passages.
_AT_ONCE = 32

_FIX = "kb doctor --fix rebuilds the indexes"
_EMBED = "kb reindex --embed makes all vectors anew"


@dataclass(frozen=True, slots=True)
class Weakness:
    """A check that failed."""

    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a library finds of itself."""

    generation: int
    papers: int
    items: tuple[KnownItem, ...]
    ranks: dict[str, list[int | None]]
    """Leg (of `LEGS`) -> rank of each item's paper from 1; 0 below `DEPTH`, None unasked."""
    checks: dict[str, float | None]
    """Check -> share that passed; None where there was nothing to check."""
    lost: dict[str, float]
    """Leg -> share of the items found by an earlier self-test that are found no more."""
    ms: float

    @property
    def weak(self) -> list[Weakness]:
        """What failed; empty for a sound library."""
        told = (
            ("agreement", AGREES, "Chroma gives {} of what exact scoring gives", _FIX),
            ("spelled", SPELLED, "the text index has {} of the words of papers", _FIX),
            ("near", NEAR, "{} of sentences are near their own paper", _EMBED),
            ("same_model", SAME_MODEL, "{} of vectors are what the model makes", _EMBED),
        )
        found = []
        for name, least, detail, remedy in told:
            share = self.checks.get(name)
            if share is not None and share < least:
                found.append(Weakness(detail.format(f"{share:.0%}"), remedy))
        found += [
            Weakness(f"{leg} search has lost {share:.0%} of the papers that it found", _FIX)
            for leg, share in self.lost.items()
            if share > LOST
        ]
        return found

    def to_json(self) -> dict[str, Any]:
        """The figures as the command line prints them and the library keeps them."""
        everything = range(len(self.items))
        phases = sorted({phase for item in self.items for phase in item.phases})
        kinds = sorted({item.kind for item in self.items})

        def of(test: Any) -> dict[str, Any]:
            """The measures of the items that a test picks."""
            return self._measures([i for i in everything if test(self.items[i])])

        return {
            "generation": self.generation,
            "papers": self.papers,
            "n": len(self.items),
            "modes": self._measures(list(everything)),
            "phases": {key: of(lambda item, key=key: key in item.phases) for key in phases},
            "kinds": {key: of(lambda item, key=key: item.kind == key) for key in kinds},
            "checks": {
                name: None if share is None else round(share, 4)
                for name, share in self.checks.items()
            },
            "lost": {leg: round(share, 4) for leg, share in self.lost.items()},
            "weak": [{"detail": one.detail, "remedy": one.remedy} for one in self.weak],
            "ms": round(self.ms, 1),
        }

    def _measures(self, chosen: Sequence[int]) -> dict[str, Any]:
        """Leg -> n, recall and mean reciprocal rank of some items, with 95 % intervals."""
        found = {}
        for leg, ranks in self.ranks.items():
            asked = [rank for i in chosen if (rank := ranks[i]) is not None]
            hits = [float(rank > 0) for rank in asked]
            inverse = [1 / rank if rank else 0.0 for rank in asked]
            if asked:
                found[leg] = {
                    "n": len(asked),
                    "recall@10": round(float(np.mean(hits)), 4),
                    "mrr@10": round(float(np.mean(inverse)), 4),
                    "intervals": {
                        "recall@10": [round(end, 4) for end in interval(hits)],
                        "mrr@10": [round(end, 4) for end in interval(inverse)],
                    },
                }
        return found


def self_test(library: Library, count: int = ITEMS, *, embed: int = EMBEDDED) -> SelfTest:
    """Ask a library for its own papers.

    Takes: count, most items; embed, most texts to embed anew. Raises KbError where an index
    cannot be read.
    """
    start = time.perf_counter()
    snapshot = library.snapshot()
    items = known_items(library, snapshot, count)
    seen = [one for part in _parts(items) for one in _by_meaning(library, snapshot, part)]
    ranks: dict[str, list[int | None]] = {
        "dense": [one.chroma for one in seen],
        "dense_exact": [one.exact for one in seen],
        "lexical": [_rank(library, snapshot, item, "lexical") for item in items],
        "hybrid": [_rank(library, snapshot, item, "hybrid") for item in items],
    }
    checks = {
        "agreement": _mean([one.agrees for one in seen]),
        "spelled": _spelled(library, items),
        "near": _mean([one.near for one in seen]),
        "same_model": _same_model(library, snapshot, items[:embed]),
    }
    lost = _lost(_kept_ranks(library), items, ranks)
    ms = (time.perf_counter() - start) * 1000
    table = snapshot.table
    return SelfTest(snapshot.generation, len(table.n), tuple(items), ranks, checks, lost, ms)


def gate(library: Library) -> list[Weakness]:
    """What is wrong with indexes that are formally complete; half a second on 8,000 papers."""
    return self_test(library, FEW).weak


def keep_self_test(library: Library) -> SelfTest:
    """Make a whole self-test and keep it with the library, for later ones to be held against."""
    made = self_test(library)
    by_paper = {
        item.paper.paper_id: {leg: ranks[i] for leg, ranks in made.ranks.items()}
        for i, item in enumerate(made.items)
    }
    path = library.folder / FILE
    part = path.with_suffix(f".{os.getpid()}.part")
    # A weak library is not what later ones are held against.
    if not made.weak:
        kept = {"at": library.now(), **made.to_json(), "ranks": by_paper}
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(path)
    return made


def kept_self_test(folder: Path) -> dict[str, Any] | None:
    """The last self-test kept with a library; None where there is none that can be read."""
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def _kept_ranks(library: Library) -> Mapping[str, Any]:
    ranks = (kept_self_test(library.folder) or {}).get("ranks")
    return ranks if isinstance(ranks, dict) else {}


@dataclass(frozen=True, slots=True)
class _Seen:
    """One item asked by its vector. None where that says nothing."""

    chroma: int | None
    exact: int | None
    agrees: float | None
    near: float | None


def _parts(items: Sequence[KnownItem]) -> list[Sequence[KnownItem]]:
    return [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]


def _by_meaning(library: Library, snapshot: Snapshot, items: Sequence[KnownItem]) -> list[_Seen]:
    """What Chroma and exact scoring say to some items; a title asks by its passage's vector."""
    matrix = snapshot.matrix
    vectors = np.stack([_vector(snapshot, item) for item in items])
    cosines = vectors @ matrix.vectors.T
    answers = library.indexes.vector.query_many(vectors, min(_POOL, len(matrix.passage)))
    return [
        _compared(snapshot, item, row, *answer)
        for item, row, answer in zip(items, cosines, answers, strict=True)
    ]


def _vector(snapshot: Snapshot, item: KnownItem) -> Vector:
    """The item's vector, else its passage's own; zeros where that is not here."""
    if item.vector is not None and item.vector.shape == snapshot.matrix.vectors.shape[1:]:
        return item.vector
    (place,) = snapshot.places_of(np.array([item.passage.n])).tolist()
    vectors = snapshot.matrix.vectors
    return vectors[place] if place >= 0 else np.zeros_like(vectors[0])


def _compared(
    snapshot: Snapshot, item: KnownItem, cosines: Vector, numbers: Ints, told: Vector
) -> _Seen:
    """One item's cosines with all passages beside what Chroma gave."""
    matrix = snapshot.matrix
    places = snapshot.places_of(numbers)
    own = matrix.of_papers(np.array([item.row]))
    depth = min(DEPTH, len(cosines))
    least = float(np.partition(cosines, -depth)[-depth])
    # By the catalogue's vector of what was returned, and by what Chroma says of it.
    top, said = places[:depth], np.nan_to_num(told[:depth], nan=-9.0)
    right = (top >= 0) & (cosines[top] >= least - _TIE) & (np.abs(said - cosines[top]) < _SAID)
    agrees = float(right.sum()) / depth
    if item.vector is None or not len(own):
        return _Seen(None, None, agrees, None)
    best = float(cosines[own].max())
    others = np.delete(cosines, own)
    near = float(best >= np.median(others) - _TIE) if len(others) else None
    mine = np.isin(places, own)
    chroma = _place(told, matrix.paper_row[places], float(told[mine].max())) if mine.any() else 0
    return _Seen(chroma, _place(cosines, matrix.paper_row, best), agrees, near)


def _place(scores: Vector, papers: Ints, own: float) -> int:
    """Rank of a score among the papers' best, ties shared; 0 below `DEPTH`."""
    rank = 1 + len(np.unique(papers[scores > own + _TIE]))
    return rank if rank <= DEPTH else 0


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None


def _rank(library: Library, snapshot: Snapshot, item: KnownItem, mode: Mode) -> int | None:
    """Rank of the item's paper in a search; 0 below `DEPTH`, None where it cannot be asked."""
    if mode != "lexical" and item.vector is None:
        return None
    vector = None if mode == "lexical" else item.vector
    passing = np.ones(len(snapshot.table.n), dtype=bool)
    searcher = Searcher(library, snapshot, passing, filtered=False, clock=Clock())
    found = searcher.rank(item.query, vector, mode, "papers", DEPTH)
    at = np.flatnonzero(found.rows == item.row)
    if not len(at):
        return 0
    rank = 1 + int((found.score > found.score[at[0]] + _TIE).sum())
    return rank if rank <= DEPTH else 0


def _spelled(library: Library, items: Sequence[KnownItem]) -> float | None:
    """Share of the words of papers and passages that the text index has in that very text."""
    index = library.indexes.text
    had, wanted = 0, 0
    for item in items:
        paper, passage = item.paper, item.passage
        front = list(dict.fromkeys(index.stems(f"{paper.title} {paper.abstract}")))[:_WORDS]
        body = list(dict.fromkeys(index.stems(passage.text)))[:_WORDS]
        had += index.holds(paper.n, front) + index.holds(passage.n, body, passages=True)
        wanted += len(front) + len(body)
    return had / wanted if wanted else None


def _same_model(library: Library, snapshot: Snapshot, items: Sequence[KnownItem]) -> float | None:
    """Share of the texts whose vector, made anew, is the one held.

    Of the default model alone: another takes seconds to load.
    """
    if not items or not library.embedder.files.is_default:
        return None
    # Passages and sentences in turn: either may be wrong alone.
    texts, held = [], []
    for turn, item in enumerate(items):
        by_sentence = turn % 2 == 1 and item.sentence
        whole = embedding_text(item.paper.title, item.passage.text)
        texts.append(item.sentence if by_sentence else whole)
        held.append(_vector(snapshot, item if by_sentence else replace(item, vector=None)))
    if held[0].shape != (library.embedder.dimension,):
        return 0.0
    # One by one: side by side, a sentence takes as long as the longest passage.
    made = np.concatenate([library.embedder.encode_query([text]) for text in texts])
    cosines = (made * np.stack(held)).sum(axis=1)
    return float((cosines >= _SAME).mean())


def _lost(
    before: Mapping[str, Any], items: Sequence[KnownItem], ranks: Mapping[str, list[int | None]]
) -> dict[str, float]:
    """Leg -> share of the papers found by an earlier self-test that are found no more."""
    lost = {}
    for leg, now in ranks.items():
        gone = [
            rank == 0
            for item, rank in zip(items, now, strict=True)
            if rank is not None and before.get(item.paper.paper_id, {}).get(leg)
        ]
        if len(gone) >= _COMPARABLE:
            lost[leg] = float(np.mean(gone))
    return lost
