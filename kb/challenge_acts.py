"""What people decide about challenges: merge, split, rename, reject, undo; and who said so.

The rules by which challenges follow from the log stand in `kb.challenge_decisions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kb.bounds import bounded
from kb.catalogue.challenge_log import (
    ChallengeDecision,
    Named,
    append_decisions,
    marks,
    read_challenge_log,
)
from kb.catalogue.undoing import in_force, undone_by
from kb.challenges import Challenge
from kb.decisions import coder
from kb.errors import UsageError
from kb.evidence import statement_id
from kb.library import Library
from kb.mapping import mapped
from kb.quotes import legible

LONGEST_LABEL = 300
"""Characters in a challenge's label."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log as people are shown it."""

    decision: ChallengeDecision
    mark: str
    """Its name in every library that holds it, 16 hex digits."""
    in_force: bool
    """False where it is undone; of an undo: where it is undone itself."""
    found: bool
    """False where none of its statements is in the library now: it then has no effect."""

    def to_json(self) -> dict[str, Any]:
        """The entry as the command line prints it."""
        one = self.decision
        return {
            "n": one.n,
            "id": self.mark,
            "at": one.at,
            "who": one.who,
            "action": one.action,
            **one.details,
            "why": one.why,
            "undoes": one.undoes,
            "in_force": self.in_force,
            "found": self.found,
        }


def merge(
    library: Library, names: Sequence[str], *, who: str = "", why: str = ""
) -> ChallengeDecision:
    """These challenges are one. Raises UsageError for unknown ids and fewer than two."""
    found = {one.challenge_id: one for name in names for one in [find(library, name)]}
    if len(found) < 2:
        raise UsageError(
            "it takes two challenges or more to merge",
            item=" ".join(names),
            remedy="kb challenges shows their ids",
            code="too_few_challenges",
        )
    named = tuple(_named(one) for one in found.values())
    return _log(library, ChallengeDecision("", who, "merge", named, why=why))


def split(
    library: Library, name: str, rows: Sequence[str], *, who: str = "", why: str = ""
) -> ChallengeDecision:
    """The statements `rows` (ids) of a challenge are a challenge of their own.

    Raises UsageError for ids that are not its statements, and where nothing would be left.
    """
    whole = find(library, name)
    out = _rows(whole, rows, evidence_only=True)
    if len(out) == len(whole.evidence):
        raise UsageError(
            f"nothing of {whole.challenge_id} would be left",
            item=whole.challenge_id,
            remedy="name fewer statements; kb challenge rename or reject if that is meant",
            code="nothing_left",
        )
    return _log(library, ChallengeDecision("", who, "split", (_named(whole),), out, why=why))


def rename(
    library: Library, name: str, text: str, *, who: str = "", why: str = ""
) -> ChallengeDecision:
    """A challenge is called `text`, which is marked as a person's words everywhere."""
    label = legible(text)
    if not label or len(label) > LONGEST_LABEL:
        raise UsageError(
            f"not a label: {label[:60]!r}",
            item=label[:60],
            remedy=f"give 1 to {LONGEST_LABEL} characters",
            code="bad_label",
        )
    named = (_named(find(library, name)),)
    return _log(library, ChallengeDecision("", who, "rename", named, text=label, why=why))


def reject(
    library: Library, name: str, rows: Sequence[str] = (), *, who: str = "", why: str = ""
) -> ChallengeDecision:
    """It is no challenge; with `rows` (ids), these quotes do not belong to it."""
    whole = find(library, name)
    out = _rows(whole, rows) if rows else ()
    return _log(library, ChallengeDecision("", who, "reject", (_named(whole),), out, why=why))


def undo(library: Library, n: int | None = None, *, who: str = "", why: str = "") -> int:
    """Undo entry `n`, or this coder's last one in force; gives the number of what is undone.

    Undoing an undo brings back what it undid. Raises UsageError where there is nothing to.
    """
    name = coder(library, who)
    with library.catalogue.read() as reader:
        log = read_challenge_log(reader.connection)
    mine = [one.n for one in in_force(log) if one.who == name]
    wanted = n if n is not None else (mine[-1] if mine else 0)
    undone = undone_by(log)
    if wanted not in {one.n for one in log}:
        raise UsageError(
            f"there is no decision {wanted}" if n is not None else f"{name} has decided nothing",
            item=str(wanted or name),
            remedy="kb challenge list shows all decisions with their numbers",
            code="unknown_decision",
        )
    if wanted in undone:
        raise UsageError(
            f"decision {wanted} is undone already, by {undone[wanted]}",
            item=str(wanted),
            remedy=f"kb challenge undo {undone[wanted]} brings it back",
            code="undone_already",
        )
    _log(library, ChallengeDecision("", name, "undo", why=why, undoes=wanted))
    return wanted


def history(library: Library) -> list[Entry]:
    """The whole log, the oldest first."""
    everything = mapped(library)
    with library.catalogue.read() as reader:
        log = read_challenge_log(reader.connection)
    undone, named = undone_by(log), marks(log)
    lost = {one.n for one in everything.decided.lost}
    ordered = sorted(log, key=lambda one: one.order)
    return [Entry(one, named[one.n], one.n not in undone, one.n not in lost) for one in ordered]


def find(library: Library, name: str) -> Challenge:
    """The challenge of an id, or of the id of one of its statements. Raises UsageError."""
    known = mapped(library).challenges
    for one in known:
        if one.challenge_id == name:
            return one
    for one in known:
        if any(statement_id(item.statement) == name for item in one.evidence):
            return one
    raise UsageError(
        f"there is no challenge {name}",
        item=name,
        remedy="kb challenges shows the ids; kb challenge list what was decided",
        code="unknown_challenge",
    )


def _named(one: Challenge) -> Named:
    return Named(one.challenge_id, tuple(statement_id(item.statement) for item in one.evidence))


def _rows(one: Challenge, wanted: Sequence[str], *, evidence_only: bool = False) -> tuple[str, ...]:
    rows = one.evidence if evidence_only else (*one.evidence, *one.answers, *one.directions)
    known = {statement_id(item.statement) for item in rows}
    for row in wanted or [""]:
        if row not in known:
            raise UsageError(
                f"{row or 'nothing'} is no statement of {one.challenge_id}",
                item=row,
                remedy="kb challenges --json shows statement_id of each quote",
                code="unknown_statement",
            )
    return tuple(dict.fromkeys(wanted))


def _log(library: Library, entry: ChallengeDecision) -> ChallengeDecision:
    """Keep an entry with its time and coder; beside a long write of another process too."""
    who, why = coder(library, entry.who), bounded(legible(entry.why))
    # No index holds challenges: the generation stays, and the map names the decisions.
    with library.writing_beside(follow=False), library.catalogue.write(bump=False) as writer:
        log = read_challenge_log(writer.connection)
        last = max((one.at for one in log), default="")
        at = library.clock().isoformat(timespec="microseconds")
        if last >= at:  # a clock may go wrong, or be another's
            later = datetime.fromisoformat(last) + timedelta(microseconds=1)
            at = later.isoformat(timespec="microseconds")
        kept = replace(entry, at=at, who=who, why=why)
        return append_decisions(writer.connection, [kept])[0]
