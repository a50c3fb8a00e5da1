"""What stands on a page beside its text: running heads, page and line numbers, margin notes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace

from ingest.layout import Line, PageLines

# Running heads and feet stand in these outer shares of the page's height.
_TOP, _BOTTOM = 0.11, 0.90
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:/|of)\s*\d+)?[-–—\s]*", re.I
)
_DIGITS = re.compile(r"\d+")


def _key(line: Line) -> str:
    return _DIGITS.sub("#", line.text.lower()).replace(" ", "")


def _at_edge(line: Line, page: PageLines) -> bool:
    return line.y1 < _TOP * page.height or line.y0 > _BOTTOM * page.height


def _line_numbers(page: PageLines) -> set[Line]:
    """Lines that only number the lines beside them: a long rising column of numbers."""
    columns: dict[int, list[Line]] = defaultdict(list)
    for line in page.lines:
        if line.text.isdigit() and len(line.text) <= 4:
            columns[round(line.x1 / 3)].append(line)
    numbers: set[Line] = set()
    for column in columns.values():
        column.sort(key=lambda line: line.y0)
        values = [int(line.text) for line in column]
        steps = Counter(b - a for a, b in zip(values, values[1:], strict=False))
        if len(values) >= 8 and steps and steps.most_common(1)[0][0] in (1, 5):
            if steps.most_common(1)[0][1] >= 0.7 * len(values):
                numbers.update(column)
    return numbers


def _repeated(pages: list[PageLines]) -> set[tuple[str, int]]:
    """(text without digits, height on page to 6 pt) of lines at the edge of several pages."""
    seen: Counter[tuple[str, int]] = Counter()
    for page in pages:
        seen.update(
            {(_key(line), round(line.y0 / 6)) for line in page.lines if _at_edge(line, page)}
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
    repeated = _repeated(pages)
    left, right = _text_edges(pages)
    kept_pages: list[PageLines] = []
    removed: list[Line] = []
    for page in pages:
        numbers = _line_numbers(page)
        kept: list[Line] = []
        for line in page.lines:
            near = {(_key(line), round(line.y0 / 6) + d) for d in (-1, 0, 1)}
            edge = _at_edge(line, page)
            aside = line.x1 < left - 6 or line.x0 > right + 6
            if (
                line in numbers
                or aside
                or (edge and near & repeated)
                or (edge and _PAGE_NUMBER.fullmatch(line.text))
            ):
                removed.append(line)
            else:
                kept.append(line)
        kept_pages.append(replace(page, lines=tuple(kept)))
    return kept_pages, removed
