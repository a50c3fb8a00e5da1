"""What people decide about a paper's tags: said, undone, told; the machine never overrules it.

Everything goes through `record` and `undo`, one transaction each; the rules by which tags
follow from the log stand in `kb.catalogue.decisions`.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kb.bounds import bounded
from kb.catalogue.decisions import (
    Decision,
    append,
    effective,
    latest_time,
    machine_view,
    marks,
    read_log,
    replay,
)
from kb.catalogue.filing import Filing
from kb.catalogue.today import Place, by_coder_today, stand_ins
from kb.catalogue.undoing import in_force, undone_by
from kb.catalogue.writing import Writer
from kb.errors import UsageError, unknown
from kb.library import Library
from taxonomy.codebook import Codebook

LONGEST_NAME = 100
"""Characters in a coder's name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing said about one paper."""

    paper_id: str
    facet: str
    key: str
    """The category; "" where the verdict is `done`."""
    verdict: str
    """`yes`, `no` or `done`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log as people are shown it."""

    decision: Decision
    mark: str
    """Its name in every library that holds it, 16 hex digits."""
    in_force: bool
    """False where it is undone; of an undo: where it is undone itself."""
    holds: bool
    """True where the paper's tag follows from this very entry."""

    def to_json(self) -> dict[str, Any]:
        """The entry as the command line prints it."""
        return asdict(self.decision) | {
            "id": self.mark,
            "in_force": self.in_force,
            "holds": self.holds,
        }


def coder(library: Library, who: str = "") -> str:
    """Whose name a decision bears: `who`, else the setting `coder`, else the system's user.

    Raises UsageError where no name is found or it cannot be one.
    """
    try:
        name = who.strip() or library.settings.coder.strip() or getpass.getuser()
    except (OSError, KeyError):  # a system that knows no user of this number
        name = ""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        shown = name[:LONGEST_NAME]
        raise UsageError(
            f"not a coder's name: {shown!r}" if name else "nobody is named as the coder",
            item=shown,
            remedy=f"say --who NAME (up to {LONGEST_NAME} characters), or set `coder`",
            code="bad_coder",
        )
    return name


def decide(
    library: Library,
    paper: str,
    facet: str,
    key: str,
    verdict: str,
    who: str = "",
    why: str = "",
) -> list[Decision]:
    """Say `yes` or `no` to one category of one paper. Returns and raises as `record`."""
    return record(library, [Verdict(paper, facet, key, verdict)], who=who, why=why)


def add(
    library: Library, paper: str, facet: str, key: str, who: str = "", why: str = ""
) -> list[Decision]:
    """Give a paper a category that the machine did not."""
    return decide(library, paper, facet, key, "yes", who, why)


def remove(
    library: Library, paper: str, facet: str, key: str, who: str = "", why: str = ""
) -> list[Decision]:
    """Take a category from a paper."""
    return decide(library, paper, facet, key, "no", who, why)


def accept(
    library: Library, paper: str, who: str = "", why: str = "", facet: str = "", key: str = ""
) -> list[Decision]:
    """Say yes to the tags a paper has: all, or those of a facet, or one."""
    number = library.number(paper)
    with library.catalogue.read() as reader:
        held = reader.papers([number])[number]
    said = [
        Verdict(held.paper_id, tag.facet, tag.key, "yes")
        for tag in held.tags
        if facet in ("", tag.facet) and key in ("", tag.key)
    ]
    if key and not said:
        tags = [f"{tag.key}" for tag in held.tags]
        raise unknown("tag of this paper", key, tags or ["it has none"])
    return record(library, said, who=who, why=why)


def done(library: Library, paper: str, facet: str, who: str = "", why: str = "") -> list[Decision]:
    """This coder has been through every category of the facet: what was not said yes is no."""
    return record(library, [Verdict(paper, facet, "", "done")], who=who, why=why)


def record(
    library: Library,
    said: Iterable[Verdict],
    *,
    who: str = "",
    why: str = "",
    settles: bool = False,
    follow: bool = True,
) -> list[Decision]:
    """Log what somebody says, and make the tags follow: all of it in one transaction, or none.

    Gives the entries that were logged. What already holds by the same coder is not logged
    again. Raises UsageError for an unknown paper, facet or category, for a reason that is too
    long, and where one and the same category is given a yes and a no. A long write of another
    process does not hold it up. Without `follow` the caller has the indexes follow, by
    `Library.heal`.
    """
    name = coder(library, who)
    why = bounded(why.strip())
    wanted = _checked(library, said)
    with library.writing_beside(follow=follow), library.catalogue.write() as writer:
        papers = sorted({one.paper_id for one in wanted})
        log = read_log(writer.connection, papers)
        fresh = _entries(writer, library.codebook, wanted, log, name)
        views = machine_view(writer.connection, papers)
        at = _time(library, writer)
        filing = writer.filing
        entries = [_seen(one, views, filing, at, why, settles) for one in fresh]
        return _keep(writer, entries)


def _checked(library: Library, said: Iterable[Verdict]) -> list[Verdict]:
    """Verdicts with papers by their id and known categories, each once."""
    names: dict[str, str] = {}
    codebook = library.codebook
    found: dict[Verdict, None] = {}
    for one in said:
        if one.verdict not in ("yes", "no", "done"):
            raise unknown("verdict", one.verdict, ("yes", "no", "done"))
        _check(codebook, one.facet, one.key if one.verdict != "done" else "")
        if one.paper_id not in names:
            names[one.paper_id] = _held_id(library, one.paper_id)
        found[replace(one, paper_id=names[one.paper_id])] = None
    places: dict[tuple[str, str, str], str] = {}
    for one in found:
        if places.setdefault((one.paper_id, one.facet, one.key), one.verdict) != one.verdict:
            raise UsageError(
                f"{one.paper_id} is given both yes and no for {one.key}",
                item=one.key,
                remedy="say one of them",
                code="contradiction",
            )
    return list(found)


def check_category(library: Library, facet: str, key: str = "") -> None:
    """Raise UsageError, listing the known, where the library's codebook lacks it."""
    _check(library.codebook, facet, key)


def _check(codebook: Codebook, facet: str, key: str) -> None:
    if facet not in codebook.keys:
        raise unknown("facet", facet, codebook.keys)
    if key and key not in codebook.facet(facet).keys:
        raise unknown(facet, key, codebook.facet(facet).keys)


def _held_id(library: Library, name: str) -> str:
    number = library.number(name)
    with library.catalogue.read() as reader:
        return reader.papers([number])[number].paper_id


def _entries(
    writer: Writer,
    codebook: Codebook,
    wanted: Sequence[Verdict],
    log: Sequence[Decision],
    who: str,
) -> list[Decision]:
    """What is to be logged: no repetition; `done` with a no to all that was not said."""
    holds = effective(log)
    mine = {one.place: one.verdict for one in in_force(log) if one.who == who}
    if any(one.verdict == "done" for one in wanted):
        mine = _said_before(writer, {one.paper_id for one in wanted}, who) | mine
    out: list[Decision] = []
    for one in (one for one in wanted if one.verdict != "done"):
        place = (one.paper_id, one.facet, one.key)
        before = holds.get(place)
        mine[place] = one.verdict
        if before is None or (before.who, before.verdict) != (who, one.verdict):
            out.append(Decision("", who, *place, one.verdict))
    for one in (one for one in wanted if one.verdict == "done"):
        keys = codebook.facet(one.facet).keys
        rest = [key for key in keys if (one.paper_id, one.facet, key) not in mine]
        out += [Decision("", who, one.paper_id, one.facet, key, "no") for key in rest]
        if rest or mine.get((one.paper_id, one.facet, "")) != "done":
            out.append(Decision("", who, one.paper_id, one.facet, "", "done"))
    return out


def _said_before(writer: Writer, papers: set[str], who: str) -> dict[Place, str]:
    """What a coder has said of papers, also of those joined since and under older keys."""
    stands = {one: kept for one, kept in stand_ins(writer.connection).items() if kept in papers}
    log = read_log(writer.connection, papers | stands.keys())
    said = by_coder_today(log, stands, writer.filing).get(who, {})
    return {place: one.verdict for place, one in said.items()}


def _seen(
    one: Decision, views: Any, filing: Filing | None, at: str, why: str, settles: bool
) -> Decision:
    """The entry with the time, the reason, and what the machine said then."""
    scores, version = views.get(one.paper_id, ({}, ""))
    key = filing.origin(one.facet, one.key) if filing else one.key
    score = scores.get(one.facet, {}).get(key)
    return replace(one, at=at, why=why, score=score, version=version, settles=settles)


def _time(library: Library, writer: Writer) -> str:
    """Now, but later than all that stands in the log: a clock may go wrong, or be another's."""
    now = library.clock().isoformat(timespec="microseconds")
    last = latest_time(writer.connection)
    if last < now:
        return now
    return (datetime.fromisoformat(last) + timedelta(microseconds=1)).isoformat(
        timespec="microseconds"
    )


def _keep(writer: Writer, entries: Sequence[Decision]) -> list[Decision]:
    """Append entries and make the tags follow; papers whose tags change go to the indexes."""
    numbers = append(writer.connection, entries)
    changed = replay(writer.connection, sorted({one.paper_id for one in entries}))
    for paper in sorted(changed):
        writer.touch(paper)
    if not changed:
        writer.keep_generation()
    return [replace(one, n=n) for one, n in zip(entries, numbers, strict=True)]


def undo(library: Library, n: int | None = None, *, who: str = "", why: str = "") -> list[Decision]:
    """Undo entry `n`, or without a number the last act of this coder that is in force.

    An act is all that was said in one go. Undoing an undo brings back what it undid. The
    log keeps everything; gives the entries appended. Raises UsageError where there is no
    such entry, nothing to undo, or it is undone already.
    """
    name, why = coder(library, who), bounded(why.strip())
    with library.writing_beside(), library.catalogue.write() as writer:
        log = read_log(writer.connection)
        targets = [_target(log, n)] if n is not None else _last_act(log, name)
        at = _time(library, writer)
        entries = [Decision(at, name, *one.place, "undo", why, undoes=one.n) for one in targets]
        return _keep(writer, entries)


def _target(log: Sequence[Decision], n: int) -> Decision:
    found = next((one for one in log if one.n == n), None)
    if found is None:
        raise UsageError(
            f"there is no decision {n}",
            item=str(n),
            remedy=f"known: 1 to {log[-1].n}; kb undo --list shows the last" if log else "none yet",
            code="unknown_decision",
        )
    by = undone_by(log).get(n)
    if by is not None:
        raise UsageError(
            f"decision {n} is undone already, by {by}",
            item=str(n),
            remedy=f"kb undo {by} brings it back",
            code="undone_already",
        )
    return found


def _last_act(log: Sequence[Decision], who: str) -> list[Decision]:
    mine = [one for one in in_force(log) if one.who == who]
    if not mine:
        raise UsageError(
            f"{who} has decided nothing that could be undone",
            item=who,
            remedy="kb undo --list shows all decisions; kb undo N undoes anybody's",
            code="nothing_to_undo",
        )
    last = max(one.at for one in mine)
    return sorted((one for one in mine if one.at == last), key=lambda one: one.n)


def history(library: Library, paper: str = "", facet: str = "", key: str = "") -> list[Entry]:
    """The log of a paper (or of all), or of one of its tags; the oldest first.

    A `done` belongs to every tag of its facet. Also of a paper that was removed.
    """
    with library.catalogue.read() as reader:
        log = read_log(reader.connection)
    wanted = ""
    if paper:
        try:
            wanted = _held_id(library, paper)
        except UsageError:
            wanted = paper
            if not any(one.paper_id == paper for one in log):
                raise
    undone, holds = undone_by(log), {one.n for one in effective(log).values()}
    named = marks(log)
    return [
        Entry(one, named[one.n], one.n not in undone, one.n in holds)
        for one in sorted(log, key=lambda one: one.order)
        if wanted in ("", one.paper_id) and facet in ("", one.facet) and key in ("", one.key)
    ]


def mend_tags(library: Library) -> int:
    """Make all tags by people what the log says. Returns how many papers changed."""
    with library.catalogue.write() as writer:
        changed = replay(writer.connection)
        for paper in sorted(changed):
            writer.touch(paper)
        if not changed:
            writer.keep_generation()
    return len(changed)
