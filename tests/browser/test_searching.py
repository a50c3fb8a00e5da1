"""Search by the keyboard, and what can be done with a result without leaving the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Still = Callable[[Page], None]


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
