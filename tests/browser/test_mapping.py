"""The map and the challenges in a real browser: axes, the graph, decisions and their undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]


def test_any_two_axes(open_page: Open, still: Still) -> None:
    page = open_page("map?rows=year&columns=phase")
    expect(page.locator(".st-key-matrix button").first).to_be_visible()
    page.get_by_text("Under-explored cells, ranked").click()
    expect(page.get_by_text("where its row and column let expect").first).to_be_visible()
    still(page)
    page.locator(".st-key-matrix button").filter(has_text="ch ·", visible=True).first.click()
    expect(page.get_by_role("tab", name="Papers (")).to_be_visible(timeout=20_000)
    assert {"row", "column"} <= parse_qs(urlsplit(page.url).query).keys()


def test_what_goes_on_to_the_right_fades_until_its_end(open_page: Open) -> None:
    faded = "getComputedStyle(document.querySelector('.st-key-matrix')).maskSize"
    page = open_page("map", width=390)
    expect(page.locator(".st-key-matrix button").filter(visible=True).first).to_be_visible()
    assert page.evaluate(faded).startswith("100%")
    page.evaluate("document.querySelector('.st-key-matrix').scrollLeft = 9999")
    page.wait_for_timeout(200)
    assert page.evaluate(faded).startswith("calc(")
    wide = open_page("map", width=1440)
    expect(wide.locator(".st-key-matrix button").first).to_be_visible()
    assert wide.evaluate(faded).startswith("calc(")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_graph_is_drawn_and_told_in_tables(open_page: Open, width: int, scheme: str) -> None:
    page = open_page("map?view=graph", width=width, scheme=scheme)
    graph = page.frame_locator("iframe[title*='link_analysis']")
    expect(graph.locator("canvas").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.get_by_role("tab", name="Communities").click()
    expect(page.get_by_text("groups of challenges that the same papers state")).to_be_visible()


def test_a_click_on_a_node_opens_it(open_page: Open) -> None:
    page = open_page("map?view=graph")
    graph = page.frame_locator("iframe[title*='link_analysis']")
    expect(graph.locator("canvas").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1_500)  # the canvas tells nobody when it has painted
    box = page.locator("iframe[title*='link_analysis']").bounding_box()
    assert box is not None
    shown = page.locator(".st-key-graph-opened")
    for down in range(60, int(box["height"]) - 40, 22):
        for across in range(80, int(box["width"]) - 60, 22):
            page.mouse.click(box["x"] + across, box["y"] + down)
            page.wait_for_timeout(5)
        if shown.count():
            break
    expect(shown).to_be_visible(timeout=10_000)


def test_years_are_told_in_a_table_too(open_page: Open) -> None:
    page = open_page("map?view=years", scheme="dark")
    expect(page.locator(".sf-numbers").first).to_be_visible()
    expect(page.locator('[data-testid="stVegaLiteChart"]').first).to_be_visible()
    number = page.locator('.sf-numbers a[href^="papers"]').first
    wanted = number.inner_text()
    number.click()
    expect(page.get_by_text(f"{wanted} of ").first).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(
    ("view", "name"),
    [("years", "phases-by-year"), ("tags", "phase-tags"), ("graph", "challenge-graph")],
)
def test_a_picture_is_made_when_asked_for(open_page: Open, view: str, name: str) -> None:
    page = open_page(f"map?view={view}&lang=zh_CN")
    for form, begin in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("csv", b"\xef\xbb\xbf")):
        with page.expect_download(timeout=60_000) as waiting:
            page.locator(f".st-key-get-{name}-{form} button").filter(visible=True).first.click()
        assert waiting.value.suggested_filename == f"sixfold-{name}.{form}"
        held = Path(waiting.value.path()).read_bytes()
        assert held.startswith(begin)
        # Files are in English, whoever looks.
        assert form == "png" or "阶段" not in held.decode()


def test_a_node_is_named_under_the_mouse(open_page: Open) -> None:
    page = open_page("map?view=graph")
    graph = page.frame_locator("iframe[title*='link_analysis']")
    expect(graph.locator("#sf-hover")).to_have_count(1, timeout=60_000)
    frame = next(one for one in page.frames if "link_analysis" in one.url)
    across, down = frame.evaluate(
        """() => { const cy = document.getElementById("cy"), box = cy.getBoundingClientRect();
        const at = cy._cyreg.cy.nodes("[label='challenge']")[0].renderedPosition();
        return [box.x + at.x, box.y + at.y]; }"""
    )
    graph_box = page.locator("iframe[title*='link_analysis']")
    graph_box.scroll_into_view_if_needed()
    box = graph_box.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + across, box["y"] + down)
    expect(graph.locator("#sf-hover")).to_be_visible(timeout=10_000)
    assert graph.locator("#sf-hover").inner_text().strip()


def test_a_challenge_is_renamed_and_that_undone(open_page: Open, still: Still) -> None:
    listed = open_page("challenges").locator("[class*=st-key-challenge-c]").first
    (own,) = re.findall(r"st-key-challenge-(c[0-9a-f]{10})", listed.get_attribute("class") or "")
    page = open_page(f"challenges?challenge={own}")
    page.get_by_text("Decide on this challenge").click()
    page.get_by_label("Your name").first.fill("ada")
    page.get_by_label("Its name, in your words").fill("Oracles <b>we</b> lack")
    page.keyboard.press("Tab")
    still(page)
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.locator(".sf-challenge").first).to_contain_text("Oracles <b>we</b> lack")
    expect(page.locator(".sf-challenge .sf-you").first).to_have_text("a person's words")
    still(page)
    page.get_by_text("What people decided (1)").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Saved. It can be undone")).to_be_visible(timeout=20_000)
    still(page)
    expect(page.locator(".sf-challenge .sf-you")).to_have_count(0)
