"""Asking in a real browser: what AppTest cannot see."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

QUESTION = "How can a model be made to forget licensed code?"


def asked(page: Page, still: Still, question: str, turns: int) -> None:
    """Type a question; wait for its answer."""
    box = page.locator(".st-key-question textarea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator('[class*="st-key-cover-"]')).to_have_count(turns, timeout=120_000)
    still(page)


def test_a_conversation_is_kept_named_exported_and_deleted(
    open_page: Open, still: Still, tmp_path: Path
) -> None:
    page = open_page("ask")
    asked(page, still, QUESTION, 1)
    asked(page, still, "And since 2025?", 2)
    expect(page.locator(".st-key-under-1-0 button").first).to_contain_text("2025")
    page.locator(".st-key-chats").get_by_role("button", name="Edit").click()
    page.get_by_label("Name").fill("On licences")
    page.get_by_label("Name").press("Enter")
    expect(page.locator(".st-key-chats")).to_contain_text("On licences", timeout=30_000)
    with page.expect_download() as waiting:
        page.locator('[class*="st-key-export-"] button').click()
    file = tmp_path / "chat.md"
    waiting.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# On licences\n")
    assert "@misc{" in text
    page.locator(".st-key-delete button").click()
    page.locator(".st-key-gone button").click()
    expect(page.locator(".st-key-examples")).to_be_visible(timeout=30_000)
    expect(page.locator(".st-key-chats", has_text="On licences")).to_have_count(0)


def test_what_is_asked_while_another_answer_is_made_is_answered_too(
    open_page: Open, still: Still
) -> None:
    page = open_page("ask")
    page.locator(".st-key-question textarea").click()
    page.keyboard.type(f"{QUESTION}\nWho won the football match last night?\n")
    expect(page.locator('[class*="st-key-cover-"]')).to_have_count(2, timeout=120_000)
    still(page)
    # The box has not moved: what is typed next goes into it.
    assert page.evaluate("!!document.activeElement.closest('.st-key-question')")
    # Both began with the same words: the day of each is to be read, not cut off.
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".st-key-examples")).to_be_visible(timeout=30_000)
    asked(page, still, QUESTION, 1)
    for chat in page.locator(".st-key-chats button", has_text=QUESTION[:20]).all():
        label = chat.locator("[data-testid=stMarkdownContainer]")
        assert label.evaluate("one => one.scrollWidth <= one.clientWidth")


BOTH = """() => new MutationObserver(() => {
  const held = name => document.querySelector(`[class*="st-key-${name}"]`);
  if (held('turn-0') && held('examples')) window.both = true;
}).observe(document.body, {subtree: true, childList: true})"""


def test_a_first_question_takes_the_examples_away_and_its_chat_is_found_again(
    open_page: Open, still: Still
) -> None:
    page = open_page("ask")
    page.evaluate(BOTH)
    page.locator(".st-key-examples button").first.click()
    expect(page.locator(".st-key-turn-0")).to_be_visible(timeout=30_000)
    page.locator('[data-testid=stTopNavLink][href$="/papers"]').click()
    expect(page.locator('[class*="st-key-row-"]').first).to_be_visible(timeout=30_000)
    assert not page.evaluate("window.both")
    page.locator('[data-testid=stTopNavLink][href$="/ask"]').click()
    drawn = page.locator(".st-key-cover-0")
    expect(drawn.or_(page.locator(".st-key-examples")).first).to_be_visible(timeout=120_000)
    still(page)
    if not drawn.count():  # it was answered before we left: then the link begins a new chat
        page.locator(".st-key-chats button", has_text="RepoTrace").first.click()
    expect(drawn).to_be_visible(timeout=30_000)
    still(page)
    assert "chat=" in page.url


def test_counts_lead_to_the_papers_and_back(open_page: Open, still: Still) -> None:
    page = open_page("ask")
    asked(page, still, QUESTION, 1)
    link = page.locator(".st-key-cover-0 a", has_text="cited")
    wanted = int(re.findall(r"\d+", link.inner_text())[0])
    link.click()
    expect(page.locator('[class*="st-key-row-"]')).to_have_count(wanted, timeout=30_000)
    page.locator("a", has_text="Back to the answer").click()
    expect(page.locator(".st-key-cover-0")).to_be_visible(timeout=30_000)


def test_a_refusal_draws_how_sure_it_is(open_page: Open, still: Still) -> None:
    page = open_page("ask")
    asked(page, still, "Who won the football match last night?", 1)
    page.locator(".st-key-sure-0 summary").click()
    expect(page.locator(".st-key-sure-0 table").last).to_be_visible(timeout=30_000)
    expect(page.locator(".st-key-sure-0")).to_contain_text("false premises")
    expect(page.locator(".st-key-sure-0 [data-testid=stVegaLiteChart]").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_a_conversation_fits_its_window(
    open_page: Open, still: Still, width: int, scheme: str
) -> None:
    page = open_page("ask", width=width, scheme=scheme)
    hostile = f"<img src=x onerror=alert(1)> **code** {'x' * 300} forget licensed code?"
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    asked(page, still, hostile, 1)
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0
    assert page.locator('[data-testid="stChatMessage"] img[src="x"]').count() == 0
    expect(page.locator('[data-testid="stChatMessage"]').first).to_contain_text("**code**")
