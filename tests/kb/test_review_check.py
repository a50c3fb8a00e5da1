"""When to stop: random samples bound what is left, and the learner ranks by what it saw."""

from __future__ import annotations

import numpy as np
import pytest

from kb import likely
from kb.errors import UsageError
from kb.library import Library
from kb.review_check import bounds, draw, estimates, found, pending
from kb.review_order import queue
from kb.review_sources import from_library
from kb.review_state import board
from kb.screening import create, decide

NAME = "Tests"


@pytest.mark.parametrize(("left", "relevant", "drawn"), [(200, 10, 40), (500, 3, 50), (60, 30, 20)])
def test_the_bounds_hold_as_often_as_they_say(left: int, relevant: int, drawn: int) -> None:
    rng = np.random.default_rng(1)
    hits = rng.hypergeometric(relevant, left - relevant, drawn, 400)
    held = {int(h): bounds(left, drawn, int(h)) for h in set(hits.tolist())}
    inside = [held[int(h)][0] <= relevant <= held[int(h)][1] for h in hits]
    assert np.mean(inside) >= 0.93  # 95 % less three standard errors of 400 draws


def test_bounds_at_the_ends() -> None:
    assert bounds(100, 100, 7) == (7, 7)  # all were looked at
    assert bounds(1000, 50, 0)[0] == 0
    assert 60 < bounds(1000, 50, 0)[1] < 75  # about 3.7 in 50
    assert bounds(10, 5, 5) == (7, 10)  # of 6 relevant, 5 in 5 come in 2.4 % of samples


def test_a_sample_comes_first_and_then_bounds_recall(library: Library) -> None:
    create(library, NAME)
    from_library(library, NAME, who="ada")
    every = list(board(library, NAME).cases)
    for paper in every[:4]:
        decide(library, NAME, paper, "include" if paper == every[0] else "exclude", who="ada")
    check = draw(library, NAME, 3, who="ada")
    assert (check.left, check.found) == (8, 1)
    assert set(check.papers) <= set(every[4:])
    now = board(library, NAME)
    assert queue(library, now, "abstract", "ada", "found")[:3] == list(check.papers)
    assert estimates(now)[0].low is None
    with pytest.raises(UsageError, match="a sample is under way"):
        draw(library, NAME, 1, who="ada")
    for paper in check.papers:
        decide(library, NAME, paper, "exclude", who="ada")
    now = board(library, NAME)
    one = estimates(now)[0]
    assert not pending(now)
    least, most = bounds(8, 3, 0)
    assert (one.low, one.high, one.most) == (1 / (1 + most), 1.0, most)
    assert least == 0
    so_far = found(now, last=3)
    assert (so_far.screened, so_far.relevant, so_far.relevant_last) == (7, 1, 0)
    assert so_far.curve == (1, 1, 1, 1, 1, 1, 1)
    with pytest.raises(UsageError, match="a sample of 9 from 5"):
        draw(library, NAME, 9, who="ada")


def test_what_is_found_later_raises_the_lower_bound(library: Library) -> None:
    create(library, NAME)
    from_library(library, NAME, who="ada")
    every = list(board(library, NAME).cases)
    check = draw(library, NAME, 4, who="ada")
    for paper in check.papers:
        decide(library, NAME, paper, "include", who="ada")
    before = estimates(board(library, NAME))[0]
    rest = [paper for paper in every if paper not in check.papers]
    for paper in rest:
        decide(library, NAME, paper, "include", who="ada")
    after = estimates(board(library, NAME))[0]
    assert before.low is not None
    assert after.low is not None
    assert after.low > before.low
    assert (after.low, after.high, after.most) == (1.0, 1.0, 0)


def papers(count: int = 60) -> tuple[likely.Pool, list[bool]]:
    """Papers of two kinds, which words tell apart and vectors do not."""
    rng = np.random.default_rng(0)
    relevant = [bool(at % 5 == 0) for at in range(count)]
    words = {True: "mutation testing of programs", False: "prompting agents for planning"}
    texts = [(f"Paper {at}", f"We study {words[one]}.") for at, one in enumerate(relevant)]
    vectors = rng.standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return likely.pool(texts, vectors), relevant


def test_the_learner_ranks_unseen_papers_by_what_it_saw() -> None:
    pool, relevant = papers()
    seen = list(range(20))
    scores = likely.chances(pool, seen, [relevant[at] for at in seen])
    rest = np.arange(20, 60)
    order = rest[np.argsort(-scores[rest])]
    assert all(relevant[at] for at in order[: sum(relevant[20:])])


def test_the_weights_are_those_of_logistic_regression() -> None:
    pool, relevant = papers(30)
    scores = likely.chances(pool, list(range(30)), relevant)
    truth = np.array(relevant, dtype=float)
    worth = np.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean())) / 30
    table = np.column_stack([pool.vectors, pool.words.dense(0, 30), np.ones(30)]).astype(float)
    hold = np.full(table.shape[1], likely.PENALTY / 30)
    hold[-1] = 1e-6
    exact = np.zeros(table.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-table @ exact))
        slope = table.T @ (worth * (chance - truth)) + hold * exact
        bend = (table.T * (worth * chance * (1 - chance))) @ table + np.diag(hold)
        exact -= np.linalg.solve(bend, slope)
    assert np.allclose(scores, table @ exact, atol=0.02)


def test_one_class_alone_teaches_nothing() -> None:
    pool, _ = papers(10)
    with pytest.raises(ValueError, match="both"):
        likely.chances(pool, [0, 5], [True, True])
