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
    # Before the challenges are read: what is kept of them is kept under no later state.
    held = (library.opening, opened.state_of_map(library, filters))
    found = opened.all_challenges(library, filters)
    if not found:
        st.info(_("No challenge is stated by the papers that pass the filters."))
        return
    most, papers = _controls(len(found))
    picture = _drawing(found, library, held, filters, most, papers)
    st.caption(_drawn(picture, found, min(most, len(found))))
    _opened(library, found, picture, graph_view.draw(picture, "graph"))
    _files(library, filters, picture, found)
    map_ties.draw(library, filters, found, held)


def _drawn(picture: Drawing, found: Sequence[Challenge], asked_for: int) -> str:
    """What is in the picture, why not more, and how to use it."""
    drawn = picture.challenges
    told = _("Drawn: the {n} best supported of {all} challenges, {nodes} nodes.").format(
        n=f"{drawn:,}", all=f"{len(found):,}", nodes=f"{len(picture.dots):,}"
    )
    fewest = found[drawn - 1].papers if drawn else 0
    said = [told]
    if drawn < asked_for:
        fewer = _("{n} of the {m} asked for: more than {most} nodes would be drawn.")
        said.append(fewer.format(n=f"{drawn:,}", m=f"{asked_for:,}", most=f"{MOST_NODES:,}"))
    if fewest > 1:
        each = _("Each is stated by {fewest} or more papers by different authors.")
        said.append(each.format(fewest=f"{fewest:,}"))
    how = _(
        "Blue squares: phases · orange circles: challenges · green triangles: papers. Click a "
        "node to open it below; drag to move; Ctrl and scroll, or two fingers, to zoom: names "
        "appear as you come nearer."
    )
    return " ".join([*said, how])


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
        known = [str(size) for size in sizes]
        key, changed = state.bound("most", str(nearest), known=known)
        label = _("Challenges drawn, best supported first")
        chosen = left.select_slider(
            label, known, key=key, on_change=changed, format_func=lambda one: f"{int(one):,}"
        )
        nearest = int(chosen)
    key, changed = state.switch("draw", "papers")
    with_papers = right.toggle(_("Draw the papers too"), key=key, on_change=changed)
    return nearest, bool(with_papers)


@st.cache_resource(show_spinner="Drawing the graph …", max_entries=32)
def _drawing(
    _found: Sequence[Challenge],
    _library: Library,
    held: object,  # noqa: ARG001 - what the drawing depends on
    filters: Filters,  # noqa: ARG001 - part of the key
    most: int,
    with_papers: bool,
) -> Drawing:
    titles = {name: title(paper.title) for name, paper in mapped(_library).papers.items()}
    phases = in_files(_library, "phase")  # in English: the page translates
    return drawing(_found, phases, titles, most=most, with_papers=with_papers)


def _opened(library: Library, found: Sequence[Challenge], picture: Drawing, node: str) -> None:
    """What was clicked: a challenge with its quotes, a paper, or a phase."""
    if not node:
        return
    kind, _colon, key = node.partition(":")
    papers = mapped(library).papers
    with st.container(key="graph-opened"):
        if node not in {dot.id for dot in picture.dots}:
            st.caption(_("What is open is not in the graph as it is filtered and drawn now."))
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
    graph_view.look_at("graph-opened")
