"""Measures against tables worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.metrics import auc, interval, ndcg, paired, recall, reciprocal_rank

GRADES = {"a": 3, "b": 2, "c": 1, "d": 0}

# rank  document  grade  1/log2(rank+1)   gain
#   1      b        2       1             2
#   2      x        -       .63093        0
#   3      a        3       .5            1.5
#   4      d        0       .43068        0
#   5      c        1       .38685        .38685      DCG  = 3.88685
# ideal: a 3·1, b 2·.63093, c 1·.5                    IDCG = 4.76186
RANKING = ["b", "x", "a", "d", "c"]


def test_ndcg_by_hand() -> None:
    assert ndcg(RANKING, GRADES, 10) == pytest.approx(3.88685 / 4.76186, abs=1e-5)
    # Cut at 2: DCG = 2; the ideal is cut as well: 3 + 1.26186.
    assert ndcg(RANKING, GRADES, 2) == pytest.approx(2 / 4.26186, abs=1e-5)
    assert ndcg(["a", "b", "c"], GRADES, 10) == 1.0
    assert ndcg(["x"], GRADES, 10) == 0.0
    assert ndcg(RANKING, {"d": 0}, 10) == 0.0


def test_ndcg_of_one_relevant_document_is_its_discount() -> None:
    for rank in range(1, 11):
        ranking = [f"x{i}" for i in range(rank - 1)] + ["a"]
        assert ndcg(ranking, {"a": 1}, 10) == pytest.approx(1 / math.log2(rank + 1))


def test_recall_by_hand() -> None:
    assert recall(RANKING, GRADES, 1) == pytest.approx(1 / 3)
    assert recall(RANKING, GRADES, 3) == pytest.approx(2 / 3)
    assert recall(RANKING, GRADES, 10) == 1.0
    assert recall(RANKING, {}, 10) == 0.0


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank(["x", "d", "c"], GRADES, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "d", "c"], GRADES, 2) == 0.0


def test_auc_by_hand() -> None:
    # Pairs: .9>.5, .9>.1, .5=.5 (half), .5>.1: 3.5 of 4.
    assert auc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)
    assert math.isnan(auc([], [0.1]))


def test_interval_holds_the_mean_and_narrows_with_n() -> None:
    few = interval([0.0, 1.0] * 10)
    many = interval([0.0, 1.0] * 1000)
    assert few[0] < 0.5 < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    # The normal approximation: 1.96 · .5 / √2000 = .022 each side.
    assert many[1] - many[0] == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(2000), rel=0.1)
    assert interval([0.25] * 5) == (0.25, 0.25)
    assert all(math.isnan(end) for end in interval([]))


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3)),
    st.integers(1, 12),
)
def test_measures_stay_between_0_and_1(ranking: list[str], grades: dict[str, int], k: int) -> None:
    for measure in (ndcg, recall, reciprocal_rank):
        assert 0.0 <= measure(ranking, grades, k) <= 1.0 + 1e-12


def test_paired_by_hand() -> None:
    # Means .75 and .5: ahead by .25, 1.5 times; both are always ahead or level.
    told = paired([1.0, 1.0, 0.5, 0.5], [1.0, 0.5, 0.5, 0.0])
    assert told.difference == pytest.approx(0.25)
    assert told.ratio == pytest.approx(1.5)
    # A resample's difference is between 0 (only level pairs) and .5 (only pairs ahead).
    assert 0.0 <= told.interval[0] <= 0.25 <= told.interval[1] <= 0.5
    # Level with chance 1/16, else ahead: p is about twice that.
    assert told.p == pytest.approx(2 / 16, abs=0.03)


def test_paired_sees_what_two_intervals_hide() -> None:
    # Queries differ widely, and one system is ahead by .01 on each.
    base = [(i % 50) / 50 for i in range(300)]
    ahead = [value + 0.01 for value in base]
    assert interval(ahead)[0] < sum(base) / 300  # the intervals overlap
    told = paired(ahead, base)
    assert told.interval == pytest.approx((0.01, 0.01))
    assert told.p < 0.01
    assert paired(base, ahead).difference == pytest.approx(-0.01)


def test_paired_of_equals_and_of_nothing() -> None:
    same = paired([0.2, 0.4], [0.2, 0.4])
    assert (same.difference, same.ratio, same.p) == (0.0, 1.0, 1.0)
    assert math.isinf(paired([0.5, 0.5], [0.0, 0.0]).ratio)
    assert math.isnan(paired([0.0], [0.0]).ratio)
    for ours, theirs in (([], []), ([1.0], [1.0, 0.0])):
        with pytest.raises(ValueError, match="values beside"):
            paired(ours, theirs)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_paired_is_the_same_seen_from_the_other_side(pairs: list[tuple[float, float]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    here, there = paired(one, other), paired(other, one)
    assert here.difference == pytest.approx(-there.difference)
    assert here.interval == pytest.approx((-there.interval[1], -there.interval[0]))
    assert here.p == there.p
    assert here.interval[0] <= here.interval[1]


# Two documents of one grade: whichever comes first, the gain is the same.
@pytest.mark.parametrize("ranking", [["a", "b", "x"], ["b", "a", "x"]])
def test_ndcg_of_equal_grades_takes_either_order(ranking: list[str]) -> None:
    assert ndcg(ranking, {"a": 2, "b": 2, "c": 1}, 2) == 1.0
    # 2 + 2·.63093 = 3.26186 of 3.26186 + 1·.5 = 3.76186.
    assert ndcg(ranking, {"a": 2, "b": 2, "c": 1}, 3) == pytest.approx(0.86709, abs=1e-5)
