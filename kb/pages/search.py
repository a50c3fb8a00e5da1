"""Search: one box, facets with counts, results that say why they are there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.catalogue import Filters
from kb.errors import UsageError
from kb.library import Library
from kb.missing import unknown_words
from kb.pages.parts import (
    collected,
    download,
    facets,
    keeping,
    keys,
    my_filters,
    page,
    results,
    saved,
    start,
    state,
)
from kb.pages.parts.markup import plain
from kb.pages.parts.outcome import sentence
from kb.pages.parts.words import _, later, many
from kb.query import Query, parse
from kb.ranking import MODES, Ints, Mode
from kb.saved_searches import decides
from kb.search import Results, meeting, related, search
from kb.search_log import log

_STEP = 10
_MOST = 100
_MODES = {
    "hybrid": later("Meaning and words"),
    "dense": later("Meaning alone"),
    "lexical": later("Words alone"),
}

# Limit -> results: the same search, as long as wanted.
Made = Callable[[int], Results]


def draw(library: Library) -> None:
    """The page."""
    typed = _typed(library, state.one("q").strip())
    filters, passing = facets.sidebar(library, typed, mine=True)
    keys.listen()
    key, changed = state.bound("q", forget=("n", "like", "after", "new"))
    with st.container(key="searching"):
        box, choice = st.columns([5, 2], vertical_alignment="bottom")
    query = box.text_input(
        _("Search papers"),
        key=key,
        on_change=changed,
        type="search",
        icon=":material/search:",
        placeholder=_("What are you looking for?  ( / )"),
        label_visibility="collapsed",
        autocomplete="off",
    )
    mode = _mode(choice)
    if (length := len(st.query_params.get("q", ""))) > state.MOST:
        told = _("{n} characters are too many: the first {most} of them were searched for.")
        st.warning(told.format(n=f"{length:,}", most=f"{state.MOST:,}"))
    if state.one("like"):
        _alike(library, state.one("like"), filters, passing)
    elif query and query.strip():
        _found(library, query.strip(), filters, mode, passing)
    else:
        start.draw(library, filters, passing)


def _typed(library: Library, query: str) -> Ints | None:
    """Numbers of the papers that pass what the query itself demands; None: it demands nothing."""
    try:
        asked = parse(query, library.edition)
    except UsageError:  # said in the results' place
        return None
    if asked.plain or state.one("like"):
        return None
    snapshot = library.snapshot()
    return snapshot.table.n[meeting(library, snapshot, asked)]


def _mode(place: DeltaGenerator) -> Mode:
    key, changed = state.bound("mode", "hybrid", forget=("n", "like"), known=MODES)
    chosen: Mode = place.selectbox(
        _("Search by"),
        MODES,
        key=key,
        on_change=changed,
        format_func=lambda mode: _(_MODES[mode]),
        label_visibility="collapsed",
    )
    return chosen


def _found(library: Library, query: str, filters: Filters, mode: Mode, passing: int) -> None:
    try:
        asked = parse(query, library.edition)
    except UsageError as error:
        st.info(plain(sentence(error)), icon=":material/search_off:")
        return
    only = my_filters.numbers(library)
    made = partial(_searched, library, asked, filters, mode, only)
    found = _once((asked, filters, mode, _key(only)), library, made)
    if only is None:  # within one's own list nobody has looked at the library
        _log_once(library, asked, filters, mode, found)
    if not found.hits:
        _nothing(passing, narrowed=bool(filters) or only is not None)
        return
    _unknown(library, asked.text)
    with _head(found, matched=mode == "lexical" or not asked.plain):
        total = found.total if decides(asked, mode) else min(found.total, passing)
        _taken(library, found, made, total)
        saved.offer(library, query, filters, mode)
    _listed(library, found, query, passing)


def _unknown(library: Library, text: str) -> None:
    """Say which words of the query no paper holds: a list of nearest papers hides it."""
    unknown = unknown_words(library, text)
    if unknown.every:
        told = _("No paper holds these words; the papers below are the nearest by meaning.")
        st.info(told, icon=":material/search_off:")
    elif unknown.words:
        words = ", ".join(f"“{plain(word)}”" for word in unknown.words)
        st.caption(_("No paper holds {words}.").format(words=words))


def _alike(library: Library, wanted: str, filters: Filters, passing: int) -> None:
    """Papers like one, in place of a search's results, and the way back to these."""
    label = _("Back to the search") if state.one("q") else _("Back")
    st.button(
        label,
        key="unlike",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=state.put,
        args=({"like": "", "n": ""},),
    )
    try:
        number = library.number(wanted)
    except UsageError as error:
        page.failed(error)
        return
    with library.catalogue.read() as reader:
        paper = reader.papers([number])[number]
    st.markdown(f"## {_('Papers like this one')}")
    results.title(paper)
    only = my_filters.numbers(library)
    made = partial(_related, library, wanted, filters, only)
    found = _once((wanted, filters, _key(only)), library, made)
    if not found.hits:
        _nothing(passing, narrowed=bool(filters) or only is not None)
        return
    with _head(found, matched=False):
        _taken(library, found, made, found.total)
    _listed(library, found, paper.title, passing)


def _searched(
    library: Library, asked: Query, filters: Filters, mode: Mode, only: Ints | None, limit: int
) -> Results:
    return search(library, asked, filters, limit=limit, mode=mode, only=only)


def _related(
    library: Library, wanted: str, filters: Filters, only: Ints | None, limit: int
) -> Results:
    return related(library, wanted, filters, limit=limit, only=only)


def _once(what: tuple[object, ...], library: Library, made: Made) -> Results:
    """The results as far as they are shown, from this session where nothing has changed since."""
    limit = state.number("n", _STEP, low=_STEP, high=_MOST)
    key = (*what, limit, library.snapshot().generation)
    held = st.session_state.get("found")
    inside = state.one("collection") or "collection:" in state.one("q")
    # A collection changes without the generation changing.
    if held is None or held[0] != key or inside:
        st.session_state["found"] = held = (key, made(limit))
    found: Results = held[1]
    return found


def _key(only: Ints | None) -> bytes | None:
    return None if only is None else only.tobytes()


def _nothing(passing: int, *, narrowed: bool) -> None:
    """Takes: narrowed, whether filters of the sidebar hold: only those can be taken away."""
    st.info(
        _("No paper passes these filters: take one away.")
        if narrowed and not passing
        else _("No paper matches this."),
        icon=":material/search_off:",
    )


def _head(found: Results, *, matched: bool) -> Any:
    """How many are shown, of how many; gives the place for what can be done with them.

    Takes: matched, whether each paper counted has what was asked, and is not merely ranked.
    """
    place = st.container(horizontal=True, key="found", vertical_alignment="center", gap="small")
    shown, ms = len(found.hits), f"{found.took_ms:.0f}"
    if matched:
        of = many("{n} paper matches", "{n} papers match", found.total)
        told = _("The first {n} of {of} · {ms} ms").format(n=shown, of=of, ms=ms)
    else:
        told = _("The {n} nearest of {all} papers · {ms} ms")
        told = told.format(n=shown, all=f"{found.total:,}", ms=ms)
    place.caption(told, width="stretch")
    return place


def _taken(library: Library, found: Results, made: Made, total: int) -> None:
    """What can be done with the list: a file of it, a collection."""
    papers = [one.paper for one in found.hits]
    download.menu(
        library,
        lambda: papers,
        len(papers),
        lambda: [one.paper for one in made(download.MOST).hits],
        total,
    )
    if not library.catalogue.read_only:
        collected.keep_these(library, [one.paper_id for one in papers])


def _listed(library: Library, found: Results, query: str, passing: int) -> None:
    kept = keeping.kept(library)
    for one in found.hits:
        results.hit(library, one, query, kept)
    limit = state.number("n", _STEP, low=_STEP, high=_MOST)
    if len(found.hits) == limit < min(_MOST, passing):
        more = str(min(limit + _STEP, _MOST))
        st.button(_("Show more"), on_click=state.put, args=({"n": more},), key="more")


def _log_once(library: Library, asked: Query, filters: Filters, mode: Mode, found: Results) -> None:
    """Log a search when it is made, not whenever its page is drawn again."""
    made = (asked, filters, mode, library.snapshot().generation)
    if st.session_state.get("logged") != made:
        st.session_state["logged"] = made
        ids = [one.paper.paper_id for one in found.hits]
        log(library, asked, filters, mode, found.total, ids)


page.show(_("Search"), draw)
