"""Search by the keyboard, what is kept of it, and what people correct: it changes the search."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

PAPER = "2502.00002"
TITLE = "Forgetting on Request"
TAG = "phase-maintenance-and-evolution"
SEARCH = "?q=forgetting+licensed+code&phase={}"


def test_the_keyboard_searches_and_walks_through_the_results(open_page: Open, still: Still) -> None:
    page = open_page()
    box = page.get_by_label("Search papers")
    page.locator(".st-key-keys").wait_for(state="attached")
    for _ in range(20):  # its script comes a moment after the page
        page.keyboard.press("/")
        if box.evaluate("box => box === document.activeElement"):
            break
        page.wait_for_timeout(250)
    expect(box).to_be_focused()
    page.keyboard.type("forgetting licensed code and/or data")
    expect(box).to_have_value("forgetting licensed code and/or data")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-hit-1")).to_contain_text("Forgetting on Request")
    still(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-hit-1 a").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-hit-2 a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Forgetting on Request")


def test_a_result_is_kept_followed_up_and_written_to_a_file(open_page: Open, still: Still) -> None:
    page = open_page("?q=forgetting+licensed+code")
    page.locator(".st-key-acts-1").get_by_role("button", name="Keep").click()
    page.get_by_role("menuitem", name="To read").click()
    expect(page.locator(".st-key-hit-1 .sf-kept")).to_have_text("To read")
    page.locator(".st-key-acts-1").get_by_role("button", name="Keep").click()
    page.get_by_role("menuitem", name="Take off my reading list").click()
    expect(page.locator(".st-key-hit-1 .sf-kept")).to_have_count(0)
    page.locator(".st-key-hit-1 .sf-chip").first.focus()
    expect(page.locator(".st-key-hit-1 .sf-tip").first).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as given:
        page.get_by_role("button", name="RIS", exact=True).click()
    text = Path(given.value.path()).read_text(encoding="utf-8")
    assert text.count("TY  -") == 10
    page.keyboard.press("Escape")
    page.locator(".st-key-acts-1").get_by_role("button", name="More like this").click()
    expect(page.get_by_role("button", name="Back to the search")).to_be_visible()
    assert "like=2502.00002" in page.url
    page.get_by_role("button", name="Back to the search").click()
    expect(page.locator(".st-key-hit-1")).to_contain_text("Forgetting on Request")
    assert "like=" not in page.url


def found(open_page: Open, still: Still, phase: str) -> bool:
    """Whether a fresh visitor's search within a phase finds the paper."""
    page = open_page(SEARCH.format(phase))
    hits = page.locator('[class*="st-key-hit-"] [data-testid="stPageLink"]')
    nothing = page.locator("[data-testid=stMain] [data-testid=stAlert]")
    expect(hits.or_(nothing).first).to_have_text(re.compile(r"\w"), timeout=30_000)
    still(page)
    return any(TITLE in one for one in hits.all_inner_texts())


def test_a_tag_taken_away_leaves_the_search_and_comes_back(open_page: Open, still: Still) -> None:
    phase = TAG.removeprefix("phase-")
    assert found(open_page, still, phase)
    card = open_page(f"paper?id={PAPER}")
    card.locator(f".st-key-say-no-{TAG} button").filter(visible=True).first.click()
    expect(card.locator(".st-key-filed-last")).to_contain_text("Taken away")
    expect(card.locator(f".st-key-filed-{TAG}")).to_have_count(0)
    still(card)
    assert not found(open_page, still, phase)
    card.locator(".st-key-filed-last button").filter(visible=True).first.click()
    expect(card.locator(f".st-key-filed-{TAG}")).to_be_visible(timeout=30_000)
    still(card)
    assert found(open_page, still, phase)


def test_a_tag_added_enters_the_search(open_page: Open, still: Still) -> None:
    assert not found(open_page, still, "deployment-and-operations")
    card = open_page(f"paper?id={PAPER}")
    menu = card.locator("[class*=st-key-filed-add-] input")
    menu.fill("Deployment")
    card.get_by_role("option", name="Deployment").first.click()
    expect(card.locator(".st-key-filed-last")).to_contain_text("Added")
    still(card)
    assert found(open_page, still, "deployment-and-operations")


def test_a_search_is_saved_opened_again_and_removed(open_page: Open, still: Still) -> None:
    page = open_page(SEARCH.format("maintenance-and-evolution"))
    page.locator(".st-key-save-search button").first.click()
    page.get_by_label("Name of the search").fill("Licences <b>kept</b>")
    page.get_by_label("Name of the search").press("Enter")
    page.locator(".st-key-save-now button").click()
    expect(page.locator(".st-key-save-search")).to_contain_text("Saved")
    still(page)
    again = open_page()
    saved = again.locator(".st-key-saved-0")
    expect(saved).to_contain_text("Licences <b>kept</b>")
    expect(saved).to_contain_text("Maintenance and evolution")
    saved.get_by_role("button", name="Licences").click()
    expect(again.locator(".st-key-hit-1")).to_contain_text(TITLE)
    assert "phase=maintenance-and-evolution" in again.url
    still(again)
    again.locator(".st-key-save-search button").first.click()
    again.locator(".st-key-save-remove button").click()
    expect(again.locator(".st-key-save-search")).to_contain_text("Save search")
    still(again)
    assert open_page().locator(".st-key-saved-0").count() == 0


def test_a_reading_state_is_set_found_and_counted(open_page: Open, still: Still) -> None:
    card = open_page(f"paper?id={PAPER}")
    card.get_by_role("radio", name="Reading", exact=True).click()
    expect(card.get_by_text("on your reading list")).to_be_visible()
    still(card)
    papers = open_page("papers?reading=reading")
    rows = papers.locator('[class*="st-key-row-"]')
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(TITLE)
    expect(rows.locator(".sf-kept")).to_have_text("Reading")
    rows.get_by_role("button", name="Keep").click()
    papers.get_by_role("menuitem", name="Read", exact=True).click()
    expect(papers.locator('[class*="st-key-row-"]')).to_have_count(0)
    still(papers)
    held = open_page(f"paper?id={PAPER}").get_by_role("radio", name="Read", exact=True)
    expect(held).to_have_attribute("aria-checked", "true")
