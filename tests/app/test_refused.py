"""Refusals in the reader's language: every sentence that a refusal is made of is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kb import reasons
from kb.asides import aside
from kb.catalogue import Filters
from kb.pages.parts import refused, words

SIGNS = ("sweeping", "near", "sentence", "figure_missing", "together", "words")


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "language", lambda: "zh_CN")


def found(papers: int = 41, terms: tuple[str, ...] = ("forms", "Rust")) -> Any:
    """What was found, as far as a reason tells of it."""
    told = tuple(SimpleNamespace(text=one, weight=1.0) for one in terms)
    pool = SimpleNamespace(passing=papers, candidates=(1, 2))
    return SimpleNamespace(question=SimpleNamespace(terms=told), pool=pool)


def in_chinese(reason: str) -> str:
    told = refused.spoken(reason)
    for english in ("paper", "question", "earched", "looked", "{"):
        assert english not in told.replace("How many papers on agents in 2025?", ""), told
    return told


@pytest.mark.parametrize("lacking", [(), ("forms", "Rust")])
@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_that_refuses(
    sign: str, lacking: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "missing_terms", lambda *_given: lacking)
    told = in_chinese(reasons._told(sign, found()) + " " + reasons._searched(found(), Filters()))
    assert "41" in told
    assert "forms, Rust" in told
    assert (
        "“forms”, “Rust”" in told or not lacking or sign in ("near", "sentence", "figure_missing")
    )


@pytest.mark.parametrize("papers", [1, 1200])
@pytest.mark.parametrize("terms", [(), ("forms",)])
def test_what_was_searched_within_filters(papers: int, terms: tuple[str, ...]) -> None:
    for filters in (Filters(), Filters(author="Ada")):
        told = in_chinese(f"Nothing was found. {reasons._searched(found(papers, terms), filters)}")
        assert f"{papers:,}" in told
        assert ("Ada" in told) == bool(filters)


@pytest.mark.parametrize(
    "typed",
    ["thanks", "and by year?", "How many challenges are there?", "How many papers per year?"],
)
def test_what_is_no_question_to_the_papers(typed: str) -> None:
    why = aside(typed, first=True)
    assert why
    in_chinese(why)


def test_what_is_not_known_stays_and_english_is_told_as_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused.spoken("Some other reason.") == "Some other reason."
    monkeypatch.setattr(words, "language", lambda: "en")
    told = "Nothing was found. " + reasons._searched(found(1), Filters())
    assert refused.spoken(told) == told
