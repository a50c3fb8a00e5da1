"""The queue asks where an answer teaches most, never twice, and always in the same order."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from kb.cli import main
from kb.decisions import done
from kb.errors import UsageError
from kb.library import Library
from kb.queue import progress, queue
from taxonomy.informative import SHORTLIST, choose, rarity, wavering, worth


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_wavering_is_largest_at_the_threshold() -> None:
    limits = np.array([0.25], dtype=np.float32)
    chances = np.array([[0.0], [0.125], [0.25], [0.625], [1.0]], dtype=np.float32)
    assert wavering(chances, limits).ravel().tolist() == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_rare_categories_count_more() -> None:
    chances = np.array([[0.4, 0.01], [0.4, 0.01]], dtype=np.float32)
    common, rare = rarity(chances)
    assert rare > common
    limits = np.array([0.3, 0.3], dtype=np.float32)
    both = np.array([[0.3, 0.0], [0.0, 0.3], [0.9, 0.0], [0.9, 0.0]], dtype=np.float32)
    value = worth(both, limits, np.ones((4, 2), dtype=bool))
    assert value[1] > value[0] > value[2]
    nothing_open = worth(both, limits, np.zeros((4, 2), dtype=bool))
    assert not nothing_open.any()


def test_near_copies_do_not_follow_one_another() -> None:
    rng = np.random.default_rng(0)
    middles = unit(rng.normal(size=(3, 32)))
    copies = unit(np.repeat(middles, 10, axis=0) + 0.01 * rng.normal(size=(30, 32)))
    value = np.linspace(2, 1, 30).astype(np.float32)  # the first ten are worth most
    picked = choose(value, copies, copies[:0], 3)
    assert {int(one) // 10 for one in picked} == {0, 1, 2}
    after = choose(value, copies, copies[:1], 2)  # one of the first group is decided
    assert {int(one) // 10 for one in after} == {1, 2}


def test_what_is_of_no_worth_is_left_out() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(4, 8)))
    value = np.array([0, 1, 0, 2], dtype=np.float32)
    assert sorted(choose(value, vectors, vectors[:0], 10).tolist()) == [1, 3]
    assert len(choose(value[:0], vectors[:0], vectors[:0], 10)) == 0


def test_eight_thousand_papers_take_no_second() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(8_000, 384)))
    chances = rng.random((8_000, 12)).astype(np.float32)
    limits = np.full(12, 0.3, dtype=np.float32)
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        value = worth(chances, limits, np.ones((8_000, 12), dtype=bool))
        picked = choose(value, vectors, vectors[:500], 10)
        best = min(best, time.perf_counter() - started)
    assert len(set(picked.tolist())) == 10
    assert best < 1.0
    assert SHORTLIST >= 10


def test_decided_papers_are_not_asked_again_of_the_same_coder(library: Library) -> None:
    first = queue(library, count=3, who="ada", facet="phase")
    assert [one.paper_id for one in first] == [
        one.paper_id for one in queue(library, count=3, who="ada", facet="phase")
    ]
    done(library, first[0].paper_id, "phase", "ada")
    again = queue(library, count=12, who="ada", facet="phase")
    assert first[0].paper_id not in {one.paper_id for one in again}
    assert len(again) == 11
    assert first[0].paper_id in {one.paper_id for one in queue(library, count=12, who="ben")}
    assert {one.facet for one in again[0].open} == {"phase"}
    far = progress(library, "ada")
    assert (far.papers, far.touched, far.complete["phase"]) == (12, 1, 1)
    for one in again:
        done(library, one.paper_id, "phase", "ada")
    assert queue(library, who="ada", facet="phase") == []


def test_random_order_is_the_same_each_time(library: Library) -> None:
    one = [q.paper_id for q in queue(library, who="ada", strategy="random")]
    assert one == [q.paper_id for q in queue(library, who="ada", strategy="random")]
    assert len(set(one)) == 10
    with pytest.raises(UsageError, match="unknown strategy"):
        queue(library, strategy="clever")


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--library", str(folder), "--json"]
    assert main(["tags", "--queue", "-n", "2", "--who", "ada", *at]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["rank"] for one in told["queue"]] == [1, 2]
    assert set(told["queue"][0]["open"][0]) == {"facet", "key", "score", "threshold"}
    assert told["progress"]["papers"] == 12
    assert main(["tags", "--queue", "--facet", "mood", *at]) == 2
    assert "phase" in json.loads(capsys.readouterr().out)["error"]["remedy"]
