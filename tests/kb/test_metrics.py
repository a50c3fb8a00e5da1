"""Measures against tables worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.metrics import auc, interval, ndcg, recall, reciprocal_rank

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
