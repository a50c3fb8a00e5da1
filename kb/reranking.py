"""An optional reranker: the first hits of a search, read again by a CrossEncoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kb.embed import load_reranker
from kb.library import Library
from kb.ranking import Ranked
from kb.snapshot import Snapshot

# Hits read again. What stands further down stays where it is.
DEPTH = 50


def rerank(
    library: Library, snapshot: Snapshot, ranked: Ranked, query: str, by: str, name: str
) -> Ranked:
    """The same candidates, the first `DEPTH` of them in the reranker's order.

    Their score is the reranker's; the others' is lowered, so that scores descend. Raises
    ModelError where the reranker `name` cannot be loaded.
    """
    model = load_reranker(name, library.settings.threads)
    first = ranked.rows[:DEPTH]
    if not len(first):
        return ranked
    fresh = model.scores(query, _texts(library, snapshot, first, by))
    order = np.argsort(-fresh, kind="stable")
    every = np.concatenate([order, np.arange(len(first), len(ranked.rows))])
    rest = ranked.score[DEPTH:]
    lowered = float(fresh.min()) - 1 + (rest - rest.max(initial=-np.inf))
    return replace(
        ranked,
        rows=ranked.rows[every],
        score=np.concatenate([fresh[order], lowered]).astype(np.float32),
        dense=ranked.dense[every],
        lexical=ranked.lexical[every],
        before=(ranked.score if ranked.before is None else ranked.before)[every],
    )


def _texts(library: Library, snapshot: Snapshot, rows: np.ndarray, by: str) -> list[str]:
    """Title and abstract of papers, title and text of passages."""
    matrix, numbers = snapshot.matrix, snapshot.table.n
    papers = rows if by == "papers" else matrix.paper_row[rows]
    with library.catalogue.read() as reader:
        held = reader.papers(numbers[papers].tolist())
        said = {} if by == "papers" else reader.passages(matrix.passage[rows].tolist())
    found = []
    for row, paper in zip(rows.tolist(), papers.tolist(), strict=True):
        one = held.get(int(numbers[paper]))
        text = one.abstract if one and by == "papers" else ""
        if by == "passages" and int(matrix.passage[row]) in said:
            text = said[int(matrix.passage[row])].text
        found.append(f"{one.title if one else ''}. {text}")
    return found
