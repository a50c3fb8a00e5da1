"""The one open library of this process, shared by everybody who looks at it.

Only what belongs to the library is kept here; what belongs to a person is in the address,
in the session or in the catalogue under an id that only that person's link names.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import streamlit as st

from kb.catalogue import Filters
from kb.catalogue.challenge_log import latest_decision
from kb.challenges import Challenge
from kb.errors import KbError
from kb.lattice import Lattice, build, filled
from kb.library import Library, marked
from kb.mapping import (
    challenges,
    mapped,
    merge_behind,
    paper_facts,
    passing_ids,
    searched_cells,
)
from kb.pages.parts.jobs import Jobs
from kb.search import search
from kb.settings import default_folder, only_shown

_log = logging.getLogger(__name__)


def folder() -> Path:
    """The library's folder, as `kb app` was told."""
    return default_folder().resolve()


def library() -> Library:
    """The library, open. Raises NoLibrary and whatever opening it may raise.

    Opened again where another catalogue lies there now (`kb restore`, a new `kb init`).
    """
    where = folder()
    return _opened(str(where), marked(where))


@st.cache_resource(show_spinner=False)
def _jobs(_folder: str) -> Jobs:
    return Jobs()


def jobs(where: Path) -> Jobs:
    """The background jobs of the library in this folder: the same for everybody."""
    return _jobs(str(where))


@st.cache_resource(show_spinner="Opening the library …", max_entries=4)
def _opened(where: str, _inode: int) -> Library:
    found = Library.open(Path(where), read_only=only_shown())
    merge_behind(found)
    threading.Thread(target=_warm, args=(found,), name="warm", daemon=True).start()
    return found


def _warm(found: Library) -> None:
    """Load model, vectors and challenges before anybody has to wait for them."""
    try:
        search(found, "warm up", limit=1)
        mapped(found)
    except KbError as error:
        # Whoever meets this on a page is told there; here it only costs the head start.
        _log.warning("warming up: %s", error.message)


def ready_to_write(found: Library) -> None:
    """Open what only writing needs, before somebody saves for the first time and waits."""
    _ready_to_write(found, found.opening)


@st.cache_resource(show_spinner=False, max_entries=4)
def _ready_to_write(_found: Library, key: int) -> threading.Thread:
    del key  # only tells libraries apart
    thread = threading.Thread(target=_open_vectors, args=(_found,), name="ready", daemon=True)
    thread.start()
    return thread


def _open_vectors(found: Library) -> None:
    try:
        _ = found.indexes.vector
    except KbError as error:
        _log.warning("opening the vectors: %s", error.message)


def follow_soon(found: Library) -> None:
    """Bring the indexes up in the background: they take longer than keeping a decision.

    Until then a search finds what it found before; filters know the decision at once.
    """
    threading.Thread(target=_follow, args=(found,), name="follow", daemon=True).start()


def _follow(found: Library) -> None:
    try:
        found.heal()
    except KbError as error:
        _log.warning("bringing the indexes up: %s", error.message)


def all_challenges(found: Library, filters: Filters) -> tuple[Challenge, ...]:
    """Challenges as the papers that pass tell them; kept for as long as nothing changes."""
    return _challenges(found, (found.opening, state_of_map(found, filters)), filters)


def state_of_map(found: Library, filters: Filters) -> tuple[object, ...]:
    """Changes whenever papers, what is merged of them, people's decisions on challenges, or the
    collection do.
    """
    with found.catalogue.read() as reader:
        # A collection changes without the generation changing.
        members = reader.collection(filters.collection) if filters.collection else ()
        latest = latest_decision(reader.connection)
    generations = found.snapshot().generation, mapped(found).generation
    return (*generations, *latest, tuple(sorted(members)))


def matrix(
    found: Library, filters: Filters, rows: str = "phase", columns: str = "layer"
) -> Lattice:
    """The papers that pass, on two axes; kept for as long as nothing changes."""
    looked = frozenset(searched_cells(found, rows, columns))
    state = (found.opening, state_of_map(found, filters), looked)
    return _matrix(found, state, filters, rows, columns)


# Streamlit keeps a value by its arguments, without those that begin with an underscore.
@st.cache_resource(show_spinner="Reading what the papers state …", max_entries=64)
def _challenges(
    _found: Library,
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,
) -> tuple[Challenge, ...]:
    return challenges(_found, filters)


@st.cache_resource(show_spinner="Drawing the map …", max_entries=64)
def _matrix(
    _found: Library,
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,
    rows: str,
    columns: str,
) -> Lattice:
    # The counts alone: a whole map with its quotes takes seconds, and only files need it.
    everything, ids = mapped(_found), passing_ids(_found, filters)
    keys = {facet.key: facet.keys for facet in _found.codebook.facets}
    whole = [paper_facts(paper) for paper in everything.papers.values()]
    return build(
        [one for one in whole if one.paper_id in ids],
        everything.challenges,
        [one for one in everything.statements if one.label == "direction"],
        rows=rows,
        columns=columns,
        row_keys=keys.get(rows, ()),
        column_keys=keys.get(columns, ()),
        searched=searched_cells(_found, rows, columns) | filled(whole, rows, columns),
        filtered=bool(filters),
    )
