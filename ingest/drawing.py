"""Pages of a PDF as pictures, quotes marked on them: what the child process runs.

Pages are the PDF library's objects, which carry no types: they are Any here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingest.errors import PdfError
from ingest.pdf import library, open_pdf
from ingest.quoting import Word, gathered, quote_marks
from ingest.records import Box, Said

RENDER_DPI = 110
"""Dots an inch of a picture: a page about 900 pixels wide, legible on a laptop."""
_HIGHLIGHT = (1.0, 0.85, 0.2)


def words_of(page: Any) -> list[Word]:
    """The words of a page, in the order of the file."""
    # The library's own words end where a bitmap font of TeX has a ligature.
    raw = page.get_text("rawdict", flags=library().TEXT_IGNORE_ACTUALTEXT)
    lines = [line for block in raw["blocks"] for line in block.get("lines", ())]
    return [
        word
        for line in lines
        for word in gathered(
            (char["c"], char["bbox"]) for span in line["spans"] for char in span["chars"]
        )
    ]


def _page_of(path: Path, number: int) -> Any:
    """A page by its number, from 1. Raises PdfError."""
    document = open_pdf(path)
    if not 1 <= number <= document.page_count:
        raise PdfError("no_page", f"There is no page {number}; the file has {document.page_count}.")
    return document[number - 1]


def _marks(page: Any, quote: str, boxes: Sequence[Box]) -> tuple[Box, ...]:
    return quote_marks(words_of(page), quote, boxes) or tuple(boxes)


def find_marks(path: Path, number: int, quote: str, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """What `quote_on_page` gives, found here and now: what the child process runs."""
    return _marks(_page_of(path, number), quote, boxes)


def draw_page(path: Path, number: int, quote: str, boxes: Sequence[Box] = ()) -> bytes:
    """What `render_page` gives, drawn here and now: what the child process runs."""
    page = _page_of(path, number)
    return _drawn(page, _marks(page, quote, boxes))


def draw_marked(path: Path, number: int, said: Sequence[Said]) -> tuple[bytes, int]:
    """What `mark_page` gives, drawn here and now: what the child process runs."""
    page = _page_of(path, number)
    words = words_of(page) if said else []
    found = [marks for quote, boxes in said if (marks := quote_marks(words, quote, boxes))]
    return _drawn(page, [box for marks in found for box in marks]), len(found)


def _drawn(page: Any, marks: Sequence[Box]) -> bytes:
    """A page as PNG, the marks on it."""
    pymupdf = library()
    # Boxes are those of the page as shown, marks those of the page before it is turned.
    turned_back = page.derotation_matrix
    for box in marks:
        # No highlight: the ends of one bulge with its height, far beyond a whole passage.
        mark = page.add_rect_annot(pymupdf.Rect(box) * turned_back)
        mark.set_border(width=0)
        mark.set_colors(stroke=[], fill=_HIGHLIGHT)
        mark.update(blend_mode=pymupdf.PDF_BM_Multiply)
    # A poster-sized page must not make a poster-sized picture.
    dpi = min(RENDER_DPI, int(RENDER_DPI * 1600 / max(page.rect.width, page.rect.height, 1)))
    png: bytes = page.get_pixmap(dpi=max(dpi, 10), alpha=False).tobytes("png")
    return png
