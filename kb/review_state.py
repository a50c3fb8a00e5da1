"""How a review stands: what became of each paper at each stage, from what everybody said.

Pure but for `board`, which reads. A paper is decided at a stage when as many coders as the
review asks for said include or exclude, all the same; `maybe` waits and contradicts nobody.
Where they differ it is in conflict until somebody settles it. What was said of a paper that
the library has since joined with another counts for the one that stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kb.catalogue.screening import (
    STAGES,
    Held,
    Review,
    Screening,
    Source,
    latest_screening,
    read_held,
    read_reviews,
    read_screenings,
    read_sources,
    standing_ids,
)
from kb.catalogue.undoing import in_force
from kb.errors import unknown
from kb.library import Library

OPEN, WAITING, CONFLICT, MAYBE = "open", "waiting", "conflict", "maybe"
"""States of a paper that is not decided: nobody said anything; too few did; they differ;
all that was said is maybe."""
UNDECIDED = (OPEN, WAITING, CONFLICT, MAYBE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a paper at one stage."""

    state: str
    """One of `UNDECIDED`, or `include`, `exclude`, `not_retrieved`."""
    reason: str = ""
    said: tuple[Screening, ...] = ()
    """The newest word of each coder, in order of time."""
    settled_by: str = ""
    last: int = 0
    """Number of the newest decision; 0 where there is none."""

    @property
    def decided(self) -> bool:
        """True where nothing is left to do at this stage."""
        return self.state not in UNDECIDED

    def of(self, who: str) -> Screening | None:
        """What one coder said."""
        return next((one for one in self.said if one.who == who), None)


@dataclass(frozen=True, slots=True)
class Case:
    """One paper of a review."""

    paper_id: str
    """Of the paper that stands for it today."""
    title: str
    """As it was when a source brought it."""
    sources: tuple[int, ...]
    here: bool
    """False where the library has it no longer."""
    outcomes: Mapping[str, Outcome]
    """Stage -> what became of it; the second stage counts only after the first's include."""

    @property
    def stage(self) -> str:
        """The stage that it is at, or ended at."""
        return STAGES[1] if self.outcomes[STAGES[0]].state == "include" else STAGES[0]

    @property
    def outcome(self) -> Outcome:
        """What became of it at that stage."""
        return self.outcomes[self.stage]


@dataclass(frozen=True)
class Board:
    """A review as it stands."""

    review: Review
    sources: tuple[Source, ...]
    held: tuple[Held, ...]
    cases: Mapping[str, Case]
    """By paper id, as found."""
    log: tuple[Screening, ...]
    """Everything ever said, undos too, under the ids of today."""

    def at(self, stage: str) -> list[Case]:
        """The papers that have come to a stage."""
        return [one for one in self.cases.values() if stage == STAGES[0] or one.stage == stage]

    @cached_property
    def coders(self) -> tuple[str, ...]:
        """Everybody whose word is in force."""
        return tuple(dict.fromkeys(one.who for one in in_force(self.log)))


def board(library: Library, name: str) -> Board:
    """A review as it stands now. Raises UsageError where there is none of this name."""
    with library.catalogue.read() as reader:
        held = read_reviews(reader.connection)
        if name not in held:
            raise unknown("review", name, held)
        sources, papers = read_sources(reader.connection, name), read_held(reader.connection, name)
        log = read_screenings(reader.connection, name)
        named = [one.paper_id for one in papers] + [one.paper_id for one in log]
        stands = standing_ids(reader.connection, named)
    return standing(held[name], sources, papers, log, stands)


def stamp(library: Library) -> tuple[object, ...]:
    """Changes whenever any review, its papers or the library does."""
    with library.catalogue.read() as reader:
        connection = reader.connection
        kept = tuple(read_reviews(connection).values())
        sources = tuple(one.n for name in kept for one in read_sources(connection, name.name))
        return (reader.generation, latest_screening(connection), kept, sources)


def standing(
    review: Review,
    sources: Sequence[Source],
    held: Sequence[Held],
    log: Sequence[Screening],
    stands: Mapping[str, str],
) -> Board:
    """The review as it stands. Takes: stands, id -> id of the paper that stands for it today;
    papers that are gone are missing there.
    """
    said: dict[tuple[str, str], list[Screening]] = {}
    for one in in_force(log):
        said.setdefault((stands.get(one.paper_id, one.paper_id), one.stage), []).append(one)
    groups: dict[str, list[Held]] = {}
    for row in held:
        groups.setdefault(stands.get(row.paper_id, row.paper_id), []).append(row)
    cases = {}
    for paper, rows in groups.items():
        outcomes = {stage: outcome(said.get((paper, stage), ()), review.coders) for stage in STAGES}
        found = tuple(dict.fromkeys(row.source for row in rows))
        here = any(row.paper_id in stands for row in rows)
        cases[paper] = Case(paper, rows[0].title, found, here, outcomes)
    return Board(review, tuple(sources), tuple(held), cases, tuple(log))


def outcome(said: Sequence[Screening], coders: int) -> Outcome:
    """What becomes of one paper at one stage. Takes: said, what is in force, in order of time;
    coders, how many must agree.
    """
    if not said:
        return Outcome(OPEN)
    newest = {one.who: one for one in said if not one.settles}
    words, last = tuple(newest.values()), max(one.n for one in said)
    settled = [one for one in said if one.settles]
    if settled:
        one = settled[-1]
        return Outcome(one.verdict, one.reason, words, one.who, last)
    firm = [one for one in words if one.verdict != "maybe"]
    verdicts = {one.verdict for one in firm}
    if not firm:
        return Outcome(MAYBE, words[-1].reason, words, last=last)
    if len(verdicts) > 1:
        return Outcome(CONFLICT, "", words, last=last)
    if len(firm) < coders:
        return Outcome(WAITING, "", words, last=last)
    reason = next((one.reason for one in firm if one.reason), "")
    return Outcome(firm[0].verdict, reason, words, last=last)


def mine(one: Case, stage: str, who: str, coders: int) -> bool:
    """True where this coder is still to look at the paper at this stage."""
    found = one.outcomes[stage]
    if found.decided or found.state == CONFLICT or found.of(who):
        return False
    return sum(word.verdict != MAYBE for word in found.said) < coders
