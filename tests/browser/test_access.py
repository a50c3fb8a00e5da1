"""What axe-core finds wrong for people who see, hear or move differently: on every page, nothing.

Each page is scanned with what usually stands on it, light and dark, on a desk and on a phone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

Open = Callable[..., Page]
Still = Callable[[Page], None]
Act = Callable[[Page], None]

# What stock Streamlit draws and no page of ours can change: (rule, where), and why.
STREAMLIT = {
    # Its message of some seconds refers to a title that it does not draw; the text is read.
    ("aria-dialog-name", ".stToast"),
}

QUESTION = "How can a model be made to forget licensed code?"


def _nothing(page: Page) -> None:
    """The page as it opens."""


def _ask(page: Page) -> None:
    """An answer with its quotes, one of them open, and how sure it is."""
    box = page.locator(".st-key-question textarea")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".sf-answer").first).to_be_visible(timeout=60_000)
    page.get_by_text("How sure is this?").first.click()
    expect(page.get_by_text("Every threshold").first).to_be_visible(timeout=30_000)


def _cell(page: Page) -> None:
    # On a phone Streamlit draws a button with a hint twice, one of them hidden.
    page.locator(".st-key-matrix button").filter(has_text="ch ·", visible=True).first.click()
    expect(page.get_by_role("tab", name="Papers (")).to_be_visible(timeout=30_000)


def _graph(page: Page) -> None:
    expect(page.locator(".graph .dots .challenge").first).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Communities").click()


def _screen(page: Page) -> None:
    """A review with papers, made where there is none yet."""
    example = page.locator("[class*=st-key-try-review-] button").filter(visible=True)
    if example.count():
        example.first.click()
    expect(page.locator(".st-key-screen-bar")).to_be_visible(timeout=60_000)


# name -> (address, what is done there)
VIEWS: dict[str, tuple[str, Act]] = {
    "search": ("", _nothing),
    "results": ("?q=forgetting+licensed+code", _nothing),
    "ask": ("ask", _ask),
    "cells": ("map", _cell),
    "graph": ("map?view=graph", _graph),
    "years": ("map?view=years", _nothing),
    "tags": ("map?view=tags", _nothing),
    "challenges": ("challenges", _nothing),
    "papers": ("papers", _nothing),
    "paper": ("paper?id=2501.00001", _nothing),
    "table": ("table", _nothing),
    "first review": ("screening", _nothing),
    "screening": ("screening", _screen),
    "flow": ("screening?view=flow", _screen),
    "label": ("label", _nothing),
    "taxonomy": ("taxonomy", _nothing),
    "library": ("library", _nothing),
    "in Chinese": ("?q=forgetting+licensed+code&lang=zh_CN", _nothing),
}
PHONE = ("results", "ask", "cells", "years", "paper", "papers", "screening", "label", "library")
CASES = [
    *((view, 1440, scheme) for view in VIEWS for scheme in ("light", "dark")),
    *((view, 390, "light") for view in PHONE),
]


@pytest.mark.parametrize(("view", "width", "scheme"), CASES)
def test_nothing_serious_is_found(
    open_page: Open, still: Still, view: str, width: int, scheme: str
) -> None:
    address, act = VIEWS[view]
    page = open_page(address, width=width, scheme=scheme)
    act(page)
    still(page)
    found = serious(page)
    assert not found, "\n".join(found)


def serious(page: Page) -> list[str]:
    """Violations that keep somebody from using the page, and headings that skip a level."""
    # What fades in has another contrast until it has, and what is still fetched has no text.
    # What goes with scrolling, not with time, never ends.
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton]') && document.getAnimations()"
        ".every((one) => one.playState !== 'running' || one.timeline !== document.timeline"
        "|| one.effect.getTiming().iterations > 9)",
        timeout=60_000,
    )
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}) {' '.join(map(str, node['target']))}: {_what(node)}"
        for one in found
        if one["impact"] in ("serious", "critical") or one["id"] == "heading-order"
        for node in one["nodes"]
        if (one["id"], " ".join(map(str, node["target"]))) not in STREAMLIT
    ]


def _what(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    told = checks[0]["message"] if checks else ""
    return f"{told} | {node['html'][:160]}"


def test_a_fault_would_be_found(open_page: Open) -> None:
    page = open_page("library")
    assert not [one for one in serious(page) if "image-alt" in one]
    page.evaluate(
        """document.querySelector('[data-testid=stHeading]').insertAdjacentHTML('afterend',
        '<img src="data:,"><p style="color:#999;background:#aaa">faint</p>')"""
    )
    found = " ".join(serious(page))
    assert "image-alt" in found
    assert "color-contrast" in found


def test_a_heading_is_no_stop_for_the_keyboard(open_page: Open) -> None:
    page = open_page("paper?id=2502.00002")
    expect(page.get_by_role("heading", level=2).first).to_be_visible(timeout=30_000)
    assert page.locator('a[aria-label="Link to heading"]').count(), "Streamlit still draws them"
    expect(page.locator('a[aria-label="Link to heading"]:visible')).to_have_count(0)


@pytest.mark.parametrize("where", ["", "papers", "map", "ask", "label"])
def test_names_are_spoken_as_they_are_seen(open_page: Open, where: str) -> None:
    page = open_page(where)
    every = "() => [...document.querySelectorAll('[aria-label]')].map(e => e.ariaLabel)"
    spoken: list[str] = page.evaluate(every)
    assert spoken
    written = ("\\", ":gray[", ":small[", ":material/")
    assert not [name for name in spoken if any(mark in name for mark in written)]
