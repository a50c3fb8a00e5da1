"""Columns, and the order in which a page is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import median

from ingest.layout import Line, PageLines, merge_row
from ingest.tables import in_cells

# A full line of a column is at least this share of the page's width; table cells are less.
_COLUMN_LINE = 0.2
# A line may stick out of its column by this many points (formulas, long words).
_OVERHANG = 14.0


def _gutter(page: PageLines) -> float | None:
    """X of the gap between two columns of a page; None where it has one column."""
    wide = [line for line in page.lines if line.width > _COLUMN_LINE * page.width]
    if len(wide) < 8:
        return None
    best, best_score = None, 0
    total = sum(len(line.text) for line in page.lines)
    for step in range(35, 66):
        x = page.width * step / 100
        left = [line for line in wide if line.x1 <= x]
        right = [line for line in wide if line.x0 >= x]
        crossing = sum(len(line.text) for line in wide if line.x0 < x - 2 and line.x1 > x + 2)
        if min(len(left), len(right)) < 4:
            continue
        beside = sum(len(line.text) for line in left + right)
        score = beside - 2 * crossing
        if score > best_score and beside > 0.35 * total:
            edge = max(line.x1 for line in left), min(line.x0 for line in right)
            best, best_score = sum(edge) / 2, score
    return best


def gutters(pages: list[PageLines]) -> list[float | None]:
    """For each page the x of its gutter, or None where it is set in one column.

    A page with too little text to tell follows the rest of the paper.
    """
    found = [_gutter(page) for page in pages]
    known = [x for x in found if x is not None]
    full = [page for page in pages if sum(len(line.text) for line in page.lines) > 1200]
    if not known or 2 * len(known) < len(full):
        # One or two pages that look like two columns hold tables or lists side by side.
        return [x if len(known) > 1 else None for x in found]
    middle = median(known)
    sparse = {page.number for page in pages} - {page.number for page in full}
    return [
        x if x is not None else (middle if page.number in sparse else None)
        for page, x in zip(pages, found, strict=True)
    ]


def _column(line: Line, gutter: float) -> int:
    if line.x1 <= gutter + _OVERHANG and (line.x0 + line.x1) / 2 < gutter:
        return 0
    if line.x0 >= gutter - _OVERHANG and (line.x0 + line.x1) / 2 > gutter:
        return 1
    return 2


def _rows(lines: list[Line]) -> list[Line]:
    """Lines of one column from top to bottom, stretches of one row joined."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        for row in reversed(rows[-3:]):
            head = row[0]
            near = abs(line.baseline - head.baseline) <= 0.3 * max(line.size, head.size)
            apart = all(line.x0 >= other.x1 - 2 or line.x1 <= other.x0 + 2 for other in row)
            if near and apart:
                row.append(line)
                break
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.x0)
    joined: list[Line] = []
    for row in in_cells(rows):
        whole = row[0]
        for line in row[1:]:
            whole = merge_row(whole, line)
        joined.append(whole)
    return joined


def _with_short_ends(lines: list[Line]) -> list[Line]:
    """Lines with the short last line of a wide paragraph counted as wide, too."""
    wide = [line for line in lines if line.column == 2]
    ends: dict[Line, Line] = {}
    for line in lines:
        if line.column == 2:
            continue
        for above in wide:
            gap = line.baseline - above.baseline
            close = 0.5 * line.size < gap < 1.45 * line.size and abs(line.size - above.size) < 0.3
            alone = not any(
                other is not line and other.column != 2 and abs(other.baseline - line.baseline) < 3
                for other in lines
            )
            if close and abs(line.x0 - above.x0) < 3 and alone:
                ends[line] = replace(line, column=2)
    return [ends.get(line, line) for line in lines]


def reading_order(lines: list[Line], gutter: float | None) -> list[Line]:
    """The lines of one page as they are read: bands, and columns within a band.

    A line across both columns ends a band: what is above it is read first.
    """
    if gutter is None:
        return _rows(lines)
    placed = _with_short_ends([replace(line, column=_column(line, gutter)) for line in lines])
    across = _rows([line for line in placed if line.column == 2])
    beside = sorted((line for line in placed if line.column != 2), key=lambda line: line.y0)
    order: list[Line] = []
    for bar in [*across, None]:
        above = [line for line in beside if bar is None or line.baseline <= bar.baseline]
        beside = beside[len(above) :] if bar is None else [b for b in beside if b not in above]
        order += _rows([line for line in above if line.column == 0])
        order += _rows([line for line in above if line.column == 1])
        if bar is not None:
            order.append(bar)
    return order


def column_edges(lines: list[Line]) -> dict[int, tuple[float, float]]:
    """For each column its usual left and right edge, weighted by text."""
    edges: dict[int, tuple[float, float]] = {}
    for column in {line.column for line in lines}:
        lefts: Counter[int] = Counter()
        rights: Counter[int] = Counter()
        for line in lines:
            if line.column == column:
                lefts[round(line.x0)] += len(line.text)
                rights[round(line.x1)] += len(line.text)
        edges[column] = float(lefts.most_common(1)[0][0]), float(rights.most_common(1)[0][0])
    return edges
