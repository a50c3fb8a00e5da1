from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sentences import sentence_spans


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["We test it.", "It works."],
        ["See Fig. 3 and Eq. 2 for details.", "The rest is, e.g. LLaMA, unchanged."],
        ["Following Smith et al. (2020), we cut.", "Then we paste."],
        ["This was shown by Smith et al.", "We follow them."],
        ["It costs 3.5 dollars, i.e. Less than before.", "Good?", "Yes!"],
        ["J. R. Smith wrote it.", "M. Jones read it."],
        ["The rest is in Appendix A.", "The proof is short."],
        ["We use GPT-4.", "2024 was better."],
        ['He said "stop."', "Nobody did."],
        ["Models (e.g. Codex) fail.", "(They always do.)"],
        ["It reaches 41.2% vs. 39.9% on HumanEval.", "However, the gap closes."],
        ["We study apps, tools, etc.", "This is new."],
        ["Is the answer no.", "We think so."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert cut(" ".join(sentences)) == sentences
    assert cut("  " + "\n".join(sentences) + " \n") == sentences


def test_a_blank_line_ends_a_sentence_and_a_line_break_does_not() -> None:
    assert cut("a list of\nthings\n\nand more") == ["a list of\nthings", "and more"]


def test_nothing_gives_nothing() -> None:
    assert sentence_spans("") == sentence_spans(" \n\n ") == []


@given(st.text(alphabet="aB.!? \n()\"'1é。", max_size=200))
def test_spans_are_in_order_hold_no_outer_blanks_and_lose_only_blanks(text: str) -> None:
    spans = sentence_spans(text)
    before = 0
    for start, end in spans:
        assert before <= start < end
        assert text[start:end] == text[start:end].strip()
        assert not text[before:start].strip()
        before = end
    assert not text[before:].strip()


def test_seventy_thousand_sentences_take_seconds() -> None:
    text = " ".join(
        f"The {n}. sentence, e.g. by Smith et al. (20{n % 90 + 10}), ends here." for n in range(70)
    )
    start = time.perf_counter()
    for _ in range(1000):
        sentence_spans(text)
    assert time.perf_counter() - start < 6
