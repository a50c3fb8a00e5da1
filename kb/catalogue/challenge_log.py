"""The log of what people decided about challenges.

A decision names statements, not only challenges: it outlives that challenges are built
anew. It is in force unless an undo in force names it; nothing is ever taken out of the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from kb.catalogue.sums import unsummed
from kb.catalogue.tables import challenge_decisions
from kb.catalogue.undoing import Entered, new_here

ACTIONS = ("merge", "split", "rename", "reject", "undo")


@dataclass(frozen=True, slots=True)
class Named:
    """A challenge as it was when somebody decided on it."""

    id: str
    statements: tuple[str, ...]
    """Ids of its statements, the oldest first: by them it is found again."""


@dataclass(frozen=True, slots=True)
class ChallengeDecision(Entered):
    """One entry of the log."""

    at: str
    """ISO time, UTC; later than all that stood in the log then, whatever the clock said."""
    who: str
    action: str
    """One of `ACTIONS`."""
    challenges: tuple[Named, ...] = ()
    """Two or more of `merge`, one of the others, none of `undo`."""
    out: tuple[str, ...] = ()
    """Of `split`: statements that are a challenge of their own. Of `reject`: statements,
    answers or directions that do not belong to it; none = the challenge is none at all."""
    text: str = ""
    """Of `rename`: what it is called."""
    why: str = ""
    undoes: int | None = None
    """Number of the entry that an `undo` undoes."""
    n: int = 0
    """Number in this library's log, from 1; 0 before it is kept."""

    @property
    def details(self) -> dict[str, Any]:
        """What the action is about, as the table and a bundle hold it."""
        named = [{"id": one.id, "statements": list(one.statements)} for one in self.challenges]
        return {"challenges": named, "out": list(self.out), "text": self.text}

    @property
    def is_undo(self) -> bool:
        """True where it only says that another entry does not count."""
        return self.action == "undo"


def decision(
    details: dict[str, Any],
    *,
    at: str,
    who: str,
    action: str,
    why: str,
    undoes: int | None,
    n: int,
) -> ChallengeDecision:
    """The entry whose `details` are given as JSON values."""
    named = tuple(Named(one["id"], tuple(one["statements"])) for one in details["challenges"])
    out, text = tuple(details["out"]), details["text"]
    return ChallengeDecision(at, who, action, named, out, text, why, undoes, n)


def marks(log: Iterable[ChallengeDecision]) -> dict[int, str]:
    """Number -> the entry's name in every library: 16 hex digits of what it says.

    An undo's name holds that of what it undoes. Takes the log whole.
    """
    named: dict[int, str] = {}
    for one in sorted(log, key=lambda one: one.n):
        facts = [one.at, one.who, one.action, one.details, named.get(one.undoes or 0, "")]
        text = json.dumps(facts, sort_keys=True)
        named[one.n] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return named


def read_challenge_log(connection: Connection) -> list[ChallengeDecision]:
    """The log, in order of numbers."""
    query = select(*unsummed(challenge_decisions)).order_by(challenge_decisions.c.n)
    return [decision(**row._mapping) for row in connection.execute(query)]


def latest_decision(connection: Connection) -> tuple[int, str]:
    """(number, time) of the newest entry; (0, "") where there is none."""
    log = challenge_decisions.c
    row = connection.execute(select(func.max(log.n), func.max(log.at))).one()
    return int(row[0] or 0), str(row[1] or "")


def append_decisions(
    connection: Connection, entries: Sequence[ChallengeDecision]
) -> list[ChallengeDecision]:
    """Append entries in their order; gives them with the numbers they got."""
    first = latest_decision(connection)[0] + 1
    kept = [replace(one, n=n) for n, one in enumerate(entries, first)]
    names = ("n", "at", "who", "action", "details", "why", "undoes")
    if kept:
        rows = [{name: getattr(one, name) for name in names} for one in kept]
        connection.execute(challenge_decisions.insert(), rows)
    return kept


def merge_log(connection: Connection, carried: Sequence[ChallengeDecision]) -> int:
    """Append the entries of another log (as `in_line` makes it) that are new here; how many."""
    here, last = marks(read_challenge_log(connection)), latest_decision(connection)[0]
    fresh = new_here(here, carried, marks(carried), last)
    append_decisions(connection, fresh)
    return len(fresh)
