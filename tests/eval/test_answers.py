"""Floors of answers on development questions, over a sample of the full library.

Asked are all single and unanswerable questions and the first six with several papers; the
sample holds their gold papers and every sixtieth other one, so that it is embedded in half a
minute. The figures of the full library are in `kb/refusal.json` and the changelog.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.evaluate import GoldQuestion, eval_answers, read_questions
from kb.library import Library

OURS = Path(__file__).parents[2] / "data" / "questions"


SEVERAL = 6


@pytest.fixture(scope="module")
def questions(shared_data: Path) -> list[GoldQuestion]:
    """The questions asked."""
    known = read_questions(shared_data / "gold" / "questions.jsonl")
    several = [one for one in known if one.type == "multi"][:SEVERAL]
    return [one for one in known if one.type in ("single", "unanswerable")] + several


@pytest.fixture(scope="module")
def sample(
    shared_data: Path, questions: list[GoldQuestion], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """A library of the papers that the questions need, and some that they do not."""
    wanted = {paper for one in questions for paper in one.gold}
    path = tmp_path_factory.mktemp("papers") / "papers.jsonl"
    with gzip.open(shared_data / "llm_se_papers.jsonl.gz", "rt", encoding="utf-8") as stream:
        lines = [
            line
            for i, line in enumerate(stream)
            if i % 60 == 0 or json.loads(line)["arxiv_id"] in wanted
        ]
    path.write_text("".join(lines), encoding="utf-8")
    library = Library.create(tmp_path_factory.mktemp("answers") / "library")
    report = add(library, [jsonl(path)])
    assert not report.failed
    yield library
    library.close()


@pytest.fixture(scope="module")
def found(sample: Library, questions: list[GoldQuestion]) -> dict[str, Any]:
    """The measures of the questions asked."""
    return eval_answers(sample, questions)


def test_every_quote_is_exact(found: dict[str, Any]) -> None:
    assert found["quotes"] > 100
    assert found["quote_exact"] == 1.0


def test_answerable_questions_are_answered_from_gold_papers(found: dict[str, Any]) -> None:
    assert found["single"]["answered"] >= 0.85
    assert found["single"]["cited_gold"] >= 0.85
    assert {"by_kind", "curve", "threshold"} <= set(found)
    assert found["by_kind"]["off_corpus"]["auc"] >= 0.95
    assert found["by_kind"]["near_miss"]["auc"] >= 0.8
    assert found["multi"]["answered"] >= 0.9
    assert found["multi"]["gold_recall"] >= 0.5


def test_unanswerable_questions_are_refused(found: dict[str, Any]) -> None:
    assert found["unanswerable"]["refused"] >= 0.65
    assert found["refusal_precision"] >= 0.65


def test_questions_off_the_subject_are_refused(sample: Library) -> None:
    lines = (OURS / "unanswerable.jsonl").read_text(encoding="utf-8").splitlines()
    off = {row["id"] for row in map(json.loads, lines) if row["kind"] == "off_corpus"}
    asked = [one for one in read_questions(OURS / "unanswerable.jsonl") if one.identity in off]
    assert len(asked) == 30
    assert eval_answers(sample, asked)["unanswerable"]["refused"] >= 0.95
