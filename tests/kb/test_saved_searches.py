"""Saved searches: kept a person, made again, with what is new in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import Options, add
from kb.catalogue import Filters
from kb.cli import main
from kb.collecting import collect
from kb.errors import ReadOnly, UsageError
from kb.library import Library
from kb.saved_searches import (
    forget,
    mark_seen,
    news,
    rename,
    run,
    save,
    saved_search,
    saved_searches,
)

NEW = {
    "id": "2601.00001",
    "title": "Zymurgy agents that repair compilers",
    "abstract": "We study zymurgy for code models. It repairs compilers.",
    "authors": ["Ada Lovelace"],
    "categories": ["cs.SE"],
    "published": "2026-01-05",
}


def add_new(library: Library, tmp_path: Path) -> str:
    records = tmp_path / "new.jsonl"
    records.write_text(json.dumps(NEW), encoding="utf-8")
    assert add(library, [jsonl(records)], Options(statements=False)).added == 1
    return str(NEW["id"])


def test_a_search_is_saved_renamed_and_removed(library: Library) -> None:
    filters = Filters(phases=("maintenance-and-evolution",), tags=(), year_from=2024)
    made = save(library, "ada", " on  code ", "code", filters, "lexical")
    assert (made.name, made.query, made.filters, made.mode) == (
        "on code",
        "code",
        filters,
        "lexical",
    )
    assert saved_searches(library, "ada") == [made]
    assert saved_searches(library, "bob") == []
    save(library, "bob", "on code", "other", Filters())  # another person's name is free
    assert rename(library, "ada", "on code", "code") == "code"
    assert saved_search(library, "ada", "code").at == made.at
    forget(library, "ada", "code")
    assert saved_searches(library, "ada") == []
    assert [one.query for one in saved_searches(library, "bob")] == ["other"]


def test_what_is_wrong_is_said_and_nothing_is_kept(library: Library) -> None:
    with pytest.raises(UsageError, match="not a name"):
        save(library, "ada", "a\x07b", "code", Filters())
    with pytest.raises(UsageError, match="nothing to search for"):
        save(library, "ada", "a", "  ", Filters())
    with pytest.raises(UsageError, match="is not closed"):
        save(library, "ada", "a", '"open', Filters())
    with pytest.raises(UsageError, match="unknown mode"):
        save(library, "ada", "a", "code", Filters(), "magic")
    assert saved_searches(library, "ada") == []
    save(library, "ada", "a", "code", Filters())
    save(library, "ada", "b", "code", Filters())
    with pytest.raises(UsageError, match="called a already"):
        save(library, "ada", "a", "tests", Filters())
    with pytest.raises(UsageError, match="called b already"):
        rename(library, "ada", "a", "b")
    with pytest.raises(UsageError, match="unknown saved search: c"):
        forget(library, "ada", "c")
    library.catalogue.read_only = True
    with pytest.raises(ReadOnly):
        save(library, "ada", "c", "code", Filters())
    assert [one.name for one in saved_searches(library, "ada")] == ["a", "b"]


def test_news_are_new_papers_that_match(library: Library, tmp_path: Path) -> None:
    searches = {
        "words": save(library, "ada", "words", "zymurgy", Filters(), "lexical"),
        "other": save(library, "ada", "other", "watermark", Filters(), "lexical"),
        "phrase": save(library, "ada", "phrase", '"repairs compilers"', Filters()),
        "elsewhere": save(library, "ada", "elsewhere", '"no such phrase"', Filters()),
        "ranked": save(library, "ada", "ranked", "repairing compilers", Filters()),
        "fields": save(library, "ada", "fields", "author:lovelace year:2026", Filters()),
        "filtered": save(library, "ada", "filtered", "zymurgy", Filters(year_to=2025)),
    }
    assert not any(news(library, one) for one in searches.values())
    new = add_new(library, tmp_path)
    found = {name: news(library, one) for name, one in searches.items()}
    assert found == {
        "words": [new],
        "other": [],
        "phrase": [new],
        "elsewhere": [],
        "ranked": [new],
        "fields": [new],
        "filtered": [],
    }
    assert run(library, searches["words"], 5).hits[0].paper.paper_id == new
    mark_seen(library, "ada", "words")
    assert news(library, saved_search(library, "ada", "words")) == []
    assert news(library, saved_search(library, "ada", "phrase")) == [new]


def test_a_collection_named_in_the_filters_is_kept(library: Library) -> None:
    collect(library, "mine", ["2501.00001"])
    save(library, "ada", "in mine", "code", Filters(collection="mine"))
    found = run(library, saved_search(library, "ada", "in mine"), 10)
    assert [hit.paper.paper_id for hit in found.hits] == ["2501.00001"]


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run_saved(*words: str) -> tuple[int, str, str]:
        status = main(["--library", str(folder), "saved", *words, "--who", "ada"])
        told = capsys.readouterr()
        return status, told.out, told.err

    assert "no search is saved yet" in run_saved("list")[1]
    status, out, _ = run_saved("add", "tests", "unlearning", "--year", "2025", "--json")
    made = json.loads(out)
    assert status == 0
    assert (made["name"], made["filters"]) == ("tests", {"year_from": 2025, "year_to": 2025})
    (held,) = json.loads(run_saved("list", "--json")[1])["saved"]
    assert held == made | {"new": 0}
    found = json.loads(run_saved("run", "tests", "-n", "1", "--json")[1])
    assert (found["name"], found["new"], len(found["results"]["hits"])) == ("tests", [], 1)
    assert json.loads(run_saved("rename", "tests", "ours", "--json")[1]) == {
        "name": "tests",
        "to": "ours",
    }
    assert "ours: unlearning" in run_saved("list")[1]
    for wrong in (("run", "tests"), ("rm",), ("rename", "ours", " "), ("add", "x")):
        assert run_saved(*wrong)[0] == 2
    assert json.loads(run_saved("rm", "ours", "--json")[1]) == {"name": "ours", "removed": 1}
    assert json.loads(run_saved("list", "--json")[1]) == {"who": "ada", "saved": []}
