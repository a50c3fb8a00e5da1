"""Named collections on a page: a paper goes in and out, search results are kept as one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.collecting import MOST, collect, collections, release
from kb.library import Library
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.markup import plain
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _, many

_NEW = "collect-new"
_KEPT = "collect-these"


def choose(library: Library, paper_id: str) -> None:
    """A menu with a box for each collection, ticked where the paper is in it."""
    if library.catalogue.read_only:
        return
    with st.popover(_("Collections"), icon=":material/folder:", key="collections"):
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
            st.caption(_("There is none yet but the favourites."))
        st.text_input(_("New collection"), key=_NEW, max_chars=MOST)
        st.button(_("Put it in"), on_click=_put, args=(library, paper_id), key="collect-put")


def keep_these(library: Library, papers: Sequence[str]) -> None:
    """A menu that puts papers, in the order shown, into a collection."""
    with st.popover(_("Collect"), icon=":material/folder:", key="keep-these"):
        shown = many("The {n} paper shown", "The {n} papers shown", len(papers))
        st.caption(_("{shown}; a known name gets them added.").format(shown=shown))
        st.text_input(_("Name of the collection"), key=_KEPT, max_chars=MOST)
        st.button(_("Keep"), on_click=_keep, args=(library, papers), key="keep-these-now")
        if names := [name for name in collections(library) if name != FAVOURITES]:
            st.caption(plain(_("Known: {names}").format(names=", ".join(names))))


def _turn(library: Library, name: str, paper_id: str, key: str) -> None:
    if st.session_state[key]:
        told(lambda: collect(library, name, [paper_id]), _("Put in."))
    else:
        told(lambda: release(library, name, [paper_id]), _("Taken out."))


def _put(library: Library, paper_id: str) -> None:
    name = str(st.session_state.get(_NEW, ""))
    if told(lambda: collect(library, name, [paper_id]), _("In {name}.").format(name=name)):
        st.session_state[_NEW] = ""


def _keep(library: Library, papers: Sequence[str]) -> None:
    name = str(st.session_state.get(_KEPT, ""))
    if told(lambda: collect(library, name, papers), _("Kept as {name}.").format(name=name)):
        st.session_state[_KEPT] = ""
