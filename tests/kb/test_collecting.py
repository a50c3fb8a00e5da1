"""Named collections: filled, used as a filter, emptied; the papers stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.catalogue import Filters
from kb.cli import main
from kb.collecting import collect, collections, release
from kb.errors import UsageError
from kb.library import Library
from kb.search import search


def test_a_collection_is_filled_filtered_by_and_emptied(library: Library) -> None:
    assert collect(library, "to  read", ["2501.00001", "https://arxiv.org/abs/2502.00002v3"]) == 2
    assert collect(library, "to read", ["2501.00001"]) == 0
    assert collections(library) == {"to read": 2}
    hits = search(library, "code", Filters(collection="to read")).hits
    assert {hit.paper.paper_id for hit in hits} == {"2501.00001", "2502.00002"}
    assert release(library, "to read", ["2501.00001"]) == 1
    assert release(library, "to read", []) == 1
    assert collections(library) == {}
    with library.catalogue.read() as reader:
        assert reader.counts()["papers"] == 12


def test_an_unknown_paper_puts_none_in(library: Library) -> None:
    with pytest.raises(UsageError, match="is not in this library"):
        collect(library, "reading", ["2501.00001", "2501.99999"])
    assert collections(library) == {}


@pytest.mark.parametrize("name", ["", "  ", "a\x07b", "x" * 81])
def test_a_bad_name_is_refused(library: Library, name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        collect(library, name, ["2501.00001"])


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        status = main(["--library", str(folder), "collection", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    status, out, _ = run("add", "reading", "2501.00001", "--search", "title:serving", "--json")
    assert (status, json.loads(out)) == (0, {"name": "reading", "added": 2})
    assert json.loads(run("list", "--json")[1]) == {
        "collections": [{"name": "reading", "papers": 2}]
    }
    shown = json.loads(run("list", "reading", "--json")[1])["papers"]
    assert [one["paper_id"] for one in shown] == ["2403.00003", "2501.00001"]
    assert run("list", "writing")[0] == 2
    assert run("add", "reading")[0] == 2
    assert json.loads(run("rm", "reading", "2501.00001", "--json")[1])["removed"] == 1
    status, _, err = run("rm", "writing")
    assert status == 2
    assert "known: reading" in err
