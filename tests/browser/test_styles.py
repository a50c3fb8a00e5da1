"""The page keeps its look when something is told in a corner of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import _wait

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Open = Callable[..., Page]

APP = """
import streamlit as st
from kb.pages.parts.styles import style

st.title("Looks")
style(".st-key-ours { outline: 3px solid rgb(1, 2, 3); }")
st.html("<style>.st-key-alone { outline: 3px solid rgb(1, 2, 3); }</style>")
with st.container(key="ours"):
    st.write("ours")
with st.container(key="alone"):
    st.write("alone")

@st.fragment
def part():
    st.button("Tell", on_click=st.toast, args=("told",), key="tell")

part()
"""


@pytest.fixture
def looks(tmp_path: Path) -> Iterator[str]:
    """The address of an app with a style of ours, one alone, and a fragment that toasts."""
    script = tmp_path / "looks.py"
    script.write_text(APP, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    words += [f"--server.port={port}", "--server.address=localhost"]
    log = tmp_path / "looks.log"
    with log.open("w") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://localhost:{port}/_stcore/health", process, log)
            yield f"http://localhost:{port}/"
        finally:
            process.terminate()
            process.wait(timeout=20)


def outline(page: Page, key: str) -> str:
    return str(page.locator(f".st-key-{key}").evaluate("one => getComputedStyle(one).outlineColor"))


def test_a_toast_of_a_fragment_leaves_our_styles(visit: Open, looks: str) -> None:
    page = visit(looks)
    assert outline(page, "ours") == outline(page, "alone") == "rgb(1, 2, 3)"
    page.locator(".st-key-tell button").click()
    expect(page.locator('[data-testid="stToast"]')).to_contain_text("told")
    assert outline(page, "ours") == "rgb(1, 2, 3)"
    # What befalls styles alone: when this no longer holds, ours need no element beside them.
    assert outline(page, "alone") != "rgb(1, 2, 3)"


@pytest.mark.parametrize("path", ["", "label", "map"])
def test_no_style_of_a_page_stands_alone(path: str, open_page: Open) -> None:
    page = open_page(path)
    assert page.locator(".st-key-frame .sf-style").count() == 1
    styles = page.locator('[data-testid="stHtml"] > style')
    assert styles.count() >= 1
    alone = styles.evaluate_all("all => all.filter(one => !one.previousElementSibling).length")
    assert alone == 0
    shown = page.locator(".sf-style").evaluate_all("all => all.filter(o => o.offsetParent).length")
    assert shown == 0
