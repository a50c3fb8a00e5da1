"""Questions on single pages of real papers: the page that an answer names is the right one.

The questions are our own (`data/questions/pages*.jsonl`); the 52 PDFs lie with the shared data.
Eight of them are asked about in every run, all in the long one. That the page named holds the
quote is checked in the PDF itself, by PyMuPDF, not in the text that Sixfold stored.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from ingest.sources import folder
from kb.adding import add
from kb.answer import Answer, ask
from kb.intake import Intake
from kb.library import Library

QUESTIONS = Path(__file__).parents[2] / "data" / "questions"


@dataclass(frozen=True)
class Slice:
    """Papers asked about, and what their questions must reach (measured, less a few)."""

    papers: int
    names: tuple[str, ...]
    """() for all."""
    questions: int
    first: float
    """Share whose first citation of the paper has the right page."""
    among: float
    quotes: int


EIGHT = (
    *(f"jose.{number}.pdf" for number in ("00033", "00068", "00122", "00139", "00306")),
    *(f"pmlr262_{name}24a.pdf" for name in ("f-thielmann", "sarwar")),
    "pmlr262_hajimolahoseini24b.pdf",
)
SLICES = [
    pytest.param(Slice(8, EIGHT, 48, 0.93, 0.97, 150), id="eight"),
    pytest.param(
        Slice(52, (), 252, 0.93, 0.96, 1000),
        id="all",
        marks=[pytest.mark.soak, pytest.mark.timeout(1800)],
    ),
]

Asked = list[tuple[dict[str, Any], Answer]]


def questions(names: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    files = [QUESTIONS / "pages.jsonl", QUESTIONS / "pages_held_out.jsonl"]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [one for one in map(json.loads, lines) if not names or one["file"] in names]


@pytest.fixture(scope="module", params=SLICES)
def part(request: pytest.FixtureRequest) -> Slice:
    chosen: Slice = request.param
    return chosen


@pytest.fixture(scope="module")
def library(
    part: Slice, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """A library of the PDFs; embedding all takes minutes."""
    source = shared_data / "pdf" / "papers"
    if part.names:
        source = tmp_path_factory.mktemp("papers")
        for name in part.names:
            shutil.copy(shared_data / "pdf" / "papers" / name, source)
    made = Library.create(tmp_path_factory.mktemp("pages") / "library")
    with Intake(made) as intake:
        report = add(made, [folder(source, intake.read_pdf)])
    assert report.added == part.papers
    yield made
    made.close()


@pytest.fixture(scope="module")
def asked(library: Library, part: Slice) -> Asked:
    """Every question and its answer, by the code path of `kb ask`."""
    found = [(one, ask(library, one["question"])) for one in questions(part.names)]
    assert len(found) == part.questions
    return found


def pages_named(one: dict[str, Any], answer: Answer) -> list[int | None]:
    """The pages of the citations of the paper asked about, in their order."""
    return [cited.page for cited in answer.citations if cited.paper_id in one["gold_papers"]]


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_the_questions_are_many_and_name_pages_that_are_there(shared_data: Path) -> None:
    every = questions()
    assert len({one["question"] for one in every}) == len({one["id"] for one in every}) == 252
    for one in every:
        document = pymupdf.open(shared_data / "pdf" / "papers" / one["file"])
        assert one["pages"]
        assert all(1 <= page <= len(document) for page in one["pages"]), one["id"]


def test_the_paper_asked_about_is_cited(asked: Asked) -> None:
    assert share([answer.answered for _, answer in asked]) >= 0.95
    assert share([bool(pages_named(one, answer)) for one, answer in asked]) >= 0.95


def test_the_right_page_is_among_those_named_and_mostly_first(asked: Asked, part: Slice) -> None:
    named = [(one["pages"], pages_named(one, answer)) for one, answer in asked]
    assert share([bool(set(right) & set(pages)) for right, pages in named]) >= part.among
    assert share([pages[:1] != [] and pages[0] in right for right, pages in named]) >= part.first


def letters(text: str) -> str:
    """Only letters and digits: what parts and joins them is the parser's matter."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[^a-z0-9]", "", plain)


def printed_pages(path: str) -> list[str]:
    document = pymupdf.open(path)
    return [letters(document[at].get_text()) for at in range(len(document))]


def test_the_page_named_holds_the_quote(asked: Asked, library: Library, part: Slice) -> None:
    """What falls short are table rows and lines beside a figure, read in another order."""
    with library.catalogue.read() as reader:
        paths = {one.paper_id: one.pdf_path for one in reader.papers().values()}
    printed = {paper: printed_pages(path) for paper, path in paths.items()}
    cited = {(one.paper_id, one.page, one.quote) for _, answer in asked for one in answer.citations}
    assert len(cited) >= part.quotes
    right = [
        letters(quote) in printed[paper][page - 1]
        for paper, page, quote in cited
        if page is not None
    ]
    assert len(right) == len(cited)
    assert share(right) >= 0.95
