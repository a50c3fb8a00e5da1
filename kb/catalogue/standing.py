"""Papers of their own: those that no other paper stands for, and what they are lent.

A joined paper stays whole. Here, in one place, it is told what does not count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal, select

from kb.catalogue.tables import collections, papers, passages, tags

OWN = papers.c.same_as.is_(None)
"""True for a paper of its own; for queries that have `papers` among their tables."""

OWN_PASSAGE = passages.c.paper.not_in(select(papers.c.n).where(~OWN))
"""True for a passage of a paper of its own."""

JOINED, KEPT = papers.alias(), papers.alias()
"""A paper, and the one that stands for it: made once, for SQLAlchemy makes their columns anew."""


def tag_rows(
    connection: Connection, numbers: Sequence[int] | None, *, evidence: bool = True
) -> Iterable[Row[Any]]:
    """Rows of tags: what people said of joined papers, lent to the one that stands, then its own.

    Whoever takes the last word of a person thus takes the paper's own, where there is one.
    """
    # Reading the evidence takes as long as all the rest: it is empty where nobody looks at it.
    own_columns = [
        literal("").label("evidence") if c.name == "evidence" and not evidence else c
        for c in tags.c
    ]
    columns = [papers.c.same_as.label("paper"), *(c for c in own_columns if c.name != "paper")]
    lent = select(*columns).join(papers, papers.c.n == tags.c.paper)
    lent = lent.where(~OWN, tags.c.by == "human").order_by(tags.c.paper.desc())
    own = select(*own_columns)
    if numbers is None:
        own = own.join(papers, papers.c.n == tags.c.paper).where(OWN)
    else:
        lent = lent.where(papers.c.same_as.in_(numbers))
        own = own.where(tags.c.paper.in_(numbers))
    return [*connection.execute(lent), *connection.execute(own)]


def own_papers(connection: Connection) -> int:
    """How many papers of their own there are."""
    return int(connection.execute(select(func.count()).select_from(papers).where(OWN)).scalar_one())


def members(connection: Connection, name: str) -> set[str]:
    """Ids of the papers in a collection; the paper that stands for a joined one in its place."""
    query = _collected().where(collections.c.name == name)
    return {row.stands for row in connection.execute(query)}


def memberships(connection: Connection) -> dict[str, set[str]]:
    """Name -> ids of the papers, as `members` gives them, of every collection, by name."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(_collected().order_by(collections.c.name)):
        found.setdefault(row.name, set()).add(row.stands)
    return found


@cache
def _collected() -> Select[tuple[str, str]]:
    stands = func.coalesce(KEPT.c.paper_id, collections.c.paper_id).label("stands")
    return (
        select(collections.c.name, stands)
        .select_from(collections)
        .outerjoin(JOINED, JOINED.c.paper_id == collections.c.paper_id)
        .outerjoin(KEPT, KEPT.c.n == JOINED.c.same_as)
    )


def group_ids(connection: Connection, paper_id: str) -> list[str]:
    """The paper's id, and those of the papers that it stands for."""
    number = select(papers.c.n).where(papers.c.paper_id == paper_id).scalar_subquery()
    query = select(papers.c.paper_id).where(papers.c.same_as == number)
    return [paper_id, *(row.paper_id for row in connection.execute(query))]


def stands_for(connection: Connection, number: int) -> int:
    """Number of the paper that stands for this one; its own where none does."""
    query = select(func.coalesce(papers.c.same_as, papers.c.n)).where(papers.c.n == number)
    return int(connection.execute(query).scalar() or number)
