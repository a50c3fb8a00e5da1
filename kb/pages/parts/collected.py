"""Named collections on a page: a paper goes in and out, search results are kept as one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.collecting import MOST, collect, collections, release
from kb.library import Library
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.markup import plain
from kb.pages.parts.outcome import told, too_long
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
        st.text_input(_("New collection"), key=_NEW)
        st.button(_("Keep"), on_click=_put, args=(library, paper_id), key="collect-put")


def keep_these(library: Library, papers: Sequence[str]) -> None:
    """A menu that puts papers, in the order shown, into a collection."""
    with st.popover(_("Keep these"), icon=":material/folder:", key="keep-these"):
        shown = many("The {n} paper shown", "The {n} papers shown", len(papers))
        st.caption(_("{shown}; a known name gets them added.").format(shown=shown))
        st.text_input(_("Name of the collection"), key=_KEPT)
        st.button(_("Keep"), on_click=_keep, args=(library, papers), key="keep-these-now")
        if names := [name for name in collections(library) if name != FAVOURITES]:
            st.caption(plain(_("Known: {names}").format(names=", ".join(names))))


def _turn(library: Library, name: str, paper_id: str, key: str) -> None:
    if st.session_state[key]:
        told(lambda: collect(library, name, [paper_id]), _("Kept in {name}.").format(name=name))
    else:
        done = _("Taken out of {name}.").format(name=name)
        told(lambda: release(library, name, [paper_id]), done)


def _put(library: Library, paper_id: str) -> None:
    name = str(st.session_state.get(_NEW, ""))
    if too_long(name, MOST):
        return
    if told(lambda: collect(library, name, [paper_id]), _("Kept in {name}.").format(name=name)):
        st.session_state[_NEW] = ""


def _keep(library: Library, papers: Sequence[str]) -> None:
    name = str(st.session_state.get(_KEPT, ""))
    if too_long(name, MOST):
        return
    if told(lambda: collect(library, name, papers), _("Kept in {name}.").format(name=name)):
        st.session_state[_KEPT] = ""
