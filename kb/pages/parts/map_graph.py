"""The map as a graph to click on, and the same as tables for keyboard and screen reader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from st_link_analysis import Event, st_link_analysis

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.exports import palette
from kb.exports.network import network
from kb.exports.painting import Picture
from kb.library import Library
from kb.map_drawing import MOST_NODES, Dot, Drawing, drawing
from kb.map_network import bridging, communities, shared_challenges
from kb.map_parts import Bridge, Shared
from kb.mapping import mapped
from kb.pages.parts import opened, pictured, places, quotes, results, state
from kb.pages.parts.map_axes import in_files
from kb.pages.parts.markup import plain, title, visible
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, many

_HOVER = Path(__file__).with_name("hover.html")
"""Our own script; nothing of a paper or a person is put into it."""
_SIZES = (25, 50, 100, 200, 400, 800, 1_600)
_HEIGHT = 620
_ROWS = 12
_LABEL = 60
# Size, size of the name, and form of each kind: not told apart by colour alone.
_LOOKS = {
    "phase": (64, 42, "round-rectangle"),
    "challenge": (26, 12, "ellipse"),
    "paper": (12, 9, "triangle"),
}
_INKS = {"dark": "#e6edf3", "light": "#1b1f24"}
_EVENTS = [Event("open", "tap", "node")]
_LAYOUT = {"name": "preset", "fit": True, "padding": 20, "animate": False}


@dataclass(frozen=True, slots=True)
class _Style:
    """How the elements of one kind look; the component asks for `dump`."""

    selector: str
    style: Mapping[str, object]

    def dump(self) -> dict[str, object]:
        """The style as the component's JSON."""
        return {"selector": self.selector, "style": dict(self.style)}


def draw(library: Library, filters: Filters) -> None:
    """Controls, the graph, what was clicked, and the tables."""
    found = opened.all_challenges(library, filters)
    if not found:
        st.info(_("No challenge is stated by the papers that pass the filters."))
        return
    most, papers = _controls(len(found))
    picture = _drawing(
        library, (library.opening, opened.state_of_map(library, filters)), filters, most, papers
    )
    fewest = found[picture.challenges - 1].papers if picture.challenges else 0
    st.caption(
        _(
            "Drawn: the {n} best supported of {all} challenges ({fewest} or more papers by "
            "different authors each), {nodes} nodes of at most {most}. Blue squares: phases · "
            "orange circles: challenges · green triangles: papers. Click a node to open it "
            "below; drag to move, scroll to zoom; names appear as you come nearer."
        ).format(
            n=f"{picture.challenges:,}",
            all=f"{len(found):,}",
            fewest=f"{fewest:,}",
            nodes=f"{len(picture.dots):,}",
            most=f"{MOST_NODES:,}",
        )
    )
    key = f"graph-{most}-{papers}-{hash(filters) & 0xFFFF:x}"
    nodes, edges = _styles(_target(st.session_state.get(key)))
    clicked = st_link_analysis(
        _elements(picture), _LAYOUT, nodes, edges, height=_HEIGHT, key=key, events=_EVENTS
    )
    st.html(_HOVER, unsafe_allow_javascript=True)
    _opened(library, found, _target(clicked))
    _files(library, filters, picture, found)
    _tables(library, filters, found)


def _files(
    library: Library, filters: Filters, picture: Drawing, found: Sequence[Challenge]
) -> None:
    """The drawing for a paper, and its challenges as numbers."""
    called = in_files(library, "phase")
    drawn = found[: picture.challenges]
    rows: list[list[str | float]] = [
        [
            number,
            one.statement,
            len(one.paper_ids),
            one.papers,
            "; ".join(called.get(key, key) for key in one.phases),
            one.challenge_id,
        ]
        for number, one in enumerate(drawn, start=1)
    ]
    columns = ("number", "challenge", "papers", "by different authors", "phases", "id")
    pictured.downloads(
        "challenge-graph", partial(_picture, library, filters, picture, drawn), columns, rows
    )


def _picture(
    library: Library, filters: Filters, picture: Drawing, drawn: Sequence[Challenge]
) -> Picture:
    note = f"The {len(drawn):,} best supported challenges, by the phases of their papers."
    passing = int(library.snapshot().mask(filters).sum())
    told = pictured.about(library, "Challenges by phase", filters, note, papers=passing)
    return network(picture, drawn, told)


def _styles(open_node: str) -> tuple[list[_Style], list[_Style]]:
    ink = _INKS.get(str(st.context.theme.type), _INKS["light"])
    nodes = [
        _Style(
            f"node[label='{kind}']",
            {
                "label": "data(short)",
                "background-color": palette.KINDS[kind],
                "shape": form,
                "width": size,
                "height": size,
                "font-size": letters,
                "color": ink,
                "text-wrap": "wrap",
                "text-max-width": "260px",
                # Names that could not be read are left out until somebody zooms in.
                "min-zoomed-font-size": 8,
            },
        )
        for kind, (size, letters, form) in _LOOKS.items()
    ]
    if re.fullmatch(r"[\w:./-]+", open_node):
        # The node that is open below is marked, with its name at any zoom.
        mark = {"border-width": 4, "border-color": ink, "font-size": 30, "z-index": 10}
        nodes.append(_Style(f"node[id='{open_node}']", mark | {"min-zoomed-font-size": 0}))
    line = {"line-color": "#8a949e", "width": 1, "curve-style": "haystack", "opacity": 0.5}
    return nodes, [_Style("edge[label='tie']", line)]


def _controls(count: int) -> tuple[int, bool]:
    sizes = [size for size in _SIZES if size < count]
    sizes = [*sizes, count] if len(sizes) < len(_SIZES) else sizes
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    held = state.number("most", 100, low=1, high=_SIZES[-1])
    nearest = min(sizes, key=lambda size: abs(size - held))
    if len(sizes) > 1:
        chosen = left.select_slider(
            _("Challenges drawn, best supported first"), sizes, value=nearest, key=f"most-{count}"
        )
        nearest = int(chosen)
    with_papers = right.toggle(_("Draw the papers too"), key="graph-papers")
    return nearest, bool(with_papers)


@st.cache_resource(show_spinner="Drawing the graph …", max_entries=32)
def _drawing(
    _library: Library,
    key: object,  # noqa: ARG001 - what the drawing depends on
    filters: Filters,
    most: int,
    with_papers: bool,
) -> Drawing:
    found = opened.all_challenges(_library, filters)
    titles = {name: title(paper.title) for name, paper in mapped(_library).papers.items()}
    phases = in_files(_library, "phase")  # in English: the page translates
    return drawing(found, phases, titles, most=most, with_papers=with_papers)


def _elements(picture: Drawing) -> dict[str, list[dict[str, object]]]:
    return {
        "nodes": [
            {
                "data": {
                    "id": dot.id,
                    "label": dot.kind,
                    "name": visible(_name(dot)),
                    "short": _short(_name(dot)),
                },
                "position": {"x": round(dot.x, 1), "y": round(dot.y, 1)},
                # What is selected would open the component's panel over the graph.
                "selectable": False,
            }
            for dot in picture.dots
        ],
        "edges": [
            {
                "data": {"id": f"e{n}", "label": "tie", "source": source, "target": target},
                "selectable": False,
            }
            for n, (source, target) in enumerate(picture.lines)
        ],
    }


def _name(dot: Dot) -> str:
    return _(dot.label) if dot.kind == "phase" else dot.label


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 1].rsplit(' ', 1)[0]} …"


def _target(clicked: object) -> str:
    """The node of a click, as the drawing reports it; "" where there was none."""
    data = clicked.get("data") if isinstance(clicked, dict) else None
    return str(data.get("target_id", "")) if isinstance(data, dict) else ""


def _opened(library: Library, found: Sequence[Challenge], node: str) -> None:
    """What was clicked: a challenge with its quotes, a paper, or a phase."""
    if not node:
        return
    kind, _colon, key = node.partition(":")
    papers = mapped(library).papers
    with st.container(key="graph-opened"):
        one = next((one for one in found if one.challenge_id == node), None)
        if one is not None:
            quotes.challenge(library, one, papers)
        elif kind == "paper" and key in papers:
            results.row(library, papers[key])
        elif kind == "phase":
            st.page_link(
                places.CHALLENGES,
                label=_("All challenges of {phase}").format(
                    phase=plain(names(library.codebook)["phase"].get(key, key))
                ),
                icon=":material/arrow_forward:",
                query_params={"phase": key},
            )


def _tables(library: Library, filters: Filters, found: Sequence[Challenge]) -> None:
    """The same without a mouse: what is shared, what bridges, what belongs together."""
    tied = _ties(library, (library.opening, opened.state_of_map(library, filters)), filters)
    by_id = {one.challenge_id: one for one in found}
    some, bridges, groups = st.tabs([_("Several phases"), _("Bridges"), _("Communities")])
    with some:
        _wide(library, tied.wide, by_id)
    with bridges:
        _bridges(library, tied.bridges)
    with groups:
        _communities(tied.groups, by_id)


@dataclass(frozen=True, slots=True)
class _Ties:
    """What ties phases, papers and challenges together."""

    wide: tuple[Shared, ...]
    bridges: tuple[Bridge, ...]
    groups: tuple[tuple[str, ...], ...]


@st.cache_resource(show_spinner=False, max_entries=16)
def _ties(
    _library: Library,
    key: object,  # noqa: ARG001 - what it depends on
    filters: Filters,
) -> _Ties:
    found = opened.all_challenges(_library, filters)
    phases_of = {one.challenge_id: one.phases for one in found}
    told: dict[str, set[str]] = {}
    for one in found:
        for paper in one.paper_ids:
            told.setdefault(paper, set()).add(one.challenge_id)
    wide = shared_challenges(phases_of, {one.challenge_id: one.papers for one in found}, most=None)
    groups = tuple(tuple(group) for group in communities(told))
    return _Ties(tuple(wide), tuple(bridging(told, phases_of, most=None)), groups)


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
            len(wide),
            [
                {
                    _("Challenge"): visible(by_id[one.challenge_id].statement),
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
            len(wide),
            [
                {
                    _("Paper"): visible(title(papers[one.paper_id].title)),
                    _("Challenges"): one.challenges,
                    _("Phases"): one.phases,
                    "Id": one.paper_id,
                }
                for one in wide
            ],
        )


def _whole(count: int, rows: Sequence[Mapping[str, object]]) -> None:
    """The rest of a list of which only the first are links."""
    with st.expander(_("All {n} as a table").format(n=f"{count:,}"), type="compact"):
        st.dataframe(rows, hide_index=True)


def _communities(found: Sequence[Sequence[str]], by_id: Mapping[str, Challenge]) -> None:
    told = _(
        "{n} groups of challenges that the same papers state together (Louvain, fixed seed); "
        "each is named by its best supported challenge."
    )
    st.caption(told.format(n=f"{len(found):,}"))
    for group in found[:_ROWS]:
        best = sorted((by_id[one] for one in group), key=lambda one: -one.papers)[:5]
        size = many("{n} challenge", "{n} challenges", len(group))
        with st.expander(f"{plain(_short(best[0].statement))} · {size}", type="compact"):
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
        label=f"{plain(one.statement)} — {plain(told)}",
        query_params={"challenge": one.challenge_id},
    )
