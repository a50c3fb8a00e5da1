"""Who may only read: nothing to change is offered, all else works, in either language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kb.library import Library

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PAGES = Path(__file__).resolve().parents[2] / "kb" / "pages"

Open = Callable[..., Page]
Still = Callable[[Page], None]

# Keys of what changes a library, wherever it stands.
WRITES = (
    "add-ids add-query add-files keep- favourite save-search say- filed-add- note-new "
    "decide- label-save label-acts review-new review-form screen-acts bring- rules-save "
    "flow-collect teach- repair reindex backup doctor load-starter make-empty retry- resume- join-"
).split()

# Address -> what is to be seen there all the same.
SHOWN = {
    "": ".st-key-examples",
    "?q=forgetting+licensed+code": ".st-key-hit-1",
    "paper?id=2502.00002": "[class*=st-key-filed-phase]",
    "papers": "[class*=st-key-row-]",
    "map": ".st-key-cell-5-5",
    "challenges": "[class*=st-key-challenge-c]",
    "label": "[data-testid=stMain]",
    "table?ids=2502.00002": "[data-testid=stMain]",
    "taxonomy": "[data-testid=stMain]",
    "screening": "[data-testid=stMain]",
    "library": ".st-key-counts",
}


@pytest.fixture(scope="module")
def server(folder: Path, serving: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    """The app over the library, for reading only."""
    with serving(folder, "--read-only") as address:
        yield address


@pytest.mark.parametrize("address", SHOWN)
def test_nothing_to_change_is_offered(open_page: Open, address: str) -> None:
    page = open_page(address)
    expect(page.locator(SHOWN[address]).first).to_be_visible()
    expect(page.locator(".st-key-frame")).to_contain_text("read only")
    offered = [one for one in WRITES if page.locator(f'[class*="st-key-{one}"]').count()]
    assert not offered
    assert page.locator('[data-testid="stMain"] [data-testid="stAlertContentError"]').count() == 0


def test_what_would_be_missed_is_known() -> None:
    pages = "".join(one.read_text(encoding="utf-8") for one in PAGES.rglob("*.py"))
    assert not [one for one in WRITES if f'"{one}' not in pages]


def test_a_reader_asks_and_nothing_is_written(open_page: Open, still: Still, folder: Path) -> None:
    page = open_page("ask")
    box = page.locator(".st-key-question textarea")
    box.fill("How can a model be made to forget licensed code?")
    box.press("Enter")
    expect(page.locator(".sf-answer").first).to_be_visible(timeout=60_000)
    still(page)
    page.locator('[class*="st-key-cite-0-1"] summary').click()
    expect(page.locator('[class*="st-key-cite-0-1"] mark').first).to_be_visible()
    library = Library.open(folder, read_only=True)
    with library.catalogue.read() as reader:
        assert not reader.searched()
    library.close()


def test_the_language_is_switched_kept_shared_and_switched_back(
    open_page: Open, still: Still
) -> None:
    page = open_page("?q=forgetting+licensed+code")
    bar = page.get_by_role("navigation", name="App pages")
    expect(bar).to_contain_text("Challenges")
    page.get_by_role("button", name="简体中文").click()
    expect(bar).to_contain_text("挑战", timeout=30_000)
    expect(page.locator(".st-key-hit-1")).to_contain_text("Forgetting on Request")
    still(page)
    assert "lang=zh_CN" in page.url
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    bar.get_by_role("link", name="挑战").click()
    expect(page.locator("h1")).to_contain_text("挑战")
    still(page)
    shared = open_page(page.url.split("/", 3)[3])
    expect(shared.locator("h1")).to_contain_text("挑战")
    shared.get_by_role("button", name="English").click()
    expect(shared.locator("h1")).to_have_text("Challenges", timeout=30_000)
    assert shared.evaluate("document.documentElement.lang") == "en"
    still(shared)


def test_a_chinese_browser_is_met_in_chinese(open_page: Open) -> None:
    page = open_page("library", locale="zh-CN")
    expect(page.locator("h1")).to_have_text("文献库")
