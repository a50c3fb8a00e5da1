"""The literature table in the app: quotes that lead to their page, columns of one's own."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from ingest.sources import jsonl
from kb import literature_table
from kb.adding import add
from kb.catalogue import StoredPaper
from kb.collecting import collect, release
from kb.library import Library

Start = Callable[..., AppTest]


def shown(app: AppTest) -> str:
    """The table as HTML."""
    bodies = [str(one.proto.body) for one in app.get("html")]
    return next(body for body in bodies if '<div class="sf-table"' in body)


def test_every_quote_leads_to_the_passage_it_stands_in(start: Start) -> None:
    table = shown(start("table"))
    targets = re.findall(r'class="sf-place" href="([^"]+)"', table)
    assert len(targets) >= 13
    for target in targets:
        address = urlsplit(html.unescape(target))
        given = parse_qs(address.query)
        assert address.path == "paper"
        assert set(given) == {"id", "passage", "quote"}
    app = start("paper", **{name: value[0] for name, value in given.items()})
    assert app.title


def test_every_way_out_of_the_table_keeps_the_language(start: Start) -> None:
    targets = re.findall(r'href="(paper[^"]+)"', shown(start("table", lang="zh_CN")))
    assert len(targets) > 13
    assert all("lang=zh_CN" in html.unescape(target) for target in targets)


def test_nothing_of_a_paper_becomes_markup(start: Start) -> None:
    table = shown(start("table"))
    assert "<script" not in table
    assert "&lt;script&gt;" in table
    assert "<i>Mallory" not in table


def test_a_column_of_ones_own_stands_in_the_address(start: Start) -> None:
    app = start("table")
    app.text_area(key="at:columns").set_value("What is forgotten?\nWhat is forgotten?").run()
    assert "What is forgotten?" in shown(app)
    again = start("table", columns="What is forgotten?", author="nobody at all")
    assert again.info


def test_a_collection_that_changes_changes_the_table(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        first, second, *_rest = [one.paper_id for one in reader.papers(range(20)).values()]
    collect(library, "thesis", [first])
    assert shown(start("table", collection="thesis")).count("<tr>") == 2
    collect(library, "thesis", [second])
    assert shown(start("table", collection="thesis")).count("<tr>") == 3
    release(library, "thesis", [first])
    after = shown(start("table", collection="thesis"))
    assert (f"id={first}" in after, f"id={second}" in after) == (False, True)
    library.close()


def test_the_table_can_be_taken_away(start: Start) -> None:
    names = {one.proto.label for one in start("table").get("download_button")}
    assert names == {"CSV", "Markdown"}


def test_only_the_page_that_is_shown_is_computed(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [{"id": f"2503.{n:05}", "title": f"On pond {n}", "abstract": ""} for n in range(12)]
    path = tmp_path / "more.jsonl"
    path.write_text("\n".join(map(json.dumps, more)), encoding="utf-8")
    library = Library.open(folder)
    assert add(library, [jsonl(path)]).added == 12
    library.close()
    asked: list[int] = []
    make = literature_table.literature_table

    def counted(
        library: Library, papers: Sequence[StoredPaper], questions: Sequence[str] = ()
    ) -> literature_table.LiteratureTable:
        asked.append(len(papers))
        return make(library, papers, questions)

    monkeypatch.setattr(literature_table, "literature_table", counted)
    assert shown(start("table")).count("<tr>") == 21
    assert shown(start("table", page="2")).count("<tr>") == 6
    assert asked == [20, 5]
