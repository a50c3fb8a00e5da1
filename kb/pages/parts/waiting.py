"""What to decide next, and what was passed: a list worked out now and then, not at each step."""

from __future__ import annotations

import streamlit as st

from kb.library import Library
from kb.pages.parts import state
from kb.queue import queue

_AHEAD = 25  # papers worked out at once: enough that few steps wait, few enough to stay apt
_SEEN = 40  # papers remembered as passed; a skipped one comes again after that many


def passed() -> list[str]:
    """Ids of the papers saved or skipped in this sitting, the last one last."""
    return [one for one in state.one("seen").split(",") if one]


def leave(paper_id: str) -> None:
    """Pass a paper: the page shows the next one. What was clicked on it is gone."""
    kept = [one for one in passed() if one != paper_id]
    state.put({"seen": ",".join([*kept, paper_id][-_SEEN:])}, forget=("paper", *DRAFT))


def back() -> None:
    """Show again the paper passed last."""
    *kept, last = passed()
    state.put({"seen": ",".join(kept), "paper": last}, forget=DRAFT)


def show(paper_id: str) -> None:
    """Show this paper, whether or not it was passed."""
    kept = [one for one in passed() if one != paper_id]
    state.put({"seen": ",".join(kept), "paper": paper_id}, forget=DRAFT)


DRAFT = ("yes", "no", "why")
"""Parameters of the address that belong to the paper shown."""


def upcoming(library: Library, who: str, facet: str, order: str) -> str:
    """Id of the next paper; "" where nothing is left but what was passed."""
    made = (str(library.folder), who, facet, order, library.taxonomy[0], library.tagger.version)
    if st.session_state.get("waiting-of") != made:
        st.session_state["waiting-of"], st.session_state["waiting"] = made, []
    gone = set(passed())
    found = [one for one in st.session_state["waiting"] if one not in gone]
    if not found:
        asked = queue(library, count=_AHEAD + len(gone), who=who, facet=facet, strategy=order)
        found = [one.paper_id for one in asked if one.paper_id not in gone]
    st.session_state["waiting"] = found
    return found[0] if found else ""
