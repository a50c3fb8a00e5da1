"""Charts for a paper: lines over an axis, and bars of parts; both with every number readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from kb.exports.painting import FORMS, Box, Form, Line, Mark, Picture, Shape, Words
from kb.exports.palette import INK, ON_LIGHT, PALE, RULE
from kb.quotes import legible

_WIDTH, _PLOT = 720, 320
"""Width of a chart and height of its plot, in SVG units, 96 an inch: 7.5 inches wide."""
_MARGIN, _TEXT, _SMALL = 16, 14, 12
_LEFT = 64
_BAR, _NAME_WIDTH, _LONGEST = 26, 236, 34
_DASHES = (0.0, 7.0, 3.0)


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: its points from left to right, in the units of the axes."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: what it counts, and where it begins and ends."""

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the beginning to 1 at the end."""
        return (value - self.low) / ((self.high - self.low) or 1.0)


@dataclass(frozen=True, slots=True)
class About:
    """What stands beside every chart: its title, what was counted, and its manifest."""

    title: str
    notes: tuple[str, ...]
    manifest: str


def counted(name: str, most: float) -> Axis:
    """An axis from 0 with four to eight round ticks, up to `most` or a little more."""
    rough = max(most, 1e-9) / 5
    power = 10 ** floor(log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    if most >= 1:
        step = max(1.0, step)
    ticks = [step * n for n in range(ceil(max(most, step) / step) + 1)]
    return Axis(name, 0.0, ticks[-1], tuple((one, f"{one:,.4g}") for one in ticks))


def share(name: str) -> Axis:
    """An axis from 0 to 1 with a tick at each fifth."""
    return Axis(name, 0.0, 1.0, tuple((n / 5, f"{n / 5:g}") for n in range(6)))


def years(first: int, last: int) -> Axis:
    """An axis of years, each or every few named."""
    every = max(1, ceil((last - first + 1) / 14))
    ticks = tuple((float(year), str(year)) for year in range(first, last + 1, every))
    return Axis("Year", float(first), float(last), ticks)


def lines(
    series: Sequence[Series],
    across: Axis,
    up: Axis,
    about: About,
    picked: tuple[float, float, str] | None = None,
) -> Picture:
    """Lines with marks of their own form, dashes where colours come round again.

    Takes: picked, a point to point out, and what it is.
    """
    rows = -(-len(series) // 2)
    top, left = _MARGIN + 22, _LEFT
    wide = _WIDTH - left - _MARGIN - 8
    height = top + _PLOT + 52 + (20 * rows if len(series) > 1 else 0)
    drawn = _frame(across, up, left, top, wide)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        """Where a point of the data stands in the picture (x, y), in pixels."""
        return left + wide * across.share(point[0]), top + _PLOT * (1 - up.share(point[1]))

    for place, one in enumerate(series):
        drawn += _line(place, tuple(at(point) for point in one.points))
    if picked:
        x, y = at(picked[:2])
        drawn += [Mark(x, y, 8, INK, "ring"), Mark(x, y, 4, INK)]
        drawn.append(Words(x - 12, y + 22, picked[2], _SMALL, INK, "end"))
    for place, one in enumerate(series if len(series) > 1 else ()):
        x = left + (place % 2) * (wide / 2)
        y = top + _PLOT + 62 + 20 * (place // 2)
        drawn += _line(place, ((x, y - 4), (x + 15, y - 4), (x + 30, y - 4)), marked=(1,))
        drawn.append(Words(x + 40, y, shortened(one.name, 40), _SMALL, INK, "start"))
    return _finished(drawn, height, about, _told(series))


def bars(
    rows: Mapping[str, Sequence[int]],
    parts: Sequence[tuple[str, str]],
    of: str,
    about: About,
) -> Picture:
    """A bar a row, made of parts side by side; their sum and the parts stand at its end.

    Takes: rows, name -> how many of each part; parts, (name, colour) of each; of, what is
    counted.
    """
    most = max((sum(counts) for counts in rows.values()), default=0)
    top, left = _MARGIN + 26, _MARGIN + _NAME_WIDTH
    wide = _WIDTH - left - 150
    drawn: list[Shape] = []
    x = float(left)
    for name, colour in parts:
        drawn.append(Box(x, _MARGIN, 12, 12, colour, frame=""))
        drawn.append(Words(x + 18, _MARGIN + 11, name, _SMALL, INK, "start"))
        x += 34 + 7.2 * len(name)
    for place, (name, counts) in enumerate(rows.items()):
        y = top + _BAR * place
        drawn.append(Words(left - 10, y + 16, shortened(name, _LONGEST), _SMALL, INK, "end"))
        at = float(left)
        for (_, colour), count in zip(parts, counts, strict=True):
            length = wide * count / most if most else 0.0
            if length:
                drawn.append(Box(at, y + 3, length, _BAR - 8, colour, frame="#ffffff"))
            at += length
        several = " + ".join(f"{count:,}" for count in counts) if len(parts) > 1 else ""
        told = f"{sum(counts):,}" + (f"  ({several})" if several else "")
        drawn.append(Words(at + 8, y + 16, told, _SMALL, INK, "start"))
    height = top + _BAR * len(rows) + 22
    drawn.append(Words(left, height - 4, of, _SMALL, PALE, "start"))
    described = "; ".join(
        f"{name}: " + ", ".join(f"{n} {part}" for (part, _), n in zip(parts, counts, strict=True))
        for name, counts in rows.items()
    )
    return _finished(drawn, height, about, described)


def shortened(text: str, longest: int) -> str:
    """`text`, or its beginning with an ellipsis, on one line of at most `longest` characters."""
    shown = " ".join(legible(text).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1].rstrip()}…"


def _frame(across: Axis, up: Axis, left: float, top: float, wide: float) -> list[Shape]:
    """The axes with their ticks and names, and a thin line at each height."""
    drawn: list[Shape] = [Words(_MARGIN, top - 14, up.name, _SMALL, INK, "start")]
    for value, name in up.ticks:
        y = top + _PLOT * (1 - up.share(value))
        drawn.append(Line(((left, y), (left + wide, y)), RULE))
        drawn.append(Words(left - 8, y + 4, name, _SMALL, INK, "end"))
    bottom = top + _PLOT
    for value, name in across.ticks:
        x = left + wide * across.share(value)
        drawn.append(Line(((x, bottom), (x, bottom + 5)), INK))
        drawn.append(Words(x, bottom + 19, name, _SMALL, INK))
    drawn.append(Line(((left, bottom), (left + wide, bottom)), INK))
    drawn.append(Words(left + wide / 2, bottom + 38, across.name, _SMALL, INK))
    return drawn


def _line(
    place: int, points: tuple[tuple[float, float], ...], marked: Sequence[int] | None = None
) -> list[Shape]:
    """The line of a series, and a mark at each of its points, or at some."""
    colour, form = look(place)
    dash = _DASHES[place // len(ON_LIGHT) % len(_DASHES)]
    drawn: list[Shape] = [Line(points, colour, 2, dash)] if len(points) > 1 else []
    some = range(len(points)) if marked is None else marked
    return drawn + [Mark(*points[one], 4.5, colour, form) for one in some]


def look(place: int) -> tuple[str, Form]:
    """Colour and mark of the series at a place."""
    return ON_LIGHT[place % len(ON_LIGHT)], FORMS[place % len(FORMS)]


def _told(series: Sequence[Series]) -> str:
    return "; ".join(
        f"{one.name}: " + ", ".join(f"{x:g}: {y:g}" for x, y in one.points) for one in series
    )


def _finished(drawn: list[Shape], height: float, about: About, described: str) -> Picture:
    """With the notes below, and room around."""
    y = height + 18
    for note in about.notes:
        drawn.append(Words(_MARGIN, y, shortened(note, 110), _SMALL, PALE, "start"))
        y += 17
    return Picture(_WIDTH, ceil(y + 2), tuple(drawn), about.title, described, about.manifest)
