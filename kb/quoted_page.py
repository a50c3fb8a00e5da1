"""A page of a paper as it was printed, a passage or a quote of it marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest import pdf
from ingest.errors import PdfError
from ingest.records import Box, Said
from kb.catalogue import StoredPaper, StoredPassage
from kb.errors import UsageError

# A page is drawn while somebody waits; a file that takes longer is not worth it.
_LIMITS = pdf.Limits(seconds=15.0)


def shows_pages(paper: StoredPaper, passage: StoredPassage) -> bool:
    """Whether a passage was read off a page of a PDF that still lies where it was read."""
    return bool(passage.page and paper.pdf_path) and Path(paper.pdf_path).is_file()


def quoted_page(path: str, page: int, quote: str, boxes: tuple[Box, ...] = ()) -> bytes:
    """A page as PNG with the quote marked, or its passage's boxes where it is not found.

    Takes the PDF's path, the page from 1, the quote ("": the boxes are marked), and where its
    passage stands. Raises UsageError where the page cannot be shown.
    """
    try:
        return pdf.render_page(Path(path), page, quote, boxes, _LIMITS)
    except PdfError as error:
        raise _not_shown(path, page, error) from error


def marked_page(path: str, page: int, said: Sequence[Said] = ()) -> tuple[bytes, int]:
    """(a page as PNG with every quote marked that is found on it, how many were found).

    Takes the PDF's path and the page from 1. Raises UsageError where it cannot be shown.
    """
    try:
        return pdf.mark_page(Path(path), page, said, _LIMITS)
    except PdfError as error:
        raise _not_shown(path, page, error) from error


def _not_shown(path: str, page: int, error: PdfError) -> UsageError:
    return UsageError(
        f"Page {page} cannot be shown: {error.message}",
        item=path,
        remedy=error.remedy,
        code="page_not_shown",
    )


def within(quote: str, passage: StoredPassage) -> str:
    """The quote where the passage says it, "" otherwise: an address may hold anything."""
    words = " ".join(quote.split())
    return words if words and words in " ".join(passage.text.split()) else ""
