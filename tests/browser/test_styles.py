"""The page keeps its look when something is told in a corner of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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


def test_a_cell_on_a_phone_breaks_no_word(open_page: Open) -> None:
    page = open_page("map", width=390, locale="zh-CN")
    said = page.locator('[class*="st-key-cell-"] button p').filter(visible=True)
    expect(said.first).to_be_visible()
    heights = said.evaluate_all(
        "all => all.map(one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight))"
    )
    assert max(heights) < 2.5


def test_the_ways_to_begin_are_of_one_height(
    serving: Callable[..., AbstractContextManager[str]], visit: Open, tmp_path: Path
) -> None:
    with serving(tmp_path / "none") as address:
        page = visit(address)
        cards = page.locator("[class*=st-key-way-]")
        expect(cards).to_have_count(3)
        heights = cards.evaluate_all("all => all.map(one => one.offsetHeight)")
        page.close()  # before its server goes
    assert max(heights) - min(heights) <= 1
