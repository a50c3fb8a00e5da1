"""What ties the map together, without a mouse: shared challenges, bridging papers, groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.library import Library
from kb.map_network import bridging, communities, shared_challenges
from kb.map_parts import Bridge, Shared
from kb.mapping import mapped
from kb.pages.parts import graph_view, opened, places
from kb.pages.parts.markup import plain, readable, title, visible
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, many
from kb.quotes import unmarked

_ROWS = 12


def draw(library: Library, filters: Filters, found: Sequence[Challenge]) -> None:
    """The three tables; only the one that is looked at is worked out."""
    state = (library.opening, opened.state_of_map(library, filters))
    by_id = {one.challenge_id: one for one in found}
    some, bridges, groups = st.tabs(
        [_("Several phases"), _("Bridges"), _("Communities")], key="ties", on_change="rerun"
    )
    if some.open:
        with some:
            _wide(library, _shared(found), by_id)
    if bridges.open:
        with bridges:
            _bridges(library, _bridging(library, state, filters))
    if groups.open:
        with groups:
            _communities(_groups(library, state, filters), by_id)


def _shared(found: Sequence[Challenge]) -> tuple[Shared, ...]:
    papers = {one.challenge_id: one.papers for one in found}
    return shared_challenges({one.challenge_id: one.phases for one in found}, papers, most=None)


def _told(found: Sequence[Challenge]) -> dict[str, set[str]]:
    """Paper id -> ids of the challenges that it states."""
    told: dict[str, set[str]] = {}
    for one in found:
        for paper in one.paper_ids:
            told.setdefault(paper, set()).add(one.challenge_id)
    return told


# Streamlit keeps a value by its arguments, without those that begin with an underscore.
@st.cache_resource(show_spinner=False, max_entries=16)
def _bridging(
    _library: Library,
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,
) -> tuple[Bridge, ...]:
    found = opened.all_challenges(_library, filters)
    phases = {one.challenge_id: one.phases for one in found}
    return bridging(_told(found), phases, most=None)


@st.cache_resource(show_spinner=False, max_entries=16)
def _groups(
    _library: Library,
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,
) -> tuple[tuple[str, ...], ...]:
    return communities(_told(opened.all_challenges(_library, filters)))


def _wide(library: Library, wide: Sequence[Shared], by_id: Mapping[str, Challenge]) -> None:
    called = names(library.codebook)["phase"]
    told = _("{n} challenges that papers of two phases or more state.")
    st.caption(told.format(n=f"{len(wide):,}"))
    for shared in wide[:_ROWS]:
        phases = ", ".join(called.get(key, key) for key in shared.phases)
        one = by_id[shared.challenge_id]
        _link(one, f"{_support(one)} · {phases}")
    if len(wide) > _ROWS:
        _whole(
            "shared",
            len(wide),
            lambda: [
                {
                    _("Challenge"): visible(readable(unmarked(by_id[one.challenge_id].statement))),
                    _("Papers"): len(by_id[one.challenge_id].paper_ids),
                    _("By different authors"): one.papers,
                    _("Phases"): ", ".join(called.get(key, key) for key in one.phases),
                    "Id": one.challenge_id,
                }
                for one in wide
            ],
        )
    if not wide:
        st.info(_("No challenge is shared by two phases here."))


def _bridges(library: Library, wide: Sequence[Bridge]) -> None:
    told = _("{n} papers state challenges of two phases or more.")
    st.caption(told.format(n=f"{len(wide):,}"))
    papers = mapped(library).papers
    for one in wide[:_ROWS]:
        said = _("{challenges} challenges of {phases} phases")
        said = said.format(challenges=one.challenges, phases=one.phases)
        st.page_link(
            places.PAPER,
            label=f"{plain(title(papers[one.paper_id].title))} — {said}",
            query_params={"id": one.paper_id},
        )
    if len(wide) > _ROWS:
        _whole(
            "bridges",
            len(wide),
            lambda: [
                {
                    _("Paper"): visible(title(papers[one.paper_id].title)),
                    _("Challenges"): one.challenges,
                    _("Phases"): one.phases,
                    "Id": one.paper_id,
                }
                for one in wide
            ],
        )


def _whole(key: str, count: int, rows: Callable[[], list[dict[str, object]]]) -> None:
    """The rest of a list of which only the first are links, made where it is opened."""
    label = _("All {n} as a table").format(n=f"{count:,}")
    folded = st.expander(label, type="compact", key=f"all-{key}", on_change="rerun")
    if folded.open:
        folded.dataframe(rows(), hide_index=True)


def _communities(found: Sequence[Sequence[str]], by_id: Mapping[str, Challenge]) -> None:
    told = _(
        "{n} groups of challenges that the same papers state together (Louvain, fixed seed); "
        "each is named by its best supported challenge."
    )
    st.caption(told.format(n=f"{len(found):,}"))
    for group in found[:_ROWS]:
        best = sorted((by_id[one] for one in group), key=lambda one: -one.papers)[:5]
        size = many("{n} challenge", "{n} challenges", len(group))
        with st.expander(f"{plain(graph_view.short(best[0].statement))} · {size}", type="compact"):
            for one in best:
                _link(one, _support(one))


def _support(one: Challenge) -> str:
    """How many papers state it, and how many of them share no author."""
    every = many("{n} paper", "{n} papers", len(one.paper_ids))
    if one.papers >= len(one.paper_ids):
        return every
    if one.papers < 2:
        return _("{papers}, with authors in common").format(papers=every)
    told = _("{papers}, {n} of them by different authors")
    return told.format(papers=every, n=f"{one.papers:,}")


def _link(one: Challenge, told: str) -> None:
    st.page_link(
        places.CHALLENGES,
        label=f"{plain(readable(unmarked(one.statement)))} — {plain(told)}",
        query_params={"challenge": one.challenge_id},
    )
