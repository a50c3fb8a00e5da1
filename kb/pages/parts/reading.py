"""A paper to be read before it is decided on: its abstract, or what there is instead."""

from __future__ import annotations

import streamlit as st

from kb.labelling import Sheet
from kb.pages.parts import quotes, results
from kb.pages.parts.markup import escaped, readable
from kb.pages.parts.words import _, later

_DIGEST = {
    "problem": later("Problem"),
    "contribution": later("Contribution"),
    "finding": later("Finding"),
    "challenge": later("Challenge"),
    "direction": later("Direction"),
}


def draw(shown: Sheet) -> None:
    """Title, authors, year, links, and the text by which to decide."""
    paper = shown.paper
    results.title(paper)
    st.html(
        f'<div class="sf-who">{escaped(results.who(paper))} · {results.links_line(paper)}</div>'
    )
    if paper.abstract:
        st.html(f'<p class="sf-text">{escaped(readable(paper.abstract))}</p>')
        return
    digest = paper.digest or {}
    told = [(_(name), digest[key]) for key, name in _DIGEST.items() if digest.get(key)]
    if told:
        rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(say)}</dd>" for name, say in told)
        st.html(
            '<section class="sf-digest-box"><div class="sf-digest">'
            f"{escaped(_(quotes.DIGEST))}</div><dl>{rows}</dl></section>"
        )
        instead = _("No abstract is stored here: the digest stands here instead.")
    elif shown.passages:
        for one in shown.passages:
            st.html(
                f'<h2 class="sf-place">{escaped(quotes.section_name(one.section, _("Body")))}</h2>'
                f'<p class="sf-text">{escaped(readable(one.text))}</p>'
            )
        instead = _(
            "No abstract is stored here: the first passages of its text stand here instead."
        )
    else:
        instead = _("No abstract is stored here: there is only its title to go by.")
    way = (
        _("`kb fetch --missing` in a terminal brings abstracts from arXiv.")
        if paper.arxiv_id
        else _("Its source gave none.")
    )
    st.caption(f"{instead} {way}")
