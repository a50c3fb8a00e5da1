"""Boxes on a page: where lines of text stand, gathered into few rectangles.

A box is (x0, y0, x1, y1) in PDF points (1/72 inch) from the top left of the page as shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingest.records import Box, Place

# Lines further apart than this many line heights are parted by a figure, formula or heading.
_GAP = 1.6
_MOST = 6


def blocks(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """One box for every run of lines that stand below each other, in reading order."""
    found: list[Box] = []
    for box in boxes:
        if found and _below(found[-1], box):
            last = found[-1]
            found[-1] = (
                min(last[0], box[0]),
                min(last[1], box[1]),
                max(last[2], box[2]),
                max(last[3], box[3]),
            )
        else:
            found.append(box)
    return tuple(found)


def _below(block: Box, line: Box) -> bool:
    """Whether a line goes on below (or beside, in one row) the last lines of a block."""
    high = line[3] - line[1]
    across = min(block[2], line[2]) - max(block[0], line[0])
    near = block[3] - 0.5 * high <= line[1] + high and line[1] - block[3] < _GAP * high
    return across > 0 and near and line[1] > block[1] - high


def boxes_of(places: Iterable[Place], start: int, end: int) -> tuple[Box, ...]:
    """Boxes of the characters from `start` to before `end` of a text with such places."""
    inside: list[Box] = []
    before: Box | None = None
    for at, box in places:
        if at >= end:
            break
        if at > start and before and not inside:
            inside.append(before)
        before = None
        if at >= start:
            if box:
                inside.append(box)
        else:
            before = box
    if before and not inside:
        inside.append(before)
    found = blocks(inside)
    # The labels of a figure, say: one box around them tells as much.
    return (_hull(found),) if len(found) > _MOST else found


def _hull(boxes: tuple[Box, ...]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def places_of(places: Iterable[Place], start: int, end: int, to: int) -> tuple[Place, ...]:
    """The places of a stretch of a text, counted as if the stretch began at `to`."""
    found: list[Place] = []
    for at, box in places:
        if at >= end:
            break
        if at <= start:
            found = [(to, box)]
        else:
            found.append((at - start + to, box))
    return tuple(found)


def overleaf(places: Iterable[Place], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Spans of the stretch from `start` to `end` that stand on another page, counted in it."""
    found: list[tuple[int, int]] = []
    before: int | None = None
    for at, box in (*places, (end, (0.0, 0.0, 0.0, 0.0))):
        if before is not None and max(before, start) < min(at, end):
            found.append((max(before, start) - start, min(at, end) - start))
        before = at if box is None else None
    return tuple(found)
