"""What was odd about a paper's file, in plain words, for whoever is to trust its text."""

from __future__ import annotations

import streamlit as st

from kb.catalogue import StoredPaper
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.words import _, later

_SERIOUS = frozenset({"hidden_text", "prompt_like", "withdrawn"})

_PLAIN = {
    "hidden_text": later(
        "The PDF holds text that nobody sees on the page. It was taken out: it is neither "
        "searched nor quoted."
    ),
    "prompt_like": later(
        "Hidden text in the PDF gives orders to a reading machine. It was taken out, and no "
        "answer can be led by it."
    ),
    "prompt_visible": later(
        "The text speaks to a reading machine, in plain sight; a paper on such attacks may "
        "quote one. It is treated as text and nothing else."
    ),
    "ocr_layer": later("A page is a scan; its text was read by a machine and may have errors."),
    "no_text": later(
        "No page holds text: a scan, perhaps. It can be found by title and abstract only, until "
        "it has been through text recognition."
    ),
    "truncated": later("The file is long: only its first pages were read."),
    "page_unreadable": later("A page could not be read; what stands on it is not searched."),
    "repaired": later("The file is damaged; what could be mended was read."),
    "withdrawn": later("The authors or arXiv have withdrawn this paper."),
    "no_pdf": later("Its PDF could not be had; there is no full text."),
    "no_end": later("The record it was read from breaks off."),
    "duplicate_key": later("Another entry of its bibliography has the same key."),
}


def hygiene(paper: StoredPaper) -> None:
    """The report; for a paper read from its PDF also that nothing was odd."""
    if not paper.notes and not paper.full_text:
        return
    st.markdown(f"## {_('About the file')}")
    if not paper.notes:
        st.caption(_("Read from its PDF; nothing odd was found: no hidden text, no scanned page."))
        return
    for code in dict.fromkeys(code for code, _detail in paper.notes):
        details = [detail for one, detail in paper.notes if one == code and detail]
        # What anybody can see on the page deceives nobody: it is told more softly.
        tell = st.warning if code in _SERIOUS else st.info
        told = _(_PLAIN[code]) if code in _PLAIN else plain(code.replace("_", " "))
        tell(told, icon=":material/warning:" if code in _SERIOUS else ":material/info:")
        rows = "".join(f"<li>{escaped(detail)}</li>" for detail in details)
        st.html(
            f'<details class="sf-more"><summary>{escaped(_("What was found"))}</summary>'
            f"<ul>{rows}</ul></details>"
        )
