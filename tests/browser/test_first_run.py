"""The first start: no library, an empty one, and the papers that come with Sixfold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kb.library import Library

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

EVERY = "ask map challenges papers table screening label library".split()


def test_from_nothing_to_the_first_results(
    visit: Open,
    still: Still,
    serving: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "not yet" / "library"
    folder.parent.mkdir()
    with serving(folder) as address:
        page = visit(address)
        expect(page.get_by_text("There is no library in")).to_be_visible()
        page.locator(".st-key-make-empty button").click()
        expect(page.get_by_text("This library holds no papers yet.")).to_be_visible(timeout=60_000)
        still(page)
        for name in EVERY:
            empty = visit(address + name)
            expect(empty.get_by_text("This library holds no papers yet.")).to_be_visible()
            assert empty.locator("[data-testid=stException]").count() == 0
            empty.context.close()
        page.locator(".st-key-load-starter button").click()
        expect(page.get_by_role("progressbar").first).to_be_visible(timeout=30_000)
        expect(page.locator(".st-key-examples")).to_be_visible(timeout=240_000)
        still(page)
        page.locator(".st-key-examples button").first.click()
        expect(page.locator(".st-key-hit-10")).to_be_visible(timeout=60_000)
        still(page)
    library = Library.open(folder)
    assert len(library.snapshot().table.n) > 5_000
    library.close()


def test_for_reading_only_it_is_said_who_can_fill_it(
    visit: Open, serving: Callable[..., AbstractContextManager[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    Library.create(folder).close()
    with serving(folder, "--read-only") as address:
        page = visit(address)
        expect(page.get_by_text("It is open for reading only")).to_be_visible()
        assert page.locator(".st-key-load-starter").count() == 0
