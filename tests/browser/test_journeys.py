"""The three journeys of a newcomer: search by phase, ask and see the evidence, take a map along."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kb.cli import main
from kb.exports.reading import quoted_edges

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]
Capture = pytest.CaptureFixture[str]

TITLE = "Forgetting on Request"
QUESTION = "How can a model be made to forget licensed code?"


@pytest.mark.smoke
def test_search_by_phase_opens_a_paper_that_can_be_shared(
    open_page: Open, visit: Open, still: Still
) -> None:
    page = open_page()
    box = page.get_by_label("Search papers")
    box.fill("forgetting licensed code")
    box.press("Enter")
    expect(page.locator(".st-key-hit-1")).to_contain_text(TITLE)
    page.locator("label", has_text="Maintenance and evolution").first.click()
    expect(page.locator(".st-key-clear-filters")).to_be_visible()
    still(page)
    assert "phase=maintenance-and-evolution" in page.url
    shared = page.url.split("/", 3)[3]
    again = open_page(shared)
    expect(again.locator(".st-key-hit-1")).to_contain_text(TITLE)
    again.locator(".st-key-hit-1 a").first.click()
    expect(again.locator("h1")).to_contain_text(TITLE)
    still(again)
    again.get_by_role("button", name="Share").click()
    link = again.locator("[data-testid=stPopoverBody] code").first.inner_text()
    assert link == again.url
    card = visit(link)
    expect(card.locator("h1")).to_contain_text(TITLE)
    expect(card.locator("[class*=st-key-filed-phase]").first).to_be_visible()


def test_the_name_of_the_first_page_leads_to_it(open_page: Open, still: Still) -> None:
    page = open_page("search?q=forgetting+licensed+code&phase=maintenance-and-evolution&lang=zh_CN")
    expect(page.locator(".st-key-hit-1")).to_contain_text(TITLE, timeout=30_000)
    still(page)
    assert page.url.split("/", 3)[3].startswith("?")
    for kept in ("q=forgetting", "phase=maintenance-and-evolution", "lang=zh_CN"):
        assert kept in page.url


def test_ask_in_chat_and_open_the_evidence(open_page: Open, still: Still) -> None:
    page = open_page("ask")
    box = page.locator(".st-key-question textarea")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".st-key-cover-0")).to_be_visible(timeout=60_000)
    still(page)
    assert "chat=" in page.url
    citation = page.locator('[class*="st-key-cite-0-1"]')
    citation.locator("summary").click()
    quote = citation.locator("mark").first
    expect(quote).to_be_visible()
    assert (
        quote.inner_text().strip() in page.locator(".st-key-turn-0 .sf-answer").first.inner_text()
    )
    said = page.locator(".sf-answer").all_inner_texts()
    again = open_page(page.url.split("/", 3)[3])
    expect(again.locator(".st-key-cover-0")).to_be_visible()
    expect(again.locator(".st-key-turn-0")).to_contain_text(QUESTION)
    expect(again.locator(".sf-answer")).to_have_count(len(said))
    assert again.locator(".sf-answer").all_inner_texts() == said
    again.locator('[class*="st-key-cite-0-1"] summary').click()
    still(again)
    again.get_by_role("link", name="Open at this passage").first.click()
    expect(again.locator("h1")).to_contain_text(TITLE)
    expect(again.locator(".st-key-passage")).to_be_visible()


def test_a_cell_of_the_map_and_its_file(
    open_page: Open, still: Still, tmp_path: Path, folder: Path, capsys: Capture
) -> None:
    page = open_page("map")
    cell = page.locator('[class*="st-key-cell-"] button', has_text="ch ·").first
    cell.click()
    expect(page.locator("main h2, [data-testid=stMain] h2").first).to_contain_text("×")
    still(page)
    assert "row=" in page.url
    page.locator("summary", has_text="Download this map").click()
    for form in ("graphml", "json", "csv", "html"):
        with page.expect_download() as waiting:
            page.locator(f".st-key-get-{form} button").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert quoted_edges(path.read_bytes()), form
        verified(folder, path, capsys)
    data = json.loads((tmp_path / "sixfold-map.json").read_text(encoding="utf-8"))
    assert len(data["cells"]) == 36
    forged = tmp_path / "forged.csv"
    text = (tmp_path / "sixfold-map.csv").read_text(encoding="utf-8")
    edge = quoted_edges(text.encode())[0]
    forged.write_text(text.replace(edge.quote, edge.quote[::-1]), encoding="utf-8")
    with pytest.raises(AssertionError):
        verified(folder, forged, capsys)


def verified(folder: Path, file: Path, said: Capture) -> None:
    """`kb verify` finds every quote of a file in the library."""
    said.readouterr()
    assert main(["--library", str(folder), "verify", "--json", str(file)]) == 0
    told = json.loads(said.readouterr().out)
    assert told["edges"] == told["verified"] > 0
