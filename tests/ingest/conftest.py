"""PDFs made on the spot, so that what they say is known to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

WORDS = "The visible sentence number {} of this paper says something harmless."

MakePdf = Callable[..., Path]


def _with_content(document: pymupdf.Document, page: pymupdf.Page, content: str) -> None:
    """Put a raw content stream after what a page holds."""
    xref = document.get_new_xref()
    document.update_object(xref, "<<>>")
    document.update_stream(xref, content.encode("latin-1"))
    streams = " ".join(f"{one} 0 R" for one in [*page.get_contents(), xref])
    document.xref_set_key(page.xref, "Contents", f"[{streams}]")


def _with_states(document: pymupdf.Document, page: pymupdf.Page, states: str) -> None:
    """Give a page's resources graphics states, e.g. `<</G0<</ca 0>>>>`."""
    kind, value = document.xref_get_key(page.xref, "Resources")
    owner = int(value.split()[0]) if kind == "xref" else page.xref
    key = "ExtGState" if kind == "xref" else "Resources/ExtGState"
    document.xref_set_key(owner, key, states)


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    """Makes a PDF of visible sentences and, after them, raw content; gives its path."""

    def make(
        content: str = "",
        *,
        name: str = "made.pdf",
        lines: int = 30,
        pages: int = 1,
        states: str = "",
        cropbox: tuple[float, float, float, float] | None = None,
        password: str | None = None,
    ) -> Path:
        document = pymupdf.open()
        for number in range(pages):
            page = document.new_page(width=595, height=842)
            for line in range(lines):
                text = WORDS.format(number * lines + line)
                page.insert_text((72, 80 + 14 * line), text, fontsize=10)
            page.insert_font(fontname="helv")
        page = document[0]
        if states:
            _with_states(document, page, states)
        if content:
            _with_content(document, page, content)
        if cropbox:
            page.set_cropbox(pymupdf.Rect(*cropbox))
        path = tmp_path / name
        if password is None:
            document.save(path, deflate=True)
        else:
            method = 5  # AES with 256 bits (PyMuPDF, "PDF encryption method codes")
            document.save(path, encryption=method, owner_pw="owner", user_pw=password)
        document.close()
        return path

    return make
