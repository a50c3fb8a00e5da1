"""Refusals in the reader's language: every sentence that a refusal is made of is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kb import missing, reasons
from kb.answer import ask
from kb.asides import aside
from kb.asking import look_into
from kb.catalogue import Filters
from kb.followup import Turn, resolve
from kb.library import Library
from kb.pages.parts import refused, words
from kb.question import read_question

SIGNS = ("sweeping", "near", "sentence", "figure_missing", "together", "words")


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "language", lambda: "zh_CN")


@pytest.fixture
def library(app_library: Path) -> Iterator[Library]:
    with closing(Library.open(app_library)) as held:
        yield held


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


def test_what_no_paper_of_the_library_has(library: Library) -> None:
    snapshot = library.snapshot()

    def why(text: str, *papers: str) -> str:
        passing = snapshot.columns.among(papers or snapshot.table.paper_id)
        question = read_question(text, library.indexes.text, len(passing))
        return missing.lacking(library, snapshot, question, passing)

    told = {
        "SliceGPT": why("How does SliceGPT generate code?"),
        "mutation testing": why("Which papers use mutation testing?"),
        "mutation": why("Which papers use mutation?", "2501.00001"),
        "repositories adapters": why("Which repositories adapters?"),
        "Python adapters": why("Which repositories adapters?", "2501.00001"),
    }
    assert len({re.sub("“.*”|\\d+", "", one) for one in told.values()}) >= 3
    for words_told, reason in told.items():
        assert reason
        in_chinese(f"{reason} {reasons._searched(found(), Filters())}")
        assert words_told.split()[-1] in in_chinese(reason)


def test_years_outside_and_no_papers(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    few = look_into(library, "What did agents do in 1987 and in 1988?", Filters())
    outside = reasons.reason_for(library, few, Filters(), 1.0)
    assert "1987, 1988" in outside
    assert "1987, 1988" in in_chinese(outside)
    none = replace(few, pool=replace(few.pool, passing=0))
    for filters in (Filters(), Filters(author="Ada")):
        in_chinese(reasons.reason_for(library, none, filters, 1.0))


def test_follow_ups_that_are_refused(library: Library) -> None:
    turn = Turn("How do agents test?", numbered=("1", "2", "3"))
    for typed, earlier in (("what about the ninth one?", [turn]), ("and by year?", [])):
        in_chinese(resolve(typed, earlier, library.codebook).refused)
    in_chinese(ask(library, "代码补全的延迟如何降低？", earlier=[turn]).reason)


@pytest.mark.parametrize(
    "why",
    [
        "Some other reason.",
        "No paper searched names “Ada”. None of the 12 papers searched speaks of “x”.",
    ],
)
def test_a_sentence_not_known_stays_and_keeps_its_space(why: str) -> None:
    known = reasons._searched(found(12), Filters())
    assert refused.spoken(f"{why} {known}") == f"{why} {in_chinese(known)}"


def test_a_name_that_says_searched_is_no_second_sentence() -> None:
    known = reasons._searched(found(12), Filters())
    why = "No paper searched names “Searched Engine”."
    told = refused.spoken(why)
    assert told != why
    assert refused.spoken(f"{why} {known}") == told + in_chinese(known)


def test_what_is_not_known_stays_and_english_is_told_as_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused.spoken("Some other reason.") == "Some other reason."
    monkeypatch.setattr(words, "language", lambda: "en")
    told = "Nothing was found. " + reasons._searched(found(1), Filters())
    assert refused.spoken(told) == told
