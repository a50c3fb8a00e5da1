"""What stands on a page beside its text: running heads, page and line numbers, margin notes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

from ingest.layout import Line, PageLines

# Running heads and feet stand in these outer shares of the page's height.
_TOP, _BOTTOM = 0.14, 0.86
# Where paper is larger than the layout was made for: this many points of what is printed.
_ROWS = 20.0
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:/|of)\s*\d+)?[-–—\s]*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")


def _key(line: Line) -> str:
    return _DIGITS.sub("#", line.text.lower()).replace(" ", "")


class _Edges:
    """Tells which lines stand at the upper or lower edge, of the page or of all that is printed."""

    def __init__(self, pages: list[PageLines]) -> None:
        lines = [line for page in pages for line in page.lines]
        self._top = min((line.y0 for line in lines), default=0.0)
        self._bottom = max((line.y1 for line in lines), default=0.0)

    def __call__(self, line: Line, page: PageLines) -> bool:
        top = max(_TOP * page.height, self._top + _ROWS)
        bottom = min(_BOTTOM * page.height, self._bottom - _ROWS)
        return line.y1 < top or line.y0 > bottom


def _page_numbers(pages: list[PageLines], at_edge: _Edges) -> set[Line]:
    """Numbers at the edge that grow with the pages, or stand alone in their row."""
    shifts: Counter[int] = Counter()
    found: list[tuple[int, Line, bool]] = []
    for page in pages:
        for line in page.lines:
            if not (at_edge(line, page) and _PAGE_NUMBER.fullmatch(line.text)):
                continue
            digits = _DIGITS.search(line.text)
            shift = int(digits[0]) - page.number if digits else 0
            outermost = (
                line.y0 >= max(other.y0 for other in page.lines) - 2
                or line.y1 <= min(other.y1 for other in page.lines) + 2
            )
            shifts[shift] += 1
            found.append((shift, line, outermost))
    return {line for shift, line, outermost in found if outermost or shifts[shift] > 1}


def _line_numbers(page: PageLines) -> set[Line]:
    """Lines that only number the lines beside them: a long rising column of numbers."""
    columns: dict[int, list[Line]] = defaultdict(list)
    for line in page.lines:
        if line.text.isdecimal() and len(line.text) <= 4:
            columns[round(line.x1 / 3)].append(line)
    numbers: set[Line] = set()
    for column in columns.values():
        column.sort(key=lambda line: line.y0)
        values = [int(line.text) for line in column]
        steps = Counter(b - a for a, b in pairwise(values))
        step, count = steps.most_common(1)[0] if steps else (0, 0)
        if len(values) >= 8 and step in (1, 5) and count >= 0.7 * len(values):
            numbers.update(column)
    return numbers


def _repeated(pages: list[PageLines], at_edge: _Edges) -> set[tuple[str, int]]:
    """(text without digits, height on page to 6 pt) of lines at the edge of several pages."""
    seen: Counter[tuple[str, int]] = Counter()
    for page in pages:
        seen.update(
            {(_key(line), round(line.y0 / 6)) for line in page.lines if at_edge(line, page)}
        )
    enough = 2 if len(pages) < 9 else 3
    return {key for key, count in seen.items() if count >= enough}


def _text_edges(pages: list[PageLines]) -> tuple[float, float]:
    """Left and right edge between which all but margin notes stand."""
    lefts: Counter[int] = Counter()
    right = 0.0
    for page in pages:
        for line in page.lines:
            if len(line.text) > 25:
                lefts[round(line.x0)] += len(line.text)
    if not lefts:
        return 0.0, 1e9
    total = lefts.total()
    # The leftmost edge at which a fair share of the text begins.
    left = min(x for x, n in lefts.items() if n + lefts[x - 1] + lefts[x + 1] >= 0.12 * total)
    for page in pages:
        right = max(
            [
                right,
                *(line.x1 for line in page.lines if line.x0 >= left - 3 and len(line.text) > 25),
            ]
        )
    return float(left), right


def without_furniture(pages: list[PageLines]) -> tuple[list[PageLines], list[Line]]:
    """(pages with only their text, what was taken off)."""
    at_edge = _Edges(pages)
    repeated = _repeated(pages, at_edge)
    left, right = _text_edges(pages)
    page_numbers = _page_numbers(pages, at_edge)
    kept_pages: list[PageLines] = []
    removed: list[Line] = []
    for page in pages:
        numbers = _line_numbers(page) | page_numbers
        kept: list[Line] = []
        for line in page.lines:
            near = {(_key(line), round(line.y0 / 6) + d) for d in (-1, 0, 1)}
            edge = at_edge(line, page)
            aside = line.x1 < left - 6 or line.x0 > right + 6
            if line in numbers or aside or (edge and near & repeated):
                removed.append(line)
            else:
                kept.append(line)
        kept_pages.append(replace(page, lines=tuple(kept)))
    if not any(page.lines for page in kept_pages):
        # A file that says the same few words on each page says just that.
        return pages, []
    return kept_pages, removed
