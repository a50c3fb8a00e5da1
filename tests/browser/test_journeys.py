from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from kb.exports.reading import quoted_edges

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

# path -> what is drawn last on it
PAGES = {
    "": ".st-key-examples",
    "ask": ".st-key-question",
    "map": ".st-key-cell-5-5",
    "challenges": '[class*="st-key-challenge-c"]',
    "papers": '[class*="st-key-row-"] .sf-chips',
    "label": ".st-key-label-acts",
    "library": ".st-key-journal, [data-testid=stDataFrame]",
    "paper?id=2501.00001": ".st-key-near-1",
}


@pytest.mark.smoke
def test_search_by_phase_opens_a_paper_that_can_be_shared(open_page: Open, still: Still) -> None:
    page = open_page()
    box = page.get_by_label("Search papers")
    box.fill("forgetting licensed code")
    box.press("Enter")
    expect(page.locator(".st-key-hit-1")).to_contain_text("Forgetting on Request")
    page.locator("label", has_text="Maintenance and evolution").first.click()
    expect(page.locator(".st-key-clear-filters")).to_be_visible()
    still(page)
    assert "phase=maintenance-and-evolution" in page.url
    shared = page.url.split("/", 3)[3]
    again = open_page(shared)
    expect(again.locator(".st-key-hit-1")).to_contain_text("Forgetting on Request")
    again.locator(".st-key-hit-1 a").first.click()
    expect(again.locator("h1")).to_contain_text("Forgetting on Request")


def test_ask_in_chat_and_open_the_evidence(open_page: Open, still: Still) -> None:
    page = open_page("ask")
    box = page.locator(".st-key-question textarea")
    box.fill("How can a model be made to forget licensed code?")
    box.press("Enter")
    expect(page.locator(".st-key-cover-0")).to_be_visible(timeout=60_000)
    still(page)
    assert "chat=" in page.url
    citation = page.locator('[class*="st-key-cite-0-1"]')
    citation.locator("summary").click()
    expect(citation.locator("mark").first).to_be_visible()
    again = open_page(page.url.split("/", 3)[3])
    expect(again.locator(".st-key-cover-0")).to_be_visible()


def test_a_cell_of_the_map_and_its_file(open_page: Open, still: Still, tmp_path: Path) -> None:
    page = open_page("map")
    cell = page.locator('[class*="st-key-cell-"] button', has_text="ch ·").first
    cell.click()
    expect(page.locator("h3").first).to_contain_text("×")
    still(page)
    assert "row=" in page.url
    page.locator("summary", has_text="Download this map").click()
    for form in ("graphml", "json", "csv", "html"):
        with page.expect_download() as waiting:
            page.locator(f".st-key-get-{form} button").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert quoted_edges(path.read_bytes()), form
    data = json.loads((tmp_path / "sixfold-map.json").read_text(encoding="utf-8"))
    assert len(data["cells"]) == 36


def test_a_pdf_is_added_with_progress(open_page: Open, still: Still, shared_data: Path) -> None:
    pdf = min((shared_data / "pdf" / "papers").glob("*.pdf"))
    page = open_page("library")
    page.get_by_role("tab", name="By PDF").click()
    page.locator('input[type="file"]').set_input_files([str(pdf)])
    page.get_by_role("tabpanel").get_by_role("button", name="Add", exact=True).last.click()
    expect(page.locator(".st-key-job-0")).to_contain_text("1 added", timeout=120_000)
    page.locator('.st-key-job-0 [data-testid="stPageLink"] a').click()
    expect(page.locator(".st-key-favourite")).to_be_visible()
    still(page)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_every_page_fits_its_window(
    open_page: Open, tmp_path: Path, path: str, width: int, scheme: str
) -> None:
    page = open_page(path, width=width, scheme=scheme)
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0
    expect(page.locator(PAGES[path]).last).to_be_visible()
    page.screenshot(path=tmp_path / "page.png")


def test_hostile_words_stay_words(open_page: Open) -> None:
    hostile = "<img src=x onerror=alert(1)> **code** [x](javascript:1)"
    page = open_page(f"?q={quote(hostile)}")
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    expect(page.get_by_label("Search papers")).to_have_value(hostile)
    assert page.locator('[data-testid="stAppViewContainer"] img').count() == 0
