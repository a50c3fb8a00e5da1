"""Challenges: what papers say is hard, in their own words, and whether anybody answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from kb.challenges import Challenge
from kb.evidence import statement_id
from kb.library import Library
from kb.mapping import mapped
from kb.pages.parts import being_merged, challenge_deciding, facets, opened, page, quotes, state
from kb.pages.parts.words import _, later, many

_PAGE = 10
_ORDERS = {
    "support": later("Most papers first"),
    "recent": later("Most recently stated first"),
    "oldest": later("Longest standing first"),
}

# Words to begin with, as papers use them; those are offered that the challenges hold.
_EXAMPLES = ("hallucination", "evaluation", "security", "context", "benchmark", "cost", "data")
_OFFERED = 3


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    found = opened.all_challenges(library, filters)
    being_merged.told(library)
    chosen = state.one("challenge")
    if chosen:
        _single(library, chosen, found)
        return
    challenge_deciding.told(library)
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
    told = many("{n} challenge found.", "{n} challenges found.", len(kept))
    whose = _("The words are the papers', the grouping is Sixfold's.")
    st.caption(f"{told} {whose}")
    _cards(library, kept[(at - 1) * _PAGE : at * _PAGE])
    if pages > 1:
        state.pages(pages)
    challenge_deciding.history(library)


def _headline(found: Sequence[Challenge], passing: int) -> None:
    """How many challenges papers share, before how many stand alone."""
    shared = sum(len(one.paper_ids) > 1 for one in found)
    told = _(
        "Challenges stated by two papers or more: **{shared}**; by one: {alone}; among {n} papers."
    )
    st.markdown(
        told.format(shared=f"{shared:,}", alone=f"{len(found) - shared:,}", n=f"{passing:,}")
    )


def _single_too() -> bool:
    """Whether those of one paper are listed; on unless the address says otherwise."""
    key, changed = state.switch("only", "shared", forget=("page",))
    return not st.toggle(_("Only those stated by two papers or more"), key=key, on_change=changed)


def _controls(found: Sequence[Challenge]) -> tuple[str, str, str]:
    counts = Counter(one.status for one in found)
    first, second, third = st.columns([3, 2, 2], vertical_alignment="bottom")
    key, changed = state.bound("words", forget=("page",))
    words = first.text_input(
        _("Words in the challenge"),
        key=key,
        on_change=changed,
        type="search",
        placeholder=_("any"),
    )
    called = {one: f"{_(told[0])} ({counts[one]:,})" for one, told in quotes.STATUS.items()}
    with second:
        status = state.chosen(_("Status"), {"": _("any"), **called}, "status", forget=("page",))
    with third:
        known = {one: _(name) for one, name in _ORDERS.items()}
        order = state.chosen(_("Order"), known, "order", "support", forget=("page",))
    if not (words or "").strip():
        _examples(found)
    return status, (words or "").strip(), order


def _examples(found: Sequence[Challenge]) -> None:
    """Three words to begin with, which challenges here hold."""
    said = "\n".join(one.statement.lower() for one in found)
    fit = [word for word in _EXAMPLES if word in said][:_OFFERED]
    with st.container(horizontal=True, vertical_alignment="center", key="challenge-examples"):
        if fit:
            st.caption(_("For example:"), width="content")
        for word in fit:
            st.button(
                word,
                type="tertiary",
                on_click=state.put,
                args=({"words": word},),
                kwargs={"forget": ("page",)},
                key=f"try-{word}",
            )


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
        _("All challenges"),
        on_click=state.put,
        args=({"challenge": ""},),
        icon=":material/arrow_back:",
    )
    one = next((one for one in found if one.challenge_id == wanted), None) or next(
        (one for one in found if any(statement_id(e.statement) == wanted for e in one.evidence)),
        None,  # an id of before it was merged
    )
    if one is None:
        if not challenge_deciding.rejection(library, wanted):
            challenge_deciding.told(library)
            st.info(
                _(
                    "This challenge is not among those of the papers that pass the filters. It may "
                    "be known under another id since papers were added."
                ),
                icon=":material/search_off:",
            )
    else:
        _cards(library, [one], expanded=True)
        challenge_deciding.decide_on(library, one, found)
    challenge_deciding.history(library)


def _nothing(found: Sequence[Challenge], passing: int) -> None:
    if found:
        told = _("No challenge has these words and this status.")
    else:
        told = _("No challenge is stated in the {n} papers that pass the filters.")
        told = told.format(n=f"{passing:,}")
    st.info(told, icon=":material/search_off:")


page.show(later("Challenges"), draw)
