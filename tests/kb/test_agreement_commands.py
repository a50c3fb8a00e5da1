"""Coders are compared on what both have said; what they differ on can be settled by a third."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kb.cli import main
from kb.coders import agreement, disagreements
from kb.decisions import Verdict, record
from kb.errors import UsageError
from kb.library import Library
from taxonomy.set_agreement import masi, set_alpha


def labels(text: str) -> frozenset[str]:
    return frozenset(text)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("ab", "ab", 0.0),
        ("", "", 0.0),
        ("a", "b", 1.0),
        ("", "a", 1.0),
        ("a", "ab", 1 - 2 / 3 * 1 / 2),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3),
    ],
)
def test_masi_by_hand(one: str, other: str, distance: float) -> None:
    assert masi(labels(one), labels(other)) == pytest.approx(distance)
    assert masi(labels(other), labels(one)) == pytest.approx(distance)


def test_alpha_of_sets_by_hand() -> None:
    """Two coders, three items: {a}{a}, {b}{b}, {a}{b}: nominal alpha 4/9, as no set overlaps.

    Observed 1/3; expected over the six labels, three a and three b: 18/30; 1 - (1/3)/(18/30).
    """
    one = [labels("a"), labels("b"), labels("a")]
    other = [labels("a"), labels("b"), labels("b")]
    assert set_alpha([one, other]) == pytest.approx(4 / 9)
    gaps: list[list[frozenset[str] | None]] = [[*one, labels("z")], [*other, None]]
    assert set_alpha(gaps) == pytest.approx(4 / 9)
    assert set_alpha([one, one]) == 1.0
    with pytest.raises(ValueError, match="two coders"):
        set_alpha([[labels("a")], [None]])


def ids(library: Library) -> list[str]:
    return sorted(library.snapshot().table.paper_id)


def code(library: Library, who: str, chosen: dict[str, set[str]], facet: str = "phase") -> None:
    said = [Verdict(p, facet, key, "yes") for p, keys in chosen.items() for key in sorted(keys)]
    record(library, [*said, *(Verdict(p, facet, "", "done") for p in chosen)], who=who)


DATA, TESTS = "dataset-construction", "testing-and-evaluation"


def test_agreement_by_hand(library: Library) -> None:
    """Ten papers, DATA: both yes 4, both no 3, ada alone 2, ben alone 1: kappa 0.4.

    Observed .7; expected .6 · .5 + .4 · .5 = .5; (.7 - .5) / (1 - .5) = .4.
    """
    papers = ids(library)[:10]
    ada = {paper: {DATA} if at < 6 else set() for at, paper in enumerate(papers)}
    ben = {p: {DATA} if at < 4 or at == 9 else set() for at, p in enumerate(papers)}
    code(library, "ada", ada)
    code(library, "ben", ben)
    record(library, [Verdict(ids(library)[11], "phase", DATA, "yes")], who="ben")  # alone: no count
    told = agreement(library, facet="phase")
    (pair,) = told["facets"]["phase"]["pairs"]
    assert pair["categories"][DATA]["kappa"]["value"] == pytest.approx(0.4)
    assert pair["categories"][DATA]["n"] == 10
    assert pair["categories"][DATA]["agreement"] == pytest.approx(0.7)
    assert pair["categories"][TESTS]["kappa"]["value"] == 1.0
    assert told["facets"]["phase"]["papers"] == 10
    low, value, high = (told["facets"]["phase"]["alpha"][name] for name in ("low", "value", "high"))
    assert low <= value <= high
    assert told["to_settle"] == told["disagreements"] == 3


def test_one_coder_is_too_few(library: Library) -> None:
    with pytest.raises(UsageError, match="two coders"):
        agreement(library)
    code(library, "ada", {ids(library)[0]: {DATA}})
    with pytest.raises(UsageError, match="ada has decided"):
        agreement(library)
    with pytest.raises(UsageError, match="unknown coder"):
        agreement(library, who=["ben"])


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_a_third_settles(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--library", str(folder))
    paper = "2502.00002"
    run(capsys, "tag", paper, "--phase", DATA, "--who", "ada", *at)
    file = tmp_path / "ben.jsonl"
    file.write_text(json.dumps({"id": paper, "phases": [], "layers": []}) + "\n")
    assert run(capsys, "tag", "--from", str(file), "--who", "ben", *at)["decisions"] > 6
    (one,) = run(capsys, "agreement", "--disagreements", *at)["disagreements"]
    assert one["said"] == {"ada": "yes", "ben": "no"}
    assert one["settled_by"] is None
    settle = ("tag", paper, "--phase", DATA, "--settle")
    error = run(capsys, *settle, "--who", "ada", *at, status=2)["error"]
    assert error["code"] == "own_disagreement"
    error = run(capsys, "tag", paper, "--phase", TESTS, "--settle", "--who", "cyd", *at, status=2)
    assert error["error"]["code"] == "nothing_to_settle"
    said = run(capsys, *settle, "--who", "cyd", *at)
    assert DATA in said["phases"]
    (one,) = run(capsys, "agreement", "--disagreements", *at)["disagreements"]
    assert (one["settled_by"], one["verdict"]) == ("cyd", "yes")
    told = run(capsys, "agreement", *at)
    assert told["coders"] == ["ada", "ben"]  # who settles is no coder
    assert told["to_settle"] == 0
    run(capsys, "undo", "--who", "cyd", *at)
    assert run(capsys, "agreement", *at)["to_settle"] == 1


def test_settled_counts_only_against_what_was_said_before(library: Library) -> None:
    paper = ids(library)[0]
    place = (paper, "phase", DATA)
    record(library, [Verdict(*place, "yes")], who="ada")
    record(library, [Verdict(*place, "no")], who="ben")
    record(library, [Verdict(*place, "yes")], who="cyd", settles=True)
    assert [one.settled_by for one in disagreements(library)] == ["cyd"]
    record(library, [Verdict(*place, "no")], who="ben", why="I insist")
    assert [one.settled_by for one in disagreements(library)] == [""]
