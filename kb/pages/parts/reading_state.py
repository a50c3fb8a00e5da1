"""How far the person who looks has read a paper: shown, and set with one click."""

from __future__ import annotations

import streamlit as st

from kb import reading_states
from kb.library import Library
from kb.pages.parts import person
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _, later

NAMES = {
    "to_read": later("To read"),
    "reading": later("Reading"),
    "read": later("Read"),
}
"""What each state is called; for `_`."""


def control(library: Library, paper_id: str) -> None:
    """The three states of one paper to choose from; choosing the one that holds takes it off.

    Where the library is open for reading only, the state that holds is told.
    """
    held = reading_states.states(library, person.name(library)).get(paper_id, "")
    if library.catalogue.read_only:
        if held:
            st.caption(_("Reading list: {state}").format(state=_(NAMES[held])))
        return
    key = f"reading-{paper_id}"
    st.session_state[key] = held or None
    st.segmented_control(
        _("Reading list"),
        list(NAMES),
        key=key,
        format_func=lambda state: _(NAMES[state]),
        on_change=_chosen,
        args=(library, paper_id, key),
        label_visibility="collapsed",
    )


def put(library: Library, paper_id: str, state: str) -> None:
    """Set the state and say so; "" takes the paper off the list."""
    done = _("{state}: on your reading list.").format(state=_(NAMES[state])) if state else ""
    told(
        lambda: reading_states.put(library, person.name(library), [paper_id], state),
        done or _("Taken off your reading list."),
    )


def _chosen(library: Library, paper_id: str, key: str) -> None:
    put(library, paper_id, str(st.session_state[key] or ""))
