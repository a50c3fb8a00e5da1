"""A paper to be read before it is decided on: its abstract, or what there is instead."""

from __future__ import annotations

import streamlit as st

from kb.labelling import Sheet
from kb.pages.parts import quotes, results
from kb.pages.parts.markup import escaped, plain

_DIGEST = ("problem", "contribution", "finding", "challenge", "direction")


def draw(shown: Sheet) -> None:
    """Title, authors, year, links, and the text by which to decide."""
    paper = shown.paper
    results.title(paper)
    st.html(
        f'<div class="sf-who">{escaped(results.who(paper))} · {results.links_line(paper)}</div>'
    )
    if paper.abstract:
        st.html(f'<p class="sf-text">{escaped(paper.abstract)}</p>')
        return
    digest = paper.digest or {}
    told = [(name, digest[name]) for name in _DIGEST if digest.get(name)]
    if told:
        rows = "".join(f"<dt>{name.capitalize()}</dt><dd>{escaped(say)}</dd>" for name, say in told)
        st.html(
            f'<section class="sf-digest-box"><div class="sf-digest">{escaped(quotes.DIGEST)}</div>'
            f"<dl>{rows}</dl></section>"
        )
        instead = "the digest stands here instead"
    elif shown.passages:
        for one in shown.passages:
            st.html(
                f'<h6 class="sf-place">{escaped(one.section or "Body")}</h6>'
                f'<p class="sf-text">{escaped(one.text)}</p>'
            )
        instead = "the first passages of its text stand here instead"
    else:
        instead = "there is only its title to go by"
    way = (
        "`kb fetch --missing` in a terminal brings abstracts from arXiv."
        if paper.arxiv_id
        else "Its source gave none."
    )
    st.caption(f"{plain('No abstract is stored here:')} {instead}. {way}")
