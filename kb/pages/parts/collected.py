"""Named collections on a page: a paper goes in and out, search results are kept as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from kb.collecting import MOST, collect, collections, release
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.markup import plain

_NEW = "collect-new"
_KEPT = "collect-these"


def choose(library: Library, paper_id: str) -> None:
    """A menu with a box for each collection, ticked where the paper is in it."""
    with st.popover("Collections", icon=":material/folder:", key="collections"):
        with library.catalogue.read() as reader:
            counts = reader.collections()
            members = {name: reader.collection(name) for name in counts if name != FAVOURITES}
        for name, held in members.items():
            key = f"collect-{paper_id}-{name}"
            st.session_state[key] = paper_id in held
            st.checkbox(
                f"{plain(name)} :gray[{counts[name]:,}]",
                key=key,
                on_change=_turn,
                args=(library, name, paper_id, key),
            )
        if not members:
            st.caption("There is none yet but the favourites.")
        st.text_input("New collection", key=_NEW, max_chars=MOST)
        st.button("Put it in", on_click=_put, args=(library, paper_id), key="collect-put")


def keep_these(library: Library, papers: Sequence[str]) -> None:
    """A menu that puts papers, in the order shown, into a collection."""
    with st.popover("Keep these as a collection", icon=":material/folder:", key="keep-these"):
        many = "paper" if len(papers) == 1 else "papers"
        st.caption(f"The {len(papers):,} {many} shown; a known name gets them added.")
        st.text_input("Name of the collection", key=_KEPT, max_chars=MOST)
        st.button("Keep", on_click=_keep, args=(library, papers), key="keep-these-now")
        if names := [name for name in collections(library) if name != FAVOURITES]:
            st.caption(plain(f"Known: {', '.join(names)}"))


def _turn(library: Library, name: str, paper_id: str, key: str) -> None:
    if st.session_state[key]:
        _told(lambda: collect(library, name, [paper_id]), "Put in.")
    else:
        _told(lambda: release(library, name, [paper_id]), "Taken out.")


def _put(library: Library, paper_id: str) -> None:
    name = str(st.session_state.get(_NEW, ""))
    if _told(lambda: collect(library, name, [paper_id]), f"In {name}."):
        st.session_state[_NEW] = ""


def _keep(library: Library, papers: Sequence[str]) -> None:
    name = str(st.session_state.get(_KEPT, ""))
    if _told(lambda: collect(library, name, papers), f"Kept as {name}."):
        st.session_state[_KEPT] = ""


def _told(act: Callable[[], object], done: str) -> bool:
    try:
        act()
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return False
    st.toast(plain(done), icon=":material/check:")
    return True
