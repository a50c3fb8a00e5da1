"""Headings: which lines they are, their numbers and their levels."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.layout import Line
from ingest.paragraphs import CAPTION

_NUMBERED = re.compile(
    r"(?P<number>(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|(?:Appendix|APPENDIX)\s+[A-Z]\d?[.:]?|\d{1,2}\))"
    r"\s+(?P<name>\S.*)"
)
KNOWN = re.compile(
    r"abstract|introduction|summary|background|related works?|preliminaries|method(s|ology)?|"
    r"materials and methods|experiments?|evaluation|results?( and discussions?)?|discussions?|"
    r"limitations?|threats to validity|conclusions?|conclusions? and future works?|future works?|"
    r"statement of need|acknowledge?ments?:?|references( cited)?|bibliography|literature cited|"
    r"appendix|appendices|supplementary materials?|author contributions?:?|data availability|"
    r"ethics statement|broader impacts?( statement)?|funding|conflicts? of interest",
    re.IGNORECASE,
)
# Names that head a section even where nothing but their own line sets them off.
_PLAIN = re.compile(
    r"abstract|introduction|conclusions?|references|bibliography|acknowledge?ments?", re.IGNORECASE
)
REFERENCES = re.compile(
    r"references( cited)?|bibliography|literature cited|works cited", re.IGNORECASE
)
_CONTENTS = re.compile(r"(?:table of )?contents", re.IGNORECASE)
# What fonts are called that have no name, e.g. bitmaps of TeX.
_NAMELESS = re.compile(r"F\d+|T3.*|Type3.*|[A-Z]\d{0,3}")
MAX_HEADING = 160
"""Characters of the longest heading taken for one."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and the lines it takes: from `start` to before `end`."""

    start: int
    end: int
    text: str
    """As printed, without its number."""
    number: str
    """As printed, without a final stop; "" where it has none."""
    level: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    text: str
    style: tuple[float, bool, bool]
    spaced: bool
    """White space above sets it off."""
    led: bool
    """Running text, or another heading, follows below."""
    odd: bool
    """Its face is a rare one: how headings show where fonts have no names."""
    number: str
    name: str
    font: str


def usual_leading(lines: list[Line], body: float) -> float:
    """The usual distance between base lines of running text, in points."""
    gaps = [
        b.baseline - a.baseline
        for a, b in pairwise(lines)
        if (a.page, a.column) == (b.page, b.column)
        and abs(a.size - body) < 0.6
        and abs(b.size - body) < 0.6
        and 0.5 * body < b.baseline - a.baseline < 3 * body
    ]
    return median(gaps) if gaps else 1.2 * body


def _capitals(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 3 and sum(c.isupper() for c in letters) > 0.85 * len(letters)


def _distinct(line: Line, body: float, rare: frozenset[str]) -> bool:
    """Whether type alone sets a line off from running text."""
    shape = line.bold or line.italic or line.font in rare
    return shape or line.size > 1.07 * body or _capitals(line.text)


def _rare_fonts(lines: list[Line]) -> frozenset[str]:
    """Nameless fonts in which little of a paper is set."""
    share: Counter[str] = Counter()
    for line in lines:
        share[line.font] += len(line.text)
    nameless = (font for font in share if _NAMELESS.fullmatch(font))
    return frozenset(font for font in nameless if share[font] < 0.03 * share.total())


def _run_end(lines: list[Line], start: int) -> int:
    """Where a heading that begins at `start` ends: lines of one style, close together."""
    first = lines[start]
    end = start + 1
    while end < len(lines) and end < start + 4:
        before, line = lines[end - 1], lines[end]
        same = (
            abs(line.size - first.size) < 0.6
            and line.bold == first.bold
            and line.italic == first.italic
            and (line.font == first.font or not _NAMELESS.fullmatch(first.font))
        )
        near = 0 < line.baseline - before.baseline < 1.5 * first.size
        together = (line.page, line.column) == (first.page, first.column)
        if not (same and near and together) or _numbered(line.text)[0]:
            break
        end += 1
    return end


def _numbered(text: str) -> tuple[str, str]:
    """(number, name) of a heading's text; ("", text) where it has no number."""
    found = _NUMBERED.fullmatch(text)
    if not found or not re.search(r"[A-Za-z]{2}", found["name"]):
        return "", text
    if not (found["name"][0].isalnum() or found["name"][0] in "“\"'‘("):
        return "", text
    if found["number"].isalpha() and not re.match(r"[A-Z“\"'‘(].*[a-z]{3}|[A-Z]{3}", found["name"]):
        return "", text
    return found["number"].rstrip(".:"), found["name"]


def _text_follows(lines: list[Line], end: int, body: float) -> bool:
    if end >= len(lines):
        return False
    after = lines[end]
    if after.cells > 1 and not _numbered(after.text)[0] and not _prose(after.text):
        # A table's row: what stands above it heads the table.
        return False
    return abs(after.size - body) < 0.12 * body or _distinct(after, body, frozenset())


def _prose(text: str) -> bool:
    """Whether words set far apart to fill a narrow line are meant, not a table's row."""
    words = text.split()
    return len(words) > 3 and sum(word.islower() for word in words) > 0.6 * len(words)


def _contents(lines: list[Line]) -> range:
    """Lines of a table of contents: from below its heading to the last that ends in a page."""
    for at, line in enumerate(lines):
        if _CONTENTS.fullmatch(line.text.strip()):
            end, misses = at + 1, 0
            while end + misses < len(lines) and misses < 3:
                if re.search(r"\s\d{1,3}$", lines[end + misses].text):
                    end, misses = end + misses + 1, 0
                else:
                    misses += 1
            return range(at + 1, end) if end > at + 3 else range(0)
    return range(0)


def _candidates(lines: list[Line], body: float, leading: float) -> list[_Candidate]:
    found: list[_Candidate] = []
    rare = _rare_fonts(lines)
    contents = _contents(lines)
    usual = Counter(line.font for line in lines).most_common(1)[0][0] if lines else ""
    at = 0
    while at < len(lines):
        line = lines[at]
        if at in contents:
            at = contents.stop
            continue
        face = _NAMELESS.fullmatch(line.font) and line.font != usual and _numbered(line.text)[0]
        if not _distinct(line, body, rare) and not face and not _PLAIN.fullmatch(line.text.strip()):
            at += 1
            continue
        end = _run_end(lines, at)
        text = " ".join(part.text for part in lines[at:end])
        text = re.sub(r"(?<=[a-z])- (?=[a-z])", "", text)
        number, name = _numbered(text)
        above = lines[at - 1] if at else None
        together = above and (above.page, above.column) == (line.page, line.column)
        spaced = not together or line.baseline - above.baseline > 1.2 * leading  # type: ignore[union-attr]
        cells = max(part.cells for part in lines[at:end]) - bool(number)
        if _plausible(text, name) and cells < 2:
            led = _text_follows(lines, end, body)
            odd = line.font in rare or bool(face)
            style = line.style
            found.append(
                _Candidate(at, end, text, style, spaced, led, odd, number, name, line.font)
            )
        at = end
    return found


def _plausible(text: str, name: str) -> bool:
    """Whether a text could be a heading at all."""
    if len(text) > MAX_HEADING or not re.search(r"[A-Za-z]{2}", text) or CAPTION.match(text):
        return False
    if re.search(r"[.,;=]$", name) and not re.search(r"\b(?:etc|al|vs)\.$", name):
        return False
    if re.search(r"@|https?://|\b10\.\d{4}/", text):
        return False
    words = name.split()
    letters = sum(c.isalpha() or c.isspace() for c in name)
    return (
        letters > 0.6 * len(name)
        and len(words) <= 22
        and (name[0].isupper() or not name[0].isalpha() or len(words) < 9)
    )


def _lettered(candidates: list[_Candidate]) -> bool:
    """Whether single letters number headings here, and are not the article "A"."""
    letters = {c.number for c in candidates if re.fullmatch(r"[A-Z]", c.number)}
    return ("A" in letters and "B" in letters) or any(
        re.match(r"A\.\d", c.number) for c in candidates
    )


def _order(number: str) -> tuple[int, ...]:
    """A heading's number as something that grows through a paper; () without one."""
    bare = re.sub(r"^appendix\s+", "", number, flags=re.IGNORECASE).rstrip(")")
    if re.fullmatch(r"[IVX]+", bare):
        values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in bare]
        signed = zip(values, [*values[1:], 0], strict=True)
        return (sum(-a if a < b else a for a, b in signed),)
    # Appendices come after all arabic numbers.
    return tuple(int(part) if part.isdecimal() else 100 + ord(part[0]) for part in bare.split("."))


class _Sequence:
    """Numbers that follow each other, so that a numbered item of a list is no heading."""

    def __init__(self, roman: bool) -> None:
        self._roman = roman
        self._last: tuple[int, ...] = (0,)

    def takes(self, number: str) -> bool:
        """Whether a heading numbered so may come next; if so, it has come."""
        if (
            self._roman
            and re.fullmatch(r"[A-Z]|\d{1,2}\)", number)
            and number not in ("I", "V", "X")
        ):
            return True
        order = _order(number)
        if order > self._last and (order[0] - self._last[0] <= 2 or order[0] > 100):
            self._last = order
            return True
        return False


def _sure(candidates: list[_Candidate], body: float, roman: bool) -> set[int]:
    """Starts of the headings that their name or number gives away."""
    sequence = _Sequence(roman)
    sure: set[int] = set()
    for one in candidates:
        size, bold, italic = one.style
        strong = bold or size > 1.07 * body or _capitals(one.name) or one.odd
        if not one.spaced:
            continue
        if one.number and (strong or (italic and one.led)):
            if sequence.takes(one.number):
                sure.add(one.start)
        elif KNOWN.fullmatch(one.name.strip()) and (strong or italic or one.led):
            sure.add(one.start)
    return sure


def _accepted(candidates: list[_Candidate], body: float, roman: bool) -> list[_Candidate]:
    """The candidates that are headings, by number, by name, or by a style these share."""
    if not _lettered(candidates) and not roman:
        end = next((one.start for one in candidates if REFERENCES.fullmatch(one.name)), 10**9)
        candidates = [
            replace(one, number="", name=one.text)
            if re.fullmatch(r"[A-Z]", one.number) and one.start < end
            else one
            for one in candidates
        ]
    sure = _sure(candidates, body, roman)
    numbered = [one for one in candidates if one.start in sure and one.number]
    styles = {
        one.style
        for one in candidates
        if one.start in sure and (one.style[1] or one.style[0] > 1.07 * body)
    }
    faces = {one.font for one in numbered if one.odd}
    accepted = []
    for one in candidates:
        size, bold, _ = one.style
        if one.start in sure:
            accepted.append(one)
        elif (one.number and numbered) or not (one.spaced and one.led and one.name[0].isupper()):
            continue
        elif len(numbered) >= 3:
            if one.style in styles or (one.odd and one.font in faces):
                accepted.append(one)
        elif size > 1.1 * body or (bold and size > 0.93 * body):
            accepted.append(one)
    return accepted


def _number_level(number: str, roman: bool) -> int:
    """Level told by a number; 0 where there is none."""
    if not number:
        return 0
    if roman and re.fullmatch(r"[A-Z]", number) and number not in ("I", "V", "X"):
        return 2
    return 3 if number.endswith(")") else number.count(".") + 1


def _levels(accepted: list[_Candidate], roman: bool) -> list[int]:
    """The level of each heading: by number, else by the style of numbered ones, else by size."""
    told = [_number_level(one.number, roman) for one in accepted]
    by_style: dict[tuple[float, bool, bool], int] = {}
    for one, level in zip(accepted, told, strict=True):
        if level:
            by_style.setdefault(one.style, level)
    rest = sorted(
        {one.style for one, level in zip(accepted, told, strict=True) if not level}, reverse=True
    )
    # Of two styles of one size the bold one ranks higher; tuples sort so.
    ranks = {style: rank for rank, style in enumerate(rest, start=1)}
    levels = []
    for one, level in zip(accepted, told, strict=True):
        known = 1 if any(told) and KNOWN.fullmatch(one.name.strip()) else 0
        levels.append(level or by_style.get(one.style, 0) or known or min(ranks[one.style], 4))
    return levels


def find_headings(lines: list[Line], body: float, leading: float) -> list[Heading]:
    """The headings among lines in reading order.

    Takes the lines after the title, the size of running text and its line distance, in
    points.
    """
    candidates = _candidates(lines, body, leading)
    roman = {"I", "II"} <= {one.number for one in candidates}
    accepted = _accepted(candidates, body, roman)
    return [
        Heading(one.start, one.end, one.name.strip(), one.number, level)
        for one, level in zip(accepted, _levels(accepted, roman), strict=True)
    ]
