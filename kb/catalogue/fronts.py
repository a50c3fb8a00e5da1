"""Papers as the tagger sees them, from what is stored: title, abstract and one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import or_, select

from kb.catalogue.reading import Reader, unpack_many
from kb.catalogue.tables import papers, passages
from kb.catalogue.values import Vector

SECTIONS = ("Abstract", "Digest", "Title")
"""Sections whose passages stand for a whole paper, as when it was added."""

_FIRST = 3  # passages that stand for a paper which has none of these

_DIGEST = ("problem", "contribution", "finding", "challenge", "direction")


@dataclass(frozen=True, slots=True)
class Fronts:
    """Papers that hold a passage, by number; `n` of them."""

    numbers: npt.NDArray[np.int64]
    """(n,) the catalogue's numbers, ascending."""
    ids: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    """(title, abstract), or the digest where there is no abstract."""
    bare: tuple[bool, ...]
    """True where there is no abstract here; elsewhere it may have been judged by one."""
    scores: tuple[dict[str, dict[str, float]], ...]
    """The machine's scores as stored: facet -> key -> probability."""
    vectors: Vector
    """(n, dimension), the mean of the front's passages, of length 1."""

    @property
    def row_of(self) -> dict[str, int]:
        """Paper id -> row."""
        return {paper_id: row for row, paper_id in enumerate(self.ids)}


def read_fronts(reader: Reader, *, joined: bool = False) -> Fronts:
    """The fronts of all papers that stand for themselves; with `joined` of all."""
    columns = (papers.c.n, papers.c.paper_id, papers.c.title, papers.c.abstract)
    query = select(*columns, papers.c.digest, papers.c.scores)
    query = query if joined else query.where(papers.c.same_as.is_(None))
    rows = {row.n: row for row in reader.connection.execute(query.order_by(papers.c.n))}
    owners, vectors = _means(reader)
    kept = [at for at, owner in enumerate(owners.tolist()) if owner in rows]
    numbers = owners[kept]
    held = [rows[number] for number in numbers.tolist()]
    return Fronts(
        numbers,
        tuple(row.paper_id for row in held),
        tuple((row.title, row.abstract or _told(row.digest)) for row in held),
        tuple(not row.abstract for row in held),
        tuple(row.scores or {} for row in held),
        vectors[kept],
    )


def lacking_abstract(reader: Reader) -> list[str]:
    """The arXiv id, or "", of each paper without an abstract."""
    query = select(papers.c.arxiv_id).where(papers.c.abstract == "", papers.c.same_as.is_(None))
    return [row.arxiv_id for row in reader.connection.execute(query.order_by(papers.c.n))]


def _told(digest: dict[str, Any] | None) -> str:
    return " ".join(str(digest[name]) for name in _DIGEST if digest.get(name)) if digest else ""


def _means(reader: Reader) -> tuple[npt.NDArray[np.int64], Vector]:
    """(paper numbers, ascending; their vectors)."""
    query = select(passages.c.paper, passages.c.section, passages.c.vector).where(
        or_(passages.c.section.in_(SECTIONS), passages.c.ordinal < _FIRST)
    )
    rows = reader.connection.execute(query.order_by(passages.c.paper, passages.c.ordinal)).all()
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
    owner = np.array([row.paper for row in rows], dtype=np.int64)
    front = np.array([row.section in SECTIONS for row in rows])
    some = np.isin(owner, owner[front])
    used = np.flatnonzero(front | ~some)
    numbers, starts = np.unique(owner[used], return_index=True)
    vectors = unpack_many([rows[at].vector for at in used.tolist()])
    sums = np.add.reduceat(vectors, starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return numbers, np.asarray(sums / np.maximum(lengths, 1e-12), dtype=np.float32)
