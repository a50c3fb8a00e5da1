"""How a question was understood, and the filters it was asked under, each to be taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from kb.catalogue import Filters
from kb.followup import Resolved
from kb.library import Library
from kb.pages.parts import coverage, facets, state
from kb.pages.parts.markup import plain
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, later, many
from taxonomy.codebook import Codebook

AGAIN = "ask-again"
"""Where the page finds a question that is to be asked anew, as it was understood."""

_TOLD = {
    "author": later("author {value}"),
    "category": later("category {value}"),
    "collection": later("in {value}"),
    "tag_status": later("tagged by {value}"),
}

# Filters without one of theirs.
Drop = Callable[[Filters], Filters]


def parts(codebook: Codebook, filters: Filters) -> list[tuple[str, Drop]]:
    """(label, what takes it out of any filters) of each filter, for a chip."""
    called = names(codebook)

    def name(facet: str, key: str) -> str:
        """What a category is called; its key where it has no name."""
        return called.get(facet, {}).get(key, key)

    found: list[tuple[str, Drop]] = [
        *((name("phase", key), partial(_without, "phases", key)) for key in filters.phases),
        *((name("layer", key), partial(_without, "layers", key)) for key in filters.layers),
        *((name(*pair), partial(_without, "tags", pair)) for pair in filters.tags),
    ]
    first, last = filters.year_from, filters.year_to
    if first or last:
        years = str(first) if first == last else f"{first or ''}–{last or ''}"
        found.append((years, _without_years))
    for field, told in _TOLD.items():
        if value := getattr(filters, field):
            found.append((_(told).format(value=value), partial(_without, field, value)))
    return found


def _without(field: str, value: object, filters: Filters) -> Filters:
    held = getattr(filters, field)
    left: dict[str, Any] = {field: ""}
    if isinstance(held, tuple):
        left = {field: tuple(one for one in held if one != value)}
    return replace(filters, **left)


def _without_years(filters: Filters) -> Filters:
    return replace(filters, year_from=None, year_to=None)


def understood(library: Library, number: int, answer: Mapping[str, Any]) -> None:
    """Above an answer: the question as it was completed, and its filters as chips."""
    held = dict(answer.get("understood") or {})
    asked = Resolved(
        str(held.get("question") or answer.get("question", "")),
        coverage.filters_of(library, dict(held.get("filters") or {})),
        tuple(str(one) for one in held.get("papers") or ()),
    )
    if held.get("told"):
        told = _("Understood as: **{question}**")
        st.caption(told.format(question=plain(asked.question)))
    filters = coverage.filters_of(library, dict(answer.get("filters", {})))
    chips = parts(library.codebook, filters)
    if "count" in answer:  # what the question itself names cannot be taken away
        beside = (asked.filters, facets.current(library))
        chips = [one for one in chips if any(one[1](some) != some for some in beside)]
    if not chips and not asked.papers:
        return
    with st.container(horizontal=True, key=f"under-{number}", gap="xsmall"):
        for place, (label, drop) in enumerate(chips):
            again = replace(asked, filters=drop(asked.filters))
            told = _("Ask again without this")
            _chip(label, f"under-{number}-{place}", told, (library, again, drop))
        if asked.papers:
            among = many(
                "the {n} paper cited before", "the {n} papers cited before", len(asked.papers)
            )
            again = replace(asked, papers=())
            _chip(among, f"under-{number}-papers", _("Ask of all papers"), (library, again, None))


def chosen(library: Library, filters: Filters) -> None:
    """Above the box to type in: the filters that the next question is asked under."""
    if not filters:
        return
    with st.container(horizontal=True, key="within", gap="xsmall", vertical_alignment="center"):
        st.caption(_("Asked within"), width="content")
        for place, (label, drop) in enumerate(parts(library.codebook, filters)):
            _chip(label, f"within-{place}", _("Take this filter away"), (library, None, drop))


def _chip(
    label: str, key: str, told: str, taken: tuple[Library, Resolved | None, Drop | None]
) -> None:
    st.button(
        f"{plain(label)} :material/close:", key=key, help=told, on_click=_take_away, args=taken
    )


def _take_away(library: Library, again: Resolved | None, drop: Drop | None) -> None:
    """Take a filter out of the address, and ask again where an answer rests on it."""
    if drop:
        left = facets.params(drop(facets.current(library)))
        own = [one.key for one in facets.own_facets(library.edition)]
        state.put(left, forget=[name for name in (*facets.NAMES, *own) if name not in left])
    if again:
        st.session_state[AGAIN] = again
