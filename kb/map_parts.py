"""What a challenge map is made of: nodes, edges with their quotes, and counts by year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NODE_KINDS = ("phase", "layer", "challenge", "direction", "paper")
EDGE_KINDS = ("in_phase", "in_layer", "stated_by", "answered_by", "directed_by", "proposes")
"""phase/layer → challenge; challenge → the paper that states it; challenge → a paper that
claims to answer it; challenge → a direction like it; paper → a direction that it states."""
STATED = frozenset({"stated_by", "proposes"})


@dataclass(frozen=True, slots=True)
class Node:
    """A phase, layer, challenge, direction or paper."""

    id: str
    """`phase:KEY`, `layer:KEY`, a challenge's or direction's id, or `paper:ID`."""
    kind: str
    label: str
    status: str = ""
    """Of a challenge: `open`, `addressed` or `contested`."""
    papers: int | None = None
    """Of a challenge: supporting papers, those that share an author counted once."""
    first_year: int | None = None
    last_year: int | None = None
    year: int | None = None
    """Of a paper."""
    url: str = ""
    renamed: bool = False
    """Of a challenge: True where the label is a person's words and not a quote."""
    community: int | None = None
    """Of a challenge: its group among `ChallengeMap.communities`, from 1; None where single."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation, and the quote that shows it."""

    source: str
    target: str
    kind: str
    basis: str
    """`stated`: the quote itself says it. `inferred`: the system related them."""
    paper_id: str
    passage_id: str
    page: int | None
    quote: str
    start: int | None
    """First character of the quote in the passage; None where not recorded."""
    end: int | None
    score: float
    """The extractor's confidence in the quote's label, 0 to 1."""
    likeness: float
    """How like the challenge the quote is, 0 to 1; 1 where nothing was inferred."""
    method: str
    version: str
    human: bool
    """True where a person confirmed the quote's label or put it where it is."""
    decided: str = ""
    """Which person's decision put it here, e.g. `merged by ada, 2026-11-21`."""


@dataclass(frozen=True, slots=True)
class Year:
    """What happened in one year."""

    year: int
    papers: int
    challenges: int
    """Challenges stated in it."""
    new: int
    """Challenges stated for the first time."""
    directions: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A phase, layer or challenge in one year."""

    of: str
    """Id of the node."""
    year: int
    papers: int
    """Of a phase or layer: filed there. Of a challenge: that state it."""
    challenges: int
    """Stated by these papers; 1 of a challenge."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A paper that ties phases together: it states challenges of several."""

    paper_id: str
    phases: int
    challenges: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A challenge of several phases."""

    challenge_id: str
    phases: tuple[str, ...]
    """Keys, as the challenge ranks them."""
    papers: int


def supported(papers: int, independent: int) -> str:
    """How many papers state a challenge: `139 papers, 107 of them by different authors`.

    Takes: independent, their number where those that share an author count once.
    """
    count = f"{papers:,} paper" + ("" if papers == 1 else "s")
    if independent >= papers:
        return count
    if independent < 2:
        return f"{count}, with authors in common"
    return f"{count}, {independent:,} of them by different authors"


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """A node's `values` without None, "" and False, but with what every node has."""
    always = ("id", "kind", "label")
    return {k: v for k, v in values.items() if k in always or v not in (None, "", False)}
