"""Every page in every window: it fits, nothing fails, and strangers' words stay words.

Among the library's papers are hostile ones, and people have kept hostile names and notes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from ingest.sources import jsonl
from kb import remarks
from kb.adding import add
from kb.catalogue import Filters
from kb.catalogue.screening import Criterion
from kb.collecting import collect
from kb.decisions import coder
from kb.library import Library
from kb.review_sources import from_ids
from kb.saved_searches import save
from kb.screening import create, decide

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]
Still = Callable[[Page], None]

HARM = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)> **bold** "
    "[x](javascript:alert(4)) ![y](https://evil.example/y.png) $x$ :red[no] "
)
LONG = "Donaudampfschifffahrt" * 12
TURNED = "\u202egnirts desrever\u202c \u2066isolated"
IDS = ("2401.09991", "2401.09992", "2401.09993")
REVIEW = "<b>Review</b> [x](javascript:1)"


def hostile(at: int, title: str) -> dict[str, object]:
    """A paper whose every field means harm, and states a challenge and a direction."""
    return {
        "id": IDS[at],
        "title": title,
        "abstract": f"We test code generation with {HARM} in unit tests. It remains an open "
        f"challenge to show {HARM} {LONG} in generated code. Future work should study {TURNED} "
        f"and {HARM} for program repair.",
        "authors": ["<i onclick=alert(5)>Mallory</i>", TURNED, LONG],
        "categories": ["cs.SE"],
        "published": "2024-01-05",
    }


@pytest.fixture(scope="module")
def folder(folder: Path) -> Path:
    """The invented papers, hostile ones, and what people kept of them."""
    titles = (f"{HARM} of code", f"{LONG} of code", f"{TURNED} of code generation")
    file = folder.parent / "hostile.jsonl"
    file.write_text("\n".join(json.dumps(hostile(*one)) for one in enumerate(titles)), "utf-8")
    library = Library.open(folder)
    assert add(library, [jsonl(file)]).added == len(IDS)
    for paper in IDS:
        remarks.add(library, paper, f"{HARM}\n{LONG}\n{TURNED}", who="<b>eve</b>")
    collect(library, "<b>kept</b> **all**", IDS)
    save(library, coder(library), "<img src=x onerror=alert(6)>", HARM, Filters(), "hybrid")
    rules = [Criterion(HARM, "include"), Criterion(LONG[:150], "exclude")]
    create(library, REVIEW, question=HARM, criteria=rules)
    from_ids(library, REVIEW, IDS, who="<b>eve</b>")
    decide(library, REVIEW, IDS[2], "exclude", reason=HARM, who="<b>eve</b>")
    library.close()
    return folder


OF = f"review={quote(REVIEW)}"
ASKED = quote(f"code {HARM}")

# Address -> what is drawn last on it; what of the hostile papers stands there, if anything.
PAGES = {
    "": ".st-key-saved-0",
    f"?q={ASKED}": ".st-key-hit-3",
    "?q=%22open+challenge+to+show%22": ".st-key-hit-3",
    "ask": ".st-key-question",
    "map": ".st-key-cell-5-5",
    "map?view=graph": ".graph .dots .challenge",
    "map?view=years": "[data-testid=stVegaLiteChart]",
    "challenges": "[class*=st-key-challenge-c]",
    "papers": "[class*=st-key-row-] .sf-chips",
    f"paper?id={IDS[0]}": ".st-key-near-1",
    f"paper?id={IDS[1]}": ".st-key-near-1",
    f"table?ids={','.join(IDS)}": "[data-testid=stMain] a",
    f"screening?{OF}": ".st-key-screen-acts",
    f"screening?{OF}&view=papers": ".st-key-source-1",
    f"screening?{OF}&view=flow": ".st-key-flow-files",
    f"label?paper={IDS[0]}": ".st-key-label-acts",
    "taxonomy": "[data-testid=stMain] h1",
    "library": "[data-testid=stDataFrame], .st-key-counts",
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_every_page_fits_its_window(
    open_page: Open, tmp_path: Path, path: str, width: int, scheme: str
) -> None:
    page = open_page(path, width=width, scheme=scheme)
    expect(page.locator(PAGES[path]).last).to_be_visible(timeout=30_000)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert beyond(page) == []
    assert page.locator("[data-testid=stException]").count() == 0
    harmless(page)


def beyond(page: Page) -> list[str]:
    """What makes the page wider than its window, nothing where it fits."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= window.innerWidth ? []
            : [...document.querySelectorAll('*')].filter(
                (one) => one.getBoundingClientRect().right > window.innerWidth + 1)
              .map((one) => one.tagName + '.' + one.className).slice(0, 9)"""
        )
    )


def harmless(page: Page) -> None:
    """Nothing that a stranger wrote became a part of the page."""
    for what in (
        "script:text-matches('alert', 'i')",
        "img[src=x], img[src*='evil.example']",
        "[onerror], [onload], [onclick]",
        "a[href^='javascript:']",
        "[data-testid=stMain] svg[onload]",
    ):
        assert page.locator(what).count() == 0, what


def test_what_is_said_in_a_chat_stays_words(open_page: Open, still: Still) -> None:
    page = open_page("ask", width=390)
    box = page.locator(".st-key-question textarea")
    box.fill(f"{HARM} What remains an open challenge in generated code? {LONG} {TURNED}")
    box.press("Enter")
    expect(page.locator('[class*="st-key-cover-"]')).to_have_count(1, timeout=60_000)
    still(page)
    expect(page.locator('[data-testid="stChatMessage"]').first).to_contain_text("**bold**")
    assert beyond(page) == []
    harmless(page)


def test_a_hostile_paper_is_read_as_it_was_written(open_page: Open) -> None:
    page = open_page(f"paper?id={IDS[0]}", width=390)
    expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".sf-note").first).to_contain_text("<img src=x onerror=alert(2)>")
    card = open_page(f"paper?id={IDS[2]}")
    # A turned word would turn what follows it: it is shown as what it is.
    assert "\u202e" not in card.locator("h1").inner_text()
