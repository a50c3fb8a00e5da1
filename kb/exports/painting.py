"""Pictures for a paper, as SVG and PNG: both are painted from the same shapes.

The same picture gives the same bytes. Every text is made legible and escaped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from math import dist
from typing import Literal
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from kb.exports.palette import RULE
from kb.quotes import legible

_PNG_SCALE = 3
"""288 dots an inch at the SVG's size: fit for print."""
_FINER = 2
"""Slanted shapes are painted so many times larger, then reduced: they come out smooth."""

Form = Literal["circle", "square", "triangle", "diamond", "cross", "ring"]
FORMS: tuple[Form, ...] = ("circle", "square", "triangle", "diamond", "cross", "ring")
"""Marks, told apart without colour."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `hatch` marks a cell that nobody searched."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    hatch: bool = False
    frame: str = RULE
    """Colour of its edge; "" for none."""


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


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; `dash` is the length of its strokes and gaps, 0 for unbroken."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.0
    dash: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A small mark of some form around `x`, `y`; `reach` is half its width."""

    x: float
    y: float
    reach: float
    fill: str
    form: Form = "circle"


Shape = Box | Words | Line | Mark


@dataclass(frozen=True, slots=True)
class Picture:
    """What is painted, in painting order, on white."""

    width: int
    """SVG units, 96 an inch."""
    height: int
    shapes: tuple[Shape, ...]
    title: str
    described: str
    """The picture in words, for a screen reader."""
    manifest: str
    """What it was made of, as one line of JSON."""


def svg(picture: Picture) -> bytes:
    """A standalone SVG 1.1 with a title, a description and the manifest as metadata."""
    width, height = picture.width, picture.height
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" '
            'font-family="DejaVu Sans, Arial, Helvetica, sans-serif">'
        ),
        f"<title>{_xml(picture.title)}</title>",
        f"<desc>{_xml(picture.described)}</desc>",
        f"<metadata>{_xml(picture.manifest)}</metadata>",
        (
            '<defs><pattern id="unsearched" width="8" height="8" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="8" stroke="#c8ccd1" '
            'stroke-width="2"/></pattern></defs>'
        ),
        f'<rect x="0" y="0" width="{width}" height="{height}" fill="#ffffff"/>',
        *(_svg(shape) for shape in picture.shapes),
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def png(picture: Picture) -> bytes:
    """The same as PNG at 288 dots an inch, with the manifest as a text chunk."""
    slanted = any(isinstance(shape, Line | Mark) for shape in picture.shapes)
    finer = _FINER if slanted else 1
    scale = _PNG_SCALE * finer
    image = Image.new("RGB", (picture.width * scale, picture.height * scale), "#ffffff")
    brush = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if not isinstance(shape, Words):
            _paint(brush, shape, scale)
    image = image.reduce(finer)
    brush = ImageDraw.Draw(image)
    texts = [shape for shape in picture.shapes if isinstance(shape, Words)]
    fonts = {one.size: ImageFont.load_default(one.size * _PNG_SCALE) for one in texts}
    for one in texts:
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[one.anchor]
        place = (one.x * _PNG_SCALE, one.y * _PNG_SCALE)
        brush.text(place, legible(one.text), one.fill, fonts[one.size], anchor)
    about = PngImagePlugin.PngInfo()
    about.add_text("Title", legible(picture.title).encode("ascii", "replace").decode())
    about.add_text("Sixfold", picture.manifest, zip=True)
    held = io.BytesIO()
    dots = 96 * _PNG_SCALE
    image.save(held, "PNG", pnginfo=about, dpi=(dots, dots), optimize=True)
    return held.getvalue()


def _xml(text: str) -> str:
    return escape(legible(text), {'"': "&quot;"})


def _svg(shape: Shape) -> str:
    if isinstance(shape, Words):
        weight = ' font-weight="bold"' if shape.bold else ""
        return (
            f'<text x="{shape.x:g}" y="{shape.y:g}" font-size="{shape.size}" '
            f'text-anchor="{shape.anchor}" fill="{shape.fill}"{weight}>{_xml(shape.text)}</text>'
        )
    if isinstance(shape, Line):
        dash = f' stroke-dasharray="{shape.dash:g}"' if shape.dash else ""
        return (
            f'<polyline points="{_points(shape.points)}" fill="none" stroke="{shape.colour}" '
            f'stroke-width="{shape.width:g}"{dash}/>'
        )
    if isinstance(shape, Mark):
        return _svg_mark(shape)
    place = f'x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}" height="{shape.height:g}"'
    frame = f' stroke="{shape.frame}"' if shape.frame else ""
    box = f'<rect {place} fill="{shape.fill}"{frame}/>'
    return box + (f'<rect {place} fill="url(#unsearched)"/>' if shape.hatch else "")


def _svg_mark(mark: Mark) -> str:
    if mark.form in ("circle", "ring"):
        fill = mark.fill if mark.form == "circle" else "#ffffff"
        edge = "" if mark.form == "circle" else f' stroke="{mark.fill}" stroke-width="2"'
        return f'<circle cx="{mark.x:g}" cy="{mark.y:g}" r="{mark.reach:g}" fill="{fill}"{edge}/>'
    return f'<polygon points="{_points(corners(mark))}" fill="{mark.fill}"/>'


def _points(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{round(x, 2):g},{round(y, 2):g}" for x, y in points)


def corners(mark: Mark) -> tuple[tuple[float, float], ...]:
    """The corners of a mark that has any."""
    r, t = mark.reach, mark.reach / 3
    offsets = {
        "square": ((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)),
        "triangle": ((0, -1.15), (1.05, 0.75), (-1.05, 0.75)),
        "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    }
    if mark.form in offsets:
        return tuple((mark.x + x * r, mark.y + y * r) for x, y in offsets[mark.form])
    right = ((-t, -r), (t, -r), (t, -t), (r, -t), (r, t), (t, t))
    cross = (*right, *((-x, -y) for x, y in right))
    return tuple((mark.x + x, mark.y + y) for x, y in cross)


def _paint(brush: ImageDraw.ImageDraw, shape: Box | Line | Mark, scale: int) -> None:
    if isinstance(shape, Box):
        _paint_box(brush, shape, scale)
    elif isinstance(shape, Line):
        for part in _strokes(shape):
            ends = [(x * scale, y * scale) for x, y in part]
            brush.line(ends, shape.colour, max(1, round(shape.width * scale)), "curve")
    elif shape.form in ("circle", "ring"):
        r = shape.reach
        edges = (shape.x - r, shape.y - r, shape.x + r, shape.y + r)
        ring = shape.form == "ring"
        fill = "#ffffff" if ring else shape.fill
        brush.ellipse([e * scale for e in edges], fill, shape.fill, 2 * scale if ring else 1)
    else:
        brush.polygon([(x * scale, y * scale) for x, y in corners(shape)], shape.fill)


def _strokes(line: Line) -> list[tuple[tuple[float, float], ...]]:
    """The line as unbroken pieces: itself, or its dashes."""
    if not line.dash:
        return [line.points]
    pieces: list[tuple[tuple[float, float], ...]] = []
    gone = 0.0
    for (x, y), (right, down) in pairwise(line.points):
        length = dist((x, y), (right, down))
        at = 0.0
        while at < length:
            step = min(line.dash - gone % line.dash, length - at)
            if gone // line.dash % 2 == 0:
                a, b = at / length, (at + step) / length
                start = (x + (right - x) * a, y + (down - y) * a)
                pieces.append((start, (x + (right - x) * b, y + (down - y) * b)))
            at, gone = at + step, gone + max(step, 1e-6)
    return pieces


def _paint_box(brush: ImageDraw.ImageDraw, box: Box, scale: int) -> None:
    left, top = box.x * scale, box.y * scale
    right, bottom = left + box.width * scale, top + box.height * scale
    brush.rectangle((left, top, right, bottom), box.fill, box.frame or None, scale)
    if box.hatch:
        tall, step = bottom - top, 10 * scale
        for number in range(-int(tall // step), int((right - left) // step) + 1):
            start = left + number * step
            # Clipped by hand to the box: Pillow draws outside of it otherwise.
            begin, end = max(start, left), min(start + tall, right)
            if begin < end:
                line = (begin, bottom - (begin - start), end, bottom - (end - start))
                brush.line(line, "#d9dde1", scale)
