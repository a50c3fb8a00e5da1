"""Search: one box, facets with counts, results that say why they are there."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.catalogue import Filters
from kb.errors import UsageError
from kb.library import Library
from kb.pages.parts import collected, facets, page, places, results, state
from kb.pages.parts.markup import plain
from kb.query import Query, parse
from kb.ranking import MODES, Mode
from kb.search import Results, meeting, search
from kb.search_log import log
from kb.snapshot import Mask

EXAMPLES = (
    "hallucination in generated code",
    "requirements for LLM-based systems",
    "test generation with execution feedback",
)
_STEP = 10
_MOST = 100
_MODES = {
    "hybrid": "Meaning and words",
    "dense": "Meaning alone",
    "lexical": "Words alone",
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library, _typed(library, state.one("q").strip()))
    key, changed = state.bound("q", forget=("n",))
    box, choice = st.columns([5, 2], vertical_alignment="bottom")
    query = box.text_input(
        "Search papers",
        key=key,
        on_change=changed,
        type="search",
        icon=":material/search:",
        placeholder="What are you looking for?",
        label_visibility="collapsed",
    )
    mode = _mode(choice)
    if query and query.strip():
        _found(library, query.strip(), filters, mode, passing)
    else:
        _start(filters, passing)


def _typed(library: Library, query: str) -> Mask | None:
    """The papers that pass what the query itself demands; None where it demands nothing."""
    try:
        asked = parse(query, library.edition)
    except UsageError:  # said in the results' place
        return None
    return None if asked.plain else meeting(library, library.snapshot(), asked)


def _mode(place: DeltaGenerator) -> Mode:
    key, changed = state.bound("mode", "hybrid", forget=("n",))
    if st.session_state[key] not in MODES:
        st.session_state[key] = "hybrid"
    chosen: Mode = place.selectbox(
        "Search by",
        MODES,
        key=key,
        on_change=changed,
        format_func=_MODES.__getitem__,
        label_visibility="collapsed",
    )
    return chosen


def _start(filters: Filters, passing: int) -> None:
    st.markdown("Ask by meaning or by exact words. For example:")
    with st.container(horizontal=True, key="examples"):
        for example in EXAMPLES:
            st.button(example, on_click=state.put, args=({"q": example},), key=f"try-{example}")
    st.caption(
        'Narrower: `"an exact phrase"`, `-without`, `title:agents`, `author:lovelace`, '
        "`year:2023..2025`, `phase:testing`, `category:cs.SE`"
    )
    st.page_link(
        places.PAPERS,
        label=f"Or look through all {passing:,} papers"
        + (" that pass the filters" if filters else ""),
        query_params=facets.params(filters),
    )


def _found(library: Library, query: str, filters: Filters, mode: Mode, passing: int) -> None:
    limit = state.number("n", _STEP, low=_STEP, high=_MOST)
    try:
        asked = parse(query, library.edition)
    except UsageError as error:
        st.info(plain(f"{error.message}: {error.remedy}"), icon=":material/search_off:")
        return
    found = search(library, asked, filters, limit=limit, mode=mode)
    _log_once(library, asked, filters, mode, found)
    if not found.hits:
        st.info(
            "No paper matches this."
            if passing
            else "No paper passes these filters: take one away.",
            icon=":material/search_off:",
        )
        return
    told = "papers match" if mode == "lexical" or not asked.plain else "papers ranked"
    of = f"{found.total:,} {told}"
    st.caption(f"The first {len(found.hits)} of {of} · {found.took_ms:.0f} ms")
    for one in found.hits:
        results.hit(library, one, query)
    collected.keep_these(library, [one.paper.paper_id for one in found.hits])
    if len(found.hits) == limit < min(_MOST, passing):
        more = str(min(limit + _STEP, _MOST))
        st.button("Show more", on_click=state.put, args=({"n": more},), key="more")


def _log_once(library: Library, asked: Query, filters: Filters, mode: Mode, found: Results) -> None:
    """Log a search when it is made, not whenever its page is drawn again."""
    made = (asked, filters, mode, library.snapshot().generation)
    if st.session_state.get("logged") != made:
        st.session_state["logged"] = made
        ids = [one.paper.paper_id for one in found.hits]
        log(library, asked, filters, mode, found.total, ids)


page.show("Search", draw)
