"""The app in a real browser: `kb app` over a library of invented papers, and Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, expect, sync_playwright

from ingest.sources import jsonl
from kb.adding import add
from kb.library import Library

PAPERS = Path(__file__).resolve().parents[1] / "data" / "papers.jsonl"
NAMES = ("chromium", "chromium-browser", "google-chrome")

# Quiet ones: no request of the browser's own, no GPU and no sandbox in a container.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A page may be slow to draw where other things run beside.
expect.set_options(timeout=20_000)

# Stock Streamlit asks for these two below the page's path on each deep link.
KNOWN_404 = ("/_stcore/health", "/_stcore/host-config")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium; skips with the reason where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no {' or '.join(NAMES)} on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library with twelve invented papers. Copy it, do not write to it."""
    folder = tmp_path_factory.mktemp("invented") / "library"
    library = Library.create(folder)
    add(library, [jsonl(PAPERS)])
    library.close()
    return folder


@pytest.fixture(scope="module")
def folder(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that the module's app is over."""
    copied = tmp_path_factory.mktemp("served") / "library"
    shutil.copytree(invented, copied)
    return copied


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """The address of a running app with a library of its own."""
    with serving(folder) as address:
        yield address


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """The address of `kb app` over the library in `folder`, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ["--library", str(folder), "app", "--port", str(port), "--headless", *options]
    log = folder.parent / "app.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "kb.cli", *words], stdout=out, stderr=subprocess.STDOUT
        )
        try:
            _wait(f"http://localhost:{port}/_stcore/health", process, log)
            yield f"http://localhost:{port}/"
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(name="serving", scope="session")
def _serving() -> Callable[..., AbstractContextManager[str]]:
    """Runs the app over a library of the test's own: a context manager of its address."""
    return serving


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text(errors='replace')}")


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens an address in a session of its own; a console error or a dialog fails the test."""
    wrong: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        where = str(message.location.get("url", ""))
        if message.type == "error" and not where.endswith(KNOWN_404):
            wrong.append(f"{message.text} ({where})")

    def refuse(dialog: Dialog) -> None:
        wrong.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()

    def opened(
        address: str, *, width: int = 1440, scheme: str = "light", locale: str = "en-GB"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("dialog", refuse)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector('[data-testid="stHeading"]', timeout=60_000)
        still(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def open_page(visit: Open, server: str) -> Open:
    """Opens a page of the module's app, by its path."""

    def opened(path: str = "", **how: Any) -> Page:
        return visit(server + path, **how)

    return opened


def still(page: Page) -> None:
    """Wait until the app has drawn what it has to draw."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=\"stApp\"]')"
        ".getAttribute('data-test-script-state') === 'notRunning'",
        timeout=60_000,
    )


@pytest.fixture(name="still")
def _still() -> Callable[[Page], None]:
    """Waits until the app has drawn what it has to draw."""
    return still
