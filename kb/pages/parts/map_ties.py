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
from kb.pages.parts import graph_view, places
from kb.pages.parts.markup import plain, readable, title, visible
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, many
from kb.quotes import unmarked

_ROWS = 12


def draw(library: Library, filters: Filters, found: Sequence[Challenge], state: object) -> None:
    """The three tables of the challenges `found` in `state`; only the one looked at is made."""
    by_id = {one.challenge_id: one for one in found}
    some, bridges, groups = st.tabs(
        [_("Several phases"), _("Bridges"), _("Communities")], key="ties", on_change="rerun"
    )
    if some.open:
        with some:
            _wide(library, _shared(found), by_id)
    if bridges.open:
        with bridges:
            _bridges(library, _bridging(found, state, filters))
    if groups.open:
        with groups:
            _communities(_groups(found, state, filters), by_id)


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
    _found: Sequence[Challenge],
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,  # noqa: ARG001 - part of the key
) -> tuple[Bridge, ...]:
    phases = {one.challenge_id: one.phases for one in _found}
    return bridging(_told(_found), phases, most=None)


@st.cache_resource(show_spinner=False, max_entries=16)
def _groups(
    _found: Sequence[Challenge],
    state: object,  # noqa: ARG001 - part of the key
    filters: Filters,  # noqa: ARG001 - part of the key
) -> tuple[tuple[str, ...], ...]:
    return communities(_told(_found))


def _wide(library: Library, wide: Sequence[Shared], by_id: Mapping[str, Challenge]) -> None:
    called = names(library.codebook)["phase"]
    told = many(
        "{n} challenge that two papers or more by different authors state, in two phases or more.",
        "{n} challenges that two papers or more by different authors state, in two phases or more.",
        len(wide),
    )
    st.caption(told)
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


def _bridges(library: Library, wide: Sequence[Bridge]) -> None:
    papers = mapped(library).papers
    wide = [one for one in wide if one.paper_id in papers]  # some may have gone meanwhile
    told = many(
        "{n} paper states challenges of two phases or more.",
        "{n} papers state challenges of two phases or more.",
        len(wide),
    )
    st.caption(told)
    for one in wide[:_ROWS]:
        challenges = many("{n} challenge", "{n} challenges", one.challenges)
        said = _("{challenges} of {phases} phases")
        said = said.format(challenges=challenges, phases=one.phases)
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
    told = many(
        "{n} group of challenges that the same papers state together (Louvain, fixed seed), "
        "named by its best supported challenge.",
        "{n} groups of challenges that the same papers state together (Louvain, fixed seed); "
        "each is named by its best supported challenge.",
        len(found),
    )
    st.caption(told)
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
