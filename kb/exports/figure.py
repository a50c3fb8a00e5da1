"""The map as a figure for a paper: the lattice as a matrix, drawn as SVG or PNG.

Both are painted from the same shapes. No sentence of any author is in it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from kb.exports.graphs import manifest
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
_PNG_SCALE = 3
"""288 dots an inch at the SVG's size: fit for print."""
_INK, _PALE = "#1b1f24", "#57606a"
_LINE_CHARACTERS = 26
_EMPTY = {"none_stated": "#f6f8fa", "no_papers": "#ffffff", "never_searched": "#ffffff"}
_WHITE_FROM = 0.74
"""Depth of colour from which white text has more contrast than black: 4.5 : 1 or more."""
# Blues of one hue: they stay in order for the colour-blind and in print without colour.
_LIGHT, _DARK = (222, 235, 247), (8, 81, 156)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `hatch` marks a cell that nobody searched."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    hatch: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `x`, `y` is its anchor on the base line."""

    x: float
    y: float
    text: str
    size: int
    fill: str
    anchor: Literal["start", "middle", "end"] = "middle"
    bold: bool = False


Shape = Box | Words


def shapes(chart: ChallengeMap) -> tuple[int, int, list[Shape]]:
    """Width, height and shapes of the figure, in painting order."""
    grid, names = chart.lattice, chart.meta["names"]
    width = 2 * _MARGIN + _HEAD_WIDTH + _CELL_WIDTH * len(grid.columns)
    heads = [
        _lines(names.get(f"{grid.column_axis}:{key}", key), _CELL_WIDTH // 8)
        for key in grid.columns
    ]
    head = 14 + 15 * max(map(len, heads), default=1)
    height = 2 * _MARGIN + head + _CELL_HEIGHT * len(grid.rows) + _LEGEND
    drawn: list[Shape] = [Box(0, 0, width, height, "#ffffff")]
    most = max((cell.challenges for cell in grid.cells), default=0)
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
            drawn += _cell(one, grid.emptiness(one), x, y, most)
    return width, height, drawn + _legend(chart, height)


def as_svg(chart: ChallengeMap) -> bytes:
    """A standalone SVG 1.1 with a title, a description and the manifest as metadata."""
    width, height, drawn = shapes(chart)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" '
            'font-family="DejaVu Sans, Arial, Helvetica, sans-serif">'
        ),
        f"<title>{_xml(_title(chart))}</title>",
        f"<desc>{_xml(_described(chart))}</desc>",
        f"<metadata>{_xml(manifest(chart))}</metadata>",
        (
            '<defs><pattern id="unsearched" width="8" height="8" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="8" stroke="#c8ccd1" '
            'stroke-width="2"/></pattern></defs>'
        ),
        *(_svg(shape) for shape in drawn),
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def as_png(chart: ChallengeMap) -> bytes:
    """The same figure as PNG at 288 dots an inch, with the manifest as a text chunk."""
    width, height, drawn = shapes(chart)
    image = Image.new("RGB", (width * _PNG_SCALE, height * _PNG_SCALE), "#ffffff")
    brush = ImageDraw.Draw(image)
    fonts = {size: ImageFont.load_default(size * _PNG_SCALE) for size in (_TEXT, _SMALL)}
    for shape in drawn:
        if isinstance(shape, Box):
            _paint(brush, shape)
        else:
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            place = (shape.x * _PNG_SCALE, shape.y * _PNG_SCALE)
            brush.text(place, shape.text, shape.fill, fonts[shape.size], anchor)
    about = PngImagePlugin.PngInfo()
    about.add_text("Title", _title(chart))
    about.add_text("Sixfold", manifest(chart), zip=True)
    held = io.BytesIO()
    dots = 96 * _PNG_SCALE
    image.save(held, "PNG", pnginfo=about, dpi=(dots, dots), optimize=True)
    return held.getvalue()


def _cell(cell: Cell, emptiness: str, x: float, y: float, most: int) -> list[Shape]:
    middle = x + _CELL_WIDTH / 2
    size = (_CELL_WIDTH - 2, _CELL_HEIGHT - 2)
    if cell.state != "stated":
        box = Box(x + 1, y + 1, *size, _EMPTY[cell.state], cell.state == "never_searched")
        return [box, Words(middle, y + 33, emptiness, _SMALL, _PALE)]
    # The square root keeps small counts apart where one cell dwarfs the others.
    depth = sqrt(cell.challenges / most) if most else 0.0
    ink = "#ffffff" if depth > _WHITE_FROM else "#000000"
    return [
        Box(x + 1, y + 1, *size, _shade(depth)),
        Words(middle, y + 27, f"{cell.challenges:,}", _TEXT, ink, bold=True),
        Words(middle, y + 45, _papers(cell.denominator), _SMALL, ink),
    ]


def _papers(count: int) -> str:
    return f"{count:,} paper" + ("" if count == 1 else "s") + " read"


def _legend(chart: ChallengeMap, height: float) -> list[Shape]:
    y = height - _LEGEND + 18
    meta = chart.meta
    counts = f"{meta['papers']:,} papers, {meta['challenges']:,} challenges"
    asked = f" ({told(meta)})" if meta["filters"] else ""
    none = (
        '"none pass the filter": no paper there among those chosen.'
        if chart.lattice.filtered
        else '"no papers": searched, none found.'
    )
    lines = (
        "Number: challenges stated; below: papers read for them. Darker = more challenges.",
        f'"none in N": stated by none of the N papers read; {none}',
        f"Hatched: not searched. {counts}{asked}; library generation {meta['generation']}.",
    )
    return [
        Words(_MARGIN, y + 17 * number, line, _SMALL, _PALE, "start")
        for number, line in enumerate(lines)
    ]


def _stack(
    lines: Sequence[str], x: float, y: float, anchor: Literal["middle", "end"]
) -> list[Shape]:
    return [
        Words(x, y + 15 * number, line, _SMALL, _INK, anchor, bold=True)
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


def _shade(depth: float) -> str:
    parts = (round(a + (b - a) * depth) for a, b in zip(_LIGHT, _DARK, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _title(chart: ChallengeMap) -> str:
    return f"Challenges by {chart.lattice.row_axis} and {chart.lattice.column_axis}"


def _described(chart: ChallengeMap) -> str:
    """The matrix in words, for a screen reader."""
    return "; ".join(
        f"{cell.row} / {cell.column}: {cell.challenges} challenges, {cell.denominator} papers read"
        for cell in chart.lattice.cells
    )


def _xml(text: str) -> str:
    return escape(legible(text), {'"': "&quot;"})


def _svg(shape: Shape) -> str:
    if isinstance(shape, Words):
        weight = ' font-weight="bold"' if shape.bold else ""
        return (
            f'<text x="{shape.x:g}" y="{shape.y:g}" font-size="{shape.size}" '
            f'text-anchor="{shape.anchor}" fill="{shape.fill}"{weight}>{_xml(shape.text)}</text>'
        )
    place = f'x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}" height="{shape.height:g}"'
    frame = "" if shape.x == 0 else ' stroke="#d0d7de"'
    box = f'<rect {place} fill="{shape.fill}"{frame}/>'
    return box + (f'<rect {place} fill="url(#unsearched)"/>' if shape.hatch else "")


def _paint(brush: ImageDraw.ImageDraw, box: Box) -> None:
    left, top = box.x * _PNG_SCALE, box.y * _PNG_SCALE
    right, bottom = left + box.width * _PNG_SCALE, top + box.height * _PNG_SCALE
    frame = None if box.x == 0 else "#d0d7de"
    brush.rectangle((left, top, right, bottom), box.fill, frame, _PNG_SCALE)
    if box.hatch:
        tall = bottom - top
        step = 10 * _PNG_SCALE
        for number in range(-int(tall // step), int((right - left) // step) + 1):
            start = left + number * step
            # Clipped by hand to the box: Pillow draws outside of it otherwise.
            begin, end = max(start, left), min(start + tall, right)
            if begin < end:
                line = (begin, bottom - (begin - start), end, bottom - (end - start))
                brush.line(line, "#d9dde1", _PNG_SCALE)
