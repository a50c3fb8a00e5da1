"""What each person keeps for themselves: reading states, saved searches, the last visit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from kb.catalogue.standing import JOINED, KEPT, group_ids
from kb.catalogue.tables import papers, reading_states, saved_searches, visits


def highest_paper(connection: Connection) -> int:
    """The highest number that a held paper has; 0 where there is none."""
    return int(connection.execute(select(func.max(papers.c.n))).scalar() or 0)


def states_of(connection: Connection, who: str) -> dict[str, tuple[str, str]]:
    """Paper id -> (state, since when), the last set first.

    What was said of a joined paper holds for the one that stands for it, unless that has a
    state of its own.
    """
    stands = func.coalesce(KEPT.c.paper_id, reading_states.c.paper_id).label("stands")
    query = (
        select(stands, reading_states.c.paper_id, reading_states.c.state, reading_states.c.at)
        .outerjoin(JOINED, JOINED.c.paper_id == reading_states.c.paper_id)
        .outerjoin(KEPT, KEPT.c.n == JOINED.c.same_as)
        .where(reading_states.c.who == who)
        .order_by(reading_states.c.at.desc(), reading_states.c.paper_id)
    )
    found: dict[str, tuple[str, str]] = {}
    for row in connection.execute(query):
        if row.stands == row.paper_id or row.stands not in found:
            found[row.stands] = row.state, row.at
    return found


def set_state(connection: Connection, who: str, paper_id: str, state: str, now: str) -> None:
    """Set how far somebody has read a paper; "" takes it off their list."""
    ids = group_ids(connection, paper_id)
    where = (reading_states.c.who == who, reading_states.c.paper_id.in_(ids))
    connection.execute(delete(reading_states).where(*where))
    if state:
        values = {"who": who, "paper_id": paper_id, "state": state, "at": now}
        connection.execute(reading_states.insert().values(**values))


def all_states(connection: Connection) -> list[dict[str, Any]]:
    """Everybody's reading states as they were set, by person and paper."""
    query = select(reading_states).order_by(reading_states.c.who, reading_states.c.paper_id)
    return [dict(row._mapping) for row in connection.execute(query)]


def keep_state(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a reading state in place of the same person's of that very paper."""
    held = reading_states.c
    where = (held.who == values["who"], held.paper_id == values["paper_id"])
    connection.execute(delete(reading_states).where(*where))
    connection.execute(reading_states.insert().values(**values))


def seen_by(connection: Connection, who: str) -> int | None:
    """The highest paper number there was at somebody's last visit; None where they had none."""
    found = connection.execute(select(visits.c.seen).where(visits.c.who == who)).scalar()
    return None if found is None else int(found)


def set_visit(connection: Connection, who: str, seen: int, now: str) -> None:
    """Keep that somebody is here now, and the highest paper number that they can see."""
    connection.execute(delete(visits).where(visits.c.who == who))
    connection.execute(visits.insert().values(who=who, at=now, seen=seen))


def saved_of(connection: Connection, who: str) -> list[dict[str, Any]]:
    """Somebody's saved searches, by name."""
    query = select(saved_searches).where(saved_searches.c.who == who)
    rows = connection.execute(query.order_by(saved_searches.c.name))
    return [dict(row._mapping) for row in rows]


def all_saved(connection: Connection) -> list[dict[str, Any]]:
    """Everybody's saved searches, by person and name."""
    query = select(saved_searches).order_by(saved_searches.c.who, saved_searches.c.name)
    return [dict(row._mapping) for row in connection.execute(query)]


def put_saved(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a search under its name, in place of one of the same person's of that name."""
    drop_saved(connection, values["who"], values["name"])
    connection.execute(saved_searches.insert().values(**values))


def change_saved(connection: Connection, who: str, name: str, /, **values: Any) -> None:
    """Set a saved search's name, or the highest paper number seen in it."""
    where = (saved_searches.c.who == who, saved_searches.c.name == name)
    connection.execute(update(saved_searches).where(*where).values(**values))


def drop_saved(connection: Connection, who: str, name: str) -> None:
    """Keep a search no more."""
    where = (saved_searches.c.who == who, saved_searches.c.name == name)
    connection.execute(delete(saved_searches).where(*where))
