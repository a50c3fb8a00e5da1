"""The two axes of the map: which there are, how their keys are named, and what filters to one."""

from __future__ import annotations

from dataclasses import replace

from kb.catalogue import Filters
from kb.lattice import AXES, UNKNOWN_YEAR, Lattice
from kb.library import Library
from kb.pages.parts import facets, state
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, later

_AXES = {
    "phase": later("Phase"),
    "layer": later("Layer"),
    "year": later("Year"),
    "category": later("arXiv category"),
}
MOST_KEYS = 24
"""Keys of an axis that are shown: a library may know hundreds of categories."""


def chosen(library: Library) -> tuple[str, str]:
    """Draw the two selectors; gives the axes of rows and columns, always two different ones."""
    known = {axis: _(name) for axis, name in _AXES.items()}
    known |= {one.key: one.name for one in facets.own_facets(library.edition)}
    rows = _select("rows", "phase", _("Rows"), known)
    rest = {key: name for key, name in known.items() if key != rows}
    return rows, _select("columns", "layer" if rows != "layer" else "phase", _("Columns"), rest)


def _select(parameter: str, default: str, label: str, known: dict[str, str]) -> str:
    return state.chosen(label, known, parameter, default, forget=("row", "column"))


def shown(lattice: Lattice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of rows and columns that are drawn: those of the most papers, in their order."""
    return (
        _largest(lattice, lattice.rows, along_rows=True),
        _largest(lattice, lattice.columns, along_rows=False),
    )


def _largest(lattice: Lattice, keys: tuple[str, ...], *, along_rows: bool) -> tuple[str, ...]:
    papers = dict.fromkeys(keys, 0)
    for cell in lattice.cells:
        papers[cell.row if along_rows else cell.column] += cell.papers
    largest = set(sorted(keys, key=lambda key: -papers[key])[:MOST_KEYS])
    return tuple(key for key in keys if key in largest)


def named(library: Library, axis: str, key: str) -> str:
    """What a key of an axis is called."""
    return names(library.codebook).get(axis, {}).get(key, key)


def in_files(library: Library, facet: str) -> dict[str, str]:
    """Key -> name of a facet's categories as files say it: in English, whoever looks."""
    return {one.key: one.name for one in library.codebook.facet(facet).categories}


def inside(filters: Filters, axis: str, key: str) -> Filters | None:
    """The filters that also ask for a key of an axis; None where none can.

    Any of a facet's keys is enough for a filter: two keys of one facet cannot both be asked
    for, and who gave a tag is asked of one facet alone.
    """
    if axis == "year":
        year = None if key == UNKNOWN_YEAR else int(key)
        return replace(filters, year_from=year, year_to=year) if year else None
    if axis == "category":
        return None if filters.category not in ("", key) else replace(filters, category=key)
    held = filters.by_facet().get(axis, ())
    if (held and key not in held) or filters.tag_status:
        return None
    if axis == "phase":
        return replace(filters, phases=(key,))
    if axis == "layer":
        return replace(filters, layers=(key,))
    others = tuple(pair for pair in filters.tags if pair[0] != axis)
    return replace(filters, tags=(*others, (axis, key)))


__all__ = ["AXES", "MOST_KEYS", "chosen", "in_files", "inside", "named", "shown"]
