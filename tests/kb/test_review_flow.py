"""The flow diagram: its numbers add up whatever happened, and every text fits its box."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from kb.catalogue.screening import STAGES, Held, Review, Screening, Source
from kb.exports.painting import Box, Line, Words
from kb.exports.prisma import as_csv, as_png, as_svg, picture, text_width
from kb.review_flow import Flow, flow
from kb.review_state import Board, standing
from kb.screening import VERDICTS

IDS = [f"p{number}" for number in range(12)]
CODERS = ("ada", "bob", "eve")
SVG = "{http://www.w3.org/2000/svg}"

TEXT = st.text(max_size=40)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """A review after anything that may happen: sources, joins, removals, decisions, undos."""
    sources, held = [], []
    for n in range(1, draw(st.integers(0, 4)) + 1):
        papers = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1))
        joined = draw(st.integers(0, 5))
        sources.append(Source(n, f"2026-01-0{n}", "ada", "papers", {}, len(papers) + joined))
        held += [Held(n, at, one, draw(TEXT)) for at, one in enumerate(papers, 1)]
    # A paper stands for itself, for another, or is gone.
    stands = {one: draw(st.sampled_from(IDS[:6])) for one in IDS[6:] if draw(st.booleans())}
    stands |= {one: one for one in IDS[:6] if draw(st.booleans()) or one in stands.values()}
    log: list[Screening] = []
    for n in range(1, draw(st.integers(0, 40)) + 1):
        paper, stage = draw(st.sampled_from(IDS)), draw(st.sampled_from(STAGES))
        verdict = draw(st.sampled_from(VERDICTS[stage]))
        undoes = None
        if log and draw(st.integers(0, 5)) == 0:
            target = draw(st.sampled_from(log))
            paper, stage, verdict, undoes = target.paper_id, target.stage, "undo", target.n
        settles = verdict not in ("undo", "maybe") and draw(st.integers(0, 6)) == 0
        who, at = draw(st.sampled_from(CODERS)), f"2026-02-01T00:00:{n:02}"
        reason = draw(st.sampled_from(("", "a", "b")))
        one = Screening(at, who, "r", paper, stage, verdict, reason, settles, undoes, n)
        log.append(one)
    review = Review("r", "", coders=draw(st.integers(1, 3)))
    return standing(review, sources, held, log, stands)


@given(boards())
@settings(deadline=None, max_examples=300)
def test_the_numbers_always_add_up(board: Board) -> None:
    counts = flow(board)
    assert counts.checks() == dict.fromkeys(counts.checks(), True)
    assert all(n >= 0 for n in (counts.to_screen, counts.to_assess, counts.duplicates_since))
    assert sum(one.new for one in counts.sources) == counts.papers + counts.duplicates_since
    rows = read(as_csv("r", counts))
    assert rows["records identified", ""] - rows["duplicate records removed", ""] == (
        rows["records screened", ""] + rows["records still to be screened", ""]
    )


def read(content: bytes) -> dict[tuple[str, str], int]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {(row["box"], row["detail"]): int(row["n"]) for row in rows}


def counted(**changed: object) -> Flow:
    empty = flow(standing(Review("r", ""), [], [], [], {}))
    return replace(empty, **changed)  # type: ignore[arg-type]


COUNTS = st.integers(0, 999_999)


@given(
    st.lists(st.tuples(st.text(max_size=300), COUNTS), max_size=12),
    COUNTS,
    st.text(max_size=120),
)
@settings(deadline=None, max_examples=60)
def test_no_text_leaves_its_box(reasons: list[tuple[str, int]], n: int, name: str) -> None:
    undecided = {stage: {"open": n, "waiting": n, "conflict": n, "maybe": n} for stage in STAGES}
    counts = counted(
        excluded_full_reasons=tuple(reasons),
        undecided=undecided,
        identified=n,
        screened=n,
        to_screen=n,
        assessed=n,
        to_assess=n,
        sought=n,
        gone=n,
    )
    drawn = picture(name, counts)
    boxes = [one for one in drawn.shapes if isinstance(one, Box)]
    for text in (one for one in drawn.shapes if isinstance(one, Words)):
        wide = text_width(text.text, text.size)
        left = text.x - (wide / 2 if text.anchor == "middle" else 0)
        assert left >= 0
        assert left + wide <= drawn.width
        inside = [b for b in boxes if b.x <= text.x <= b.x + b.width and b.y <= text.y <= bottom(b)]
        assert all(left + wide <= box.x + box.width for box in inside)
        assert bool(inside) or text.y > max(map(bottom, boxes))  # only the note stands below
    root = ET.fromstring(as_svg(name, counts))
    assert {one.tag for one in root.iter()} <= {
        SVG + tag for tag in "svg title desc metadata defs pattern line rect text polyline".split()
    }


def bottom(box: Box) -> float:
    return box.y + box.height


def test_widths_are_rather_too_much_than_too_little() -> None:
    font = ImageFont.truetype("DejaVuSans.ttf", 14) if dejavu() else ImageFont.load_default(14)
    for text in (
        "Reports assessed for eligibility (n = 123,456)",
        "WWW mmm @@@ Moving Windows",
        "illiterate, filled; it!",
        "no language model; survey or position paper",
    ):
        assert font.getlength(text) <= text_width(text, 14)


def dejavu() -> bool:
    try:
        ImageFont.truetype("DejaVuSans.ttf", 14)
    except OSError:
        return False
    return True


def test_arrows_lead_from_box_to_box() -> None:
    drawn = picture("r", counted(excluded_full_reasons=(("a", 1), ("b", 2))))
    boxes = [one for one in drawn.shapes if isinstance(one, Box)]
    lines = [one.points for one in drawn.shapes if isinstance(one, Line) and len(one.points) == 2]
    assert len(lines) == 8
    for start, end in lines:
        assert sum(touches(box, start) for box in boxes) == 1
        assert sum(touches(box, end) for box in boxes) == 1


def touches(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return box.x <= x <= box.x + box.width and box.y <= y <= bottom(box)


def test_hostile_reasons_and_names_are_only_text() -> None:
    hostile = '=1+1 <script>alert(1)</script> & "quoted"\x00'
    counts = counted(excluded_full=1, excluded_full_reasons=((hostile, 1),))
    drawn = as_svg(hostile, counts).decode()
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    assert "\x00" not in drawn
    cells = list(csv.reader(io.StringIO(as_csv(hostile, counts).decode("utf-8-sig"))))
    assert all(not cell.startswith("=") for row in cells for cell in row)


def test_the_png_is_print_size_and_carries_its_numbers() -> None:
    counts = counted(identified=123_456)
    image = Image.open(io.BytesIO(as_png("Tests", counts)))
    shown = picture("Tests", counts)
    assert image.size == (3 * shown.width, 3 * shown.height)
    assert json.loads(image.info["Sixfold"])["identified"] == 123_456
    assert "n = 123,456" in as_svg("Tests", counts).decode()
