"""Challenges: what papers say is hard, in their own words, and whether anybody answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from kb.challenges import Challenge
from kb.evidence import statement_id
from kb.library import Library
from kb.mapping import mapped
from kb.pages.parts import challenge_deciding, facets, opened, page, quotes, state

_PAGE = 10
_ORDERS = {
    "support": "Most papers first",
    "recent": "Most recently stated first",
    "oldest": "Longest standing first",
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    found = opened.all_challenges(library, filters)
    challenge_deciding.told()
    chosen = state.one("challenge")
    if chosen:
        _single(library, chosen, found)
        return
    _headline(found, passing)
    status, words, order = _controls(found)
    single = _single_too()
    kept = [
        one
        for one in found
        if (not status or one.status == status)
        and words.lower() in one.statement.lower()
        and (single or len(one.paper_ids) > 1)
    ]
    if not kept:
        _nothing(found, passing)
        return
    kept = _ordered(kept, order)
    pages = -(-len(kept) // _PAGE)
    at = state.number("page", 1, low=1, high=pages)
    st.caption(
        f"{len(kept):,} challenges found. The words are the papers', the grouping is Sixfold's."
    )
    _cards(library, kept[(at - 1) * _PAGE : at * _PAGE])
    if pages > 1:
        state.pages(pages)
    challenge_deciding.history(library)


def _headline(found: Sequence[Challenge], passing: int) -> None:
    """How many challenges papers share, before how many stand alone."""
    shared = sum(len(one.paper_ids) > 1 for one in found)
    st.markdown(
        f"**{shared:,}** challenges stated by two papers or more; {len(found) - shared:,} by one; "
        f"among {passing:,} papers."
    )


def _single_too() -> bool:
    """Whether those of one paper are listed; on unless the address says otherwise."""
    key, changed = state.switch("only", "shared", forget=("page",))
    return not st.toggle("Only those stated by two papers or more", key=key, on_change=changed)


def _controls(found: Sequence[Challenge]) -> tuple[str, str, str]:
    counts = Counter(one.status for one in found)
    first, second, third = st.columns([3, 2, 2], vertical_alignment="bottom")
    key, changed = state.bound("words", forget=("page",))
    words = first.text_input(
        "Words in the challenge", key=key, on_change=changed, type="search", placeholder="any"
    )
    key, changed = state.bound("status", forget=("page",))
    if st.session_state[key] not in quotes.STATUS:
        st.session_state[key] = ""
    status = second.selectbox(
        "Status",
        ["", *quotes.STATUS],
        key=key,
        on_change=changed,
        format_func=lambda name: f"{quotes.STATUS[name][0]} ({counts[name]:,})" if name else "any",
    )
    key, changed = state.bound("order", "support", forget=("page",))
    if st.session_state[key] not in _ORDERS:
        st.session_state[key] = "support"
    order = third.selectbox(
        "Order", list(_ORDERS), key=key, on_change=changed, format_func=_ORDERS.__getitem__
    )
    return status, (words or "").strip(), order


def _ordered(found: list[Challenge], order: str) -> list[Challenge]:
    if order == "recent":
        return sorted(found, key=lambda one: -(one.last_year or 0))
    if order == "oldest":
        return sorted(found, key=lambda one: one.first_year or 9999)
    return found  # as merging ranks them


def _cards(library: Library, some: Sequence[Challenge], *, expanded: bool = False) -> None:
    papers = mapped(library).papers
    for one in some:
        quotes.challenge(library, one, papers, expanded=expanded)


def _single(library: Library, wanted: str, found: Sequence[Challenge]) -> None:
    """One challenge with everything about it."""
    st.button(
        "All challenges",
        on_click=state.put,
        args=({"challenge": ""},),
        icon=":material/arrow_back:",
    )
    one = next((one for one in found if one.challenge_id == wanted), None) or next(
        (one for one in found if any(statement_id(e.statement) == wanted for e in one.evidence)),
        None,  # an id of before it was merged
    )
    if one is None:
        st.info(
            "This challenge is not among those of the papers that pass the filters. "
            "It may be known under another id since papers were added, or a person rejected it.",
            icon=":material/search_off:",
        )
    else:
        _cards(library, [one], expanded=True)
        challenge_deciding.decide_on(library, one, found)
    challenge_deciding.history(library)


def _nothing(found: Sequence[Challenge], passing: int) -> None:
    if found:
        told = "No challenge has these words and this status."
    else:
        told = f"No challenge is stated in the {passing:,} papers that pass the filters."
    st.info(told, icon=":material/search_off:")


page.show("Challenges", draw)
