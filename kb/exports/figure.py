"""The map as a figure for a paper: the lattice as a matrix, drawn as SVG or PNG.

Both are painted from the same shapes. No sentence of any author is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import sqrt
from typing import Literal

from kb.exports.graphs import manifest
from kb.exports.painting import Box, Picture, Shape, Words, png, svg
from kb.exports.palette import INK, PALE, ink_on, shade
from kb.exports.report import told
from kb.lattice import Cell
from kb.maps import ChallengeMap
from kb.quotes import legible

_CELL_WIDTH, _CELL_HEIGHT = 132, 56
_HEAD_WIDTH = 230
_MARGIN = 16
_LEGEND = 66
_TEXT, _SMALL = 15, 12
"""Sizes in SVG units, 96 an inch."""
_LINE_CHARACTERS = 26
SHADES = ("papers", "challenges", "directions")
"""What the app's map is shaded by."""
_EMPTY = {"none_stated": "#f6f8fa", "no_papers": "#ffffff", "never_searched": "#ffffff"}


def shapes(chart: ChallengeMap, by: str = "") -> tuple[int, int, list[Shape]]:
    """Width, height and shapes of the figure, in painting order.

    Takes: by, one of SHADES: shaded by it, with the papers in bold, as the app's map is. "" =
    shaded by challenges, with these in bold.
    """
    grid, names = chart.lattice, chart.meta["names"]
    width = 2 * _MARGIN + _HEAD_WIDTH + _CELL_WIDTH * len(grid.columns)
    heads = [
        _lines(names.get(f"{grid.column_axis}:{key}", key), _CELL_WIDTH // 8)
        for key in grid.columns
    ]
    head = 14 + 15 * max(map(len, heads), default=1)
    height = 2 * _MARGIN + head + _CELL_HEIGHT * len(grid.rows) + _LEGEND
    drawn: list[Shape] = []
    most = max((getattr(cell, by or "challenges") for cell in grid.cells), default=0)
    left, top = _MARGIN + _HEAD_WIDTH, _MARGIN + head
    for place, lines in enumerate(heads):
        x = left + (place + 0.5) * _CELL_WIDTH
        drawn += _stack(lines, x, top - 12 - 15 * (len(lines) - 1), "middle")
    for line, row in enumerate(grid.rows):
        y = top + line * _CELL_HEIGHT
        lines = _lines(names.get(f"{grid.row_axis}:{row}", row), _LINE_CHARACTERS)
        drawn += _stack(lines, left - 10, y + 33 - 7.5 * (len(lines) - 1), "end")
        for place, column in enumerate(grid.columns):
            x = left + place * _CELL_WIDTH
            one = grid.cell(row, column)
            # The square root keeps small counts apart where one cell dwarfs the others.
            depth = sqrt(getattr(one, by or "challenges") / most) if most else 0.0
            told = (_as_shown if by else _stated)(one, grid.emptiness(one))
            drawn += _cell(one, told, x, y, depth)
    return width, height, drawn + _legend(chart, height, by)


def as_svg(chart: ChallengeMap, by: str = "") -> bytes:
    """A standalone SVG 1.1 with a title, a description and the manifest as metadata."""
    return svg(_picture(chart, by))


def as_png(chart: ChallengeMap, by: str = "") -> bytes:
    """The same figure as PNG at 288 dots an inch, with the manifest as a text chunk."""
    return png(_picture(chart, by))


def _picture(chart: ChallengeMap, by: str) -> Picture:
    width, height, drawn = shapes(chart, by)
    return Picture(width, height, tuple(drawn), _title(chart), _described(chart), manifest(chart))


def _cell(cell: Cell, told: tuple[str, str], x: float, y: float, depth: float) -> list[Shape]:
    """A cell with its number and what stands below it; without a number it is pale."""
    middle = x + _CELL_WIDTH / 2
    size = (_CELL_WIDTH - 2, _CELL_HEIGHT - 2)
    number, below = told
    if not number:
        box = Box(x + 1, y + 1, *size, _EMPTY[cell.state], cell.state == "never_searched")
        return [box, Words(middle, y + 33, below, _SMALL, PALE)]
    ink = ink_on(depth)
    return [
        Box(x + 1, y + 1, *size, shade(depth) if depth else _EMPTY["none_stated"]),
        Words(middle, y + 27, number, _TEXT, ink, bold=True),
        Words(middle, y + 45, below, _SMALL, ink),
    ]


def _stated(cell: Cell, emptiness: str) -> tuple[str, str]:
    """The challenges, and the papers read for them."""
    if cell.state != "stated":
        return "", emptiness
    return f"{cell.challenges:,}", _papers(cell.denominator)


def _as_shown(cell: Cell, emptiness: str) -> tuple[str, str]:
    """The papers, and what they state."""
    if not cell.papers:
        return "", emptiness
    counts = f"{cell.challenges:,} ch · {cell.directions:,} dir"
    return f"{cell.papers:,}", emptiness or counts


def _papers(count: int) -> str:
    return f"{count:,} paper" + ("" if count == 1 else "s") + " read"


def _legend(chart: ChallengeMap, height: float, by: str) -> list[Shape]:
    y = height - _LEGEND + 18
    meta = chart.meta
    counts = f"{meta['papers']:,} papers, {meta['challenges']:,} challenges"
    asked = f" ({told(meta)})" if meta["filters"] else ""
    none = (
        '"none pass": no paper there among those chosen.'
        if chart.lattice.filtered
        else '"no papers": searched, none found.'
    )
    numbers = "Number: challenges stated; below: papers read for them"
    if by:
        numbers = "Number: papers; below: challenges (ch) and directions (dir) that they state"
    lines = (
        f"{numbers}. Darker = more {by or 'challenges'}.",
        f'"none in N": stated by none of the N papers read; {none}',
        f"Hatched: not searched. {counts}{asked}; library generation {meta['generation']}.",
    )
    return [
        Words(_MARGIN, y + 17 * number, line, _SMALL, PALE, "start")
        for number, line in enumerate(lines)
    ]


def _stack(
    lines: Sequence[str], x: float, y: float, anchor: Literal["middle", "end"]
) -> list[Shape]:
    return [
        Words(x, y + 15 * number, line, _SMALL, INK, anchor, bold=True)
        for number, line in enumerate(lines)
    ]


def _lines(text: str, longest: int) -> list[str]:
    """`text` in at most three lines of about `longest` characters, cut at spaces and hyphens."""
    lines = [""]
    for word in re.findall(r"[^\s-]+(?:-|\s|$)|-", legible(text)):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > longest:
            lines.append("")
        lines[-1] += word
    lines = [line.strip()[: longest + 8] for line in lines]
    return lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} …"]


def _title(chart: ChallengeMap) -> str:
    return f"Challenges by {chart.lattice.row_axis} and {chart.lattice.column_axis}"


def _described(chart: ChallengeMap) -> str:
    """The matrix in words, for a screen reader."""
    return "; ".join(
        f"{cell.row} / {cell.column}: {cell.challenges} challenges, {cell.denominator} papers read"
        for cell in chart.lattice.cells
    )
