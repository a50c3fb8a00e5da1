"""The search log as it is stored."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from kb.catalogue.tables import searches


def last_searches(connection: Connection, count: int | None) -> list[dict[str, Any]]:
    """Rows of the log, the oldest first; the last `count` where given, else all."""
    query = select(searches).order_by(searches.c.n.desc())
    rows = connection.execute(query if count is None else query.limit(count)).all()
    return [dict(row._mapping) for row in reversed(rows)]
