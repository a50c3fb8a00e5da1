"""The app over a small library of invented papers, one of them hostile."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl
from kb.adding import add
from kb.library import Library

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = CHECKOUT / "kb" / "pages"
PAPERS = CHECKOUT / "tests" / "data" / "papers.jsonl"

HOSTILE = {
    "id": "2401.09999",
    "title": "<script>alert(1)</script> **bold** [x](javascript:alert(2)) $x$ "
    ':red[no] "><img src=x>',
    "abstract": "We test <script>alert(4)</script> and <b>markup</b>. It remains difficult to "
    "show `titles` with [links](https://evil.example) in generated code.",
    "authors": ["<i>Mallory</i>", "\u202eEve"],
    "categories": ["cs.SE"],
    "published": "2024-01-05",
}

Start = Callable[..., AppTest]


@pytest.fixture(scope="session")
def app_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library with thirteen invented papers. Do not write to it."""
    folder = tmp_path_factory.mktemp("app") / "library"
    records = folder.parent / "hostile.jsonl"
    records.write_text(json.dumps(HOSTILE), encoding="utf-8")
    library = Library.create(folder)
    assert add(library, [jsonl(PAPERS), jsonl(records)]).added == 13
    library.close()
    return folder


@pytest.fixture
def folder(app_library: Path, tmp_path: Path) -> Path:
    """A copy of the library's folder, to write to; the app's own for this test."""
    target = tmp_path / "library"
    shutil.copytree(app_library, target)
    os.environ["KB_LIBRARY"] = str(target)
    return target


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Opens a page of the app with an address, as a fresh visitor would."""
    yield visit
    st.cache_resource.clear()


def visit(page: str = "search", /, **params: str | list[str]) -> AppTest:
    """A page, drawn; nothing on it may have failed."""
    app = AppTest.from_file(str(CHECKOUT / "app.py"), default_timeout=60)
    if page != "search":
        app.switch_page(str(PAGES / f"{page}.py"))
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    sound(app)
    return app


def sound(app: AppTest) -> None:
    """No traceback, and something to read."""
    assert not app.exception, app.exception
    assert len(app.main) > 0
    shown = " ".join(one.value for one in app.error)
    assert "could not be shown" not in shown, " ".join(one.value for one in app.code)
