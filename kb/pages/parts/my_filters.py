"""Filters of the person who looks: their reading list, and what is new to them.

They stand in the address (`reading=to_read`, `new=1`), but mean other papers to another
person; `after=N`, the highest paper number known before, means the same to everybody.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from kb import reading_states, visits
from kb.library import Library
from kb.pages.parts import person, state
from kb.pages.parts.reading_state import NAMES as CALLED
from kb.pages.parts.words import _
from kb.ranking import Ints
from kb.reading_states import STATES
from kb.snapshot import Mask

NAMES = ("reading", "new", "after")
"""Parameters of the address that filter by person."""

# Of the highest paper number that an address may name.
_HIGHEST = 2**53


def visit(library: Library) -> visits.Visit:
    """This visit of the person who looks; one a session, and it outlasts a reload."""
    who = person.name(library)
    key = f"visit:{library.folder}:{who}"
    if key not in st.session_state:
        going_on = _going_on()
        st.session_state[key] = going_on[key] = visits.begin(library, who, going_on.get(key))
    found: visits.Visit = st.session_state[key]
    return found


@st.cache_resource(show_spinner=False)
def _going_on() -> dict[str, visits.Visit]:
    """The visits that this server has seen, one a person: a reload begins a new session."""
    return {}


def known_before(library: Library) -> int | None:
    """The highest paper number that is not new: the address names it, or the last visit left it.

    None where nothing is new, for everything is.
    """
    if state.one("after"):
        return state.number("after", 0, low=0, high=_HIGHEST)
    return visit(library).since


def new_papers(library: Library) -> Ints:
    """Numbers of the papers that are new to the person who looks, ascending."""
    since, held = known_before(library), library.snapshot().table.n
    return held[held > since] if since is not None else held[:0]


def numbers(library: Library) -> Ints | None:
    """Numbers of the papers that pass the person's filters; None where none is set."""
    found: Ints | None = None
    if state.one("new") == "1":
        found = new_papers(library)
    wanted = state.one("reading")
    if wanted in STATES:
        held = _by_state(library)[wanted]
        found = held if found is None else np.intersect1d(found, held)
    return found


def params() -> dict[str, str]:
    """The filters that are set, as parameters of an address."""
    return {name: value for name in NAMES if (value := state.one(name))}


def draw(library: Library, passing: Mask, held: Ints) -> None:
    """The two filters, with how many of the papers that pass all others they leave.

    Takes: passing, (papers,), and held, the numbers of the same papers (papers,).
    """
    left = held[passing]
    counts = {one: int(np.isin(left, some).sum()) for one, some in _by_state(library).items()}
    new = int(np.isin(left, new_papers(library)).sum())
    with st.container(key="facet-mine", gap=None):
        key, changed = state.switch("new", "1", forget=("page", "n"))
        label = (
            _("New since this search was last opened")
            if state.one("after")
            else _("New since my last visit")
        )
        st.checkbox(f"{label} :gray[{new:,}]", key=key, on_change=changed)
        key, changed = state.bound("reading", forget=("page", "n"))
        if st.session_state[key] not in STATES:
            st.session_state[key] = None
        st.pills(
            _("My reading list"),
            list(STATES),
            key=key,
            on_change=changed,
            format_func=lambda one: f"{_(CALLED[one])} :gray[{counts[one]:,}]",
        )


def _by_state(library: Library) -> dict[str, Ints]:
    """State -> numbers of the papers on the person's list that have it."""
    states = reading_states.states(library, person.name(library))
    with library.catalogue.read() as reader:
        known = reader.numbers(states)
    return {
        wanted: np.array(
            sorted(known[one] for one, state in states.items() if state == wanted and one in known),
            dtype=np.int64,
        )
        for wanted in STATES
    }
