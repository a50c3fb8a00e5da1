"""A page as lines of type: plain values, and how PyMuPDF's blocks become them.

Lengths are PDF points (1/72 inch); y grows downwards; pages count from 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingest.records import Box

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00a0": " "}
    # Bitmap fonts of TeX say nothing of their letters: these are the places of the ligatures,
    # quotes and dashes in its encodings T1 and OT1.
    | dict(zip("\x1b\x1c\x1d\x1e\x1f", ("ff", "fi", "fl", "ffi", "ffl"), strict=True))
    | dict(zip("\x0b\x0c\x0d\x0e\x0f", ("ff", "fi", "fl", "ffi", "ffl"), strict=True))
    | dict(zip("\x10\x11\x12\x15\x16\x19", "“”„–—ı", strict=True))
)
# OT1-encoded TeX sets an accent and its letter as two glyphs: "P´erez".
_ACCENTS = {
    "´": "\u0301",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "˘": "\u0306",
    "˚": "\u030a",
    "¸": "\u0327",
}
_LOOSE_ACCENT = re.compile(r"([´¨ˇ˘˚])\s?([A-Za-zı])")
_LOOSE_CEDILLA = re.compile(r"([cCsS])\s?¸")
_INNER_ACCENT = re.compile(r"(?<=[A-Za-z])([`ˆ˜])\s?([aeiouAEIOUnN])(?=[a-z])")
_INNER = {"`": "\u0300", "ˆ": "\u0302", "˜": "\u0303"}
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd\U000e0000-\U000e007f]"
)
LIGATURES = frozenset("\x0b\x0c\x0d\x0e\x0f\x1b\x1c\x1d\x1e\x1f")
"""Ligatures of TeX's bitmap fonts; some of them pass for white space elsewhere."""
_LETTER = re.compile(r"[^\W\d_]")
_MARK = re.compile(r"\d{1,2}|[*∗†‡§¶]+")
_BOLD_NAME = re.compile(r"bold|black|heavy|-medi|semibold|demi|bx\d|cmb|\.b$|-b$", re.IGNORECASE)
_MONO_NAME = re.compile(
    r"mono|courier|typewriter|cmtt|sftt|hack|consol|inconsolata|code", re.IGNORECASE
)

BOLD, ITALIC, RAISED, MONO = 16, 2, 1, 8
"""Bits of a span's `flags` (PyMuPDF's documentation, `TextPage`)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of type, or a stretch of one."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    text: str
    size: float
    """Size of most of its characters."""
    font: str
    """Font of most of its characters, without the subset prefix."""
    bold: bool
    """Every letter is bold."""
    italic: bool
    """Every letter is italic."""
    mono: bool = False
    """Most letters are of a typewriter face."""
    unraised: str = ""
    """The text with a comma for every raised mark: authors without their affiliations' marks."""
    bold_lead: str = ""
    """The bold words it begins with, where the rest is not bold."""
    marked: bool = False
    """It begins with a raised mark, as footnotes do."""
    cells: int = 1
    """Stretches, set well apart, that the line was joined from: a table's row has several."""
    column: int = 0
    """0 left or only, 1 right, 2 across both."""
    shown: Box | None = None
    """Where it stands on the page as shown, where the page was turned to be read."""

    @property
    def width(self) -> float:
        """From left to right edge."""
        return self.x1 - self.x0

    @property
    def box(self) -> Box:
        """Where it stands on the page as shown, to a tenth of a point."""
        x0, y0, x1, y1 = self.shown or (self.x0, self.y0, self.x1, self.y1)
        return round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)

    @property
    def style(self) -> tuple[float, bool, bool]:
        """Size to half a point, bold, italic: what headings of one level share."""
        return round(self.size * 2) / 2, self.bold, self.italic


@dataclass(frozen=True, slots=True)
class PageLines:
    """One page's upright lines, and the text that runs another way."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    turned: tuple[str, ...] = ()
    """Texts that do not run left to right, e.g. arXiv's stamp."""


def clean(text: str) -> str:
    """Text with ligatures spelt out, loose accents joined to letters, control characters gone."""
    text = text.translate(_LIGATURES)
    if not text.isascii():
        text = _LOOSE_ACCENT.sub(_accented, text)
        text = _LOOSE_CEDILLA.sub(lambda m: unicodedata.normalize("NFC", m[1] + "\u0327"), text)
        text = _INNER_ACCENT.sub(lambda m: unicodedata.normalize("NFC", m[2] + _INNER[m[1]]), text)
        text = unicodedata.normalize("NFC", text)
    return _CONTROL.sub("", text)


def _accented(found: re.Match[str]) -> str:
    letter = "i" if found[2] == "ı" else found[2]
    joined = unicodedata.normalize("NFC", letter + _ACCENTS[found[1]])
    return joined if len(joined) == 1 else found[0]


def _is_mark(span: dict[str, Any], before: str, size: float) -> bool:
    """Whether a raised span is a footnote's mark rather than an exponent."""
    if not span["flags"] & RAISED or span["size"] > 0.85 * size:
        return False
    if not _MARK.fullmatch(span["text"].strip()):
        return False
    return bool(re.search(r"[A-Za-z]{3,}$|[.,;:!?)”’\"]$", before.rstrip()))


def _weights(spans: list[dict[str, Any]]) -> tuple[float, str, bool, bool, bool]:
    """(size, font, bold, italic, mono) that prevail in a line's spans."""
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for span in spans:
        weight = len(span["text"].strip())
        sizes[round(span["size"], 1)] += weight
        fonts[span["font"]] += weight
    lettered = [span for span in spans if _LETTER.search(span["text"])] or spans
    letters = bold = italic = mono = 0
    for span in lettered:
        weight = len(span["text"].strip())
        letters += weight
        bold += weight * is_bold(span)
        italic += weight * bool(span["flags"] & ITALIC)
        mono += weight * _named_mono(span["font"])
    size = sizes.most_common(1)[0][0]
    font = fonts.most_common(1)[0][0].split("+")[-1]
    return size, font, bold >= 0.95 * letters, italic >= 0.9 * letters, 2 * mono > letters


@lru_cache(maxsize=1024)
def _named_bold(font: str) -> bool:
    return bool(_BOLD_NAME.search(font))


@lru_cache(maxsize=1024)
def _named_mono(font: str) -> bool:
    return bool(_MONO_NAME.search(font))


def is_bold(span: dict[str, Any]) -> bool:
    """Whether a span is set in a bold face."""
    return bool(span["flags"] & BOLD) or _named_bold(span["font"])


def _line_text(spans: list[dict[str, Any]], size: float) -> tuple[str, str, str]:
    """(text without footnote marks, text without anything raised, its bold beginning)."""
    text, lead, unraised, leading = "", "", "", True
    for span in spans:
        raised = span["flags"] & RAISED or span["size"] < 0.75 * size
        unraised += ", " if raised and span["text"].strip() else span["text"]
        if _is_mark(span, text, size):
            continue
        text += span["text"]
        blank = not span["text"].strip()
        leading = leading and (blank or is_bold(span))
        if leading:
            lead += span["text"]
    text, lead = clean(text).strip(), clean(lead).strip()
    return text, clean(unraised).strip(), "" if lead == text else lead


def read_line(page: int, raw: dict[str, Any]) -> Line | None:
    """One dictionary line of PyMuPDF as a `Line`; None where it is blank."""
    spans = [span for span in raw["spans"] if span["text"]]
    inked = [span for span in spans if span["text"].strip()]
    if not inked:
        return None
    size, font, bold, italic, mono = _weights(inked)
    text, unraised, lead = _line_text(spans, size)
    if not text:
        return None
    main = max(inked, key=lambda span: (span["size"] >= 0.9 * size) * len(span["text"]))
    first = inked[0]
    small = bool(first["flags"] & RAISED) or first["size"] < 0.85 * size
    marked = small and len(inked) > 1 and bool(_MARK.fullmatch(first["text"].strip()))
    if marked:
        text = text.removeprefix(first["text"].strip()).lstrip() or text
    return Line(
        page,
        inked[0]["bbox"][0],
        min(span["bbox"][1] for span in inked),
        inked[-1]["bbox"][2],
        max(span["bbox"][3] for span in inked),
        main["origin"][1],
        text,
        size,
        font,
        bold,
        italic,
        mono,
        unraised,
        lead,
        marked,
    )


def _turn(raw: dict[str, Any], way: int, width: float, height: float) -> None:
    """Turn a line of a page set sideways upright, in place; `way` is its direction in y."""
    for span in raw["spans"]:
        x0, y0, x1, y1 = span["bbox"]
        ox, oy = span["origin"]
        if way < 0:
            span["bbox"], span["origin"] = (height - y1, x0, height - y0, x1), (height - oy, ox)
        else:
            span["bbox"], span["origin"] = (y0, width - x1, y1, width - x0), (oy, width - ox)


def _turned_back(line: Line, way: int, width: float, height: float) -> Line:
    """The line with its place on the page as shown: `_turn` undone."""
    if way < 0:
        shown = line.y0, height - line.x1, line.y1, height - line.x0
    else:
        shown = width - line.y1, line.x0, width - line.y0, line.x1
    return replace(line, shown=shown)


def read_page(raw: dict[str, Any]) -> PageLines:
    """A page dictionary {number, width, height, blocks} as lines.

    A page whose text mostly runs sideways (a landscape table) is read turned upright.
    """
    width, height, number = raw["width"], raw["height"], raw["number"]
    all_lines = [line for block in raw["blocks"] for line in block.get("lines", ())]
    ways: Counter[int] = Counter()
    for line in all_lines:
        direction = round(line["dir"][1]) if abs(line["dir"][1]) > 0.9 else 0
        ways[direction] += sum(len(span["text"]) for span in line["spans"])
    way = ways.most_common(1)[0][0] if ways else 0
    lines: list[Line] = []
    turned: list[str] = []
    for line in all_lines:
        upright = abs(line["dir"][1] - way) < 0.1 and (way != 0 or line["dir"][0] > 0)
        if not upright:
            turned.append(clean("".join(span["text"] for span in line["spans"])).strip())
            continue
        if way:
            _turn(line, way, width, height)
        read = read_line(number, line)
        if read:
            lines.append(_turned_back(read, way, width, height) if way else read)
    if way:
        width, height = height, width
    return PageLines(number, width, height, tuple(lines), tuple(text for text in turned if text))


def merge_row(left: Line, right: Line) -> Line:
    """Two stretches of one row of type as one line."""
    gap = right.x0 - left.x1
    blank = "" if gap < 0.12 * min(left.size, right.size) else " "
    main = left if len(left.text) >= len(right.text) else right
    text = f"{left.text}{blank}{right.text}"
    bold = left.bold and right.bold
    lead = left.bold_lead or (left.text if left.bold and not bold else "")
    if left.bold and right.bold_lead:
        lead = f"{left.text} {right.bold_lead}"
    return replace(
        left,
        x1=max(left.x1, right.x1),
        y0=min(left.y0, right.y0),
        y1=max(left.y1, right.y1),
        text=text,
        size=main.size,
        font=main.font,
        baseline=main.baseline,
        bold=bold,
        italic=left.italic and right.italic,
        mono=main.mono,
        bold_lead=lead,
        cells=left.cells + right.cells if gap > min(left.size, right.size) else left.cells,
        shown=_around(left.shown, right.shown),
    )


def _around(one: Box | None, other: Box | None) -> Box | None:
    if one is None or other is None:
        return None
    low = min(one[0], other[0]), min(one[1], other[1])
    return *low, max(one[2], other[2]), max(one[3], other[3])
