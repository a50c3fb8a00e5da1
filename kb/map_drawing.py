"""The map as a drawing of nodes and lines: what is drawn of it, and where each node lies.

Phases stand on a hexagon. Challenges of the same phases lie together near the middle of
them, the best supported in the centre; papers lie around the first challenge they state.
Nothing is left to chance: the same challenges give the same drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin, sqrt

from kb.challenges import Challenge

MOST_NODES = 2_000
_STEP = 46.0
"""Distance between neighbours, in the drawing's units (a node is about 30 wide)."""
_GOLDEN = pi * (3 - sqrt(5))


@dataclass(frozen=True, slots=True)
class Dot:
    """A node at its place."""

    id: str
    """`phase:KEY`, a challenge's id, or `paper:ID`."""
    kind: str
    """`phase`, `challenge` or `paper`."""
    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes and the lines between them."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[str, str], ...]
    challenges: int
    """How many challenges are drawn: the best supported ones."""


def drawing(
    challenges: Sequence[Challenge],
    phases: Mapping[str, str],
    titles: Mapping[str, str],
    *,
    most: int,
    with_papers: bool = False,
) -> Drawing:
    """The drawing of the first `most` challenges, fewer where there were too many nodes.

    `challenges` come best supported first; `phases` gives the name of each key, in the order
    of the hexagon; `titles` of papers by id.
    """
    kept = _that_fit(challenges[:most], len(phases), with_papers)
    groups: dict[tuple[str, ...], list[Challenge]] = {}
    for one in kept:
        groups.setdefault(tuple(sorted(set(one.phases) & phases.keys())), []).append(one)
    widest = max((_radius(len(group)) for group in groups.values()), default=_STEP)
    corners = _hexagon(list(phases), 1.5 * widest + 6 * _STEP)
    dots = [Dot(f"phase:{key}", "phase", phases[key], *corners[key]) for key in phases]
    at: dict[str, tuple[float, float]] = {}
    for group, (x, y) in _places(groups, corners):
        for place, one in enumerate(group):
            across, down = _sunflower(place)
            at[one.challenge_id] = x + across, y + down
    dots += [Dot(o.challenge_id, "challenge", o.statement, *at[o.challenge_id]) for o in kept]
    lines = [(f"phase:{key}", o.challenge_id) for o in kept for key in o.phases if key in phases]
    if with_papers:
        for one in kept:
            lines += [(one.challenge_id, f"paper:{key}") for key in one.paper_ids]
        dots += _papers(kept, at, titles)
    return Drawing(tuple(dots), tuple(lines), len(kept))


def _that_fit(
    challenges: Sequence[Challenge], phases: int, with_papers: bool
) -> Sequence[Challenge]:
    """As many of the challenges as leave the drawing at `MOST_NODES`."""
    papers: set[str] = set()
    for place, one in enumerate(challenges):
        papers.update(one.paper_ids if with_papers else ())
        if phases + place + 1 + len(papers) > MOST_NODES:
            return challenges[:place]
    return challenges


def _hexagon(keys: Sequence[str], radius: float) -> dict[str, tuple[float, float]]:
    turn = 2 * pi / max(len(keys), 1)
    return {
        key: (1.25 * radius * sin(place * turn), -radius * cos(place * turn))
        for place, key in enumerate(keys)
    }


def _radius(count: int) -> float:
    return _STEP * (sqrt(count) + 0.5)


def _sunflower(place: int) -> tuple[float, float]:
    far = _STEP * sqrt(place)
    return far * cos(place * _GOLDEN), far * sin(place * _GOLDEN)


def _places(
    groups: Mapping[tuple[str, ...], list[Challenge]], corners: Mapping[str, tuple[float, float]]
) -> list[tuple[list[Challenge], tuple[float, float]]]:
    """Each group's centre: the middle of its phases, moved until no two groups overlap."""
    taken: list[tuple[float, float, float]] = [(x, y, 2 * _STEP) for x, y in corners.values()]
    found = []
    for keys, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        ends = [corners[key] for key in keys]
        x = sum(end[0] for end in ends) / max(len(ends), 1) * 0.8
        y = sum(end[1] for end in ends) / max(len(ends), 1) * 0.8
        radius, place = _radius(len(group)), 0
        spot = x, y
        while any(hypot(spot[0] - a, spot[1] - b) < radius + r for a, b, r in taken):
            place += 1
            across, down = _sunflower(place)
            spot = x + across, y + down
        taken.append((*spot, radius))
        found.append((group, spot))
    return found


def _papers(
    kept: Sequence[Challenge],
    at: Mapping[str, tuple[float, float]],
    titles: Mapping[str, str],
) -> list[Dot]:
    dots: dict[str, Dot] = {}
    for one in kept:
        x, y = at[one.challenge_id]
        fresh = [key for key in one.paper_ids if key not in dots]
        for place, key in enumerate(fresh):
            turn, far = place * _GOLDEN, 0.33 * _STEP * sqrt(1 + place / 6)
            spot = x + far * cos(turn), y + far * sin(turn)
            dots[key] = Dot(f"paper:{key}", "paper", titles.get(key, key), *spot)
    return list(dots.values())
