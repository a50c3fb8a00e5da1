"""The reading list: a state a paper and person, kept, told, exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.catalogue.own_work import set_state
from kb.cli import main
from kb.errors import ReadOnly, UsageError
from kb.library import Library
from kb.merging import join
from kb.reading_states import counts, listed, put, states

ONE, TWO, THREE = "2501.00001", "2502.00002", "2403.00003"


def test_a_state_is_set_changed_and_taken_away(library: Library) -> None:
    assert put(library, "ada", [ONE, f"https://arxiv.org/abs/{TWO}v1"], "to_read") == 2
    assert put(library, "ada", [ONE], "to_read") == 0
    assert put(library, "ada", [ONE], "read") == 1
    assert states(library, "ada") == {ONE: "read", TWO: "to_read"}
    assert counts(library, "ada") == {"to_read": 1, "reading": 0, "read": 1}
    assert [paper.paper_id for paper, _, _ in listed(library, "ada", "to_read")] == [TWO]
    assert put(library, "ada", [ONE, TWO, THREE], "") == 2
    assert states(library, "ada") == {}


def test_each_person_has_a_list_of_their_own(library: Library) -> None:
    put(library, "ada", [ONE], "read")
    put(library, "bob", [ONE], "to_read")
    assert states(library, "ada") == {ONE: "read"}
    assert states(library, "bob") == {ONE: "to_read"}
    put(library, "bob", [ONE], "")
    assert states(library, "ada") == {ONE: "read"}


def test_what_is_unknown_changes_nothing(library: Library) -> None:
    with pytest.raises(UsageError, match="is not in this library"):
        put(library, "ada", [ONE, "2501.99999"], "read")
    with pytest.raises(UsageError, match="unknown reading state: skimmed"):
        put(library, "ada", [ONE], "skimmed")
    with pytest.raises(UsageError, match="unknown reading state"):
        listed(library, "ada", "skimmed")
    assert states(library, "ada") == {}
    library.catalogue.read_only = True
    with pytest.raises(ReadOnly):
        put(library, "ada", [ONE], "read")
    assert listed(library, "ada") == []


def test_a_joined_papers_state_holds_for_the_one_that_stands(library: Library) -> None:
    put(library, "ada", [TWO], "reading")
    join(library, ONE, [TWO], "ada")
    assert states(library, "ada") == {ONE: "reading"}
    put(library, "ada", [TWO], "read")  # which means the one that stands
    assert states(library, "ada") == {ONE: "read"}
    with library.catalogue.read() as reader:
        numbers = reader.numbers([ONE])
    assert [paper.n for paper, _, _ in listed(library, "ada")] == [numbers[ONE]]


def test_a_removed_paper_is_not_listed_until_it_is_back(library: Library) -> None:
    with library.catalogue.write(bump=False) as writer:
        set_state(writer.connection, "ada", "2301.00009", "read", "2026-01-01T00:00:00+00:00")
    assert states(library, "ada") == {"2301.00009": "read"}
    assert listed(library, "ada") == []
    assert counts(library, "ada")["read"] == 0


def test_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        status = main(["--library", str(folder), "reading", *words, "--who", "ada"])
        told = capsys.readouterr()
        return status, told.out, told.err

    status, out, _ = run("set", "to-read", ONE, TWO, "--json")
    assert (status, json.loads(out)) == (0, {"who": "ada", "state": "to_read", "changed": 2})
    assert run("set", "none", TWO)[0] == 0
    shown = json.loads(run("to_read", "--json")[1])
    assert shown["who"] == "ada"
    assert [(one["paper_id"], one["state"]) for one in shown["papers"]] == [(ONE, "to_read")]
    assert ONE in run()[1]
    assert "nothing is on the list" in run("read")[1]
    for wrong in (("skimmed",), ("read", "reading"), ("set", "read"), ("set", "skimmed", ONE)):
        status, out, err = run(*wrong)
        assert (status, out) == (2, "")
        assert " — " in err
    target = tmp_path / "list.ris"
    told = json.loads(run("--format", "ris", "-o", str(target), "--json")[1])
    assert told == {"papers": 1, "file": str(target), "format": "ris"}
    assert target.read_text(encoding="utf-8").count("TY  -") == 1
    assert run("--format", "ris", "--json")[0] == 2
    assert run("--format", "bibtex")[1].count("@") >= 1
