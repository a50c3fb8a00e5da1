"""The review that a page shows: as it stands, and in which order; kept while nothing changes."""

from __future__ import annotations

import streamlit as st

from kb import likely
from kb.catalogue.screening import STAGES
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.words import later
from kb.review_order import STEP, pool_of, ranking
from kb.review_state import Board, board, stamp

STAGE_NAMES = {
    "abstract": later("Title and abstract"),
    "full_text": later("Full text"),
}

VERDICT_NAMES = {
    "include": later("Include"),
    "exclude": later("Exclude"),
    "maybe": later("Maybe"),
    "not_retrieved": later("Not retrieved"),
}

STATE_NAMES = {
    "include": later("included"),
    "exclude": later("excluded"),
    "not_retrieved": later("not retrieved"),
    "open": later("not screened"),
    "waiting": later("awaiting another coder"),
    "conflict": later("in conflict"),
    "maybe": later("maybe"),
}


def stage() -> str:
    """The stage that the address names."""
    given = state.one("stage")
    return given if given in STAGES else STAGES[0]


def current(library: Library, name: str) -> Board:
    """The review as it stands now."""
    return _board(library, (library.opening, stamp(library)), name)


@st.cache_resource(show_spinner=False, max_entries=16)
def _board(
    _library: Library,
    key: object,  # noqa: ARG001 - part of the key
    name: str,
) -> Board:
    return board(_library, name)


def ranked(library: Library, now: Board, at: str) -> list[str]:
    """A stage's papers, the likeliest first; ranked anew after every `STEP` decisions."""
    cases = now.at(at)
    ids = tuple(one.paper_id for one in cases)
    states = [one.outcomes[at].state for one in cases]
    done = sum(one in ("include", "exclude") for one in states)
    rules = hash((now.review.question, now.review.criteria))
    papers = (library.opening, library.snapshot().generation, hash(ids))
    # The first of either kind changes the order at once: it is then learned, not only compared.
    both = "include" in states and "exclude" in states
    key = (*papers, rules, now.review.name, at, done // STEP, both)
    return _ranked(library, now, key, papers)


# Streamlit keeps a value by its arguments, without those that begin with an underscore.
@st.cache_resource(show_spinner="Learning from what was decided …", max_entries=16)
def _ranked(
    _library: Library,
    _now: Board,
    key: tuple[object, ...],
    papers: tuple[int, ...],
) -> list[str]:
    at = str(key[-3])
    return ranking(_library, _now, at, _pool(_library, _now, at, papers))


@st.cache_resource(show_spinner=False, max_entries=4)
def _pool(_library: Library, _now: Board, _at: str, papers: tuple[int, ...]) -> likely.Pool:  # noqa: ARG001
    return pool_of(_library, [one.paper_id for one in _now.at(_at)])
