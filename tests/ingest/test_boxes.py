"""Where passages and quotes stand on their pages."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from ingest import drawing, pdf
from ingest.boxes import blocks, boxes_of, places_of
from ingest.parsed_json import from_json, to_json
from ingest.quoting import quote_marks
from ingest.records import Box, Place

LATEX = Path(__file__).parent / "latex"
LINES: tuple[Place, ...] = (
    (0, (50, 100, 290, 110)),
    (40, (50, 112, 290, 122)),
    (80, (310, 60, 550, 70)),
    (120, None),
)
WORDS = [
    (0, 0, 10, 10, "The"),
    (12, 0, 30, 10, "suﬃ-"),
    (0, 12, 20, 22, "ciency,"),
    (22, 12, 30, 22, "ends"),
]


def test_lines_below_each_other_are_one_box_and_another_column_is_another() -> None:
    assert boxes_of(LINES, 0, 120) == ((50, 100, 290, 122), (310, 60, 550, 70))
    assert boxes_of(LINES, 45, 60) == ((50, 112, 290, 122),)
    assert boxes_of(LINES, 70, 90) == ((50, 112, 290, 122), (310, 60, 550, 70))
    assert boxes_of(LINES, 125, 130) == ()
    assert boxes_of((), 0, 10) == ()


def test_places_move_with_their_stretch() -> None:
    assert places_of(LINES, 45, 100, 10) == ((10, LINES[1][1]), (45, LINES[2][1]))


def test_many_boxes_become_one_around_them() -> None:
    scattered = [(i * 3, (float(i * 50), 0.0, i * 50 + 9.0, 9.0)) for i in range(9)]
    assert len(blocks(box for _, box in scattered)) == 9
    assert boxes_of(scattered, 0, 99) == ((0.0, 0.0, 409.0, 9.0),)


def test_a_quote_is_found_across_lines_ligatures_and_hyphens() -> None:
    rows: tuple[Box, ...] = ((0, 0, 30, 10), (0, 12, 20, 22))
    assert quote_marks(WORDS, "The sufficiency") == rows
    assert quote_marks(WORDS, "nothing like it") == ()
    assert quote_marks(WORDS, "") == ()
    assert quote_marks([], "The sufficiency") == ()
    # The rest stands overleaf.
    assert quote_marks(WORDS, "The sufficiency ends and goes on") == (rows[0], (0, 12, 30, 22))


def test_a_quote_said_twice_is_marked_in_its_own_passage() -> None:
    twice = [*WORDS, *((x0, y0 + 500, x1, y1 + 500, word) for x0, y0, x1, y1, word in WORDS)]
    assert quote_marks(twice, "The sufficiency", [(0, 490, 40, 530)])[0][1] == 500
    assert quote_marks(twice, "The sufficiency")[0][1] == 0


def test_marks_stand_beside_each_other_in_a_turned_page_too(tmp_path: Path) -> None:
    document = pymupdf.open(LATEX / "styles" / "short_two_pages.pdf")
    path = tmp_path / "turned.pdf"
    document[0].set_rotation(90)
    document.save(path)
    upright = LATEX / "styles" / "short_two_pages.pdf"
    parsed = pdf.read_pdf(upright, pdf.Limits())
    quote = parsed.abstract.split(". ")[1]
    with pdf.Parser() as parser:
        for where in (upright, path):
            marks = parser.quote_on_page(where, 1, quote)
            picture = pymupdf.Pixmap(parser.render_page(where, 1, quote))
            scale = drawing.RENDER_DPI / 72
            for x0, y0, x1, y1 in marks:
                # The margin of a mark holds no ink: it shows the mark's own colour.
                x, y = int((x0 + x1) / 2 * scale), int((y0 + y1) / 2 * scale)
                near = [picture.pixel(x + dx, y + dy) for dx in range(-9, 9) for dy in range(-5, 6)]
                assert any(red > 200 and blue < 120 for red, _, blue in near)


def test_what_is_not_found_is_marked_by_its_passages_boxes() -> None:
    path = LATEX / "styles" / "short_two_pages.pdf"
    box = (72.0, 100.0, 300.0, 130.0)
    with pdf.Parser() as parser:
        assert parser.quote_on_page(path, 1, "words that stand nowhere", [box]) == (box,)
        assert parser.quote_on_page(path, 1, "words that stand nowhere") == ()


@pytest.mark.parametrize("name", ["ieee_conference", "styles/report_contents"])
def test_places_come_through_the_child_unchanged(name: str) -> None:
    pdf.warm_up()
    parsed = pdf.read_pdf(LATEX / f"{name}.pdf", pdf.Limits())
    assert parsed.abstract_boxes
    assert from_json(to_json(parsed)) == parsed
    for section in parsed.sections:
        for part in section.parts:
            offsets = [at for at, _ in part.places]
            assert offsets == sorted(offsets)
            assert not part.text or offsets[0] == 0
            assert all(at < len(part.text) for at in offsets)
