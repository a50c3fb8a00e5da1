"""The challenge graph for a paper: nodes and lines, the best supported challenges numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

from kb.challenges import Challenge
from kb.exports.charts import About, shortened
from kb.exports.painting import Form, Line, Mark, Picture, Shape, Words
from kb.exports.palette import INK, KINDS, PALE
from kb.map_drawing import Drawing

NUMBERED = 12
"""Challenges that are numbered in the picture and told below it."""

_SIDE, _MARGIN = 720, 20
_TEXT, _SMALL, _NUMBER = 14, 12, 11
_LINE = "#c3cad1"
_LOOKS: Mapping[str, tuple[float, Form]] = {
    "phase": (11, "square"),
    "challenge": (4.5, "circle"),
    "paper": (2.2, "triangle"),
}


def network(drawn: Drawing, challenges: Sequence[Challenge], about: About) -> Picture:
    """The drawing as a picture; `challenges` come best supported first, as in the drawing."""
    spots, tall = _spots(drawn)
    shapes: list[Shape] = [Line((spots[a], spots[b]), _LINE, 0.8) for a, b in drawn.lines]
    for kind in ("paper", "challenge", "phase"):
        reach, form = _LOOKS[kind]
        own = (spots[dot.id] for dot in drawn.dots if dot.kind == kind)
        shapes += [Mark(x, y, reach, KINDS[kind], form) for x, y in own]
    best = [one for one in challenges[:NUMBERED] if one.challenge_id in spots]
    for number, one in enumerate(best, start=1):
        x, y = spots[one.challenge_id]
        shapes.append(Mark(x, y, 9, KINDS["challenge"]))
        shapes.append(Words(x, y + 4, str(number), _NUMBER, "#000000", bold=True))
    for dot in drawn.dots:
        if dot.kind == "phase":
            shapes += _named(dot.label, *spots[dot.id], above=spots[dot.id][1] < tall / 2)
    y = tall + 14
    shapes += _legend(y, with_papers=any(dot.kind == "paper" for dot in drawn.dots))
    for number, one in enumerate(best, start=1):
        y += 19
        count = len(one.paper_ids)
        told = f"{count:,} paper" + ("" if count == 1 else "s")
        text = f"{number}. {shortened(one.statement, 94)} ({told})"
        shapes.append(Words(_MARGIN, y + 8, text, _SMALL, INK, "start"))
    y += 14
    for note in about.notes:
        y += 17
        shapes.append(Words(_MARGIN, y + 4, shortened(note, 110), _SMALL, PALE, "start"))
    described = "; ".join(f"{n}. {one.statement}" for n, one in enumerate(best, start=1))
    return Picture(_SIDE, round(y + 16), tuple(shapes), about.title, described, about.manifest)


def _spots(drawn: Drawing) -> tuple[dict[str, tuple[float, float]], float]:
    """Where each node lies on the picture, and how far down the graph goes."""
    across = [dot.x for dot in drawn.dots] or [0.0]
    down = [dot.y for dot in drawn.dots] or [0.0]
    scale = (_SIDE - 2 * _MARGIN - 40) / max(max(across) - min(across), 1.0)
    top = _MARGIN + 46
    spots = {
        dot.id: (
            round(_MARGIN + 20 + (dot.x - min(across)) * scale, 2),
            round(top + (dot.y - min(down)) * scale, 2),
        )
        for dot in drawn.dots
    }
    return spots, top + (max(down) - min(down)) * scale + 50


def _named(label: str, x: float, y: float, *, above: bool) -> list[Shape]:
    """The name of a phase on the outer side of its node, kept within the picture."""
    lines = wrap(shortened(label, 60), 20)[:3]
    half = 4.1 * max(map(len, lines), default=0)
    inside = min(max(x, _MARGIN + half), _SIDE - _MARGIN - half)
    first = y - 18 - 15 * (len(lines) - 1) if above else y + 26
    return [
        Words(inside, first + 15 * place, line, _TEXT, INK, bold=True)
        for place, line in enumerate(lines)
    ]


def _legend(y: float, *, with_papers: bool) -> list[Shape]:
    shapes: list[Shape] = []
    x = float(_MARGIN)
    kinds = {"phase": "phase", "challenge": "challenge"} | (
        {"paper": "paper"} if with_papers else {}
    )
    for kind, name in kinds.items():
        reach, form = _LOOKS[kind]
        shapes.append(Mark(x + 8, y - 4, min(reach + 1, 6), KINDS[kind], form))
        shapes.append(Words(x + 20, y, name, _SMALL, INK, "start"))
        x += 44 + 7 * len(name)
    return shapes
