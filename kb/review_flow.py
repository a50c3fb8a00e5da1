"""The counts of a review's flow diagram, as PRISMA 2020 has them. Pure.

Every number is counted on its own, from what sources brought and people decided; that they
add up is checked by a test, not made so by subtraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kb.catalogue.screening import STAGES, Source
from kb.review_state import UNDECIDED, Board, Case

NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Brought:
    """What one source brought."""

    n: int
    label: str
    at: str
    found: int
    """Records identified."""
    joined: int
    """Of them, those that the library had joined as one paper before."""
    again: int
    """Papers of it that an earlier source had brought."""
    new: int
    """Papers that it was the first to bring."""


@dataclass(frozen=True, slots=True)
class Flow:
    """All counts. The equations that hold are in `checks`."""

    sources: tuple[Brought, ...]
    identified: int
    """Records, over all sources."""
    duplicates_joined: int
    """Records that the library held as one paper with another when a source brought it."""
    duplicates_again: int
    """Papers that a later source brought again."""
    duplicates_since: int
    """Papers of the review that were joined with another of the review since."""
    papers: int
    """Different papers: what there is to screen."""
    screened: int
    """Included or excluded by title and abstract."""
    to_screen: int
    excluded: int
    """By title and abstract."""
    excluded_reasons: tuple[tuple[str, int], ...]
    sought: int
    """Reports sought for retrieval: included by title and abstract."""
    not_retrieved: int
    assessed: int
    """Included or excluded by full text."""
    to_assess: int
    """Sought, and neither given up nor decided yet."""
    excluded_full: int
    """By full text."""
    excluded_full_reasons: tuple[tuple[str, int], ...]
    included: int
    undecided: Mapping[str, Mapping[str, int]]
    """Stage -> state (open, waiting, conflict, maybe) -> papers."""
    gone: int
    """Papers counted above that the library has no longer."""

    @property
    def duplicates(self) -> int:
        """Records removed before screening."""
        return self.duplicates_joined + self.duplicates_again + self.duplicates_since

    def checks(self) -> dict[str, bool]:
        """What must hold -> whether it does."""
        return {
            "identified - duplicates = screened + to screen": (
                self.identified - self.duplicates == self.screened + self.to_screen
            ),
            "papers = screened + to screen": self.papers == self.screened + self.to_screen,
            "screened = excluded + sought": self.screened == self.excluded + self.sought,
            "sought = not retrieved + assessed + to assess": (
                self.sought == self.not_retrieved + self.assessed + self.to_assess
            ),
            "assessed = excluded + included": self.assessed == self.excluded_full + self.included,
            "reasons add up": self.excluded == sum(n for _, n in self.excluded_reasons)
            and self.excluded_full == sum(n for _, n in self.excluded_full_reasons),
        }

    def to_json(self) -> dict[str, Any]:
        """The counts as the command line prints them."""
        values = asdict(self) | {"duplicates": self.duplicates}
        for key in ("excluded_reasons", "excluded_full_reasons"):
            values[key] = [{"reason": reason, "papers": n} for reason, n in values[key]]
        return values


def flow(board: Board) -> Flow:
    """The counts of a review as it stands."""
    first, second = STAGES
    cases = list(board.cases.values())
    sought = [one for one in cases if one.outcomes[first].state == "include"]
    excluded = [one for one in cases if one.outcomes[first].state == "exclude"]
    excluded_full = [one for one in sought if one.outcomes[second].state == "exclude"]
    included = [one for one in sought if one.outcomes[second].state == "include"]
    sources = brought(board)
    undecided = {
        first: _undecided(cases, first),
        second: _undecided(sought, second),
    }
    distinct = len({row.paper_id for row in board.held})
    return Flow(
        sources=sources,
        identified=sum(one.found for one in sources),
        duplicates_joined=sum(one.joined for one in sources),
        duplicates_again=sum(one.again for one in sources),
        duplicates_since=distinct - len(cases),
        papers=len(cases),
        screened=sum(one.outcomes[first].decided for one in cases),
        to_screen=sum(undecided[first].values()),
        excluded=len(excluded),
        excluded_reasons=_reasons(excluded, first),
        sought=len(sought),
        not_retrieved=sum(one.outcomes[second].state == "not_retrieved" for one in sought),
        assessed=len(included) + len(excluded_full),
        to_assess=sum(undecided[second].values()),
        excluded_full=len(excluded_full),
        excluded_full_reasons=_reasons(excluded_full, second),
        included=len(included),
        undecided=undecided,
        gone=sum(not one.here for one in cases),
    )


def brought(board: Board) -> tuple[Brought, ...]:
    """What each source brought, the first one first."""
    seen: set[str] = set()
    found = []
    for source in board.sources:
        rows = [row.paper_id for row in board.held if row.source == source.n]
        new = [paper for paper in rows if paper not in seen]
        seen.update(rows)
        joined, again = source.found - len(rows), len(rows) - len(new)
        told = (source.n, label(source), source.at, source.found)
        found.append(Brought(*told, joined, again, len(new)))
    return tuple(found)


def label(source: Source) -> str:
    """A source in a few words."""
    details = source.details
    filters = ", ".join(
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in dict(details.get("filters") or {}).items()
    )
    if source.kind == "search":
        inside = f" [{filters}]" if filters else ""
        return f"Search “{details.get('query', '')}” ({details.get('mode', '')}){inside}"
    if source.kind == "collection":
        return f"Collection {details.get('name', '')}"
    if source.kind == "library":
        return f"Library, {filters}" if filters else "Whole library"
    return "Papers named one by one"


def _undecided(cases: Iterable[Case], stage: str) -> dict[str, int]:
    counted = Counter(one.outcomes[stage].state for one in cases)
    return {state: counted[state] for state in UNDECIDED}


def _reasons(cases: Iterable[Case], stage: str) -> tuple[tuple[str, int], ...]:
    """(reason, papers), the commonest first."""
    counted = Counter(one.outcomes[stage].reason or NO_REASON for one in cases)
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
