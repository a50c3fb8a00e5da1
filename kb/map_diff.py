"""What changed from one map to a later one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kb.map_parts import Node
from kb.maps import ChallengeMap


@dataclass(frozen=True, slots=True)
class Grown:
    """A challenge of both maps that more or other papers state, or whose status changed."""

    challenge_id: str
    label: str
    new_papers: tuple[str, ...]
    """Papers that state it in the later map only."""
    before: str
    """Status in the earlier map."""
    after: str


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A direction that belongs to a challenge in the later map only."""

    direction_id: str
    challenge_id: str
    paper_id: str
    """The paper that states the direction."""
    challenge: str
    """The challenge's label."""
    quote: str
    """The direction, verbatim."""


@dataclass(frozen=True, slots=True)
class MapDiff:
    """The later map against the earlier one; ids are those of the maps."""

    new_papers: tuple[str, ...]
    """Ids of papers that only the later map quotes."""
    new_challenges: tuple[Node, ...]
    """As the later map orders them."""
    gone_challenges: tuple[Node, ...]
    grown_challenges: tuple[Grown, ...]
    directions_taken_up: tuple[TakenUp, ...]
    """Links between a challenge and a direction that only the later map has."""

    def to_json(self) -> dict[str, Any]:
        """The diff as plain JSON values."""
        return {
            "new_papers": list(self.new_papers),
            "new_challenges": [asdict(node) for node in self.new_challenges],
            "gone_challenges": [asdict(node) for node in self.gone_challenges],
            "grown_challenges": [asdict(one) for one in self.grown_challenges],
            "directions_taken_up": [asdict(one) for one in self.directions_taken_up],
        }


def diff(earlier: ChallengeMap, later: ChallengeMap) -> MapDiff:
    """What `later` has that `earlier` had not, and which challenges are gone.

    Challenges are matched by id, which stays while papers are added.
    """
    before, after = _challenges(earlier), _challenges(later)
    said_before, said_after = _stated(earlier), _stated(later)
    grown = []
    for key in (key for key in after if key in before):
        new = tuple(sorted(said_after.get(key, set()) - said_before.get(key, set())))
        if new or before[key].status != after[key].status:
            node = after[key]
            grown.append(Grown(key, node.label, new, before[key].status, node.status))
    return MapDiff(
        new_papers=tuple(sorted(_papers(later) - _papers(earlier))),
        new_challenges=tuple(node for key, node in after.items() if key not in before),
        gone_challenges=tuple(node for key, node in before.items() if key not in after),
        grown_challenges=tuple(grown),
        directions_taken_up=_taken_up(earlier, later, after),
    )


def _challenges(chart: ChallengeMap) -> dict[str, Node]:
    return {node.id: node for node in chart.nodes if node.kind == "challenge"}


def _stated(chart: ChallengeMap) -> dict[str, set[str]]:
    said: dict[str, set[str]] = {}
    for edge in chart.edges:
        if edge.kind == "stated_by":
            said.setdefault(edge.source, set()).add(edge.paper_id)
    return said


def _papers(chart: ChallengeMap) -> set[str]:
    return {edge.paper_id for edge in chart.edges}


def _taken_up(
    earlier: ChallengeMap, later: ChallengeMap, challenges: Mapping[str, Node]
) -> tuple[TakenUp, ...]:
    known = {(edge.target, edge.source) for edge in earlier.edges if edge.kind == "directed_by"}
    found = [
        TakenUp(edge.target, edge.source, edge.paper_id, challenges[edge.source].label, edge.quote)
        for edge in later.edges
        if edge.kind == "directed_by" and (edge.target, edge.source) not in known
    ]
    return tuple(sorted(found, key=lambda one: (one.direction_id, one.challenge_id)))
