"""The map and the challenges in a real browser: axes, the graph, decisions and their undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

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
    expect(page.locator(".graph .dots .challenge").first).to_be_visible(timeout=60_000)
    expect(page.locator(".graph .names text.phase")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.get_by_role("tab", name="Communities").click()
    expect(page.get_by_text("groups of challenges that the same papers state")).to_be_visible()


def test_a_click_on_a_node_opens_it_and_the_link_shows_it(open_page: Open, still: Still) -> None:
    page = open_page("map?view=graph")
    node = page.locator(".graph .dots .challenge").first
    name = node.get_attribute("aria-label") or ""
    node.click()
    shown = page.locator(".st-key-graph-opened")
    expect(shown).to_contain_text(name[:40], timeout=20_000)
    still(page)
    query = urlsplit(page.url).query
    assert parse_qs(query)["node"] == [node.get_attribute("data-id")]
    again = open_page(f"map?{query}")
    expect(again.locator(".st-key-graph-opened")).to_contain_text(name[:40])
    expect(again.locator(".graph .dots .open")).to_have_count(1)
    again.locator(".graph .dots .open").click()
    expect(again.locator(".st-key-graph-opened")).to_have_count(0)


def test_the_graph_is_walked_by_keyboard(open_page: Open) -> None:
    page = open_page("map?view=graph")
    stops = page.locator(".graph .dots [tabindex='0']")
    expect(stops).to_have_count(1)  # the Tab key passes by the others
    stops.focus()
    walked = {_focused(page)}
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        walked.add(_focused(page))
    assert len(walked - {""}) > 2
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-graph-opened")).to_be_visible(timeout=20_000)
    assert _focused(page), "the focus was lost"


def _focused(page: Page) -> str:
    """Id of the node that has the keyboard."""
    return str(
        page.locator(".graph").evaluate("one => one.getRootNode().activeElement?.dataset.id ?? ''")
    )


def test_the_graph_zooms_by_buttons_and_moves_under_the_mouse(open_page: Open) -> None:
    page = open_page("map?view=graph")
    world = page.locator(".graph svg > g").first
    node = page.locator(".graph .dots .challenge").first
    expect(node).to_be_visible()
    whole = world.get_attribute("transform")
    page.get_by_role("button", name="Zoom in").click()
    expect(world).not_to_have_attribute("transform", whole or "")
    page.get_by_role("button", name="Show all of it").click()
    expect(world).to_have_attribute("transform", whole or "")
    box = page.locator(".graph").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
    page.mouse.up()
    expect(world).not_to_have_attribute("transform", whole or "")
    expect(page.locator(".st-key-graph-opened")).to_have_count(0)


def test_the_graph_lets_go_and_knows_its_button(open_page: Open, still: Still) -> None:
    page = open_page("map?view=graph")
    world = page.locator(".graph svg > g").first
    expect(page.locator(".graph .dots .challenge").first).to_be_visible()
    box = page.locator(".graph").bounding_box()
    assert box
    x, y = box["x"], box["y"]
    whole = world.get_attribute("transform") or ""
    page.mouse.move(x + 2, y + 60)
    page.mouse.down()
    page.mouse.move(x - 60, y + 60)
    page.mouse.up()
    page.mouse.move(x + 60, y + 90)
    page.mouse.move(x + 160, y + 130)
    page.mouse.down(button="right")
    page.mouse.move(x + 220, y + 160, steps=4)
    page.mouse.up(button="right")
    page.wait_for_timeout(200)
    expect(world).to_have_attribute("transform", whole)
    page.keyboard.press("Escape")
    page.mouse.move(x + 20, y + 20)
    page.mouse.down()
    page.mouse.move(x + 80, y + 60, steps=4)
    page.mouse.up()
    expect(world).not_to_have_attribute("transform", whole)
    page.locator(".graph .dots .challenge").first.dispatch_event("click")  # a screen reader's
    expect(page.locator(".st-key-graph-opened")).to_be_visible()
    still(page)


def test_a_tap_shows_what_it_opened_and_a_swipe_scrolls_the_page(
    open_page: Open, still: Still
) -> None:
    page = open_page("map?view=graph", width=390)
    node = page.locator(".graph .dots .challenge").first
    expect(node).to_be_visible()
    node.evaluate(
        "one => one.dispatchEvent("
        "new PointerEvent('click', {bubbles: true, composed: true, pointerType: 'touch'}))"
    )
    card = page.locator(".st-key-graph-opened")
    expect(card).to_be_in_viewport(ratio=0.9)
    expect(page.locator(".graph .hint")).to_be_hidden()
    still(page)
    before = _middle(node)
    page.get_by_role("button", name="Zoom in").dispatch_event("click")
    page.wait_for_timeout(200)
    assert _middle(node) == pytest.approx(before, abs=2), "zoomed about the open node"
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    world, graph = page.locator(".graph svg > g").first, page.locator(".graph").bounding_box()
    was, drawn = page.evaluate(scrolled), world.get_attribute("transform")
    assert graph
    fingers = page.context.new_cdp_session(page)
    at = {"x": graph["x"] + 8, "y": max(graph["y"], 0) + 100}
    for kind, down in [("Start", 0), *(("Move", 12 * n) for n in range(1, 6))]:
        spot = {"x": at["x"], "y": at["y"] + down}
        fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [spot]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    assert page.evaluate(scrolled) < was
    assert world.get_attribute("transform") == drawn


def _middle(node: Locator) -> tuple[float, float]:
    """Where the middle of a node lies in the graph, in pixels."""
    x, y = node.evaluate(
        "one => { const a = one.getBoundingClientRect(),"
        " b = one.closest('.graph').getBoundingClientRect();"
        " return [a.x + a.width / 2 - b.x, a.y + a.height / 2 - b.y]; }"
    )
    return float(x), float(y)


def test_best_supported_challenges_have_names_that_do_not_meet(open_page: Open) -> None:
    page = open_page("map?view=graph")
    expect(page.locator(".graph .dots .challenge").first).to_be_visible()
    named = page.locator(".graph .names text")
    expect(named.nth(11)).to_be_attached()  # six phases, and more than the one with room
    boxes = named.evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
    for at, a in enumerate(boxes):
        for b in boxes[:at]:
            beside = a["right"] <= b["left"] or b["right"] <= a["left"]
            assert beside or a["bottom"] - 4 <= b["top"] or b["bottom"] - 4 <= a["top"]


def test_an_open_paper_is_drawn_again_from_its_address(open_page: Open, still: Still) -> None:
    page = open_page("map?view=graph")
    page.get_by_text("Draw the papers too").click()
    page.locator(".graph .dots .paper").first.dispatch_event("click")
    expect(page.locator(".st-key-graph-opened")).to_be_visible()
    still(page)
    again = open_page(f"map?{urlsplit(page.url).query}")
    expect(again.locator(".graph .dots .paper.open")).to_have_count(1)


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
    node = page.locator(".graph .dots .challenge").first
    node.hover()
    expect(page.locator(".graph .hint")).to_have_text(node.get_attribute("aria-label") or "")


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
    done = page.locator(".st-key-challenge-done")
    expect(done).to_contain_text("Saved.")
    deciding = page.locator(".st-key-challenge-deciding").bounding_box()
    said = done.bounding_box()
    assert deciding
    assert said
    assert deciding["y"] - said["y"] < 120, "beside the decision"
    done.get_by_role("button", name="Undo").click()
    expect(done).to_contain_text("Undone.")
    still(page)
    expect(page.locator(".sf-challenge .sf-you")).to_have_count(0)
