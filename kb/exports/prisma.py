"""The flow diagram of a review, as PRISMA 2020 draws it, and its counts as a spreadsheet.

Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement. BMJ 2021;372:n71. What is
not finished yet is written into the boxes, which the finished diagram does not have.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.spreadsheet import guarded
from kb.exports.painting import Box, Line, Picture, Shape, Words, png, svg
from kb.exports.palette import INK, PALE
from kb.quotes import legible
from kb.review_flow import Flow

_MARGIN, _BAND, _GAP, _DOWN = 16, 104, 44, 40
_BOX = 330
_PAD, _LINE = 12, 19
_TEXT, _SMALL = 14, 12
"""Sizes in SVG units, 96 an inch."""
_FRAME, _PHASE, _HEAD = "#1b1f24", "#dbe9f6", "#f3e3c3"
_MOST_LISTED = 8
"""Sources and reasons named one by one; the rest are counted together."""
_LONGEST = 120
"""Characters of a source or reason."""
_WIDE, _NARROW = frozenset("mwMW@%—…“”"), frozenset("iljtfrI.,:;'|![]() ")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box with its lines of text, at its place."""

    x: float
    y: float
    lines: tuple[tuple[float, str], ...]
    """(how far it is set in, text)."""

    @property
    def height(self) -> float:
        """Of the box, in pixels."""
        return 2 * _PAD + _LINE * len(self.lines) - 4

    @property
    def middle(self) -> float:
        """Its y halfway down, in pixels."""
        return self.y + self.height / 2

    @property
    def bottom(self) -> float:
        """The y of its lower edge, in pixels."""
        return self.y + self.height


def as_svg(name: str, counts: Flow) -> bytes:
    """The diagram as a standalone SVG."""
    return svg(picture(name, counts))


def as_png(name: str, counts: Flow) -> bytes:
    """The diagram as PNG at 288 dots an inch."""
    return png(picture(name, counts))


def picture(name: str, counts: Flow) -> Picture:
    """The diagram of a review called `name`."""
    boxes, stages = _laid(counts)
    width = 2 * _MARGIN + _BAND + 2 * _BOX + _GAP + 12
    notes = _wrapped(_note(name, counts), width - 2 * _MARGIN, _SMALL)
    foot = max(one.bottom for one in boxes) + 30
    height = int(foot + 16 * len(notes))
    drawn: list[Shape] = [*_heading(width)]
    for top, bottom, label in stages:
        drawn += _stage(top, bottom, label)
    for one in boxes:
        drawn.append(Box(one.x, one.y, _BOX, one.height, "#ffffff", frame=_FRAME))
        drawn += [
            Words(one.x + _PAD + set_in, one.y + _PAD + 11 + _LINE * at, line, _TEXT, INK, "start")
            for at, (set_in, line) in enumerate(one.lines)
        ]
    drawn += _arrows(boxes)
    drawn += [
        Words(_MARGIN, foot + 16 * at, line, _SMALL, PALE, "start") for at, line in enumerate(notes)
    ]
    manifest = json.dumps({"review": name} | counts.to_json(), ensure_ascii=True, sort_keys=True)
    said = "; ".join(" ".join(line for _, line in one.lines) for one in boxes)
    return Picture(width, height, tuple(drawn), f"PRISMA flow diagram: {name}", said, manifest)


def _laid(counts: Flow) -> tuple[list[_Placed], list[tuple[float, float, str]]]:
    """(boxes, main and side in turn from the top, the last one alone; the bands of stages)."""
    left = _MARGIN + _BAND + 12
    right = left + _BOX + _GAP
    y = float(_MARGIN + 34 + 16)
    boxes: list[_Placed] = []
    tops: list[float] = []
    for main, side in _texts(counts):
        one = _Placed(left, y, _lines(main))
        tops.append(y)
        boxes.append(one)
        low = one.bottom
        if side:
            beside = _Placed(right, y, _lines(side))
            boxes.append(beside)
            low = max(low, beside.bottom)
        y = low + _DOWN
    stages = [
        (tops[0], tops[1] - _DOWN, "Identification"),
        (tops[1], tops[4] - _DOWN, "Screening"),
        (tops[4], boxes[-1].bottom, "Included"),
    ]
    return boxes, stages


def _texts(counts: Flow) -> list[tuple[list[str], list[str]]]:
    """What stands in each row: (main box, the box beside it), an empty list for none."""
    named = [f"  {_brief(one.label)} ({_n(one.found)})" for one in counts.sources[:_MOST_LISTED]]
    rest = counts.sources[_MOST_LISTED:]
    if rest:
        named.append(f"  {len(rest)} more sources ({_n(sum(one.found for one in rest))})")
    removed = ["Records removed before screening:"]
    removed += [f"  Duplicate records ({_n(counts.duplicates)})"]
    return [
        ([f"Records identified ({_n(counts.identified)}):", *named], removed),
        (
            [f"Records screened ({_n(counts.screened)})", *_still(counts, "abstract", "screened")],
            [f"Records excluded ({_n(counts.excluded)})"],
        ),
        (
            [f"Reports sought for retrieval ({_n(counts.sought)})"],
            [f"Reports not retrieved ({_n(counts.not_retrieved)})"],
        ),
        (
            [
                f"Reports assessed for eligibility ({_n(counts.assessed)})",
                *_still(counts, "full_text", "assessed"),
            ],
            [
                f"Reports excluded ({_n(counts.excluded_full)})",
                *(
                    f"  {_brief(reason)} ({_n(n)})"
                    for reason, n in _some(counts.excluded_full_reasons)
                ),
            ],
        ),
        ([f"Studies included in review ({_n(counts.included)})"], []),
    ]


def _some(reasons: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    rest = reasons[_MOST_LISTED:]
    more = [(f"{len(rest)} other reasons", sum(n for _, n in rest))] if rest else []
    return [*((_brief(one), n) for one, n in reasons[:_MOST_LISTED]), *more]


def _still(counts: Flow, stage: str, told: str) -> list[str]:
    left = counts.to_screen if stage == "abstract" else counts.to_assess
    if not left:
        return []
    held = counts.undecided[stage]
    words = {"maybe": "maybe", "conflict": "in conflict", "waiting": "awaiting another coder"}
    parts = [f"{held[key]:,} {word}" for key, word in words.items() if held[key]]
    return [f"  Still to be {told} ({_n(left)}" + "".join(f"; {one}" for one in parts) + ")"]


def _n(count: int) -> str:
    return f"n\u00a0=\u00a0{count:,}"


def _note(name: str, counts: Flow) -> str:
    parts = [f"Review: {legible(name)}."]
    if counts.duplicates:
        parts.append(
            f"Duplicates: {counts.duplicates_again:,} found again by a later source, "
            f"{counts.duplicates_joined:,} joined by the library before, "
            f"{counts.duplicates_since:,} joined since."
        )
    if counts.gone:
        parts.append(f"{counts.gone:,} counted here are no longer in the library.")
    if counts.to_screen or counts.to_assess:
        parts.append("The review is not finished: the numbers will change.")
    return " ".join(parts)


def _heading(width: float) -> list[Shape]:
    left = _MARGIN + _BAND + 12
    across = width - left - _MARGIN
    return [
        Box(left, _MARGIN, across, 34, _HEAD, frame=_FRAME),
        Words(
            left + across / 2,
            _MARGIN + 22,
            "Identification of studies via databases and registers",
            _TEXT,
            INK,
            bold=True,
        ),
    ]


def _stage(top: float, bottom: float, label: str) -> list[Shape]:
    """The band at the left that names a part of the diagram."""
    box = Box(_MARGIN, top, _BAND, bottom - top, _PHASE, frame=_FRAME)
    return [box, Words(_MARGIN + _BAND / 2, (top + bottom) / 2, label, _SMALL, INK, bold=True)]


def _arrows(boxes: Sequence[_Placed]) -> list[Shape]:
    left = boxes[0].x
    mains = [one for one in boxes if one.x == left]
    drawn: list[Shape] = []
    for one, following in pairwise(mains):
        drawn += _arrow((one.x + _BOX / 2, one.bottom), (one.x + _BOX / 2, following.y))
    for side in (one for one in boxes if one.x != left):
        main = next(one for one in mains if one.y == side.y)
        y = min(main.middle, side.y + min(main.height, side.height) / 2)
        drawn += _arrow((main.x + _BOX, y), (side.x, y))
    return drawn


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> list[Shape]:
    (x, y), (right, down) = start, end
    if x == right:
        head = ((x - 5, down - 8), (x, down), (x + 5, down - 8))
    else:
        head = ((right - 8, y - 5), (right, y), (right - 8, y + 5))
    return [Line((start, end), _FRAME, 1.5), Line(head, _FRAME, 1.5)]


def _lines(texts: Sequence[str]) -> tuple[tuple[float, str], ...]:
    """The texts in lines that fit a box; what belongs under a heading is set in."""
    found: list[tuple[float, str]] = []
    for text in texts:
        set_in = _TEXT if text.startswith("  ") else 0
        lines = _wrapped(text.strip(), _BOX - 2 * _PAD - set_in, _TEXT)
        found += [(set_in, line) for line in lines]
    return tuple(found)


def _wrapped(text: str, room: float, size: int) -> list[str]:
    """`text` in lines no wider than `room`; a word that is wider is cut."""
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, room, size):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if lines[-1] and text_width(joined, size) > room:
                lines.append(piece)
            else:
                lines[-1] = joined
    return lines


def _brief(text: str) -> str:
    """A reason or a source, short enough for a diagram; the spreadsheet has it whole."""
    plain = legible(text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST].rstrip()}…"


def _pieces(word: str, room: float, size: int) -> list[str]:
    pieces = [""]
    for letter in word:
        if text_width(pieces[-1] + letter, size) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def text_width(text: str, size: int) -> float:
    """About how wide a text is, rather too much than too little: fonts differ."""
    ems = sum(
        1.0
        if one in _WIDE or unicodedata.east_asian_width(one) in "WF"
        else 0.42
        if one in _NARROW
        else 0.72
        if one.isupper()
        else 0.64
        for one in text
    )
    return ems * size


def as_csv(name: str, counts: Flow) -> bytes:
    """The counts, one a line: box, what it counts, n. UTF-8 with a mark, CRLF lines."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(("review", "stage", "box", "detail", "n"))
    for stage, box, detail, n in _rows(counts):
        writer.writerow((guarded(legible(name)), stage, box, guarded(legible(detail)), n))
    return b"\xef\xbb\xbf" + held.getvalue().encode()


def _rows(counts: Flow) -> list[tuple[str, str, str, int]]:
    first, second, third = "identification", "screening", "included"
    rows = [(first, "records identified", "", counts.identified)]
    rows += [(first, "records identified", one.label, one.found) for one in counts.sources]
    rows += [
        (first, "duplicate records removed", "", counts.duplicates),
        (first, "duplicate records removed", "found by a later source", counts.duplicates_again),
        (first, "duplicate records removed", "joined before", counts.duplicates_joined),
        (first, "duplicate records removed", "joined since", counts.duplicates_since),
        (second, "records to screen", "", counts.papers),
        (second, "records screened", "", counts.screened),
        (second, "records still to be screened", "", counts.to_screen),
    ]
    for state, n in counts.undecided["abstract"].items():
        rows.append((second, "records still to be screened", state, n))
    rows.append((second, "records excluded", "", counts.excluded))
    rows += [(second, "records excluded", reason, n) for reason, n in counts.excluded_reasons]
    rows += [
        (second, "reports sought for retrieval", "", counts.sought),
        (second, "reports not retrieved", "", counts.not_retrieved),
        (second, "reports assessed for eligibility", "", counts.assessed),
        (second, "reports still to be assessed", "", counts.to_assess),
    ]
    for state, n in counts.undecided["full_text"].items():
        rows.append((second, "reports still to be assessed", state, n))
    rows.append((second, "reports excluded", "", counts.excluded_full))
    rows += [(second, "reports excluded", reason, n) for reason, n in counts.excluded_full_reasons]
    rows += [
        (third, "studies included in review", "", counts.included),
        (third, "counted above, no longer in the library", "", counts.gone),
    ]
    return rows
