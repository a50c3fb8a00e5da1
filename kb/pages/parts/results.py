"""A paper in a list: title, who, when, what was found in it, its tags and its links."""

from __future__ import annotations

import streamlit as st

from kb.card import links
from kb.catalogue import StoredPaper
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.markup import escaped, link, marked, plain
from kb.pages.parts.tags import chips
from kb.search import Hit

_AUTHORS = 4


def who(paper: StoredPaper) -> str:
    """Authors and year in one line."""
    some = ", ".join(paper.authors[:_AUTHORS]) or "authors not given"
    more = f" and {len(paper.authors) - _AUTHORS} more" if len(paper.authors) > _AUTHORS else ""
    return f"{some}{more} · {paper.year or 'no year'}"


def title(paper: StoredPaper, *, passage_id: str = "") -> None:
    """The title, linked to the paper's card (at a passage of it)."""
    target = {"id": paper.paper_id} | ({"passage": passage_id} if passage_id else {})
    st.page_link(places.PAPER, label=f"**{plain(paper.title)}**", query_params=target)


def links_line(paper: StoredPaper) -> str:
    """arXiv, PDF and DOI links as HTML."""
    known = links(paper)
    labels = (("arxiv", "arXiv"), ("pdf", "PDF"), ("doi", "DOI"))
    made = [link(known[key], label) for key, label in labels if known[key]]
    return " · ".join([*made, f'<span class="sf-id">{escaped(paper.paper_id)}</span>'])


def hit(library: Library, found: Hit, query: str) -> None:
    """One search result."""
    paper, passage = found.paper, found.passage
    page = f", p. {passage.page}" if passage.page else ""
    shown = ""
    if passage.section != "Title":  # it stands above already
        shown = (
            f'<p class="sf-snippet">{marked(found.snippet, query)} '
            f'<span class="sf-place">{escaped(_section(passage.section))}{page}</span></p>'
        )
    with st.container(key=f"hit-{found.rank}", gap=None):
        title(paper, passage_id=passage.passage_id if passage.page else "")
        st.html(
            f'<div class="sf-who">{escaped(who(paper))} · {links_line(paper)}</div>'
            f"{shown}"
            f"{chips(library.codebook, paper.tags)}"
            f'<div class="sf-why">{escaped(why(found))}</div>'
        )


def row(library: Library, paper: StoredPaper, note: str = "") -> None:
    """One paper of a plain list."""
    with st.container(key=f"row-{paper.n}", gap=None):
        title(paper)
        more = f" · {escaped(note)}" if note else ""
        st.html(
            f'<div class="sf-who">{escaped(who(paper))} · {links_line(paper)}{more}</div>'
            f"{chips(library.codebook, paper.tags)}"
        )


def why(found: Hit) -> str:
    """Why a result stands where it does."""
    reasons = []
    if found.why.dense_rank:
        reasons.append(f"{_nth(found.why.dense_rank)} by meaning (cosine {found.why.dense:.2f})")
    if found.why.lexical_rank:
        reasons.append(f"{_nth(found.why.lexical_rank)} by words (BM25 {found.why.lexical:.1f})")
    return f"No. {found.rank}: " + (" and ".join(reasons) or f"score {found.score:.2f}")


def _section(section: str) -> str:
    return "Digest, in Sixfold's words" if section == "Digest" else section


def _nth(rank: int) -> str:
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"
