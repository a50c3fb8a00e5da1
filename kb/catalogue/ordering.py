"""Orders of papers that the table in memory does not hold."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from kb.catalogue.standing import OWN
from kb.catalogue.tables import papers


def by_title(connection: Connection) -> list[int]:
    """Numbers of all papers of their own, by title, case ignored."""
    query = select(papers.c.n).where(OWN).order_by(func.lower(papers.c.title), papers.c.n)
    return [row.n for row in connection.execute(query)]
