"""A paper in a list: title, who, when, what was found in it, its tags, and what is kept."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.card import links
from kb.catalogue import StoredPaper
from kb.library import Library
from kb.pages.parts import keeping, places, state
from kb.pages.parts.keeping import Kept
from kb.pages.parts.markup import escaped, link, marked, plain
from kb.pages.parts.markup import title as titled
from kb.pages.parts.quotes import section_name
from kb.pages.parts.tags import chips
from kb.pages.parts.words import _, later
from kb.search import Hit

_AUTHORS = 4

_ORDINALS = {
    "st": later("{n}st"),
    "nd": later("{n}nd"),
    "rd": later("{n}rd"),
    "th": later("{n}th"),
}


def who(paper: StoredPaper) -> str:
    """Authors and year in one line."""
    some = ", ".join(paper.authors[:_AUTHORS]) or _("authors not given")
    if len(paper.authors) > _AUTHORS:
        more = _("{some} and {n} more")
        some = more.format(some=some, n=len(paper.authors) - _AUTHORS)
    return f"{some} · {paper.year or _('no year')}"


def title(paper: StoredPaper, *, passage_id: str = "") -> None:
    """The title, linked to the paper's card (at a passage of it)."""
    target = {"id": paper.paper_id} | ({"passage": passage_id} if passage_id else {})
    st.page_link(places.PAPER, label=f"**{plain(titled(paper.title))}**", query_params=target)


def links_line(paper: StoredPaper) -> str:
    """arXiv, PDF and DOI links as HTML."""
    known = links(paper)
    labels = (("arxiv", "arXiv"), ("pdf", "PDF"), ("doi", "DOI"))
    made = [link(known[key], label) for key, label in labels if known[key]]
    return " · ".join([*made, f'<span class="sf-id">{escaped(paper.paper_id)}</span>'])


def hit(library: Library, found: Hit, query: str, kept: Kept | None = None) -> None:
    """One search result. Takes: kept, looked up where None."""
    paper, passage = found.paper, found.passage
    kept = keeping.kept(library) if kept is None else kept
    shown = ""
    if passage.section != "Title":  # it stands above already
        shown = (
            f'<p class="sf-snippet">{marked(found.snippet, query)} '
            f'<span class="sf-place">{escaped(_place(found))}</span></p>'
        )
    with st.container(key=f"hit-{found.rank}", gap=None):
        title(paper, passage_id=passage.passage_id if passage.page else "")
        st.html(
            f'<div class="sf-who">{escaped(who(paper))} · {links_line(paper)}'
            f"{keeping.marks(kept, paper)}</div>"
            f"{shown}"
            f"{chips(kept.codebook, paper.tags)}"
        )
        with _acts(f"acts-{found.rank}"):
            st.html(f'<div class="sf-why">{escaped(why(found))}</div>')
            keeping.menu(library, paper.paper_id, kept)
            st.button(
                _("More like this"),
                key=f"like-{paper.paper_id}",
                icon=":material/hub:",
                type="tertiary",
                on_click=state.put,
                args=({"like": paper.paper_id},),
                kwargs={"forget": ("n",)},
            )


def row(library: Library, paper: StoredPaper, note: str = "", kept: Kept | None = None) -> None:
    """One paper of a plain list. Takes: kept, looked up where None."""
    kept = keeping.kept(library) if kept is None else kept
    with st.container(key=f"row-{paper.n}", gap=None):
        title(paper)
        more = f" · {escaped(note)}" if note else ""
        st.html(
            f'<div class="sf-who">{escaped(who(paper))} · {links_line(paper)}{more}'
            f"{keeping.marks(kept, paper)}</div>"
        )
        with _acts(f"acts-row-{paper.n}"):
            st.html(chips(kept.codebook, paper.tags))
            keeping.menu(library, paper.paper_id, kept)


def _acts(key: str) -> DeltaGenerator:
    """The last line of a card: what is said at the left, what can be done at the right."""
    return st.container(horizontal=True, key=key, gap="small", vertical_alignment="center")


def why(found: Hit) -> str:
    """Why a result stands where it does."""
    reasons = []
    if found.why.dense_rank:
        told = _("{rank} by meaning (cosine {score})")
        reasons.append(told.format(rank=_nth(found.why.dense_rank), score=f"{found.why.dense:.2f}"))
    if found.why.lexical_rank:
        told = _("{rank} by words (BM25 {score})")
        score = f"{found.why.lexical:.1f}"
        reasons.append(told.format(rank=_nth(found.why.lexical_rank), score=score))
    told = _(" and ").join(reasons) or _("score {score}").format(score=f"{found.score:.2f}")
    return _("No. {rank}: {reasons}").format(rank=found.rank, reasons=told)


def _place(found: Hit) -> str:
    section, page = found.passage.section, found.passage.page
    section = _("Digest, in Sixfold's words") if section == "Digest" else section_name(section)
    return _("{section}, p. {page}").format(section=section, page=page) if page else section


def _nth(rank: int) -> str:
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return _(_ORDINALS[ending]).format(n=rank)
