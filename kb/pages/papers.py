"""Papers: everything that is here, filtered, sorted, a page at a time."""

from __future__ import annotations

import numpy as np
import streamlit as st

from kb.catalogue import Filters, StoredPaper
from kb.library import Library
from kb.pages.parts import coverage, facets, page, results, state
from kb.snapshot import Mask, Snapshot

_PAGE = 20
_ORDERS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "added": "Last added first",
    "id": "By id",
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    asked = coverage.asked_for(library)
    if asked is not None:
        _listed(library, asked, filters)
        return
    if not passing:
        st.info("No paper passes these filters: take one away.", icon=":material/search_off:")
        return
    key, changed = state.bound("order", "newest", forget=("page",))
    if st.session_state[key] not in _ORDERS:
        st.session_state[key] = "newest"
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    order = right.selectbox(
        "Order", list(_ORDERS), key=key, on_change=changed, format_func=_ORDERS.__getitem__
    )
    pages = -(-passing // _PAGE)
    at = state.number("page", 1, low=1, high=pages)
    first = (at - 1) * _PAGE
    left.caption(f"{first + 1:,}–{min(first + _PAGE, passing):,} of {passing:,} papers")
    snapshot = library.snapshot()
    numbers = _ordered(snapshot, snapshot.mask(filters), order)[first : first + _PAGE]
    with library.catalogue.read() as reader:
        papers = reader.papers(numbers)
    for number in numbers:
        if number in papers:
            _row(library, papers[number])
    if pages > 1:
        state.pages(pages)


def _listed(library: Library, ids: list[str], filters: Filters) -> None:
    """The papers of an answer that pass the filters, in its order, a page at a time."""
    table = library.snapshot().table
    if filters:
        rows = np.flatnonzero(library.snapshot().mask(filters)).tolist()
        passing = {table.paper_id[row] for row in rows}
        ids = [one for one in ids if one in passing]
        st.caption(f"{len(ids):,} of them pass the filters beside")
    pages = max(-(-len(ids) // _PAGE), 1)
    first = (state.number("page", 1, low=1, high=pages) - 1) * _PAGE
    shown = ids[first : first + _PAGE]
    with library.catalogue.read() as reader:
        numbers = reader.numbers(shown)
        papers = reader.papers(numbers.values())
    for one in shown:
        if one in numbers:
            _row(library, papers[numbers[one]])
    if pages > 1:
        state.pages(pages)


def _row(library: Library, paper: StoredPaper) -> None:
    full = "full text" if paper.full_text else "abstract" if paper.abstract else ""
    results.row(library, paper, full or ("digest" if paper.digest else "title only"))


def _ordered(snapshot: Snapshot, passing: Mask, order: str) -> list[int]:
    """Numbers of the passing papers in the order asked for."""
    table = snapshot.table
    rows = np.flatnonzero(passing).tolist()
    if order == "newest":
        rows.sort(key=lambda row: (table.published[row], table.paper_id[row]), reverse=True)
    elif order == "oldest":
        rows.sort(key=lambda row: (table.published[row] or "9999", table.paper_id[row]))
    elif order == "id":
        rows.sort(key=lambda row: table.paper_id[row])
    else:
        rows.reverse()
    return [int(table.n[row]) for row in rows]


page.show("Papers", draw)
