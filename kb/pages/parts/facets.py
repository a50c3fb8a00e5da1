"""Facets: narrow down by phase, layer, year, category and author, with live counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from kb.catalogue import Filters
from kb.collecting import collections
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.markup import plain
from kb.pages.parts.tags import meaning
from kb.snapshot import Mask, Snapshot
from taxonomy.codebook import Facet
from taxonomy.edition import LASTING, Edition

# Parameters that mean another thing once the filters change.
_PLACE = ("page", "n", "challenge")

NAMES = ("phase", "layer", "from", "to", "category", "author", "collection", "tagged")
"""Parameters of the address that filter."""

FAVOURITES = "favourites"

_WHO = {"": "anybody", "machine": "the machine", "human": "a person"}

# Categories offered: the rest is each under a hundredth of the papers.
_CATEGORIES = 12


def current(library: Library) -> Filters:
    """The filters that the address names; what is not known there is left out."""
    edition = library.edition
    low, high = state.number("from", 0, low=0, high=9999), state.number("to", 0, low=0, high=9999)
    return Filters(
        phases=_ticked(edition, "phase"),
        layers=_ticked(edition, "layer"),
        tags=tuple(
            (one.key, key) for one in own_facets(edition) for key in _ticked(edition, one.key)
        ),
        year_from=low or None,
        year_to=high or None,
        author=state.one("author"),
        category=state.one("category"),
        collection=state.one("collection"),
        tag_status=state.one("tagged") if state.one("tagged") in _WHO else "",
    )


def own_facets(edition: Edition) -> list[Facet]:
    """The facets that this library's people have added."""
    return [facet for facet in edition.facets if facet.key not in LASTING]


def _ticked(edition: Edition, facet: str) -> tuple[str, ...]:
    """Keys that the address names; one that was renamed or merged means what it has become."""
    known = [*edition.facet(facet).keys, *(key for of, key in edition.aliases if of == facet)]
    now = (edition.current(facet, key) for key in state.several(facet, known))
    return tuple(dict.fromkeys(key for key in now if key))


def params(filters: Filters) -> dict[str, list[str] | str]:
    """The filters as parameters of an address."""
    given: dict[str, list[str] | str] = {
        "phase": list(filters.phases),
        "layer": list(filters.layers),
        "from": str(filters.year_from or ""),
        "to": str(filters.year_to or ""),
        "category": filters.category,
        "author": filters.author,
        "collection": filters.collection,
        "tagged": filters.tag_status,
    }
    for facet, key in filters.tags:
        given[facet] = [*given.get(facet, []), key]
    return {name: value for name, value in given.items() if value}


def sidebar(library: Library, within: Mask | None = None) -> tuple[Filters, int]:
    """Draw the facets; gives the filters and how many papers pass them.

    Takes: within, the papers that are counted, (papers,); all where None.
    """
    filters = current(library)
    snapshot = library.snapshot()

    def mask(some: Filters) -> Mask:
        return snapshot.mask(some) if within is None else snapshot.mask(some) & within

    passing = int(mask(filters).sum())
    with st.sidebar:
        st.markdown(f"**{passing:,}** of {len(snapshot.table.n):,} papers pass")
        if filters:
            own = tuple(one.key for one in own_facets(library.edition))
            st.button(
                "Clear all filters",
                on_click=_clear,
                args=(own,),
                width="stretch",
                key="clear-filters",
            )
        # Within a facet any of the ticked keys is enough: so its own counts ignore it.
        others = [
            (one.key, replace(filters, tags=tuple(p for p in filters.tags if p[0] != one.key)))
            for one in own_facets(library.edition)
        ]
        for facet, without in (
            ("phase", replace(filters, phases=())),
            ("layer", replace(filters, layers=())),
            *others,
        ):
            counts = snapshot.facet_counts(mask(without)).get(facet, {})
            _boxes(library, facet, counts)
        _years(snapshot, mask(replace(filters, year_from=None, year_to=None)))
        named = [FAVOURITES, *(name for name in collections(library) if name != FAVOURITES)]
        _more(snapshot, mask(replace(filters, category="")), filters, named)
    return filters, passing


def _boxes(library: Library, facet: str, counts: Mapping[str, int]) -> None:
    held = library.codebook.facet(facet)
    st.markdown(f"##### {plain(held.name)}", help=plain(f"{held.question} {held.note}"))
    with st.container(key=f"facet-{facet}", gap=None):
        for one in held.categories:
            key, changed = state.switch(facet, one.key, forget=_PLACE)
            st.checkbox(
                f"{plain(one.name)} :gray[{counts.get(one.key, 0):,}]",
                key=key,
                on_change=changed,
                help=plain(meaning(one)),
            )


def _years(snapshot: Snapshot, passing: Mask) -> None:
    known = {int(year) for year in np.unique(snapshot.table.year) if year}
    counts = snapshot.facet_counts(passing)["year"]
    if not known:
        return
    years = [str(year) for year in sorted(known, reverse=True)]
    st.markdown("##### Year")
    first, last = st.columns(2, wrap=False, gap="xsmall")
    for column, name, label in ((first, "from", "From"), (last, "to", "To")):
        key, changed = state.bound(name, forget=_PLACE)
        held = st.session_state[key]
        options = ["", *years, *([held] if held and held not in years else [])]
        column.selectbox(
            label,
            options,
            key=key,
            on_change=changed,
            format_func=lambda year: f"{year} ({counts.get(int(year), 0):,})" if year else "any",
        )


def _more(snapshot: Snapshot, passing: Mask, filters: Filters, collected: Sequence[str]) -> None:
    opened = bool(filters.category or filters.author or filters.collection or filters.tag_status)
    with st.expander("Category, author, collection", expanded=opened):
        counts = _categories(snapshot, passing)
        key, changed = state.bound("category", forget=_PLACE)
        st.selectbox(
            "arXiv category",
            _with_held(["", *counts], filters.category),
            key=key,
            on_change=changed,
            format_func=lambda name: f"{name} ({counts.get(name, 0):,})" if name else "any",
        )
        key, changed = state.bound("author", forget=_PLACE)
        st.text_input("Author", key=key, on_change=changed, placeholder="part of a name")
        key, changed = state.bound("collection", forget=_PLACE)
        st.selectbox(
            "Collection",
            _with_held(["", *collected], filters.collection),
            key=key,
            on_change=changed,
            format_func=lambda name: name or "any",
        )
        key, changed = state.bound("tagged", forget=_PLACE)
        if st.session_state[key] not in _WHO:
            st.session_state[key] = ""
        st.selectbox(
            "Tagged by", list(_WHO), key=key, on_change=changed, format_func=_WHO.__getitem__
        )


def _categories(snapshot: Snapshot, passing: Mask) -> dict[str, int]:
    """The most frequent categories and how many passing papers have each."""
    every = Counter(name for some in snapshot.table.categories for name in some)
    rows = np.flatnonzero(passing).tolist()
    counts = Counter(name for row in rows for name in snapshot.table.categories[row])
    return {name: counts[name] for name, _ in every.most_common(_CATEGORIES)}


def _with_held(options: Sequence[str], held: str) -> list[str]:
    """The options, and the one that the address names where it is not among them."""
    return [*options, *([held] if held and held not in options else [])]


def _clear(own: tuple[str, ...]) -> None:
    state.put({}, forget=(*NAMES, *own, *_PLACE))
