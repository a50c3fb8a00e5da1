"""The README's pictures: every page over the starter library, as a newcomer meets it.

They are taken at each run; with SIXFOLD_PICTURES=data/pictures (`make pictures`) they take the
place of the README's.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from kb.bundle import load_bundle
from kb.catalogue.screening import Criterion
from kb.collecting import collect
from kb.library import Library
from kb.review_sources import from_search
from kb.review_state import board
from kb.screening import create, decide
from kb.starter import starter_path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Still = Callable[[Page], None]
Act = Callable[[Page], None]

WIDE, HIGH = 1280, 800
COLOURS = 128
MOST = 120_000  # bytes of a picture

PAPER = "2502.14212"  # in the review, with a digest
WHO = "ada"
REVIEW = "Test generation"
SAID = ("include", "include", "exclude", "maybe", "exclude", "include", "exclude")
LATER = ("include", "exclude")
COLLECTION = "Testing"
WORDS = "hallucination in generated code"
TESTING = "testing-and-evaluation"
PHASE = f"phase={TESTING}"


@pytest.fixture(scope="module", autouse=True)
def _somebody() -> Iterator[None]:
    """Whoever takes the pictures, the same person is on them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            patch.setenv(name, WHO)
        yield


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the starter library, with a review under way."""
    folder = tmp_path_factory.mktemp("starter") / "library"
    library = Library.create(folder)
    load_bundle(library, starter_path())
    rules = [
        Criterion("generates tests with a language model", "include"),
        Criterion("reports a measured result", "include"),
        Criterion("no language model", "exclude"),
        Criterion("survey or position paper", "exclude"),
    ]
    create(library, REVIEW, question="How well do language models write tests?", criteria=rules)
    for words in ("unit test generation with language models", "test generation by agents"):
        from_search(library, REVIEW, words, most=100, who=WHO)
    papers = list(board(library, REVIEW).cases)
    papers.remove(PAPER)
    with library.catalogue.read() as reader:
        held = reader.papers(library.snapshot().table.n.tolist()).values()
    told = [one.paper_id for one in held if one.digest and one.keys("phase") == (TESTING,)]
    collect(library, COLLECTION, told[:6])
    for paper, verdict in zip(papers, SAID * 4, strict=False):
        why = "survey or position paper" if verdict == "exclude" else ""
        decide(library, REVIEW, paper, verdict, reason=why, who=WHO)
    for paper, verdict in zip(papers, LATER, strict=False):
        decide(library, REVIEW, paper, verdict, stage="full_text", reason="no results", who=WHO)
    library.close()
    return folder


@pytest.fixture(scope="module")
def page(
    browser: Browser, starter: Path, serving: Callable[..., AbstractContextManager[str]]
) -> Iterator[Page]:
    """One window for all pictures."""
    with serving(starter) as address:
        context = browser.new_context(
            viewport={"width": WIDE, "height": HIGH}, base_url=address, reduced_motion="reduce"
        )
        yield context.new_page()
        context.close()


def nothing(page: Page) -> None:
    """The page as it opens."""


def asked(page: Page) -> None:
    """A question with its answer, from the question on."""
    box = page.locator(".st-key-question textarea")
    box.fill("How are language models used to repair programs?")
    box.press("Enter")
    expect(page.locator(".st-key-cover-0")).to_be_visible(timeout=120_000)


def at_home(page: Page) -> None:
    """The library where people have theirs, not in this test's folder."""
    line = page.locator("[data-testid=stCaptionContainer] p", has_text="generation")
    line.evaluate(
        r"line => line.firstChild.data = line.firstChild.data.replace(/^\S+/, '~/sixfold')"
    )


def drawn(page: Page) -> None:
    """The graph with its names."""
    expect(page.locator(".graph .names text").first).to_be_visible(timeout=60_000)


def opened(page: Page) -> None:
    """The first challenge with its quotes."""
    page.locator("[class*=st-key-challenge-c] summary").first.click()


# Name -> address, what is done there, what is then to be seen in the picture.
PAGES: dict[str, tuple[str, Act, str]] = {
    "search": (f"?q={WORDS}&{PHASE}", nothing, ".st-key-hit-2"),
    "search-zh": (f"?q={WORDS}&{PHASE}&lang=zh_CN", nothing, ".st-key-hit-2"),
    "ask": ("ask", asked, ".st-key-turn-0 .sf-answer"),
    "map": ("map", nothing, ".st-key-cell-2-2"),
    "graph": ("map?view=graph", drawn, ".graph .dots .challenge"),
    "years": ("map?view=years", nothing, "[data-testid=stVegaLiteChart]"),
    "challenges": (f"challenges?{PHASE}", opened, "[class*=st-key-challenge-c]"),
    "papers": ("papers", nothing, "[class*=st-key-row-] .sf-chips"),
    "paper": (f"paper?id={PAPER}", nothing, ".sf-digest-box"),
    "table": (f"table?collection={COLLECTION}", nothing, "[data-testid=stMain] table"),
    "screening": (f"screening?review={REVIEW}&paper={PAPER}", nothing, ".st-key-screen-acts"),
    "flow": (f"screening?review={REVIEW}&view=flow", nothing, "[data-testid=stImage] img"),
    "label": (f"label?paper={PAPER}", nothing, ".st-key-label-acts"),
    "taxonomy": ("taxonomy", nothing, "[data-testid=stMain] h1"),
    "library": ("library", at_home, ".st-key-counts"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_of_each_page(page: Page, still: Still, tmp_path: Path, name: str) -> None:
    address, act, seen = PAGES[name]
    page.goto(address)
    page.wait_for_selector("h1", timeout=60_000)
    still(page)
    act(page)
    still(page)
    quiet(page)
    expect(page.locator(seen).first).to_be_in_viewport()
    assert page.locator("[data-testid=stException]").count() == 0
    picture = taken(page)
    assert len(picture) <= MOST
    (tmp_path / f"{name}.png").write_bytes(picture)
    if into := os.environ.get("SIXFOLD_PICTURES", ""):
        shutil.copy(tmp_path / f"{name}.png", Path(into))


def quiet(page: Page) -> None:
    """Wait until fonts are there, nothing moves and nothing is still to be fetched."""
    page.mouse.move(WIDE - 4, HIGH - 4)
    page.wait_for_function(
        """() => document.fonts.status === 'loaded'
        && !document.querySelector('[data-testid=stSkeleton]')
        && [...document.images].every((one) => one.complete)
        && document.getAnimations().every((one) => one.playState !== 'running'
          || one.timeline !== document.timeline || one.effect.getTiming().iterations > 9)""",
        timeout=60_000,
    )


def taken(page: Page) -> bytes:
    """What is seen, as a PNG of few colours."""
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    kept = io.BytesIO()
    few.save(kept, "PNG", optimize=True)
    return kept.getvalue()
