"""Facets: narrow down by phase, layer, year, category and author, with live counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from kb.catalogue import Filters
from kb.collecting import collections
from kb.library import Library
from kb.pages.parts import my_filters, state, unheeded
from kb.pages.parts.markup import plain
from kb.pages.parts.tags import meaning
from kb.pages.parts.words import _, later, many
from kb.ranking import Ints
from kb.snapshot import Mask, Snapshot
from taxonomy.codebook import Facet
from taxonomy.edition import LASTING, Edition

# Parameters that mean another thing once the filters change.
_PLACE = ("page", "n", "challenge")

NAMES = ("phase", "layer", "from", "to", "category", "author", "collection", "tagged")
"""Parameters of the address that filter."""

FAVOURITES = "favourites"

_WHO = {
    "": later("anybody"),
    "machine": later("the machine"),
    "human": later("a person"),
}

# Categories offered: the rest is each under a hundredth of the papers.
_CATEGORIES = 12


def current(library: Library) -> Filters:
    """The filters that the address names; what is not known is left out: `sidebar` says so."""
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


def sidebar(
    library: Library, within: Ints | None = None, *, mine: bool = False
) -> tuple[Filters, int]:
    """Draw the facets; gives the filters and how many papers pass them.

    Takes: within, numbers of the papers that are counted (k,), all where None; mine, whether
    the person's own filters are offered, which the page then heeds by `my_filters.numbers`.
    """
    filters, snapshot = current(library), library.snapshot()
    table = snapshot.table
    unheeded.draw(library.edition, [who for who in _WHO if who])
    own = my_filters.numbers(library) if mine else None
    counted = np.ones(len(table.n), bool) if within is None else np.isin(table.n, within)
    ours = counted if own is None else counted & np.isin(table.n, own)
    passing = int((snapshot.mask(filters) & ours).sum())
    with st.sidebar:
        told = _("**{n}** of {all} papers pass")
        st.markdown(told.format(n=f"{passing:,}", all=f"{len(table.n):,}"))
        if filters or own is not None:
            st.button(
                _("Clear all filters"),
                on_click=_clear,
                args=(tuple(one.key for one in own_facets(library.edition)),),
                width="stretch",
                key="clear-filters",
            )
        if mine:
            my_filters.draw(library, snapshot.mask(filters) & counted, table.n)
        _facets(library, snapshot, filters, ours)
    return filters, passing


def _facets(library: Library, snapshot: Snapshot, filters: Filters, within: Mask) -> None:
    """Every facet with its counts among papers (papers,): a facet's own counts ignore it.

    For within a facet any of the ticked keys is enough.
    """

    def mask(**without: Any) -> Mask:
        """The papers (papers,) that pass the filters but for some of them."""
        return snapshot.mask(replace(filters, **without)) & within

    filing = library.taxonomy[1]
    others: list[tuple[str, dict[str, Any]]] = [
        (one.key, {"tags": tuple(pair for pair in filters.tags if pair[0] != one.key)})
        for one in own_facets(filing.edition)
    ]
    for facet, without in [("phase", {"phases": ()}), ("layer", {"layers": ()}), *others]:
        counts = snapshot.facet_counts(mask(**without)).get(facet, {})
        _boxes(filing.codebook.facet(facet), counts)
    _years(snapshot, mask(year_from=None, year_to=None))
    _categories(snapshot, mask(category=""), filters.category)
    named = [FAVOURITES, *(name for name in collections(library) if name != FAVOURITES)]
    _more(filters, named)


def _boxes(held: Facet, counts: Mapping[str, int]) -> None:
    told = f"{_(held.question)} {_(held.note)}"
    st.markdown(f"## {plain(_(held.name))}", help=plain(told))
    with st.container(key=f"facet-{held.key}", gap=None):
        for one in held.categories:
            key, changed = state.switch(held.key, one.key, forget=_PLACE)
            st.checkbox(
                f"{plain(_(one.name))} :gray[{counts.get(one.key, 0):,}]",
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
    st.markdown(f"## {_('Year')}")
    first, last = st.columns(2, wrap=False, gap="xsmall")
    for column, name, label in ((first, "from", _("From")), (last, "to", _("To"))):
        key, changed = state.bound(name, forget=_PLACE)
        held = st.session_state[key]
        options = ["", *years, *([held] if held and held not in years else [])]
        column.selectbox(
            label,
            options,
            key=key,
            on_change=changed,
            format_func=lambda year: f"{year} ({counts.get(int(year), 0):,})" if year else _("any"),
        )


def _categories(snapshot: Snapshot, passing: Mask, held: str) -> None:
    """The most frequent categories, each with how many passing papers have it."""
    columns = snapshot.columns
    names = _with_held(columns.categories[:_CATEGORIES], held)
    if not names:
        return
    counts = {name: int((columns.in_category(name) & passing).sum()) for name in names}
    none = [name for name in names if not counts[name] and name != held]
    names = [name for name in names if name not in none]
    st.markdown(f"## {_('arXiv category')}")
    if names:
        key, changed = state.bound("category", forget=_PLACE)
        st.session_state[key] = st.session_state[key] or None
        st.pills(
            _("arXiv category"),
            names,
            key=key,
            on_change=changed,
            format_func=lambda name: f"{plain(name)} :gray[{counts[name]:,}]",
            label_visibility="collapsed",
        )
    if none:
        st.caption(many("{n} category has none", "{n} categories have none", len(none)))


def _more(filters: Filters, collected: Sequence[str]) -> None:
    opened = bool(filters.author or filters.collection or filters.tag_status)
    with st.expander(_("Author, collection, who tagged"), expanded=opened):
        key, changed = state.bound("author", forget=_PLACE)
        st.text_input(_("Author"), key=key, on_change=changed, placeholder=_("part of a name"))
        key, changed = state.bound("collection", forget=_PLACE)
        st.selectbox(
            _("Collection"),
            _with_held(["", *collected], filters.collection),
            key=key,
            on_change=changed,
            format_func=lambda name: _("favourites") if name == FAVOURITES else name or _("any"),
        )
        known = {who: _(name) for who, name in _WHO.items()}
        state.chosen(_("Tagged by"), known, "tagged", forget=_PLACE)


def _with_held(options: Sequence[str], held: str) -> list[str]:
    """The options, and the one that the address names where it is not among them."""
    return [*options, *([held] if held and held not in options else [])]


def _clear(own: tuple[str, ...]) -> None:
    state.put({}, forget=(*NAMES, *my_filters.NAMES, *own, *_PLACE))
