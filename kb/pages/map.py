"""The map: any two axes with each cell open down to its quotes; a graph; years; tags."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.catalogue import Filters
from kb.exports import FORMATS, export
from kb.lattice import Cell, Lattice
from kb.library import Library
from kb.mapping import challenge_map, mapped, paper_facts
from kb.pages.parts import (
    being_merged,
    facets,
    map_axes,
    map_graph,
    map_tags,
    map_trends,
    opened,
    page,
    places,
    quotes,
    results,
    state,
)
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.styles import style
from kb.pages.parts.tags import heading
from kb.pages.parts.words import _, later, many
from kb.search import search

_CHALLENGES = 8
_PAPERS = 10

_VIEWS = {
    "cells": later("Cells"),
    "graph": later("Graph"),
    "years": later("Years"),
    "tags": later("Tags"),
}
_DRAWN = {"graph": map_graph.draw, "years": map_trends.draw, "tags": map_tags.draw}
_COUNTED = {
    "papers": later("Papers"),
    "challenges": later("Challenges"),
    "directions": later("Directions"),
}
_STATES = {
    "stated": later("challenges are stated"),
    "none_stated": later("papers, but no challenge stated in them"),
    "no_papers": later("no paper, though it was searched"),
    "left_out": later("none pass the filter"),
    "never_searched": later("no paper, and nobody has searched for it"),
}
_EMPTY = {
    "no_papers": ("–", later("no papers")),
    "left_out": ("–", later("none pass")),
    "never_searched": ("?", later("not searched")),
}
"""State of a cell without papers -> its mark, and the words of `Lattice.emptiness`; for `_`."""
_FILES = {
    "graphml": ("graphml", "application/xml", "GraphML"),
    "gexf": ("gexf", "application/xml", "GEXF"),
    "json": ("json", "application/json", "JSON"),
    "csv": ("csv", "text/csv", "CSV"),
    "html": ("html", "text/html", "HTML"),
    "markdown": ("md", "text/markdown", "Markdown"),
    "svg": ("svg", "image/svg+xml", "SVG"),
    "png": ("png", "image/png", "PNG"),
    "cytoscape": ("cyjs", "application/json", "Cytoscape"),
    "latex": ("tex", "application/x-tex", "LaTeX"),
    "bibtex": ("bib", "application/x-bibtex", "BibTeX"),
    "ris": ("ris", "application/x-research-info-systems", "RIS"),
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    opened.state_of_map(library, filters)  # begins merging what came in
    being_merged.told(library)
    key, changed = state.bound("view", "cells", known=_VIEWS)
    view = st.segmented_control(
        _("View"),
        list(_VIEWS),
        key=key,
        on_change=changed,
        format_func=lambda one: _(_VIEWS[one]),
        label_visibility="collapsed",
        required=True,
    )
    if view in _DRAWN:
        _DRAWN[view](library, filters)
    else:
        _cells(library, filters, passing)


def _cells(library: Library, filters: Filters, passing: int) -> None:
    """The lattice of two axes, its gaps, the files, and the cell that is open."""
    told = _("**{n}** papers by two axes. Choose a cell to see what is in it.")
    st.markdown(told.format(n=f"{passing:,}"))
    with st.container(horizontal=True, key="axes", vertical_alignment="bottom"):
        rows, columns = map_axes.chosen(library)
        known = {one: _(name) for one, name in _COUNTED.items()}
        counted = state.chosen(_("Shade by"), known, "count", "papers")
    lattice = opened.matrix(library, filters, rows, columns)
    if not lattice.rows or not lattice.columns:
        st.info(_("No paper that passes the filters has a place on both axes."))
        return
    _matrix(library, lattice, counted)
    _legend(lattice)
    map_trends.gaps(library, lattice)
    _downloads(library, filters, (rows, columns, counted))
    row, column = state.one("row"), state.one("column")
    if row in lattice.rows and column in lattice.columns:
        _cell(library, lattice, lattice.cell(row, column), filters)


def _matrix(library: Library, lattice: Lattice, counted: str) -> None:
    """A button a cell, shaded by what is counted; it scrolls sideways where it must."""
    rows, columns = map_axes.shown(lattice)
    most = max((getattr(cell, counted) for cell in lattice.cells), default=0)
    chosen = (state.one("row"), state.one("column"))
    shades = []
    spec = [1.5] + [1.0] * len(columns)
    with st.container(key="matrix", gap=None):
        heads = st.columns(spec, wrap=False, vertical_alignment="bottom", gap="xxsmall")
        for place, column in zip(heads[1:], columns, strict=True):
            place.html(_heading(library, lattice.column_axis, column))
        for i, row in enumerate(rows):
            line = st.columns(spec, wrap=False, vertical_alignment="center", gap="xxsmall")
            line[0].html(_heading(library, lattice.row_axis, row))
            for j, column in enumerate(columns):
                cell = lattice.cell(row, column)
                key = f"cell-{i}-{j}"
                line[j + 1].button(
                    _label(cell, lattice.filtered),
                    key=key,
                    width="stretch",
                    on_click=state.put,
                    args=({"row": row, "column": column},),
                    type="primary" if chosen == (row, column) else "secondary",
                    help=plain(_told(cell, lattice.filtered)),
                )
                shades.append(_shade(key, cell, getattr(cell, counted), most))
    wide = (
        f".st-key-matrix [data-testid=stHorizontalBlock]{{min-width:{118 * len(columns) + 144}px}}"
    )
    style(f"{wide}{''.join(shades)}")


def _heading(library: Library, axis: str, key: str) -> str:
    """The name of a row or column as HTML; of a category of the codebook with its meaning."""
    book = library.codebook
    if axis in book.keys and key in book.facet(axis).keys:
        return heading(book.facet(axis).category(key))
    return f'<div class="sf-head">{escaped(key)}</div>'


def _label(cell: Cell, filtered: bool) -> str:
    if not cell.papers:
        mark, told = _EMPTY[_state(cell, filtered)]
        return f"{mark}  \n:small[{_(told)}]"
    stated = _("{challenges} ch · {directions} dir") if cell.challenges else _("none in {n}")
    told = stated.format(
        challenges=f"{cell.challenges:,}",
        directions=f"{cell.directions:,}",
        n=f"{cell.denominator:,}",
    )
    return f"**{cell.papers:,}**  \n:small[{told}]"


def _state(cell: Cell, filtered: bool) -> str:
    return "left_out" if filtered and cell.state == "no_papers" else cell.state


def _told(cell: Cell, filtered: bool) -> str:
    return _("{papers}, {challenges}, {directions}; {read} read for them: {state}.").format(
        papers=many("{n} paper", "{n} papers", cell.papers),
        challenges=many("{n} challenge", "{n} challenges", cell.challenges),
        directions=many("{n} direction", "{n} directions", cell.directions),
        read=many("{n} paper", "{n} papers", cell.denominator),
        state=_(_STATES[_state(cell, filtered)]),
    )


def _shade(key: str, cell: Cell, value: int, most: int) -> str:
    """Style of one cell: a fill by its share of the largest, a hatch where nobody looked."""
    where = f'.st-key-{key} button[kind="secondary"]'
    if cell.state == "never_searched":
        return (
            f"{where}{{border-style:dashed;background:repeating-linear-gradient(135deg,transparent"
            " 0 6px,color-mix(in srgb,currentColor 7%,transparent) 6px 7px)}"
        )
    if cell.state == "no_papers":
        return f"{where}{{border-style:dashed}}"
    share = round(4 + 34 * (value / most) ** 0.5) if most and value else 0
    return f"{where}{{background:color-mix(in srgb,var(--sf-shade) {share}%,transparent)}}"


def _legend(lattice: Lattice) -> None:
    rows, columns = map_axes.shown(lattice)
    left = len(lattice.rows) - len(rows) + len(lattice.columns) - len(columns)
    more = _("{n} rows and columns with few papers are in the files only").format(n=left)
    told = (
        _(
            "Each cell: papers; below, challenges (ch) and directions (dir) that they state. A "
            "paper may stand in several cells. “none in N”: no challenge in the N papers whose "
            "text was read"
        ),
        _("“none pass”: no paper here passes the filter")
        if lattice.filtered
        else _("“no papers”: searched, none found"),
        _("“?”, hatched: nobody has searched here yet"),
        *([more] if left else ()),
    )
    st.caption(" · ".join(told))


def _downloads(library: Library, filters: Filters, drawn: tuple[str, str, str]) -> None:
    """The files of the map; `drawn`: its rows, its columns, what it is shaded by."""
    with st.expander(_("Download this map"), icon=":material/download:"):
        told = _(
            "SVG and PNG are the map as it is shaded here. JSON, GraphML, GEXF, CSV, HTML, "
            "Markdown and Cytoscape hold every quote, its paper and page; `kb verify FILE` checks "
            "them again."
        )
        st.caption(told)
        with st.container(horizontal=True, key="downloads"):
            for form in sorted(FORMATS, key=list(_FILES).index):
                ending, mime, label = _FILES[form]
                st.download_button(
                    label,
                    data=partial(_file, library, filters, form, drawn),  # made when asked for
                    file_name=f"sixfold-map.{ending}",
                    mime=mime,
                    key=f"get-{form}",
                    on_click="ignore",
                )


def _file(library: Library, filters: Filters, form: str, drawn: tuple[str, str, str]) -> bytes:
    rows, columns, counted = drawn
    facts = {key: paper_facts(paper) for key, paper in mapped(library).papers.items()}
    chart = challenge_map(library, filters, rows=rows, columns=columns)
    return export(chart, form, facts, by=counted)


def _cell(library: Library, lattice: Lattice, cell: Cell, filters: Filters) -> None:
    """What is in a cell: challenges with their quotes, and papers."""
    row = map_axes.named(library, lattice.row_axis, cell.row)
    column = map_axes.named(library, lattice.column_axis, cell.column)
    st.header(f"{plain(row)} × {plain(column)}", anchor=False, divider="gray")
    st.markdown(plain(_told(cell, lattice.filtered)))
    narrower = map_axes.inside(filters, lattice.row_axis, cell.row)
    inside = narrower and map_axes.inside(narrower, lattice.column_axis, cell.column)
    if inside is None:
        st.info(
            _(
                "No filter names exactly these papers: they have no year, or other filters at the "
                "left already speak of this axis."
            )
        )
        return
    if not cell.papers:
        _look(library, cell, inside, f"{row} {column}")
        return
    found = opened.all_challenges(library, inside)
    papers = mapped(library).papers
    some, every = st.tabs(
        [f"{_('Challenges')} ({cell.challenges:,})", f"{_('Papers')} ({cell.papers:,})"]
    )
    with some:
        for one in found[:_CHALLENGES]:
            quotes.challenge(library, one, papers, scope=_("within this cell"))
        if not found:
            told = _("No challenge stated in {n} papers examined.")
            st.info(told.format(n=f"{cell.denominator:,}"))
        _all(
            places.CHALLENGES,
            _("All {n} challenges of this cell").format(n=f"{len(found):,}"),
            inside,
            len(found) > _CHALLENGES,
        )
    with every:
        snapshot = library.snapshot()
        numbers = [int(n) for n in snapshot.table.n[snapshot.mask(inside)]]
        numbers.sort(key=lambda n: snapshot.table.published[snapshot.table.row_of[n]], reverse=True)
        with library.catalogue.read() as reader:
            held = reader.papers(numbers[:_PAPERS])
        for number in numbers[:_PAPERS]:
            results.row(library, held[number])
        _all(
            places.PAPERS,
            _("All {n} papers of this cell").format(n=f"{len(numbers):,}"),
            inside,
            len(numbers) > _PAPERS,
        )


def _all(where: object, label: str, filters: Filters, needed: bool) -> None:
    if needed:
        st.page_link(
            str(where),
            label=label,
            icon=":material/arrow_forward:",
            query_params=facets.params(filters),
        )


def _look(library: Library, cell: Cell, inside: Filters, words: str) -> None:
    """An empty cell: look for papers near it, so that emptiness becomes a finding."""
    if cell.state == "never_searched":
        st.button(
            _("Search this cell now"),
            icon=":material/search:",
            key="search-cell",
            on_click=_searched,
            args=(library, inside, words),
        )
    near = search(library, words, limit=3)
    st.markdown(_("Nearest papers that are filed elsewhere:"))
    for one in near.hits:
        results.row(library, one.paper)


def _searched(library: Library, inside: Filters, words: str) -> None:
    """Search for the cell and log it: from now on its emptiness is known."""
    found = search(library, words, inside)
    ids = [one.paper.paper_id for one in found.hits]
    library.log_search(words, inside, found.mode, found.total, ids)


page.show(later("Map"), draw)
