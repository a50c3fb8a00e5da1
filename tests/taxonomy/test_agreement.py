"""Measures of agreement against tables worked by hand or printed in the literature."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy.agreement import (
    bootstrap_interval,
    cohen_kappa,
    expected_calibration_error,
    false_tag_rate,
    krippendorff_alpha,
    macro_f1,
    precision_recall_f1,
)


def test_kappa_of_a_table_worked_by_hand() -> None:
    # 20 both yes, 5 first only, 10 second only, 15 both no: observed .70, chance .50.
    first = ["y"] * 20 + ["y"] * 5 + ["n"] * 10 + ["n"] * 15
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.40)


def test_kappa_at_its_ends() -> None:
    assert cohen_kappa("abab", "abab") == 1
    assert cohen_kappa("aaaa", "aaaa") == 1
    assert cohen_kappa("ab", "ba") == -1
    assert cohen_kappa("aabb", "abab") == 0


def test_kappa_wants_two_equal_codings() -> None:
    with pytest.raises(ValueError, match="equal"):
        cohen_kappa("ab", "a")
    with pytest.raises(ValueError, match="non-empty"):
        cohen_kappa("", "")


def test_alpha_of_two_coders_worked_by_hand() -> None:
    # Ten items, coders A and B (Krippendorff 2011, binary example): alpha = 0.095.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha([first, second]) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_four_coders_with_gaps() -> None:
    # Krippendorff 2011, nominal data, four observers, missing values: alpha = 0.743.
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    assert krippendorff_alpha(table) == pytest.approx(0.743, abs=5e-4)


def test_alpha_at_its_edges() -> None:
    assert krippendorff_alpha(["aab", "aab"]) == 1
    assert krippendorff_alpha(["aaa", "aaa"]) == 1
    with pytest.raises(ValueError, match="two coders"):
        krippendorff_alpha([["a", None], [None, "b"]])
    with pytest.raises(ValueError, match="one entry"):
        krippendorff_alpha(["ab", "a"])


def test_precision_recall_and_f1_worked_by_hand() -> None:
    quality = precision_recall_f1([1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 1, 0])
    assert quality.precision == pytest.approx(2 / 3)
    assert quality.recall == pytest.approx(1 / 2)
    assert quality.f1 == pytest.approx(4 / 7)
    assert (quality.support, quality.predicted) == (4, 3)


def test_nothing_true_or_nothing_said_is_zero_not_an_error() -> None:
    assert precision_recall_f1([0, 0], [0, 0]).f1 == 0
    assert precision_recall_f1([1, 0], [0, 0]).precision == 0
    assert precision_recall_f1([0, 0], [1, 0]).recall == 0
    with pytest.raises(ValueError, match="equal flat"):
        precision_recall_f1([1], [1, 0])


def test_macro_f1_is_the_mean_of_the_columns() -> None:
    truth = np.array([[1, 0], [1, 0], [0, 1], [0, 0]])
    said = np.array([[1, 0], [0, 0], [0, 1], [0, 1]])
    assert macro_f1(truth, said) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_false_tags_count_bare_items_only() -> None:
    truth = np.array([[0, 0], [0, 0], [1, 0]])
    said = np.array([[1, 1], [0, 0], [0, 1]])
    assert false_tag_rate(truth, said) == 0.5
    assert np.isnan(false_tag_rate(truth[2:], said[2:]))


def test_the_bootstrap_interval_covers_a_share() -> None:
    answers = np.array([1.0] * 60 + [0.0] * 40)
    low, high = bootstrap_interval(
        lambda rows: float(answers[rows].mean()), 100, np.random.default_rng(1)
    )
    # Normal approximation: .60 +/- 1.96 * sqrt(.24 / 100) = .504 ... .696
    assert low == pytest.approx(0.504, abs=0.02)
    assert high == pytest.approx(0.696, abs=0.02)
    with pytest.raises(ValueError, match="undefined"):
        bootstrap_interval(lambda _: float("nan"), 3, np.random.default_rng(1), 5)


def test_calibration_error_worked_by_hand() -> None:
    # Two bins of two: |0.5 - 0.2| and |1.0 - 0.8|, each half of the items.
    error = expected_calibration_error([0, 1, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2)
    assert error == pytest.approx(0.25)
    assert expected_calibration_error([1, 0], [1.0, 0.0]) == 0
    with pytest.raises(ValueError, match="non-empty"):
        expected_calibration_error([], [])
