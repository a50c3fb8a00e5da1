"""The keyboard's place in a page outlives a run that takes the used control away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

PAPER = "2404.00004"  # of three tags
FOCUSED = """() => document.activeElement.closest('[class*="st-key-"]')?.className
  .match(/st-key-([\\w-]+)/)[1] ?? document.activeElement.tagName"""
SCROLLED = "() => document.querySelector('[data-testid=stMain]').scrollTop"


def keys(page: Page, verdict: str) -> list[str]:
    """Keys of the ✓ or ✗ of every tag, as they stand."""
    found = page.locator(f'[class*="st-key-say-{verdict}-"]').filter(visible=True).all()
    names = [str(one.get_attribute("class")).split() for one in found]
    return [name.removeprefix("st-key-") for row in names for name in row if "st-key" in name]


def shown(page: Page, key: str) -> Locator:
    """A button as it stands; one of an earlier run may still be there, unseen."""
    return page.locator(f".st-key-{key} button").filter(visible=True).first


def press_enter(page: Page, key: str) -> None:
    """Use a button by the keyboard, as far down the page as it goes."""
    shown(page, key).focus()
    page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollBy(0, 150)")
    page.keyboard.press("Enter")
    expect(page.locator(f".st-key-{key}").filter(visible=True)).to_have_count(0, timeout=60_000)


def test_after_a_verdict_the_next_one_has_the_focus(open_page: Open) -> None:
    page = open_page(f"paper?id={PAPER}", width=390)
    first, second, *_others = keys(page, "yes")
    press_enter(page, first)
    expect(shown(page, second)).to_be_focused()
    scrolled = page.evaluate(SCROLLED)
    tags = keys(page, "no")
    press_enter(page, tags[0])
    undo = page.locator('[class*="st-key-say-no-undo-"] button').filter(visible=True)
    expect(undo).to_be_focused()
    page.wait_for_timeout(600)
    assert str(page.evaluate(FOCUSED)).startswith("say-no-undo-")
    assert page.evaluate(SCROLLED) >= scrolled
    page.keyboard.press("Enter")
    expect(shown(page, tags[0])).to_be_visible()
    expect(undo).to_have_count(0)
    page.wait_for_function(f"({FOCUSED})() !== 'BODY'")
    assert keys(page, "no") == tags, "a second Enter undoes: no other tag is gone"


@pytest.mark.parametrize("ms", [0, 60, 300])
def test_two_quick_enters_take_no_second_tag_away(open_page: Open, still: Still, ms: int) -> None:
    page = open_page(f"paper?id={PAPER}")
    tags = keys(page, "no")
    shown(page, tags[0]).focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(ms)
    page.keyboard.press("Enter")
    page.wait_for_timeout(600)
    still(page)
    page.wait_for_timeout(600)
    assert {*keys(page, "no")} >= {*tags[1:]}
    if tags[0] not in keys(page, "no"):  # both came to the ✗, none to the Undo
        page.locator('[class*="st-key-say-no-undo-"] button').filter(visible=True).click()
    expect(shown(page, tags[0])).to_be_visible()
    assert {*keys(page, "no")} == {*tags}


def test_a_verdict_names_its_tag(open_page: Open) -> None:
    page = open_page(f"paper?id={PAPER}")
    for verdict, said, sign in (("yes", "Confirm", "✓"), ("no", "Remove", "✗")):
        key = keys(page, verdict)[0]
        one, tag = shown(page, key), key.removeprefix(f"say-{verdict}-")
        chip = page.locator(f".st-key-filed-{tag} .sf-chip").first
        name = chip.evaluate("one => one.firstChild.textContent")
        expect(one).to_have_accessible_name(f"{said} {name}")
        drawn = one.evaluate("one => getComputedStyle(one, '::before').content")
        assert sign in drawn


def test_where_one_went_meanwhile_one_stays(open_page: Open, still: Still) -> None:
    page = open_page(f"paper?id={PAPER}")
    press_enter(page, keys(page, "yes")[0])
    shown(page, "favourite").focus()
    still(page)
    page.wait_for_timeout(600)
    assert page.evaluate(FOCUSED) == "favourite"
    # A mouse has no place to keep: the next Space would decide on a tag nobody chose.
    shown(page, "filed-undo").click()
    expect(page.locator(".st-key-filed-undo")).to_have_count(0, timeout=30_000)
    still(page)
    page.wait_for_timeout(600)
    assert page.evaluate(FOCUSED) == "BODY"
