"""A citation on a page: it opens at its passage, or says what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kb.catalogue import StoredPaper
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.markup import address, escaped, plain, readable, title, with_quotes
from kb.pages.parts.printed import printed
from kb.pages.parts.quotes import DIGEST, LONGEST, section_name
from kb.pages.parts.words import _, later
from kb.rechecks import Recheck, recheck

_SIGNS = {
    "moved": later("moved"),
    "changed": later("no longer in the paper"),
    "removed": later("removed"),
}


def rechecked(library: Library, turn: str, citations: list[dict[str, Any]]) -> list[Recheck]:
    """What became of an answer's citations; looked up once for as long as nothing changes."""
    return _rechecked(library, (library.opening, library.snapshot().generation, turn), citations)


# Streamlit keeps a value by its arguments, without those that begin with an underscore.
@st.cache_resource(show_spinner=False, max_entries=512)
def _rechecked(
    _library: Library,
    state: object,  # noqa: ARG001 - part of the key
    _citations: list[dict[str, Any]],
) -> list[Recheck]:
    with _library.catalogue.read() as reader:
        return recheck(reader, _citations)


def citation(library: Library, turn: str, one: Mapping[str, Any], now: Recheck) -> None:
    """A citation that opens: the passage with the quote marked, its page, and the ways out."""
    _citation(library, turn, dict(one), now)


def anchor(turn: str, n: object) -> str:
    """Where on the page a citation of a turn stands, for a link in the answer."""
    return escaped(f"source-{turn}-{n}")


# A fragment: opening one draws that one again, not the conversation.
@st.fragment
def _citation(library: Library, turn: str, one: Mapping[str, Any], now: Recheck) -> None:
    page = now.passage.page if now.passage else one.get("page")
    where = ", " + _("p. {page}").format(page=page) if page else ""
    sign = f" · {_(_SIGNS[now.state])}" if now.state in _SIGNS else ""
    year = f" ({one['year']})" if one.get("year") else ""
    label = plain(f"[{one['n']}] {title(str(one['title']))}{year}{where}{sign}")
    st.html(f'<span class="sf-anchor" id="{anchor(turn, one["n"])}"></span>')
    folded = st.expander(label, key=f"cite-{turn}-{one['n']}", type="compact", on_change="rerun")
    with folded:
        if now.told:
            st.html(f'<p class="sf-changed">{escaped(now.told)}</p>')
        elif not folded.open:
            return  # drawn once it is opened: an answer has up to eighteen
        _text(one, now, where)
        _ways(one, now)
        if folded.open and now.passage:
            with library.catalogue.read() as reader:
                paper = reader.papers([now.passage.paper]).get(now.passage.paper)
            if paper:
                _page(paper, one, now)


def _text(one: Mapping[str, Any], now: Recheck, where: str) -> None:
    quote = str(one["quote"])
    if now.passage is None:
        st.html(f'<blockquote class="sf-quote"><del>{escaped(readable(quote))}</del></blockquote>')
        return
    digest = now.passage.section == "Digest"
    place = _(DIGEST) if digest else section_name(now.passage.section, _("Body")) + where
    st.html(
        f'<div class="{"sf-digest" if digest else "sf-place"}">{escaped(place)}</div>'
        f'<div class="sf-text">{with_quotes(now.passage.text, [quote])}</div>'
    )


def _ways(one: Mapping[str, Any], now: Recheck) -> None:
    """Out of the conversation: to the paper's card, and to where it was published."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if now.state != "removed":
            target = {"id": now.paper_id}
            if now.passage:
                quote = str(one["quote"])[:LONGEST]
                target |= {"passage": now.passage.passage_id, "quote": quote}
            label = _("Open at this passage") if now.passage else _("Open the paper")
            st.page_link(places.PAPER, label=label, icon=":material/article:", query_params=target)
        url = str(one.get("url", ""))
        if address(url):
            name = "arXiv" if url.startswith("https://arxiv.org/") else _("Publisher")
            st.link_button(name, url, type="tertiary")


def _page(paper: StoredPaper, one: Mapping[str, Any], now: Recheck) -> None:
    if now.passage:
        printed(paper, now.passage, str(one["quote"]))
