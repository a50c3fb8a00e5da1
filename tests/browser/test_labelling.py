"""Labelling in a real browser: with keys alone, through a reload, and by mouse on a phone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

TITLE = '.st-key-label-paper [data-testid="stPageLink"] a'


def at(page: Page, name: str) -> str:
    """A parameter of the page's address; "" where it is not there."""
    return "".join(parse_qs(urlsplit(page.url).query).get(name, []))


def moved_on(page: Page, title: str) -> None:
    expect(page.locator(TITLE)).not_to_have_text(title, timeout=30_000)


def test_papers_are_labelled_with_keys_alone(open_page: Open, still: Still) -> None:
    page = open_page("label?who=ada&facet=phase")
    first, title = at(page, "paper"), page.locator(TITLE).inner_text()
    page.keyboard.press("1")
    said = page.locator(".st-key-ask-phase-requirements-engineering .sf-you")
    expect(said).to_have_text("you: yes")
    page.reload()
    expect(said).to_have_text("you: yes", timeout=60_000)
    assert at(page, "paper") == first
    still(page)
    page.keyboard.press("s")
    moved_on(page, title)
    still(page)
    expect(page.get_by_text("You have decided on 1 of")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(TITLE)).to_have_text(title, timeout=30_000)
    still(page)
    expect(page.get_by_text("You have decided on 0 of")).to_be_visible()
    # Saved once and undone: the answers are the machine's suggestions again.
    expect(page.locator(".sf-suggested")).to_have_count(6)
    page.keyboard.press("n")
    expect(page.locator(".sf-you")).to_have_count(6)
    page.keyboard.press("k")
    moved_on(page, title)
    still(page)
    page.keyboard.press("b")
    expect(page.locator(TITLE)).to_have_text(title, timeout=30_000)


def test_keys_typed_into_the_reason_are_words(open_page: Open, still: Still) -> None:
    page = open_page("label?who=bea&facet=phase")
    title = page.locator(TITLE).inner_text()
    reason = page.get_by_label("Reason")
    reason.click()
    page.keyboard.type("sub 1n k")
    page.keyboard.press("Tab")
    still(page)
    expect(reason).to_have_value("sub 1n k")
    expect(page.locator(TITLE)).to_have_text(title)
    expect(page.locator(".sf-you")).to_have_count(0)
    page.locator(".st-key-label-save button").click()
    moved_on(page, title)
    expect(page.get_by_label("Reason")).to_have_value("")


def test_on_a_phone_the_acts_stay_in_sight(open_page: Open, still: Still) -> None:
    page = open_page("label?who=cyd", width=390, scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.locator(".st-key-yes-layer-synthesis button").click()
    expect(page.locator(".st-key-ask-layer-synthesis .sf-you")).to_have_text("you: yes")
    still(page)
    save = page.locator(".st-key-label-save button")
    expect(save).to_be_in_viewport()
    title = page.locator(TITLE).inner_text()
    save.click()
    moved_on(page, title)


def test_the_tagger_is_taught_from_the_page(open_page: Open, still: Still) -> None:
    page = open_page("label?who=dee&facet=phase")
    title = page.locator(TITLE).inner_text()
    page.keyboard.press("2")
    expect(page.locator(".sf-you")).to_have_count(1)
    still(page)
    page.keyboard.press("s")
    moved_on(page, title)
    still(page)
    page.locator("summary", has_text="Teach the tagger").click()
    page.locator(".st-key-teach-look button").click()
    apply = page.locator(".st-key-teach-apply button")
    expect(apply).to_be_visible(timeout=120_000)
    still(page)
    apply.click()
    expect(page.get_by_text("Applied:")).to_be_visible(timeout=60_000)
