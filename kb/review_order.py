"""The order in which a review's papers are screened."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from kb import likely
from kb.catalogue.reading import Reader
from kb.catalogue.screening import STAGES, Review
from kb.errors import unknown
from kb.library import Library
from kb.review_check import pending
from kb.review_state import Board, mine
from kb.snapshot import FRONT

STEP = 10
"""Decisions after which the papers are ranked anew."""

ORDERS = ("found", "random", "likely")


def pool_of(library: Library, paper_ids: Sequence[str]) -> likely.Pool:
    """Papers as the learner sees them, in the order given; one that is gone has nothing."""
    snapshot = library.snapshot()
    with library.catalogue.read() as reader:
        numbers = reader.numbers(paper_ids)
        texts = _texts(reader, list(numbers.values()))
    matrix, row_of = snapshot.matrix, snapshot.table.row_of
    vectors = np.zeros((len(paper_ids), matrix.vectors.shape[1]), dtype=np.float32)
    for at, paper in enumerate(paper_ids):
        row = row_of.get(numbers.get(paper, 0))
        if row is not None and matrix.starts[row + 1] > matrix.starts[row]:
            first = matrix.starts[row]
            mean = matrix.vectors[first : min(first + FRONT, matrix.starts[row + 1])].sum(axis=0)
            vectors[at] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    told = [texts.get(numbers.get(paper, 0), ("", "")) for paper in paper_ids]
    return likely.pool(told, vectors)


def _texts(reader: Reader, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    held = reader.papers(numbers).values()
    return {
        one.n: (one.title, one.abstract or " ".join(map(str, (one.digest or {}).values())))
        for one in held
    }


def queue(
    library: Library, now: Board, stage: str, who: str, order: str, ranked: Sequence[str] = ()
) -> list[str]:
    """Ids of the papers that this coder is still to look at, in order.

    Takes: ranked, all papers of the stage, the likeliest first, for the order `likely`. A
    random sample that is under way comes first; papers that are gone come last. Raises
    UsageError for an unknown order.
    """
    if order not in ORDERS:
        raise unknown("order", order, ORDERS)
    review = now.review
    cases = [one for one in now.at(stage) if mine(one, stage, who, review.coders)]
    left = [one.paper_id for one in cases]
    if order == "random":
        left.sort(key=lambda paper: sha256(f"{review.name}\n{paper}".encode()).digest())
    elif order == "likely":
        place = {paper: at for at, paper in enumerate(ranked or ranking(library, now, stage))}
        left.sort(key=lambda paper: place.get(paper, len(place)))
    drawn = {paper: at for at, paper in enumerate(pending(now))} if stage == STAGES[0] else {}
    left.sort(key=lambda paper: (drawn.get(paper, len(drawn)), not now.cases[paper].here))
    return left


def ranking(
    library: Library, now: Board, stage: str, papers: likely.Pool | None = None
) -> list[str]:
    """All papers of a stage, the likeliest to be included first.

    Learned from what is decided at this stage; before anything was included and anything
    excluded, by likeness to the review's question and criteria. Takes: papers, from `pool_of`
    of the same papers.
    """
    cases = now.at(stage)
    ids = [one.paper_id for one in cases]
    if not ids:
        return []
    known = pool_of(library, ids) if papers is None else papers
    states = [one.outcomes[stage].state for one in cases]
    seen = [at for at, state in enumerate(states) if state in ("include", "exclude")]
    relevant = [states[at] == "include" for at in seen]
    if any(relevant) and not all(relevant):
        scores = likely.chances(known, seen, relevant)
    else:
        scores = _nearness(library, now.review, known)
    return [ids[at] for at in np.argsort(-scores, kind="stable").tolist()]


def _nearness(library: Library, review: Review, papers: likely.Pool) -> likely.Doubles:
    """Cosine with the question and what is to be included; nothing where neither is said."""
    asked = " ".join([review.question, *review.texts("include")]).strip()
    if not asked:
        return np.zeros(len(papers.vectors))
    library.require_model()
    near = papers.vectors @ library.embedder.encode_query([asked])[0]
    return np.asarray(near, dtype=np.float64)
