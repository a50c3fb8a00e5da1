"""Screening: papers in or out of a review, with reasons, and the counts of its flow diagram."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb.library import Library
from kb.pages.parts import (
    page,
    person,
    review_agreeing,
    review_bringing,
    review_flowing,
    review_making,
    screening_one,
    state,
)
from kb.pages.parts.deciding import who_field
from kb.pages.parts.markup import plain
from kb.pages.parts.review_board import current
from kb.pages.parts.words import _, later
from kb.review_state import Board
from kb.screening import reviews

_WHO = "screen-who"

_VIEWS: dict[str, tuple[str, Callable[[Library, Board, str], None]]] = {
    "screen": (later("Screen"), screening_one.draw),
    "papers": (later("Papers"), review_bringing.draw),
    "coders": (later("Coders"), review_agreeing.draw),
    "flow": (later("Flow"), review_flowing.draw),
    "rules": (later("Criteria"), review_making.edit),
}
_OTHERS = ("stage", "paper", "order", "view", "seen", "show", "page")


def draw(library: Library) -> None:
    """The page."""
    known = list(reviews(library))
    if not known:
        review_making.begin(library)
        return
    name = state.one("review")
    if name and name not in known:
        st.caption(_("There is no review called {name}.").format(name=plain(name)))
    name = name if name in known else known[-1]
    with st.container(horizontal=True, vertical_alignment="bottom", key="screen-bar"):
        _choose(known, name)
        view = _view()
        if not library.catalogue.read_only:
            review_making.popover(library)
            _name(library)
    who = _who(library)
    now = current(library, name)
    if not now.cases and view == "screen":
        view = "papers"
    _VIEWS[view][1](library, now, who)


def _choose(known: list[str], name: str) -> None:
    key, changed = state.bound("review", known[-1], forget=_OTHERS)
    st.session_state[key] = name
    st.selectbox(_("Review"), known, key=key, on_change=changed, format_func=str, width=260)


def _view() -> str:
    key, changed = state.bound("view", "screen", forget=("page",), known=_VIEWS)
    chosen = st.segmented_control(
        _("What to show"),
        list(_VIEWS),
        key=key,
        on_change=changed,
        format_func=lambda one: _(_VIEWS[one][0]),
        required=True,
        label_visibility="collapsed",
    )
    return str(chosen or "screen")


def _name(library: Library) -> None:
    """Whose decisions these are; nothing to type where a proxy says who is signed in."""
    who = person.name(library)
    label = plain(who) if who else _("Your name")
    with st.popover(label, icon=":material/person:", key="screen-person"):
        who_field(library, _WHO)
        if person.by_proxy():
            st.caption(_("You are signed in under this name."))


def _who(library: Library) -> str:
    """Whose decisions these are; what is typed here holds on the other pages too."""
    typed = str(st.session_state.get(_WHO, "")).strip()
    if typed and not person.by_proxy():
        st.session_state["coder"] = typed
    return person.name(library)


page.show(later("Screening"), draw)
