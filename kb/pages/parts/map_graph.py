"""The map as a graph to click on, and the same as tables for keyboard and screen reader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from st_link_analysis import Event, st_link_analysis

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.library import Library
from kb.map_drawing import MOST_NODES, Drawing, drawing
from kb.map_network import bridging, communities, shared_challenges
from kb.map_parts import Bridge, supported
from kb.mapping import mapped
from kb.pages.parts import opened, places, quotes, results, state
from kb.pages.parts.markup import plain, visible
from kb.pages.parts.tags import names

_SIZES = (25, 50, 100, 200, 400, 800, 1_600)
_HEIGHT = 620
_ROWS = 12
_LABEL = 60
# One colour a kind, told apart by the colour-blind too (Okabe and Ito), and a size.
_LOOKS = {
    "phase": ("#0072B2", 64, 42),
    "challenge": ("#D55E00", 26, 12),
    "paper": ("#009E73", 12, 9),
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
        return {"selector": self.selector, "style": dict(self.style)}


def draw(library: Library, filters: Filters) -> None:
    """Controls, the graph, what was clicked, and the tables."""
    found = opened.all_challenges(library, filters)
    if not found:
        st.info("No challenge is stated by the papers that pass the filters.")
        return
    most, papers = _controls(len(found))
    picture = _drawing(library, (id(library), opened.state_of_map(library)), filters, most, papers)
    fewest = found[picture.challenges - 1].papers if picture.challenges else 0
    st.caption(
        f"Drawn: the {picture.challenges:,} best supported of {len(found):,} challenges "
        f"({fewest:,} papers by different authors or more each), "
        f"{len(picture.dots):,} nodes of at most {MOST_NODES:,}. "
        "Blue: phases · orange: challenges · green: papers. "
        "Click a node to open it below; drag to move, scroll to zoom."
    )
    key = f"graph-{most}-{papers}-{hash(filters) & 0xFFFF:x}"
    nodes, edges = _styles(_target(st.session_state.get(key)))
    clicked = st_link_analysis(
        _elements(picture), _LAYOUT, nodes, edges, height=_HEIGHT, key=key, events=_EVENTS
    )
    _opened(library, found, _target(clicked))
    _tables(library, found)


def _styles(open_node: str) -> tuple[list[_Style], list[_Style]]:
    ink = _INKS.get(str(st.context.theme.type), _INKS["light"])
    nodes = [
        _Style(
            f"node[label='{kind}']",
            {
                "label": "data(short)",
                "background-color": colour,
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
        for kind, (colour, size, letters) in _LOOKS.items()
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
            "Challenges drawn, best supported first", sizes, value=nearest, key=f"most-{count}"
        )
        nearest = int(chosen)
    with_papers = right.toggle("Draw the papers too", key="graph-papers")
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
    titles = {name: paper.title for name, paper in mapped(_library).papers.items()}
    phases = names(_library.codebook)["phase"]
    return drawing(found, phases, titles, most=most, with_papers=with_papers)


def _elements(picture: Drawing) -> dict[str, list[dict[str, object]]]:
    return {
        "nodes": [
            {
                "data": {
                    "id": dot.id,
                    "label": dot.kind,
                    "name": visible(dot.label),
                    "short": _short(dot.label),
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
    kind, _, key = node.partition(":")
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
                label=f"All challenges of {plain(names(library.codebook)['phase'].get(key, key))}",
                icon=":material/arrow_forward:",
                query_params={"phase": key},
            )


def _tables(library: Library, found: Sequence[Challenge]) -> None:
    """The same without a mouse: what is shared, what bridges, what belongs together."""
    called = names(library.codebook)["phase"]
    by_id = {one.challenge_id: one for one in found}
    phases_of = {one.challenge_id: one.phases for one in found}
    wide = shared_challenges(phases_of, {one.challenge_id: one.papers for one in found}, most=None)
    some, bridges, groups = st.tabs(
        ["Challenges of several phases", "Papers that bridge phases", "Communities"]
    )
    with some:
        st.caption(f"{len(wide):,} challenges that papers of two phases or more state.")
        for shared in wide[:_ROWS]:
            phases = ", ".join(called.get(key, key) for key in shared.phases)
            one = by_id[shared.challenge_id]
            _link(one, f"{supported(len(one.paper_ids), one.papers)} · {phases}")
        if len(wide) > _ROWS:
            _whole(
                f"All {len(wide):,} as a table",
                [
                    {
                        "Challenge": visible(by_id[one.challenge_id].statement),
                        "Papers": len(by_id[one.challenge_id].paper_ids),
                        "By different authors": one.papers,
                        "Phases": ", ".join(called.get(key, key) for key in one.phases),
                        "Id": one.challenge_id,
                    }
                    for one in wide
                ],
            )
        if not wide:
            st.info("No challenge is shared by two phases here.")
    told: dict[str, set[str]] = {}
    for one in found:
        for paper in one.paper_ids:
            told.setdefault(paper, set()).add(one.challenge_id)
    with bridges:
        _bridges(library, bridging(told, phases_of, most=None))
    with groups:
        _communities(told, by_id)


def _bridges(library: Library, wide: Sequence[Bridge]) -> None:
    st.caption(f"{len(wide):,} papers state challenges of two phases or more.")
    papers = mapped(library).papers
    for one in wide[:_ROWS]:
        st.page_link(
            places.PAPER,
            label=f"{plain(papers[one.paper_id].title)} — {one.challenges} challenges of "
            f"{one.phases} phases",
            query_params={"id": one.paper_id},
        )
    if len(wide) > _ROWS:
        _whole(
            f"All {len(wide):,} as a table",
            [
                {
                    "Paper": visible(papers[one.paper_id].title),
                    "Challenges": one.challenges,
                    "Phases": one.phases,
                    "Id": one.paper_id,
                }
                for one in wide
            ],
        )


def _whole(label: str, rows: Sequence[Mapping[str, object]]) -> None:
    """The rest of a list of which only the first are links."""
    with st.expander(label, type="compact"):
        st.dataframe(rows, hide_index=True)


def _communities(told: dict[str, set[str]], by_id: dict[str, Challenge]) -> None:
    found = communities(told)
    st.caption(
        f"{len(found):,} groups of challenges that the same papers state together "
        "(Louvain, fixed seed)."
    )
    for place, group in enumerate(found[:_ROWS], start=1):
        best = sorted((by_id[one] for one in group), key=lambda one: -one.papers)[:5]
        with st.expander(f"Group {place}: {len(group)} challenges", type="compact"):
            for one in best:
                _link(one, supported(len(one.paper_ids), one.papers))


def _link(one: Challenge, told: str) -> None:
    st.page_link(
        places.CHALLENGES,
        label=f"{plain(one.statement)} — {plain(told)}",
        query_params={"challenge": one.challenge_id},
    )
