"""kb review: the same as the page, in the terminal."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from kb.cli import main

NAME = "Tests"


@pytest.fixture
def kb(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls `kb review …` on the library; gives its JSON document."""

    def call(*words: str, status: int = 0) -> Any:
        capsys.readouterr()
        assert main(["--library", str(folder), "review", *words, "--json"]) == status
        return json.loads(capsys.readouterr().out)

    return call


def test_a_whole_review_in_the_terminal(kb: Any, tmp_path: Path) -> None:
    assert kb("list") == {"reviews": []}
    kb("new", NAME, "--question", "How?", "--include", "tests", "--exclude", "too old")
    added = kb("add", NAME, "--all", "--who", "ada")
    assert (added["found"], added["new"], added["duplicates"]) == (12, 12, 0)
    again = kb("add", NAME, "--search", "tests", "--max", "3", "--who", "ada")
    assert (again["found"], again["duplicates"]) == (3, 3)
    logged = kb("searches", "-n", "1")["searches"][0]
    assert logged["query"] == "tests"
    assert kb("add", NAME, "--logged", str(logged["n"]), "--who", "ada")["found"] == 3
    following = kb("screen", NAME, "--who", "ada", "-n", "2")
    assert following["left"] == 12
    one, two = (row["paper_id"] for row in following["next"])
    assert kb("screen", NAME, one, "include", "--who", "ada")["state"] == "include"
    out = kb("screen", NAME, f"https://arxiv.org/abs/{two}", "exclude", "--reason", "too old")
    assert (out["paper_id"], out["reason"]) == (two, "too old")
    kb("screen", NAME, one, "include", "--stage", "full_text", "--who", "ada")
    flow = kb("flow", NAME)
    assert flow["adds_up"]
    assert (flow["identified"], flow["duplicates"], flow["papers"]) == (18, 6, 12)
    assert (flow["screened"], flow["excluded"], flow["included"]) == (2, 1, 1)
    assert kb("undo", NAME, "--who", "ada")["undone"]["paper_id"] == one
    assert kb("flow", NAME)["included"] == 0
    assert kb("drop", NAME, "2")["removed"] == 0
    assert kb("list")["reviews"][0]["screened"] == 2
    for form in ("svg", "png", "csv"):
        target = tmp_path / f"flow.{form}"
        assert kb("flow", NAME, "--format", form, "-o", str(target))["format"] == form
        assert target.stat().st_size > 300


def test_criteria_are_shown_and_changed(kb: Any) -> None:
    kb("new", NAME, "--exclude", "too old")
    changed = kb("criteria", NAME, "--remove", "too old", "--include", "new", "--coders", "2")
    assert changed["criteria"] == [{"kind": "include", "text": "new"}]
    assert changed["coders"] == 2
    assert kb("criteria", NAME) == changed
    assert kb("criteria", NAME, "--blind")["blind"]
    error = kb("criteria", NAME, "--remove", "nothing", status=2)["error"]
    assert error["code"] == "unknown_criterion"
    assert kb("criteria", NAME, "--coders", "0", status=2)["error"]["message"] == "0 coders a paper"


def test_conflicts_are_listed_with_kappa_and_settled(kb: Any) -> None:
    kb("new", NAME, "--coders", "2")
    kb("add", NAME, "--all", "--who", "ada")
    paper = kb("screen", NAME, "--who", "ada")["next"][0]["paper_id"]
    kb("screen", NAME, paper, "include", "--who", "ada")
    assert kb("screen", NAME, paper, "exclude", "--who", "bob")["state"] == "conflict"
    found = kb("conflicts", NAME)
    assert [row["paper_id"] for row in found["conflicts"]] == [paper]
    assert found["agreement"] == [{"who": ["ada", "bob"], "n": 1, "share": 0.0, "kappa": 0.0}]
    settled = kb("conflicts", NAME, "--settle", paper, "include", "--who", "eve")
    assert settled["conflicts"] == []
    assert kb("flow", NAME)["sought"] == 1


def test_a_sample_says_what_recall_is(kb: Any) -> None:
    kb("new", NAME)
    kb("add", NAME, "--all", "--who", "ada")
    assert kb("check", NAME)["samples"] == []
    drawn = kb("check", NAME, "--draw", "2", "--who", "ada")["samples"][0]
    assert (drawn["drawn"], drawn["from"], drawn["recall_low"]) == (2, 12, None)
    for _ in range(2):
        paper = kb("screen", NAME, "--who", "ada")["next"][0]["paper_id"]
        kb("screen", NAME, paper, "include", "--who", "ada")
    sample = kb("check", NAME)["samples"][0]
    assert 0 < sample["recall_low"] < sample["recall_high"] <= 1


def test_lists_go_to_files_and_standard_output(
    folder: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    where = ["--library", str(folder), "review"]
    assert main([*where, "new", NAME]) == 0
    assert main([*where, "add", NAME, "--all", "--who", "ada"]) == 0
    capfdbinary.readouterr()
    assert main([*where, "export", NAME]) == 0
    out = capfdbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.DictReader(io.StringIO(out.decode("utf-8-sig"), newline="")))) == 12
    target = tmp_path / "papers.bib"
    command = ["export", NAME, "--format", "bibtex", "-o", str(target)]
    assert main([*where, *command]) == 0
    assert target.read_text().count("@misc{") == 12


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "Other", "--all"), "unknown_review"),
        (("add", NAME), "usage"),
        (("add", NAME, "2501.00001", "--search", "x"), "usage"),
        (("add", NAME, "2501.99999"), "unknown_id"),
        (("add", NAME, "--logged", "999"), "unknown_logged_search"),
        (("add", NAME, "--from", "none"), "unknown_collection"),
        (("screen", NAME, "2501.00001", "include"), "not_in_review"),
        (("screen", NAME, "2501.00001"), "usage"),
        (("undo", NAME), "nothing_to_undo"),
        (("undo", NAME, "7"), "unknown_decision"),
        (("drop", NAME, "7"), "unknown_source"),
        (("check", NAME, "--draw", "5"), "usage"),
        (("flow", "Other"), "unknown_review"),
        (("flow", NAME, "--format", "png"), "usage"),
        (("export", NAME, "--collection", "kept"), "usage"),
        (("new", NAME), "review_exists"),
        (("new", "x" * 81), "bad_name"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(
    kb: Any, words: tuple[str, ...], code: str
) -> None:
    kb("new", NAME)
    error = kb(*words, status=2)["error"]
    assert error["code"] == code
    assert error["remedy"]
    assert kb("flow", NAME)["papers"] == 0
