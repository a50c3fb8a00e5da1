"""The map's pictures: every view is drawn, its numbers lead to their papers, its files are made."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kb import map_drawing
from kb.catalogue import Filters
from kb.library import Library
from kb.map_parts import Bridge
from kb.pages.parts import map_graph, map_ties, opened, pictured

Start = Callable[..., AppTest]


def tables(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html") if "sf-numbers" in one.proto.body)


@pytest.mark.parametrize("view", ["graph", "years", "tags"])
def test_every_view_has_a_picture_and_its_files(start: Start, view: str) -> None:
    app = start("map", view=view)
    assert not app.error
    labels = [one.proto.label for one in app.get("download_button")]
    assert labels[:3] == ["SVG", "PNG", "CSV"]


@pytest.mark.parametrize(
    ("view", "more"),
    [("years", {}), ("years", {"by": "layer"}), ("tags", {}), ("tags", {"facet": "layer"})],
)
def test_every_number_leads_to_as_many_papers(
    start: Start, view: str, more: dict[str, str]
) -> None:
    shown = tables(start("map", view=view, **more))
    found = re.findall(r'<a href="papers\?([^"]+)" target="_self">([\d,]+)</a>', shown)
    assert len(found) > 5
    for query, number in [*found[:3], found[-1]]:
        names: dict[str, list[str]] = {}
        for name, value in parse_qsl(unescape(query)):
            names.setdefault(name, []).append(value)
        app = start("papers", **names)
        told = next(one.value for one in app.sidebar.markdown if "papers pass" in one.value)
        assert told.startswith(f"**{number}**"), (query, told)


def test_two_phases_at_once_are_no_filter_so_there_is_no_link(start: Start) -> None:
    shown = tables(start("map", view="tags", phase="testing-and-evaluation"))
    links = re.findall(r'href="papers\?([^"]+)"', shown)
    assert links
    assert all("phase=testing-and-evaluation" in link for link in links)


def test_years_of_one_phase_stay_with_it(start: Start) -> None:
    app = start("map", view="years", shown="share", phase="testing-and-evaluation")
    assert "challenges?" in tables(app)


def test_a_table_shows_texts_as_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    monkeypatch.setattr(st, "html", held.append)
    hostile = '<img src=x onerror=alert(1)>"'
    cell = pictured.Cell(3, 'papers?author="><script>')
    pictured.table(hostile, [hostile, "n"], [[hostile, cell]])
    (shown,) = held
    assert "<img" not in shown
    assert "<script" not in shown
    assert 'scope="row"' in shown


def captions(app: AppTest) -> str:
    return "\n".join(one.value for one in app.caption)


def test_how_much_of_the_graph_is_drawn_stands_in_the_address(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_graph, "_SIZES", (2, 4, 6))
    app = start("map", view="graph", most="4")
    assert app.select_slider(key="at:most").value == "4"
    assert "Drawn: the 4 best supported" in captions(app)
    app.select_slider(key="at:most").set_value("2").run()
    app.toggle(key="at:draw:papers").set_value(True).run()
    assert app.query_params["most"] == "2"
    assert app.query_params["draw"] == "papers"
    again = start("map", view="graph", most="2", draw="papers")
    assert again.select_slider(key="at:most").value == "2"
    assert again.toggle(key="at:draw:papers").value


def test_why_fewer_challenges_are_drawn_than_asked_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "asked for" not in captions(start("map", view="graph"))
    st.cache_resource.clear()
    for module in (map_graph, map_drawing):
        monkeypatch.setattr(module, "MOST_NODES", 9)
    told = captions(start("map", view="graph"))
    assert re.search(r"\b3 of the \d+ asked for: more than 9 nodes would be drawn", told)


def test_an_open_node_that_is_not_drawn_is_said_to_be_so(start: Start) -> None:
    said = "not in the graph as it is filtered"
    assert said in captions(start("map", view="graph", node="c0123456789"))
    assert said not in captions(start("map", view="graph", node="phase:testing-and-evaluation"))


def test_tables_beside_the_graph_are_of_the_challenges_drawn(start: Start, folder: Path) -> None:
    app = start("map", view="graph")  # Streamlit's caches want a page that ran
    assert "in two phases or more" in captions(app)
    library = Library.open(folder)
    found, none = opened.all_challenges(library, Filters()), Filters()
    drawn = {one.challenge_id for one in found}
    told = map_ties._groups(found[:1], "earlier", none)
    assert {one for group in told for one in group} <= {found[0].challenge_id} <= drawn
    papers = {key for one in found[:3] for key in one.paper_ids}
    assert {one.paper_id for one in map_ties._bridging(found[:3], "earlier", none)} <= papers
    map_ties._bridges(library, [Bridge("2401.00000", 2, 2)])  # a paper that has gone
    library.close()
