"""Cues: what a sentence does, whatever it is about."""

from __future__ import annotations

import pytest

from taxonomy.cues import ASKED, BEGIN, CUES, END, cues


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Further research on agents is needed.", ["future"]),
        ("We propose a method.", ["doing"]),
        ("We also show that it works.", ["finding"]),
        ("We thank nobody.", ["own"]),
        ("However, models still fail.", ["contrast", "contrast", "failure"]),
        ("It improves accuracy by 12.5%.", ["gain", "gain"]),
        ("Teams should, e.g., in spite of cost, test.", ["should", "contrast"]),
        ("A lamp stands on a table of oak.", ["definition"]),
        ("Birds sing.", []),
    ],
)
def test_cues_in_their_order(text: str, found: list[str]) -> None:
    assert cues(text) == [BEGIN, *found, END]


def test_two_matters_with_one_aim_have_the_same_cues() -> None:
    assert cues("More research on parsers is needed.") == cues("More work on birds is done.")


def test_questions_are_marked() -> None:
    assert cues("How can agents be audited?  ")[-1] == ASKED


@pytest.mark.parametrize("text", ["", " ", "we", "we also", "12x [3", "İİ we show", "大型语言模型"])
def test_odd_texts_give_known_cues(text: str) -> None:
    assert set(cues(text)) <= set(CUES)
    assert len(set(CUES)) == len(CUES)
