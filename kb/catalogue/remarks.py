"""What people write about papers, as it is stored: a log to which one only appends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from kb.catalogue.sums import unsummed
from kb.catalogue.tables import remarks


@dataclass(frozen=True, slots=True)
class RemarkEntry:
    """One entry of the log."""

    n: int
    """Number, from 1; 0 before it is kept."""
    at: str
    """ISO time, UTC."""
    who: str
    paper_id: str
    text: str
    """"" takes the remark that it replaces away."""
    replaces: int | None = None
    """Number of the remark's first entry; None for that entry itself."""


def remark_log(
    connection: Connection, paper_ids: Collection[str] | None = None
) -> list[RemarkEntry]:
    """The entries about some papers, about all without ids; the first one first."""
    query = select(*unsummed(remarks)).order_by(remarks.c.n)
    if paper_ids is not None:
        query = query.where(remarks.c.paper_id.in_(list(paper_ids)))
    return [RemarkEntry(**row._mapping) for row in connection.execute(query)]


def append_remark(connection: Connection, entry: RemarkEntry) -> int:
    """Append an entry; its `n` is given here and returned."""
    values = {name: getattr(entry, name) for name in RemarkEntry.__slots__ if name != "n"}
    key = connection.execute(remarks.insert().values(**values)).inserted_primary_key
    return int(key[0]) if key else 0
