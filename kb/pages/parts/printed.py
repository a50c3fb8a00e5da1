"""A page of a paper as it was printed, with a quote or a passage marked."""

from __future__ import annotations

import streamlit as st

from ingest.records import Box
from kb.catalogue import StoredPaper, StoredPassage
from kb.errors import UsageError
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _
from kb.quoted_page import quoted_page, shows_pages, within


def printed(paper: StoredPaper, passage: StoredPassage, quote: str) -> None:
    """The page on which a passage stands, `quote` marked; nothing where there is no PDF.

    The whole passage is marked where it does not hold the quote.
    """
    if passage.page is None or not shows_pages(paper, passage):
        return
    marked = within(quote, passage)
    try:
        picture = _picture(paper.pdf_path, passage.page, marked, passage.boxes)
    except UsageError as error:
        st.caption(plain(f"{error.message} {error.remedy}".strip()))
        return
    told = _("Page {page} as printed, the passage marked")
    if marked:
        told = _("Page {page} as printed, the quote marked")
    told = told.format(page=passage.page)
    st.image(picture, caption=told, alt=told, width="stretch", output_format="PNG")


# A page takes a moment to draw; those last looked at are kept.
@st.cache_data(show_spinner="…", max_entries=64)
def _picture(path: str, number: int, quote: str, boxes: tuple[Box, ...]) -> bytes:
    return quoted_page(path, number, quote, boxes)
