"""The app joins papers, keeps them apart and takes back: each a quiet button."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl
from kb.adding import add
from kb.library import Library
from kb.merging import join

Start = Callable[..., AppTest]
TITLE = "A Very Particular Study of Compilers and Their Bugs"


def _shown(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(one.proto.body for one in app.get("html"))


def _own(folder: Path) -> int:
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        papers = reader.counts()["papers"]
    library.close()
    return papers


def test_the_card_shows_versions_and_takes_one_out(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    join(library, "2501.00001", ["2502.00002"], "<b>ann</b>", "one work")
    library.close()
    app = start("paper", id="2502.00002")
    assert "joined by &lt;b&gt;ann&lt;/b&gt;: one work" in _shown(app)
    assert "https://arxiv.org/abs/2502.00002" in _shown(app)
    app.button(key="undo-version-1").click().run()
    assert "joined by" not in _shown(app)
    assert _own(folder) == 13


def test_the_library_proposes_and_joins(start: Start, folder: Path) -> None:
    file = folder.parent / "two.jsonl"
    rows = [
        {"arxiv_id": "2503.11111", "title": TITLE, "authors": ["Ann Bee"], "abstract": "One."},
        {"doi": "10.1145/1", "title": TITLE, "authors": [], "abstract": "One."},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    library = Library.open(folder)
    add(library, [jsonl(file)])
    library.close()
    app = start("library")
    app.toggle(key="look-for-duplicates").set_value(True).run()
    assert not app.exception
    app.button(key="join-0").click().run()
    assert not app.exception
    assert _own(folder) == 14
