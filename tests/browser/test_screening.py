"""A systematic review in a browser: made from a search, screened by keys, its flow diagram."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

TITLE = '.st-key-screen-paper [data-testid="stPageLink"] a'

# What the diagram says of twelve papers: three included, four excluded, one maybe taken back
# and included, four left.
COUNTS = {
    ("records identified", ""): 12,
    ("duplicate records removed", ""): 0,
    ("records to screen", ""): 12,
    ("records screened", ""): 8,
    ("records still to be screened", ""): 4,
    ("records excluded", ""): 4,
    ("records excluded", "no code"): 1,
    ("records excluded", "no reason given"): 3,
    ("reports sought for retrieval", ""): 4,
    ("reports assessed for eligibility", ""): 0,
    ("studies included in review", ""): 0,
}
WIDE = [(1440, "light"), (1440, "dark"), (390, "light")]


# Milliseconds: keys are not heeded before one can have read the title, here on a busy machine.
REST = 800


def screened(open_page: Open, still: Still) -> Page:
    """The review with its next paper shown, to somebody who has a name."""
    page = open_page("screening?review=Unlearning")
    if page.get_by_text("Say who is screening").count():
        page.locator(".st-key-screen-person button").click()
        page.get_by_label("Your name").fill("ada")
        page.get_by_label("Your name").press("Enter")
    expect(page.locator(TITLE)).to_be_visible()
    still(page)
    return page


def pressed(page: Page, still: Still, key: str) -> None:
    """Decide by a key, and wait for the next paper."""
    title = page.locator(TITLE).inner_text()
    page.wait_for_timeout(REST)
    page.keyboard.press(key)
    expect(page.locator(TITLE)).not_to_have_text(title, timeout=30_000)
    still(page)


def test_a_review_from_a_search_to_its_diagram(
    open_page: Open, still: Still, tmp_path: Path
) -> None:
    page = open_page("screening")
    page.locator(".st-key-review-name input").fill("Unlearning")
    page.get_by_label("Question", exact=True).fill("How do models forget code?")
    page.get_by_label("Include where").fill("about language models")
    page.get_by_label("Exclude where").fill("no code\nno model")
    page.get_by_role("button", name="Make the review").click()
    query = page.locator(".st-key-bring-query input")
    query.fill("forgetting licensed code")
    query.press("Enter")
    now = page.locator(".st-key-bring-query-now button")
    expect(now).to_be_enabled()
    still(page)
    now.click()
    source = page.locator(".st-key-source-1")
    expect(source).to_contain_text("12 identified · 12 new", timeout=30_000)
    still(page)
    page = screened(open_page, still)
    for key in "1112225":
        pressed(page, still, key)
    last = page.locator(TITLE).inner_text()
    pressed(page, still, "3")
    expect(page.get_by_text("7 of 12 papers are decided")).to_be_visible()
    page.wait_for_timeout(REST)
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(last, timeout=30_000)
    still(page)
    pressed(page, still, "1")
    expect(page.get_by_text("8 of 12 papers are decided")).to_be_visible()
    diagram(open_page, tmp_path)


def diagram(open_page: Open, folder: Path) -> None:
    """The numbers of the flow diagram, on the page and in its files, are what was done."""
    page = open_page("screening?review=Unlearning&view=flow")
    shown = page.locator("[data-testid=stImage] img, [data-testid=stMain] svg").first
    expect(shown).to_be_visible()
    held = {}
    for form in ("csv", "svg", "png"):
        with page.expect_download() as waiting:
            page.locator(f".st-key-flow-{form} button").click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        held[form] = path.read_bytes()
    assert held["png"].startswith(b"\x89PNG")
    rows = csv.DictReader(held["csv"].decode("utf-8-sig").splitlines())
    counts = {(row["box"], row["detail"]): int(row["n"]) for row in rows}
    assert COUNTS.items() <= counts.items()
    drawn = " ".join(re.findall(r">([^<>]+)<", held["svg"].decode()))
    for told in ("(n = 12)", "(n = 8)", "(n = 4)", "(n = 0)"):
        assert told in drawn, drawn


def test_quick_keys_decide_on_nothing_unseen(open_page: Open, still: Still) -> None:
    page = screened(open_page, still)
    page.wait_for_timeout(REST)
    title = page.locator(TITLE).inner_text()
    for key in "22222":
        page.keyboard.press(key)
    expect(page.get_by_text("One moment: the next paper is not shown yet.")).to_be_visible()
    expect(page.locator(TITLE)).not_to_have_text(title, timeout=30_000)
    still(page)
    expect(page.get_by_text("9 of 12 papers are decided")).to_be_visible()
    pressed(page, still, "u")
    expect(page.locator(TITLE)).to_have_text(title)
    page.wait_for_timeout(REST)
    page.locator(".st-key-screen-exclude button").dblclick()
    expect(page.locator(TITLE)).not_to_have_text(title, timeout=30_000)
    still(page)
    expect(page.get_by_text("9 of 12 papers are decided")).to_be_visible()
    # By Enter on a button, as fast as a key repeats; then the next paper's button has the focus.
    page.wait_for_timeout(REST)
    page.locator(".st-key-screen-maybe button").focus()
    title = page.locator(TITLE).inner_text()
    page.keyboard.down("Enter")
    for _again in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator(TITLE)).not_to_have_text(title, timeout=30_000)
    still(page)
    expect(page.get_by_text("maybe, and still open: 1")).to_be_visible()
    expect(page.locator(".st-key-screen-maybe button")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), WIDE)
def test_it_fits_its_window(open_page: Open, tmp_path: Path, width: int, scheme: str) -> None:
    page = open_page("screening?review=Unlearning&who=ada", width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.screenshot(path=tmp_path / "screening.png")
