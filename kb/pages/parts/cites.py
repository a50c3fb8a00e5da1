"""What a paper cites and who cites it, with the ways to those that are in the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from kb.card import Card
from kb.catalogue import StoredPaper
from kb.citing import Citations, held_references
from kb.library import Library
from kb.pages.parts import results
from kb.pages.parts.markup import escaped, link
from kb.pages.parts.words import _, many


def cites(library: Library, shown: Card) -> None:
    """Both lists, each folded with its count; drawn when it is opened."""
    if shown.references:
        held = held_references(library, shown.references)
        _references(library, shown, held)
    citing = _known(library, library.opening).of(shown.paper.n)
    if citing:
        _citing(library, shown.paper.n, citing)
    elif shown.references:
        st.caption(_("No paper of this library cites it."))


@st.cache_resource(show_spinner=False, max_entries=4)
def _known(_library: Library, key: int) -> Citations:
    del key  # only tells libraries apart
    return Citations(_library)


@st.fragment
def _references(library: Library, shown: Card, held: Mapping[int, int]) -> None:
    told = many("{n} reference", "{n} references", len(shown.references))
    numbers = list(dict.fromkeys(held.values()))
    if numbers:
        here = _("{n} of them in this library").format(n=f"{len(numbers):,}")
        told = f"{told} · {here}"
    folded = st.expander(told, key=f"references-{shown.paper.n}", on_change="rerun")
    if not folded.open:
        return
    with folded:
        if numbers:
            st.markdown(f"**{_('In this library')}**")
            _papers(library, numbers, "cites")
            st.markdown(f"**{_('All references')}**")
        items = [_item(one, here=place in held) for place, one in enumerate(shown.references)]
        st.html(f'<ol class="sf-refs">{"".join(items)}</ol>')


@st.fragment
def _citing(library: Library, number: int, citing: list[int]) -> None:
    told = many(
        "Cited by {n} paper of this library", "Cited by {n} papers of this library", len(citing)
    )
    folded = st.expander(told, key=f"cited-by-{number}", on_change="rerun")
    if folded.open:
        with folded:
            _papers(library, citing, "cited-by")


def _papers(library: Library, numbers: Iterable[int], key: str) -> None:
    with library.catalogue.read() as reader:
        held = reader.papers(numbers)
    for paper in sorted(held.values(), key=_newest):
        with st.container(key=f"near-{key}-{paper.n}", gap=None):
            results.title(paper)
            st.html(f'<div class="sf-who">{escaped(results.who(paper))}</div>')


def _newest(paper: StoredPaper) -> tuple[int, str]:
    return -(paper.year or 0), paper.title


def _item(one: Mapping[str, Any], *, here: bool) -> str:
    arxiv, doi = str(one.get("arxiv_id") or ""), str(one.get("doi") or "")
    url = f"https://arxiv.org/abs/{arxiv}" if arxiv else f"https://doi.org/{doi}" if doi else ""
    way = f" {link(url, 'arXiv' if arxiv else 'DOI')}" if url else ""
    mark = f' <span class="sf-here">{escaped(_("in this library"))}</span>' if here else ""
    return f"<li>{escaped(str(one.get('raw', '')))}{way}{mark}</li>"
