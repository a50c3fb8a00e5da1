"""The map as a graph to click on: how much is drawn, what is open, its files, its tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from kb.catalogue import Filters
from kb.challenges import Challenge
from kb.exports.network import network
from kb.exports.painting import Picture
from kb.library import Library
from kb.map_drawing import MOST_NODES, Drawing, drawing
from kb.mapping import mapped
from kb.pages.parts import graph_view, map_ties, opened, pictured, places, quotes, results, state
from kb.pages.parts.map_axes import in_files
from kb.pages.parts.markup import plain, title
from kb.pages.parts.tags import names
from kb.pages.parts.words import _

_SIZES = (25, 50, 100, 200, 400, 800, 1_600)


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
            "below; drag to move; Ctrl and scroll, or two fingers, to zoom: names appear as you "
            "come nearer."
        ).format(
            n=f"{picture.challenges:,}",
            all=f"{len(found):,}",
            fewest=f"{fewest:,}",
            nodes=f"{len(picture.dots):,}",
            most=f"{MOST_NODES:,}",
        )
    )
    _opened(library, found, graph_view.draw(picture, "graph"))
    _files(library, filters, picture, found)
    map_ties.draw(library, filters, found)


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
