"""Papers come in by the Library page: live progress, what came of each, cancel, retry, evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

TITLE = "Lighthouses for Quantum Compilers"
SAID = (
    "It remains an open challenge to verify that a quantum compiler written by a language "
    "model preserves the meaning of its circuits."
)
FIRST = f"""
<h1>{TITLE}</h1><p>Ada Example</p>
<h2>Abstract</h2><p>We study compilers for quantum circuits that language models write. We
present Beacon, a method that tests such compilers with random circuits, and find 14 faults.</p>
<h2>1 Introduction</h2><p>Compilers for quantum circuits are written by hand today. Language
models write them in minutes, and nobody knows whether they are right.</p>
"""
SECOND = f"""<h2>2 Discussion</h2><p>Our circuits are small. {SAID} Future work should study
larger circuits with more qubits.</p>"""

MANY = 96


def printed(path: Path, title: str = TITLE) -> Path:
    """A paper of two pages, typeset here."""
    document = pymupdf.open()
    for text in (FIRST.replace(TITLE, title), SECOND):
        page = document.new_page()
        page.insert_htmlbox(pymupdf.Rect(60, 60, 535, 780), text)
    document.save(path)
    return path


def give(page: Page, *files: Path) -> Locator:
    """Upload files; gives the card of the job that adds them."""
    page.get_by_role("tab", name="By PDF").click()
    page.locator('input[type="file"]').set_input_files([str(one) for one in files])
    page.get_by_role("tabpanel").get_by_role("button", name="Add", exact=True).last.click()
    job = page.locator(".st-key-job-0")
    expect(job).to_be_visible(timeout=30_000)
    return job


def test_a_pdf_is_added_asked_about_and_shown_on_its_page(
    open_page: Open, still: Still, tmp_path: Path
) -> None:
    page = open_page("library")
    job = give(page, printed(tmp_path / "lighthouses.pdf"))
    expect(job).to_contain_text("1 added, 0 updated, 0 unchanged, 0 failed", timeout=120_000)
    expect(job.get_by_role("progressbar")).to_have_count(0)
    still(page)
    page.locator(".st-key-journal summary").click()
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
    outcome = job.locator('[data-testid="stPageLink"] a')
    expect(outcome).to_contain_text("added")
    outcome.click()
    expect(page.locator("h1")).to_have_text(TITLE, timeout=30_000)
    ask = open_page("ask")
    box = ask.locator(".st-key-question textarea")
    box.fill("Why is it hard to verify a quantum compiler written by a language model?")
    box.press("Enter")
    expect(ask.locator(".st-key-cover-0")).to_be_visible(timeout=60_000)
    still(ask)
    cited = ask.locator('[class*="st-key-cite-0-"]').filter(has_text=f"{TITLE}")
    expect(cited.first).to_contain_text("p. 2")
    cited.first.locator("summary").click()
    expect(cited.first.locator("mark").first).to_contain_text("open challenge to verify")
    seen = cited.first.get_by_role("img", name="Page 2 as printed, the quote marked")
    expect(seen).to_be_visible(timeout=60_000)
    assert marked(seen) > 200


def marked(picture: Locator) -> int:
    """How many points of a printed page, which is black on white, are highlighted."""
    return int(
        picture.evaluate(
            """async (image) => {
            await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const pen = canvas.getContext('2d');
            pen.drawImage(image, 0, 0);
            const seen = pen.getImageData(0, 0, canvas.width, canvas.height).data;
            let found = 0;
            for (let at = 0; at < seen.length; at += 4)
              found += Math.max(seen[at], seen[at + 1]) - seen[at + 2] > 60;
            return found; }"""
        )
    )


def test_a_running_job_is_cancelled_and_what_it_kept_stays(
    open_page: Open, still: Still, tmp_path: Path
) -> None:
    files = [
        printed(tmp_path / f"beacon-{n}.pdf", f"Beacon {n:07b} of {n + 100} Lamps")
        for n in range(MANY)
    ]
    page = open_page("library")
    job = give(page, *files)
    expect(job.get_by_role("progressbar")).to_be_visible(timeout=30_000)
    expect(job).to_contain_text(f"of {MANY}")
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_contain_text("stopped", timeout=120_000)
    still(page)
    numbers = job.evaluate(
        """(card) => [/(\\d+) added/, /(\\d+) (?:was|were) not tried/]
        .map((one) => Number((card.innerText.match(one) || [0, 0])[1]))"""
    )
    assert numbers[1] > 0, job.inner_text()
    assert sum(numbers) == MANY, job.inner_text()
    run = page.locator("[class*=st-key-run-]").first
    run.locator("summary").click()
    run.get_by_role("button", name="Go on").click()
    again = page.locator(".st-key-job-0", has_text="Go on with a run")
    expect(again).to_contain_text(f"{numbers[1]} added", timeout=240_000)
    expect(again).to_contain_text(f"{numbers[0]} unchanged")
    still(page)


def test_what_failed_says_why_and_is_tried_again(
    open_page: Open, still: Still, tmp_path: Path, folder: Path
) -> None:
    broken = tmp_path / "torn.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing else came through")
    page = open_page("library")
    job = give(page, broken)
    expect(job).to_contain_text("1 failed", timeout=120_000)
    failed = job.locator('[data-testid="stAlert"]')
    expect(failed).to_contain_text("torn")
    expect(failed).to_contain_text("at the step")
    still(page)
    (stored,) = (folder / "pdf").glob("torn-*.pdf")
    printed(stored, "A Torn Letter Mended")
    run = page.locator("[class*=st-key-run-]").first
    run.locator("summary").click()
    run.get_by_role("button", name="Try 1 failed item again").click()
    again = page.locator(".st-key-job-0", has_text="Try again what failed")
    expect(again).to_contain_text("1 added", timeout=120_000)
    still(page)
    again.locator('[data-testid="stPageLink"] a').click()
    expect(page.locator("h1")).to_have_text("A Torn Letter Mended", timeout=30_000)
