"""Tables whose cells hold several lines: read cell by cell, not across the cells of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from ingest.layout import Line

Row = list[Line]
"""Stretches of type on one base line, from left to right."""

# Points within which stretches of one column of a table begin.
_ALIGNED = 4.0
# Times the closest distance of lines: a wider one parts two rows of a table.
_PARTED = 1.18


def _parts(row: Row) -> bool:
    """Whether a row has stretches set well apart."""
    return any(b.x0 - a.x1 > min(a.size, b.size) for a, b in pairwise(row))


def _regions(rows: list[Row]) -> Iterator[tuple[int, int]]:
    """(start, end) of successive rows that may be one table."""
    at = 0
    while at < len(rows):
        if not _parts(rows[at]):
            at += 1
            continue
        start, starts = at, [line.x0 for line in rows[at]]
        at += 1
        while at < len(rows) and _belongs(rows[at], rows[at - 1], starts):
            if _parts(rows[at]):
                starts += [line.x0 for line in rows[at]]
            at += 1
        yield start, at


def _belongs(row: Row, above: Row, starts: list[float]) -> bool:
    """Whether a row goes on with the table whose stretches began at `starts`."""
    near = row[0].baseline - above[0].baseline < 2.6 * row[0].size
    same = row[0].page == above[0].page
    known = all(any(abs(line.x0 - x) < _ALIGNED for x in starts) for line in row)
    # Running text, stretched wide here and there, crosses where cells would begin.
    crossed = any(line.x0 < x - 5 and line.x1 > x + 5 for line in row for x in starts)
    return near and same and not crossed and (known or _parts(row))


def _columns(rows: list[Row]) -> list[float]:
    """Where a table's columns begin; [] where the rows are no table."""
    starts = sorted(line.x0 for row in rows for line in row)
    groups: list[list[float]] = []
    for x in starts:
        if groups and x - groups[-1][0] < _ALIGNED:
            groups[-1].append(x)
        else:
            groups.append([x])
    kept = [group[0] for group in groups if len(group) > 1]
    held = sum(len(group) for group in groups if len(group) > 1)
    return kept if len(kept) > 1 and held >= 0.8 * len(starts) else []


def _bands(rows: list[Row], columns: list[float]) -> list[list[Row]]:
    """Rows gathered into a table's rows: by white space, or where the first column begins anew."""
    gaps = [b[0].baseline - a[0].baseline for a, b in pairwise(rows)]
    closest = min(gaps, default=0.0)
    bands = [[rows[0]]]
    for (above, row), gap in zip(pairwise(rows), gaps, strict=True):
        first = abs(row[0].x0 - columns[0]) < _ALIGNED
        anew = first and abs(above[0].x0 - columns[0]) >= _ALIGNED
        if gap > _PARTED * closest or anew:
            bands.append([row])
        else:
            bands[-1].append(row)
    return bands


def _cells(band: list[Row], columns: list[float]) -> list[Row]:
    """The lines of a band, cell after cell, each line a row of its own."""
    cells: dict[int, list[Line]] = defaultdict(list)
    for row in band:
        for line in row:
            column = max((c for c, x in enumerate(columns) if x <= line.x0 + _ALIGNED), default=0)
            cells[column].append(replace(line, cells=2))
    return [[line] for column in sorted(cells) for line in cells[column]]


def in_cells(rows: list[Row]) -> list[Row]:
    """Rows from top to bottom, those of tables with cells of several lines cell by cell."""
    done: list[Row] = []
    before = 0
    for start, end in _regions(rows):
        done += rows[before:start]
        done += _table(rows[start:end])
        before = end
    return done + rows[before:]


def _table(rows: list[Row]) -> list[Row]:
    columns = _columns(rows) if len(rows) > 2 else []
    if not columns:
        return rows
    bands = _bands(rows, columns)
    if len(bands) == 1 or len(bands) == len(rows):
        # Each row of type is a row of the table.
        return rows
    done: list[Row] = []
    for band in bands:
        # A band whose every line fills the same columns holds plain rows below each other.
        plain = len({len(row) for row in band}) == 1
        done += band if plain else _cells(band, columns)
    return done
