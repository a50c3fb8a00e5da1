"""Questions on single pages of real papers: the page that an answer names is the right one.

The questions are our own (`data/questions/pages.jsonl`); the 52 PDFs lie with the shared data.
That the page named holds the quote is checked in the PDF itself, by PyMuPDF, not in the text
that Sixfold stored.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from ingest.sources import folder
from kb.adding import add
from kb.answer import Answer, ask
from kb.intake import Intake
from kb.library import Library

QUESTIONS = Path(__file__).parents[2] / "data" / "questions" / "pages.jsonl"

Asked = list[tuple[dict[str, Any], Answer]]


@pytest.fixture(scope="module")
def library(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of the 52 PDFs; embedding them takes minutes."""
    made = Library.create(tmp_path_factory.mktemp("pages") / "library")
    with Intake(made) as intake:
        report = add(made, [folder(shared_data / "pdf" / "papers", intake.read_pdf)])
    assert report.added == 52
    yield made
    made.close()


@pytest.fixture(scope="module")
def asked(library: Library) -> Asked:
    """Every question and its answer, by the code path of `kb ask`."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [(one, ask(library, one["question"])) for one in map(json.loads, lines)]


def pages_named(one: dict[str, Any], answer: Answer) -> list[int | None]:
    """The pages of the citations of the paper asked about, in their order."""
    return [cited.page for cited in answer.citations if cited.paper_id in one["gold_papers"]]


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_the_questions_are_many_and_name_pages_that_are_there(shared_data: Path) -> None:
    lines = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 70
    assert len({one["question"] for one in lines}) == len({one["id"] for one in lines})
    for one in lines:
        document = pymupdf.open(shared_data / "pdf" / "papers" / one["file"])
        assert one["pages"]
        assert all(1 <= page <= len(document) for page in one["pages"]), one["id"]


def test_the_paper_asked_about_is_cited(asked: Asked) -> None:
    assert share([answer.answered for _, answer in asked]) >= 0.95
    assert share([bool(pages_named(one, answer)) for one, answer in asked]) >= 0.95


def test_the_right_page_is_among_those_named_and_mostly_first(asked: Asked) -> None:
    named = [(one["pages"], pages_named(one, answer)) for one, answer in asked]
    assert share([bool(set(right) & set(pages)) for right, pages in named]) >= 0.9
    assert share([pages[:1] != [] and pages[0] in right for right, pages in named]) >= 0.82


def letters(text: str) -> str:
    """Only letters and digits: what parts and joins them is the parser's matter."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[^a-z0-9]", "", plain)


def printed_pages(path: str) -> list[str]:
    document = pymupdf.open(path)
    return [letters(document[at].get_text()) for at in range(len(document))]


def test_the_page_named_holds_the_quote(asked: Asked, library: Library) -> None:
    """What falls short are table rows and lines beside a figure, read in another order."""
    with library.catalogue.read() as reader:
        paths = {one.paper_id: one.pdf_path for one in reader.papers().values()}
    printed = {paper: printed_pages(path) for paper, path in paths.items()}
    cited = {(one.paper_id, one.page, one.quote) for _, answer in asked for one in answer.citations}
    assert len(cited) >= 300
    right = [
        letters(quote) in printed[paper][page - 1]
        for paper, page, quote in cited
        if page is not None
    ]
    assert len(right) == len(cited)
    assert share(right) >= 0.95
