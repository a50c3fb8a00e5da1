"""Papers by what identifies them for certain: arXiv id, DOI, the hash of their file."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from kb.catalogue.reading import Reader
from kb.catalogue.tables import papers


@dataclass(frozen=True, slots=True)
class Known:
    """A held paper's identifiers."""

    n: int
    paper_id: str
    arxiv_id: str
    doi: str
    pdf_sha256: str
    title: str


_KNOWN = tuple(papers.c[name] for name in Known.__slots__)


def known_by(reader: Reader, *, arxiv_id: str, doi: str, pdf_sha256: str) -> list[Known]:
    """The held papers that bear one of these identifiers, the oldest first; "" means none.

    Joined papers are among them.
    """
    found: dict[int, Known] = {}
    for column, value in (
        (papers.c.arxiv_id, arxiv_id),
        (papers.c.doi, doi),
        (papers.c.pdf_sha256, pdf_sha256),
    ):
        if value:
            rows = reader.connection.execute(select(*_KNOWN).where(column == value))
            found.update({row.n: Known(*row) for row in rows})
    return [found[n] for n in sorted(found)]


def held_as(reader: Reader, paper_id: str) -> int | None:
    """Number of the paper held under an id, or else bearing it; None where there is none."""
    own = reader.numbers([paper_id]).get(paper_id)
    if own is not None:
        return own
    doi = paper_id.removeprefix("doi:") * paper_id.startswith("doi:")
    is_file = paper_id.startswith("sha256:")
    arxiv = "" if doi or is_file else paper_id
    bearing = known_by(reader, arxiv_id=arxiv, doi=doi, pdf_sha256="")
    if is_file:
        digest = paper_id.removeprefix("sha256:")
        column = papers.c.pdf_sha256
        query = select(papers.c.n).where(column >= digest, column < digest + "g")
        found = reader.connection.execute(query.order_by(papers.c.n)).scalar()
        return int(found) if found is not None else None
    return bearing[0].n if bearing else None
