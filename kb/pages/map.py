"""The map: any two axes with each cell open down to its quotes; as a graph; by years."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.catalogue import Filters
from kb.exports import FORMATS, export
from kb.lattice import Cell, Lattice
from kb.library import Library
from kb.mapping import challenge_map, mapped, paper_facts
from kb.pages.parts import (
    facets,
    map_axes,
    map_graph,
    map_trends,
    opened,
    page,
    places,
    quotes,
    results,
    state,
)
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.tags import heading
from kb.search import search

_CHALLENGES = 8
_PAPERS = 10

_VIEWS = {"cells": "Cells", "graph": "Graph", "years": "Years"}
_COUNTED = {
    "papers": "Papers",
    "challenges": "Challenges",
    "directions": "Directions",
}
_STATES = {
    "stated": "challenges are stated",
    "none_stated": "papers, but no challenge stated in them",
    "no_papers": "no paper, though it was searched",
    "left_out": "none pass the filter",
    "never_searched": "no paper, and nobody has searched for it",
}
_MARKS = {"none_stated": "–", "no_papers": "none", "never_searched": "?"}
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
    key, changed = state.bound("view", "cells")
    if st.session_state[key] not in _VIEWS:
        st.session_state[key] = "cells"
    view = st.segmented_control(
        "View",
        list(_VIEWS),
        key=key,
        on_change=changed,
        format_func=_VIEWS.__getitem__,
        label_visibility="collapsed",
        required=True,
    )
    if view == "graph":
        map_graph.draw(library, filters)
    elif view == "years":
        map_trends.draw(library, filters)
    else:
        _cells(library, filters, passing)


def _cells(library: Library, filters: Filters, passing: int) -> None:
    """The lattice of two axes, its gaps, the files, and the cell that is open."""
    st.markdown(f"**{passing:,}** papers by two axes. Choose a cell to see what is in it.")
    with st.container(horizontal=True, key="axes", vertical_alignment="bottom"):
        rows, columns = map_axes.chosen(library)
        key, changed = state.bound("count", "papers")
        if st.session_state[key] not in _COUNTED:
            st.session_state[key] = "papers"
        counted = st.selectbox(
            "Shade by", list(_COUNTED), key=key, on_change=changed, format_func=_COUNTED.__getitem__
        )
    lattice = opened.matrix(library, filters, rows, columns)
    if not lattice.rows or not lattice.columns:
        st.info("No paper that passes the filters has a place on both axes.")
        return
    _matrix(library, lattice, counted)
    _legend(lattice)
    map_trends.gaps(library, lattice)
    _downloads(library, filters, rows, columns)
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
        f".st-key-matrix [data-testid=stHorizontalBlock]{{min-width:{96 * len(columns) + 144}px}}"
    )
    st.html(f"<style>{wide}{''.join(shades)}</style>")


def _heading(library: Library, axis: str, key: str) -> str:
    """The name of a row or column as HTML; of a category of the codebook with its meaning."""
    book = library.codebook
    if axis in book.keys and key in book.facet(axis).keys:
        return heading(book.facet(axis).category(key))
    return f'<div class="sf-head">{escaped(key)}</div>'


def _label(cell: Cell, filtered: bool) -> str:
    if filtered and cell.state == "no_papers":
        return "none  \n:small[pass the filter]"
    if not cell.papers:
        return f"{_MARKS[cell.state]}  \n:small[no papers]"
    stated = (
        f"{cell.challenges:,} ch · {cell.directions:,} dir"
        if cell.challenges
        else f"none in {cell.denominator:,}"
    )
    return f"**{cell.papers:,}**  \n:small[{stated}]"


def _told(cell: Cell, filtered: bool) -> str:
    state = "left_out" if filtered and cell.state == "no_papers" else cell.state
    return (
        f"{cell.papers:,} papers, {cell.challenges:,} challenges, {cell.directions:,} directions; "
        f"{cell.denominator:,} papers read for them: {_STATES[state]}."
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
    more = f" · {left} rows and columns with few papers are in the files only" if left else ""
    st.caption(
        "Each cell: papers; below, challenges (ch) and directions (dir) that they state. "
        "A paper may stand in several cells. "
        "“none in N”: no challenge in the N papers whose text was read · "
        f"“none”: {'none pass the filter' if lattice.filtered else 'searched, no paper'} · "
        f"“?”: nobody has searched here yet{more}."
    )


def _downloads(library: Library, filters: Filters, rows: str, columns: str) -> None:
    with st.expander("Download this map", icon=":material/download:"):
        st.caption("With every quote, its paper and page; `kb verify FILE` checks them again.")
        with st.container(horizontal=True, key="downloads"):
            for form in sorted(FORMATS, key=list(_FILES).index):
                ending, mime, label = _FILES[form]
                st.download_button(
                    label,
                    data=partial(
                        _file, library, filters, form, rows, columns
                    ),  # made when asked for
                    file_name=f"sixfold-map.{ending}",
                    mime=mime,
                    key=f"get-{form}",
                    on_click="ignore",
                )


def _file(library: Library, filters: Filters, form: str, rows: str, columns: str) -> bytes:
    facts = {key: paper_facts(paper) for key, paper in mapped(library).papers.items()}
    return export(challenge_map(library, filters, rows=rows, columns=columns), form, facts)


def _cell(library: Library, lattice: Lattice, cell: Cell, filters: Filters) -> None:
    """What is in a cell: challenges with their quotes, and papers."""
    row = map_axes.named(library, lattice.row_axis, cell.row)
    column = map_axes.named(library, lattice.column_axis, cell.column)
    st.subheader(f"{plain(row)} × {plain(column)}", anchor=False, divider="gray")
    st.markdown(plain(_told(cell, lattice.filtered)))
    narrower = map_axes.inside(filters, lattice.row_axis, cell.row)
    inside = narrower and map_axes.inside(narrower, lattice.column_axis, cell.column)
    if inside is None:
        st.info("Papers without a year cannot be listed by it.")
        return
    if not cell.papers:
        _look(library, cell, inside, f"{row} {column}")
        return
    found = opened.all_challenges(library, inside)
    papers = mapped(library).papers
    some, every = st.tabs([f"Challenges ({cell.challenges:,})", f"Papers ({cell.papers:,})"])
    with some:
        for one in found[:_CHALLENGES]:
            quotes.challenge(library, one, papers, scope="within this cell")
        if not found:
            st.info(f"No challenge stated in {cell.denominator:,} papers examined.")
        _all(
            places.CHALLENGES,
            f"All {len(found):,} challenges of this cell",
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
            f"All {len(numbers):,} papers of this cell",
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
            "Search this cell now",
            icon=":material/search:",
            key="search-cell",
            on_click=_searched,
            args=(library, inside, words),
        )
    near = search(library, words, limit=3)
    st.markdown("Nearest papers that are filed elsewhere:")
    for one in near.hits:
        results.row(library, one.paper)


def _searched(library: Library, inside: Filters, words: str) -> None:
    """Search for the cell and log it: from now on its emptiness is known."""
    found = search(library, words, inside)
    ids = [one.paper.paper_id for one in found.hits]
    library.log_search(words, inside, found.mode, found.total, ids)


page.show("Map", draw)
