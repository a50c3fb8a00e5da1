"""The log of what people decided, and the tags that follow from it.

One rule makes tags of the log: of the decisions in force on a paper's category, the latest
holds, whoever made it. A decision is in force unless an undo in force names it; so undoing
an undo brings the decision back. Nothing is ever taken out of the log, and it is kept by
paper id, so that it outlives a paper that is removed and comes again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from kb.catalogue.tables import decisions, papers, tags
from kb.catalogue.undoing import Judged, in_force, new_here

VERDICTS = ("yes", "no", "done", "undo")
"""`yes` and `no` to one category; `done`: this coder has been through the whole facet (what
was not said yes is logged as no beside it); `undo` of an earlier entry."""

BY_HAND = "decision"
"""Method of the tags that follow from the log."""

UNSIGNED = "not recorded"
"""Who is named for tags by people that were held before there was a log."""

# SQLite takes 32,766 variables a statement; stay well below.
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Decision(Judged):
    """One entry of the log."""

    at: str
    """ISO time, UTC, of the act; all entries of one act share it. "" = before there was a log.
    No act is earlier than what stood in the log when it was made, whatever the clock said."""
    who: str
    """Name of the coder."""
    paper_id: str
    facet: str
    key: str
    """The category; "" of `done`."""
    verdict: str
    """One of `VERDICTS`."""
    why: str = ""
    """The reason given; "" where none was."""
    score: float | None = None
    """The machine's probability then; None where it had none."""
    version: str = ""
    """The machine's version then; "" where it had not judged the paper."""
    settles: bool = False
    """True where it was made to end a disagreement of others, having seen both."""
    undoes: int | None = None
    """Number of the entry that an `undo` undoes."""
    n: int = 0
    """Number in this library's log, from 1; 0 before it is kept."""

    @property
    def place(self) -> tuple[str, str, str]:
        """(paper id, facet, key): what it is about."""
        return self.paper_id, self.facet, self.key


def marks(log: Iterable[Decision]) -> dict[int, str]:
    """Number -> the entry's name in every library: 16 hex digits of what it says.

    An undo's name holds that of what it undoes. Takes the log whole, in order of numbers.
    """
    named: dict[int, str] = {}
    for one in sorted(log, key=lambda one: one.n):
        named[one.n] = mark(one, named.get(one.undoes or 0, ""))
    return named


def mark(one: Decision, undone: str = "") -> str:
    """The entry's name in every library; takes the name of what it undoes."""
    facts = [one.at, one.who, *one.place, one.verdict, undone]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def effective(log: Iterable[Decision]) -> dict[tuple[str, str, str], Decision]:
    """(paper id, facet, key) -> the `yes` or `no` that holds: the latest one in force."""
    return {one.place: one for one in in_force(log) if one.verdict in ("yes", "no")}


def by_coder(log: Iterable[Decision]) -> dict[str, dict[tuple[str, str, str], Decision]]:
    """Coder -> what holds of their own decisions, by (paper id, facet, key)."""
    found: dict[str, dict[tuple[str, str, str], Decision]] = {}
    for one in in_force(log):
        if one.verdict in ("yes", "no"):
            found.setdefault(one.who, {})[one.place] = one
    return found


def read_log(connection: Connection, paper_ids: Iterable[str] | None = None) -> list[Decision]:
    """The log, or what it holds of some papers, in order of numbers."""
    columns = [decisions.c[field.name] for field in fields(Decision)]
    query = select(*columns).order_by(decisions.c.n)
    if paper_ids is None:
        return [_decision(row) for row in connection.execute(query)]
    found: list[Decision] = []
    for batch in _chunks(paper_ids):
        rows = connection.execute(query.where(decisions.c.paper_id.in_(batch)))
        found.extend(_decision(row) for row in rows)
    return sorted(found, key=lambda one: one.n)


def latest_time(connection: Connection) -> str:
    """The latest time in the log; "" where it is empty."""
    return str(connection.execute(select(func.max(decisions.c.at))).scalar() or "")


def append(connection: Connection, entries: Sequence[Decision]) -> list[int]:
    """Append entries in their order; gives their numbers. Their own `n` does not count."""
    if not entries:
        return []
    last = int(connection.execute(select(func.max(decisions.c.n))).scalar() or 0)
    numbers = list(range(last + 1, last + 1 + len(entries)))
    rows = [asdict(one) | {"n": n} for one, n in zip(entries, numbers, strict=True)]
    connection.execute(decisions.insert(), rows)
    return numbers


def merge(connection: Connection, carried: Sequence[Decision]) -> list[Decision]:
    """Append the entries of another log that are new here; gives those, as they are kept.

    Takes: carried, a log as `in_line` makes it. Time orders what holds, not the numbers.
    The caller replays the papers.
    """
    last = int(connection.execute(select(func.max(decisions.c.n))).scalar() or 0)
    fresh = new_here(marks(read_log(connection)), carried, marks(carried), last)
    append(connection, fresh)
    return fresh


def adopt(connection: Connection, paper_ids: Iterable[str] | None = None) -> set[str]:
    """Log tags by people that no entry accounts for, so that replaying keeps them.

    Gives the ids of their papers.

    They come from libraries and bundles made before there was a log.
    """
    logged = select(decisions.c.n).where(
        decisions.c.paper_id == papers.c.paper_id,
        decisions.c.facet == tags.c.facet,
        decisions.c.key == tags.c.key,
    )
    query = (
        select(papers.c.paper_id, tags.c.facet, tags.c.key, tags.c.present)
        .join(papers, papers.c.n == tags.c.paper)
        .where(tags.c.by == "human", ~logged.exists())
        .order_by(papers.c.paper_id, tags.c.facet, tags.c.key)
    )
    found: list[Row[Any]] = []
    if paper_ids is None:
        found.extend(connection.execute(query))
    else:
        for batch in _chunks(paper_ids):
            found.extend(connection.execute(query.where(papers.c.paper_id.in_(batch))))
    why = "held as a person's tag before decisions were logged"
    verdicts = {True: "yes", False: "no"}
    seeds = [
        Decision("", UNSIGNED, row.paper_id, row.facet, row.key, verdicts[row.present], why)
        for row in found
    ]
    append(connection, seeds)
    return {one.paper_id for one in seeds}


def replay_known(connection: Connection, paper_id: str) -> None:
    """Make a paper's tags by people what the log says; leave them where it says nothing."""
    known = select(decisions.c.n).where(decisions.c.paper_id == paper_id).limit(1)
    if connection.execute(known).scalar() is not None:
        replay(connection, [paper_id])


def replay(connection: Connection, paper_ids: Iterable[str] | None = None) -> set[int]:
    """Make the tags by people what the log says. Gives the papers (numbers) that changed."""
    names = None if paper_ids is None else list(paper_ids)
    adopt(connection, names)
    wanted = _wanted(connection, read_log(connection, names))
    held = _held(connection, names)
    changed: set[int] = set()
    gone = [place for place in held if place not in wanted]
    for paper, facet, key in gone:
        where = (tags.c.paper == paper, tags.c.facet == facet, tags.c.key == key)
        connection.execute(delete(tags).where(*where, tags.c.by == "human"))
        changed.add(paper)
    fresh = {place: one for place, one in wanted.items() if held.get(place) != _told(one)}
    for paper, facet, key in fresh:
        where = (tags.c.paper == paper, tags.c.facet == facet, tags.c.key == key)
        if (paper, facet, key) in held:
            connection.execute(delete(tags).where(*where, tags.c.by == "human"))
        changed.add(paper)
    if fresh:
        connection.execute(tags.insert(), [_row(*place, one) for place, one in fresh.items()])
    return changed


def astray(connection: Connection) -> list[str]:
    """`paper facet key` of tags by people that are not what the log says; sorted.

    A tag that no entry accounts for is none of them: the log takes it up when it is touched.
    """
    log = read_log(connection)
    logged = {one.place for one in log}
    wanted, held = _wanted(connection, log), _held(connection, None)
    rows = connection.execute(select(papers.c.n, papers.c.paper_id))
    names = {row.n: row.paper_id for row in rows}
    found = [
        (names.get(place[0], ""), *place[1:])
        for place in wanted.keys() | held.keys()
        if held.get(place) != (_told(wanted[place]) if place in wanted else None)
    ]
    return sorted(" ".join(place) for place in found if place in logged)


_Place = tuple[int, str, str]


def _wanted(connection: Connection, log: Sequence[Decision]) -> dict[_Place, Decision]:
    """(paper number, facet, key) -> what the log says, of papers that are here."""
    holds = effective(log)
    numbers: dict[str, int] = {}
    for batch in _chunks({paper for paper, _, _ in holds}):
        query = select(papers.c.paper_id, papers.c.n).where(papers.c.paper_id.in_(batch))
        numbers.update({row.paper_id: row.n for row in connection.execute(query)})
    return {
        (numbers[paper], facet, key): one
        for (paper, facet, key), one in holds.items()
        if paper in numbers
    }


def _held(connection: Connection, names: Sequence[str] | None) -> dict[_Place, tuple[bool, str]]:
    """(paper number, facet, key) -> (present, who), of the tags by people; as `_told`."""
    query = select(tags).where(tags.c.by == "human")
    rows: list[Row[Any]] = []
    if names is None:
        rows.extend(connection.execute(query))
    else:
        for batch in _chunks(names):
            mine = select(papers.c.n).where(papers.c.paper_id.in_(batch))
            rows.extend(connection.execute(query.where(tags.c.paper.in_(mine))))
    return {
        (row.paper, row.facet, row.key): (row.present, row.version if row.method == BY_HAND else "")
        for row in rows
    }


def _told(one: Decision) -> tuple[bool, str]:
    # Tags from before the log keep what they say of themselves.
    return one.verdict == "yes", "" if one.who == UNSIGNED else one.who


def machine_view(
    connection: Connection, paper_ids: Iterable[str]
) -> dict[str, tuple[dict[str, dict[str, float]], str]]:
    """Paper id -> (the machine's scores, its version), of papers that are here.

    The version is "" where the machine has given the paper no tag.
    """
    version = func.max(tags.c.version)
    found: dict[str, tuple[dict[str, dict[str, float]], str]] = {}
    for batch in _chunks(paper_ids):
        query = (
            select(papers.c.paper_id, papers.c.scores, version)
            .outerjoin(tags, (tags.c.paper == papers.c.n) & (tags.c.by == "machine"))
            .where(papers.c.paper_id.in_(batch))
            .group_by(papers.c.n)
        )
        for paper_id, scores, held in connection.execute(query):
            found[paper_id] = (scores or {}, held or "")
    return found


def _row(paper: int, facet: str, key: str, one: Decision) -> Mapping[str, Any]:
    return {
        "paper": paper,
        "facet": facet,
        "key": key,
        "by": "human",
        "present": one.verdict == "yes",
        "score": 1.0,
        "evidence": [],
        "method": BY_HAND,
        "version": one.who,
    }


def _decision(row: Row[Any]) -> Decision:
    return Decision(**row._mapping)


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    held = list(values)
    for start in range(0, len(held), _CHUNK):
        yield held[start : start + _CHUNK]
