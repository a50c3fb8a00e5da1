"""Saved searches on a page: the present one kept, all of them listed with what is new."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from kb import saved_searches
from kb.catalogue import Filters
from kb.errors import CatalogueUnwritable, KbError
from kb.library import Library
from kb.pages.parts import facets, my_filters, narrowing, person, state
from kb.pages.parts.markup import plain
from kb.pages.parts.outcome import told, too_long
from kb.pages.parts.words import _, many
from kb.ranking import Mode
from kb.saved_searches import LONGEST_NAME, SavedSearch

_NAME = "save-name"


def offer(library: Library, query: str, filters: Filters, mode: Mode) -> None:
    """A menu that saves the present search; its name where it is saved already."""
    if library.catalogue.read_only:
        return
    present = (query, filters, mode)
    held = saved_searches.saved_searches(library, person.name(library))
    name = next((one.name for one in held if (one.query, one.filters, one.mode) == present), "")
    label = _("Saved") if name else _("Save search")
    icon = ":material/bookmark_added:" if name else ":material/bookmark:"
    with st.popover(label, icon=icon, key="save-search"):
        if name:
            st.markdown(_("Saved as **{name}**.").format(name=plain(name)))
            st.button(_("Remove"), key="save-remove", on_click=_forget, args=(library, name))
            return
        st.caption(_("With its filters. The start of this page then tells what is new in it."))
        st.text_input(_("Name of the search"), key=_NAME)
        st.button(_("Save"), key="save-now", on_click=_save, args=(library, *present))


def listed(library: Library) -> None:
    """Every saved search of the person who looks, with how much is new in each."""
    held = saved_searches.saved_searches(library, person.name(library))
    if not held:
        return
    st.markdown(f"## {_('Saved searches')}")
    for place, one in enumerate(held):
        with st.container(
            horizontal=True, key=f"saved-{place}", vertical_alignment="center", gap="small"
        ):
            _line(library, one, place)


def _line(library: Library, one: SavedSearch, place: int) -> None:
    new = _news(library, one)
    badge = f" :primary-badge[{many('{n} new', '{n} new', new)}]" if new else ""
    unread = "" if new is not None else f" :gray-badge[{_('cannot be made any more')}]"
    st.button(
        f"{plain(one.name)}{badge}{unread}",
        key=f"open-saved-{place}",
        type="tertiary",
        icon=":material/bookmark:",
        on_click=_open,
        args=(library, one, bool(new)),
    )
    inside = [label for label, _drop in narrowing.parts(library.codebook, one.filters)]
    st.caption(" · ".join(map(plain, (one.query, *inside))), width="stretch")
    if not library.catalogue.read_only:
        key = f"change-saved-{place}"
        chosen = st.menu_button(
            _("Change"),
            ["rename", "remove"],
            key=key,
            type="tertiary",
            format_func=lambda what: _("Rename …") if what == "rename" else _("Remove"),
            on_click=_changed,
            args=(library, one.name, key),
        )
        if chosen == "rename":
            st.dialog(_("Rename"))(_ask_name)(library, one.name)


def _news(library: Library, one: SavedSearch) -> int | None:
    """How many papers are new in it; None where it cannot be made any more."""
    if one.filters.collection:  # which changes without the library's generation changing
        return _counted(library, one)
    return _kept_news(library, str(library.folder), library.snapshot().generation, one)


@st.cache_data(max_entries=512, show_spinner=False)
def _kept_news(
    _library: Library,
    folder: str,  # noqa: ARG001 - tells libraries apart in the cache
    generation: int,  # noqa: ARG001 - the library as it was
    one: SavedSearch,
) -> int | None:
    return _counted(_library, one)


def _counted(library: Library, one: SavedSearch) -> int | None:
    try:
        return len(saved_searches.news(library, one))
    except KbError:
        return None


def _open(library: Library, one: SavedSearch, new: bool) -> None:
    """Make the search again; what is new in it is marked, and counts as seen from now on."""
    if not library.catalogue.read_only:
        with suppress(CatalogueUnwritable):  # it is new the next time, too
            saved_searches.mark_seen(library, one.who, one.name)
    own = [facet.key for facet in facets.own_facets(library.edition)]
    left = {
        "q": one.query,
        "mode": "" if one.mode == "hybrid" else one.mode,
        "after": str(one.seen) if new else "",
        **facets.params(one.filters),
    }
    gone = (*facets.NAMES, *my_filters.NAMES, *own, "n", "like")
    state.put(left, forget=[name for name in gone if name not in left])


def _save(library: Library, query: str, filters: Filters, mode: Mode) -> None:
    name, who = str(st.session_state.get(_NAME, "")), person.name(library)
    if too_long(name, LONGEST_NAME):
        return
    done = _("Saved as {name}.").format(name=name)
    if told(lambda: saved_searches.save(library, who, name, query, filters, mode), done):
        st.session_state[_NAME] = ""


def _changed(library: Library, name: str, key: str) -> None:
    if st.session_state[key] == "remove":
        _forget(library, name)


def _forget(library: Library, name: str) -> None:
    who = person.name(library)
    told(lambda: saved_searches.forget(library, who, name), _("Removed."))


def _ask_name(library: Library, name: str) -> None:
    """Ask for another name."""
    to = st.text_input(_("Name of the search"), value=name, key="rename-to")
    who = person.name(library)
    wanted = st.button(_("Rename"), key="rename-now", type="primary")
    if not wanted or too_long(to, LONGEST_NAME):
        return
    if told(lambda: saved_searches.rename(library, who, name, to), _("Renamed.")):
        st.rerun()
