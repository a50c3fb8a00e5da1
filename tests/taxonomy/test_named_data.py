"""What tells the data of a study, and what only mentions that there are some."""

from __future__ import annotations

import pytest

from taxonomy.named_data import names_data

TOLD = [
    "We evaluate Inkwell on the Puddle benchmark.",
    "Experiments on HumanEval and MBPP show a gain of 3 points.",
    "Gains hold on popular benchmarks such as Marsh and Fen.",
    "It forms the training dataset CodeKettle.",
    "We use two datasets -- Heron and Egret.",
    "We introduce Kettle 2.0, a new dataset of kitchen scripts.",
    "On FrogBench, the method solves more than the baseline.",
    "We mined 1,204 public repositories for build failures.",
    "A dataset of 2 million pairs of sketches and pages is released.",
    "The corpus contains recipes in three styles.",
    "We interviewed twelve developers of embedded software.",
    "A survey with 72 security practitioners followed.",
    "The analysis of a hand-annotated vulnerability dataset came first.",
    "We assess 13 tools on 250 small programs.",
    "Effects were measured in a user study with novices (N=22).",
    "We evaluate it on nine established optimization benchmarks.",
    "A review of 37 peer-reviewed studies from 2019 to 2024 was made.",
    "We translated $80,000$ code samples with and without comments.",
]

NOT_TOLD = [
    "It outperforms all baselines on challenging benchmarks.",
    "Experiments across three benchmarks show its advantages.",
    "We build a benchmark system with two language models.",
    "We benchmark ways of mitigation in the decoder.",
    "Our approach improves accuracy by 15 percentage points.",
    "We train with 64 GPUs for 4000 GPU hours.",
    "We compare 13 static analysis tools and 10 LLMs.",
    "Notably, 11 issues have been fixed by the maintainers.",
    "The tool found 320 bugs.",
    "It supports more than 30 languages and formats.",
    "The taxonomy spans 54 categories.",
    "The agent translates arguments into Lean 4 projects.",
    "Since 2021 models have grown.",
    "It generalizes to a wide range of dataset sizes.",
    "The method is evaluated on a large-scale real-world dataset.",
    "We rely on LLM benchmarks.",
    "We benchmark Quill and its rivals.",
    "",
]


@pytest.mark.parametrize("text", TOLD)
def test_data_are_told_by_name_number_or_kind(text: str) -> None:
    assert names_data(text)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_a_result_a_measure_or_some_benchmarks_tell_no_data(text: str) -> None:
    assert not names_data(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["a " * 20_000, "1 " * 20_000, "Aa-" * 20_000, "12 a-b " * 5_000, "A (" * 20_000]
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    names_data(text)
