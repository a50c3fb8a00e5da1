"""Papers: everything that is here, filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.catalogue import Filters, StoredPaper
from kb.catalogue.ordering import by_title
from kb.library import Library
from kb.pages.parts import (
    collected,
    coverage,
    download,
    facets,
    keeping,
    keys,
    my_filters,
    page,
    results,
    state,
)
from kb.pages.parts.words import _, later
from kb.reading_states import STATES

_PAGE = 20
_ORDERS = {
    "newest": later("Newest first"),
    "oldest": later("Oldest first"),
    "year": later("By year, then title"),
    "title": later("By title"),
    "added": later("Last added first"),
    "id": later("By id"),
}
_VIEWS = {
    "new": later("New to me"),
    "to_read": later("To read"),
    "reading": later("Reading"),
    "read": later("Read"),
    "favourites": later("Favourites"),
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library, mine=True)
    keys.listen()
    asked = coverage.asked_for(library)
    if asked is not None:
        head = _head()
        _shown(library, _of_answer(library, asked, filters), "", head, head)
        return
    _view()
    if not passing:
        _none()
        return
    head = _head()
    with head:
        told = st.container(width="stretch")
        order = _order()
    _shown(library, _ordered(library, filters, order), order, head, told)


def _head() -> DeltaGenerator:
    return st.container(horizontal=True, key="found", vertical_alignment="center", gap="small")


def _view() -> None:
    """Lists of one's own, one click each; choosing the one that is shown leaves it."""
    key = "at:view"
    mine = {"new": state.one("new") == "1", "favourites": state.one("collection") == "favourites"}
    mine |= {one: state.one("reading") == one for one in STATES}
    st.session_state[key] = next((one for one, shown in mine.items() if shown), None)
    st.pills(
        _("My lists"),
        list(_VIEWS),
        key=key,
        format_func=lambda one: _(_VIEWS[one]),
        on_change=_viewed,
        args=(key,),
        label_visibility="collapsed",
    )


def _viewed(key: str) -> None:
    chosen = st.session_state[key]
    found = {
        "new": "1" if chosen == "new" else "",
        "reading": chosen if chosen in STATES else "",
    }
    if chosen == facets.FAVOURITES or state.one("collection") == facets.FAVOURITES:
        found["collection"] = facets.FAVOURITES if chosen == facets.FAVOURITES else ""
    state.put(found, forget=("page", "after"))


def _none() -> None:
    if state.one("new") == "1":
        st.info(_("No paper that passes is new since your last visit."), icon=":material/done_all:")
    elif state.one("reading") in STATES:
        told = _("No paper that passes has this place on your reading list.")
        st.info(told, icon=":material/menu_book:")
    else:
        told = _("No paper passes these filters: take one away.")
        st.info(told, icon=":material/search_off:")


def _order() -> str:
    return state.chosen(
        _("Order"),
        {one: _(name) for one, name in _ORDERS.items()},
        "order",
        "newest",
        forget=("page",),
        label_visibility="collapsed",
        width=210,
    )


def _of_answer(library: Library, ids: Sequence[str], filters: Filters) -> list[int]:
    """Numbers of the papers of an answer that pass the filters, in its order."""
    with library.catalogue.read() as reader:
        known = reader.numbers(ids)
    numbers = [known[one] for one in ids if one in known]
    own = my_filters.numbers(library)
    if not filters and own is None:
        return numbers
    passing = set(_ordered(library, filters, "id"))
    left = [one for one in numbers if one in passing]
    st.caption(_("{n} of them pass the filters beside").format(n=f"{len(left):,}"))
    return left


def _shown(
    library: Library,
    numbers: Sequence[int],
    order: str,
    head: DeltaGenerator,
    place: DeltaGenerator,
) -> None:
    """A page of the list; in its head what can be done with it, in a place how far it goes."""
    pages = max(-(-len(numbers) // _PAGE), 1)
    first = (state.number("page", 1, low=1, high=pages) - 1) * _PAGE
    papers = _some(library, numbers[first : first + _PAGE])
    told = _("{first}–{last} of {n} papers")
    told = told.format(
        first=f"{min(first + 1, len(numbers)):,}",
        last=f"{first + len(papers):,}",
        n=f"{len(numbers):,}",
    )
    place.caption(told, width="stretch")
    with head:
        download.menu(
            library,
            lambda: papers,
            len(papers),
            lambda: _some(library, numbers[: download.MOST]),
            len(numbers),
        )
        if not library.catalogue.read_only:
            collected.keep_these(library, [one.paper_id for one in papers])
    kept = keeping.kept(library)
    for paper in papers:
        results.row(library, paper, _note(paper, order), kept)
    if pages > 1:
        state.pages(pages)


def _some(library: Library, numbers: Sequence[int]) -> list[StoredPaper]:
    with library.catalogue.read() as reader:
        held = reader.papers(numbers)
    return [held[one] for one in numbers if one in held]


def _note(paper: StoredPaper, order: str) -> str:
    """What is held of a paper, and when it was added where that is what the list goes by."""
    full = _("full text") if paper.full_text else _("abstract") if paper.abstract else ""
    held = full or (_("digest") if paper.digest else _("title only"))
    added = _("added {day}").format(day=paper.added[:10])
    return f"{held} · {added}" if order == "added" else held


def _ordered(library: Library, filters: Filters, order: str) -> list[int]:
    """Numbers of the papers that pass the filters, the person's own too, in an order."""
    snapshot = library.snapshot()
    table, passing = snapshot.table, snapshot.mask(filters)
    own = my_filters.numbers(library)
    passing = passing if own is None else passing & np.isin(table.n, own)
    rows = np.flatnonzero(passing).tolist()
    if order == "newest":
        rows.sort(key=lambda row: (table.published[row], table.paper_id[row]), reverse=True)
    elif order == "oldest":
        rows.sort(key=lambda row: (table.published[row] or "9999", table.paper_id[row]))
    elif order in ("title", "year"):
        place = _places_by_title(library, str(library.folder), snapshot.generation)
        rows.sort(key=lambda row: place.get(int(table.n[row]), len(place)))
        if order == "year":
            rows.sort(key=lambda row: -int(table.year[row]))
    elif order == "id":
        rows.sort(key=lambda row: table.paper_id[row])
    else:
        rows.reverse()
    return [int(n) for n in table.n[rows]]


@st.cache_resource(max_entries=4, show_spinner=False)
def _places_by_title(
    _library: Library,
    folder: str,  # noqa: ARG001 - tells libraries apart in the cache
    generation: int,  # noqa: ARG001 - the library as it was
) -> dict[int, int]:
    """Number of a paper -> its place among all titles."""
    with _library.catalogue.read() as reader:
        return {number: place for place, number in enumerate(by_title(reader.connection))}


page.show(_("Papers"), draw)
