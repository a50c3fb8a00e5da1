"""The map's pictures: every view is drawn, its numbers lead to their papers, its files are made."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kb.pages.parts import pictured

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
