"""Papers come into a review; what each source brought, and the papers by what became of them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.catalogue import Filters
from kb.catalogue.screening import STAGES
from kb.collecting import collections
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import places, state
from kb.pages.parts.facets import sidebar
from kb.pages.parts.markup import plain, title
from kb.pages.parts.outcome import told
from kb.pages.parts.review_board import STATE_NAMES
from kb.pages.parts.words import _, later, many
from kb.ranking import MODES
from kb.review_flow import brought
from kb.review_sources import (
    ALL,
    Added,
    from_collection,
    from_ids,
    from_library,
    from_log,
    from_search,
    take_out,
)
from kb.review_state import Board
from kb.search_log import LoggedSearch, searches

_PAGE = 25
_LOGGED = 30
_MODES = {
    "hybrid": later("Meaning and words"),
    "dense": later("Meaning alone"),
    "lexical": later("Words alone"),
}
_MOST = {50: "50", 100: "100", 200: "200", 500: "500", 1000: "1,000", ALL: later("all")}


def draw(library: Library, now: Board, who: str) -> None:
    """The view."""
    if not library.catalogue.read_only:
        filters, passing = sidebar(library)
        _bring(library, now, who, filters, passing)
    _sources(library, now)
    _papers(now)


def _bring(library: Library, now: Board, who: str, filters: Filters, passing: int) -> None:
    st.markdown(f"## {_('Bring papers in')}")
    names = [_("A search"), _("The search log"), _("A collection"), _("The library"), _("By id")]
    search, logged, collection, whole, ids = st.tabs(names)
    name = now.review.name
    with search:
        _search(library, name, who, filters)
    with logged:
        _log(library, name, who)
    with collection:
        held = collections(library)
        if held:
            chosen = st.selectbox(
                _("Collection"),
                list(held),
                format_func=lambda one: f"{one} ({held[one]:,})",
                key="bring-collection",
            )
            _button("collection", partial(from_collection, library, name, str(chosen), who))
        else:
            st.caption(_("There is no collection yet."))
    with whole:
        st.caption(_("All papers that pass the filters at the side."))
        label = many("Bring in {n} paper", "Bring in {n} papers", passing)
        _button("library", partial(from_library, library, name, filters, who), label)
    with ids:
        typed = st.text_area(
            _("arXiv ids, DOIs or addresses of papers that are in the library, one a line"),
            key="bring-named",
        )
        _button("ids", partial(from_ids, library, name, typed.split(), who))


def _search(library: Library, name: str, who: str, filters: Filters) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="bring-search"):
        query = st.text_input(_("Search papers"), key="bring-query", width=420)
        mode = st.selectbox(
            _("Search by"),
            list(MODES),
            format_func=lambda one: _(_MODES[one]),
            key="bring-mode",
            width=200,
        )
        most = st.selectbox(
            _("Up to"),
            list(_MOST),
            index=2,
            format_func=lambda one: _(_MOST[one]),
            key="bring-most",
            width=110,
            help=_("By meaning every paper that passes the filters is ranked: all is all of them."),
        )
        act = partial(from_search, library, name, query, filters, mode=mode, most=most, who=who)
        _button("query", act, blocked=not query.strip())
    if filters:
        st.caption(_("Within the filters at the side."))


def _log(library: Library, name: str, who: str) -> None:
    """Searches of the log, the newest first: their hits, or the search made again."""
    held = [one for one in searches(library, last=_LOGGED) if one.hits][::-1]
    if not held:
        st.caption(_("Nothing was searched yet."))
        return
    at = st.selectbox(
        _("Logged search"),
        range(len(held)),
        format_func=lambda one: _line(held[one]),
        key="bring-logged",
    )
    one = held[int(at or 0)]
    label = many("Bring in the {n} hit it showed", "Bring in the {n} hits it showed", len(one.hits))
    _button("logged", partial(from_log, library, name, one, who), label)


def _line(one: LoggedSearch) -> str:
    inside = f" [{', '.join(one.filters)}]" if one.filters else ""
    return f"{one.at[:16]}  {one.query or '–'}{inside}  ({len(one.hits)} / {one.total:,})"


def _button(key: str, act: partial[Added], label: str = "", *, blocked: bool = False) -> None:
    st.button(
        label or _("Bring in"),
        icon=":material/add:",
        on_click=_brought,
        args=(act,),
        disabled=blocked,
        key=f"bring-{key}-now",
    )


def _brought(act: partial[Added]) -> None:
    try:
        made = act()
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return
    st.toast(
        _("{found} identified, {new} new, {again} duplicates").format(
            found=f"{made.found:,}", new=f"{made.new:,}", again=f"{made.found - made.new:,}"
        ),
        icon=":material/check:",
    )


def _sources(library: Library, now: Board) -> None:
    rows = brought(now)
    st.markdown(f"## {_('Where they came from')}")
    if not rows:
        st.caption(_("No paper has come into this review yet."))
        return
    for one in rows:
        with st.container(horizontal=True, vertical_alignment="center", key=f"source-{one.n}"):
            counts = _("{found} identified · {new} new · {again} in it before · {joined} joined")
            told_ = counts.format(
                found=f"{one.found:,}",
                new=f"{one.new:,}",
                again=f"{one.again:,}",
                joined=f"{one.joined:,}",
            )
            st.markdown(f"**{plain(one.label)}** · {plain(one.at[:10])}  \n{plain(told_)}")
            if not library.catalogue.read_only:
                st.button(
                    _("Take out"),
                    type="tertiary",
                    icon=":material/close:",
                    help=_("With the papers that no other source brought; decisions are kept."),
                    on_click=_take_out,
                    args=(library, now.review.name, one.n),
                    key=f"source-out-{one.n}",
                )
    st.caption(
        _(
            "Identified counts records: papers that the library had joined as one count each. "
            "Duplicates are those joined, and what an earlier source had brought."
        )
    )


def _take_out(library: Library, name: str, n: int) -> None:
    told(lambda: take_out(library, name, n), _("Taken out."))


def _papers(now: Board) -> None:
    """The papers in one state, a page at a time; each opens in the Screen view."""
    if not now.cases:
        return
    st.markdown(f"## {_('Papers by what became of them')}")
    groups: dict[str, list[str]] = {}
    for case in now.cases.values():
        groups.setdefault(f"{case.stage}.{case.outcome.state}", []).append(case.paper_id)
    names = {
        key: f"{_(STATE_NAMES[key.split('.')[1]])} ({len(groups[key]):,})"
        + (f" – {_('full text')}" if key.startswith("full_text") else "")
        for key in sorted(groups, key=_rank)
    }
    key, changed = state.bound("show", next(iter(names)), forget=("page",), known=names)
    shown = st.pills(
        _("Which papers"),
        list(names),
        key=key,
        on_change=changed,
        format_func=names.__getitem__,
        required=True,
    )
    ids = groups[str(shown)]
    pages = -(-len(ids) // _PAGE)
    at = state.number("page", 1, low=1, high=pages)
    for paper in ids[(at - 1) * _PAGE : at * _PAGE]:
        case = now.cases[paper]
        reason = f" · {case.outcome.reason}" if case.outcome.reason else ""
        gone = "" if case.here else f" · {_('no longer in the library')}"
        params = {"review": now.review.name, "paper": paper}
        params |= {"stage": case.stage} if case.stage == "full_text" else {}
        st.page_link(
            places.SCREENING, label=plain(f"{title(case.title)}{reason}{gone}"), query_params=params
        )
    if pages > 1:
        state.pages(pages)


def _rank(group: str) -> tuple[int, int]:
    """The first stage first; within it what is left to do first."""
    at, became = group.split(".")
    return STAGES.index(at), ("open", "maybe", "waiting", "conflict", *STATE_NAMES).index(became)
