"""The app timed in a browser: `python tests/bench/app.py --library DIR [--times N]`.

First the first view after the server is up, of several starts, then kinds of interaction, each
N times: from the act until the script is done and the page has stopped changing (`SETTLED` ms
without a change, which are not counted). The library is copied first, for it is written to.
Prints a table, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

SETTLED = 120  # ms
REST = 300  # ms between two acts: screening heeds no key before a paper can have been read
STARTS = 6  # of the server, for the first view
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
QUERIES = "repair tests agents security prompts review retrieval planning tokens bugs".split()

# Resolves with the time of the last change, once the script is done and nothing has changed
# for a while. An act that changes nothing in ten seconds is an error of this script.
_WATCH = """
() => { window.sixfold = {begun: performance.now(), last: 0, ran: false};
  if (window.watcher) window.watcher.disconnect();
  window.watcher = new MutationObserver(changes => { window.sixfold.last = performance.now();
    if (changes.some(one => one.oldValue === 'running')) window.sixfold.ran = true; });
  window.watcher.observe(document.body, {subtree: true, childList: true, characterData: true,
    attributes: true, attributeOldValue: true}); }
"""
_DONE = """
([settled, runs]) => { const app = document.querySelector('[data-testid="stApp"]');
  const state = app && app.getAttribute('data-test-script-state'), seen = window.sixfold;
  const quiet = performance.now() - seen.last;
  // A short run can pass between two looks at the state: then a longer silence tells.
  return state === 'notRunning' && seen.last > 0
    && quiet > (seen.ran || !runs ? settled : 10 * settled); }
"""

Act = Callable[[Page, int], None]


def timed(page: Page, act: Callable[[], None], *, runs: bool = True) -> float:
    """Milliseconds from an act to the last change that it led to; `runs`: the page's script."""
    page.evaluate(_WATCH)
    act()
    page.wait_for_function(_DONE, arg=[SETTLED, runs], polling=30, timeout=60_000)
    return float(page.evaluate("sixfold.last - sixfold.begun"))


def settle(page: Page) -> None:
    """Wait until the page has stopped changing."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=\"stApp\"]')"
        "?.getAttribute('data-test-script-state') === 'notRunning'",
        timeout=120_000,
    )
    page.wait_for_timeout(2 * SETTLED)


def search(page: Page, turn: int) -> None:
    """Type a query and press Enter."""
    box = page.get_by_label("Search papers")
    box.fill(f"{QUERIES[turn % len(QUERIES)]} {turn}")
    box.press("Enter")


def press(where: str) -> Act:
    """Click the first of what is there."""

    def act(page: Page, _: int) -> None:
        page.locator(where).first.click()

    return act


def by_turns(*places: str) -> Act:
    """Click one after the other."""

    def act(page: Page, turn: int) -> None:
        page.locator(places[turn % len(places)]).first.click()

    return act


def view(name: str) -> str:
    """Where the map's view of this name is chosen."""
    return f'[data-testid=stMain] [role=radio]:has-text("{name}")'


def ask(page: Page, turn: int) -> None:
    """Ask a question."""
    box = page.locator(".st-key-question textarea")
    box.fill(f"What limits {QUERIES[turn % len(QUERIES)]} by language models? ({turn})")
    box.press("Enter")


# name -> (page it begins on, act, whether the page is loaded anew before each)
INTERACTIONS: dict[str, tuple[str, Act, bool]] = {
    "search": ("", search, False),
    "facet": ("?q=repair", press('[class*="st-key-at-phase"] label'), False),
    "more results": ("?q=repair", press(".st-key-more button"), True),
    "open a card": ("?q=repair", press(".st-key-hit-1 [data-testid=stPageLink] a"), True),
    "turn a page": ("papers", press('[data-testid*="agination"] button >> nth=-1'), False),
    "ask": ("ask", ask, True),
    "cell of the map": ("map", press('[class*="st-key-cell-"] button:has-text("ch ·")'), True),
    "unfold a challenge": ("challenges", press('[class*="st-key-challenge-c"] summary'), True),
    "view of the map": (
        "map",
        by_turns(view("Graph"), view("Years"), view("Cells")),
        False,
    ),
    "screen a paper": (
        "screening?review=Bench&who=bench",
        by_turns(".st-key-screen-include button", ".st-key-screen-exclude button"),
        False,
    ),
    "label: skip": ("label", press('.st-key-label-acts button:has-text("Skip")'), False),
    "go to Papers": ("", press('[data-testid=stTopNavLink][href$="/papers"]'), True),
    "go to Map": ("", press('[data-testid=stTopNavLink][href$="/map"]'), True),
    "go to Library": ("", press('[data-testid=stTopNavLink][href$="/library"]'), True),
    "language": (
        "papers",
        by_turns(".st-key-language-zh_CN button", ".st-key-language-en button"),
        False,
    ),
}


# Done by the browser alone.
UNRUN = ("unfold a challenge",)


def prepare(folder: Path) -> None:
    """A review to screen in."""
    kb = [sys.executable, "-m", "kb.cli", "--library", str(folder), "review"]
    subprocess.run([*kb, "new", "Bench"], check=True, stdout=sys.stderr)
    search = ["--search", "program repair", "--max", "200"]
    subprocess.run([*kb, "add", "Bench", *search], check=True, stdout=sys.stderr)


def measure(page: Page, url: str, name: str, times: int) -> dict[str, Any]:
    """One kind of interaction; what cannot be done says why instead of figures."""
    where, act, fresh = INTERACTIONS[name]
    taken: list[float] = []
    try:
        for turn in range(times):
            if fresh or not turn:
                page.goto(url + where)
                page.wait_for_selector('[data-testid="stHeading"]', timeout=120_000)
                settle(page)
            page.wait_for_timeout(REST)
            taken.append(
                timed(page, lambda turn=turn: act(page, turn), runs=name not in UNRUN)  # type: ignore[misc]
            )
    except Exception as error:  # noqa: BLE001 - the others are measured all the same
        if not taken:
            return {"failed": str(error).splitlines()[0]}
    p50, p95 = np.percentile(taken, [50, 95])
    return {"n": len(taken), "p50_ms": round(float(p50)), "p95_ms": round(float(p95))}


def first_view(browser: Browser, url: str) -> float:
    """Seconds from the first visit after the start to a page that can be searched."""
    page = browser.new_context().new_page()
    begun = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(".st-key-examples", timeout=120_000)
    seconds = time.perf_counter() - begun
    page.context.close()
    return seconds


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """`kb app` over a library, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ["-m", "kb.cli", "--library", str(folder), "app", "--port", str(port), "--headless"]
    server = subprocess.Popen([sys.executable, *words], stdout=sys.stderr)
    url = f"http://localhost:{port}/"
    try:
        for _ in count():
            try:
                urllib.request.urlopen(f"{url}_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def measured(folder: Path, times: int, only: list[str]) -> dict[str, Any]:
    """All figures of a library."""
    chromium = next(path for name in ("chromium", "chromium-browser") if (path := _at(name)))
    found: dict[str, Any] = {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        views = []
        for _ in range(STARTS):
            with serving(folder) as url:
                views.append(first_view(browser, url))
        found["first view, s"] = [round(one, 2) for one in sorted(views)]
        found |= interactions(browser, folder, times, only)
        browser.close()
    return found


def interactions(browser: Browser, folder: Path, times: int, only: list[str]) -> dict[str, Any]:
    """Figures of each kind of interaction."""
    found: dict[str, Any] = {}
    with serving(folder) as url:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(url)
        page.wait_for_selector(".st-key-examples", timeout=120_000)
        time.sleep(10)  # what is loaded in the background for the first visitor
        for name in only or INTERACTIONS:
            found[name] = measure(page, url, name, times)
            sys.stderr.write(f"{name:<20} {found[name]}\n")
    return found


def _at(name: str) -> str | None:
    return shutil.which(name)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--only", action="append", default=[], choices=list(INTERACTIONS))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="app-") as place:
        folder = Path(place) / "library"
        shutil.copytree(chosen.library, folder)
        prepare(folder)
        found = measured(folder, chosen.times, chosen.only)
    if chosen.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return
    for name, value in found.items():
        told = value if not isinstance(value, dict) else "  ".join(map(str, value.values()))
        sys.stdout.write(f"{name:<20} {told}\n")


if __name__ == "__main__":
    main()
