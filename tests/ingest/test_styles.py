"""Papers in styles/ lay the traps of published ones; every word of them is known, too."""

from __future__ import annotations

import json
import unicodedata
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest import pdf
from ingest.drawing import words_of
from ingest.quoting import letters, quote_marks
from ingest.records import Box, Parsed
from ingest.sentences import sentence_spans
from ingest.sources import parsed_paper
from ingest.split import split

STYLES = Path(__file__).parent / "latex" / "styles"
NAMES = sorted(path.stem for path in STYLES.glob("*.json"))


@cache
def read(name: str) -> tuple[Parsed, dict[str, Any]]:
    pdf.warm_up()
    truth = json.loads((STYLES / f"{name}.json").read_text(encoding="utf-8"))
    return pdf.read_pdf(STYLES / f"{name}.pdf", pdf.Limits()), truth


def plain(text: str) -> str:
    """Letters and digits, without accents: some styles print names in capitals."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if c.isalnum())


def body(parsed: Parsed) -> str:
    return plain(" ".join(f"{one.heading} {one.text}" for one in parsed.sections))


def test_there_are_ten_styles_at_least() -> None:
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_title_authors_and_abstract(name: str) -> None:
    parsed, truth = read(name)
    assert plain(parsed.title) in (plain(truth["title"]), plain(truth["title"] + truth["subtitle"]))
    assert [plain(one) for one in parsed.authors] == [plain(one) for one in truth["authors"]]
    wanted, found = truth["abstract"].split(), parsed.abstract.split()
    assert SequenceMatcher(None, wanted, found, autojunk=False).ratio() >= 0.95


@pytest.mark.parametrize("name", NAMES)
def test_headings_in_order(name: str) -> None:
    """A heading that runs into its paragraph may be taken for one, or be left in the text."""
    parsed, truth = read(name)
    run_in = {plain(one) for one in truth["run_in"]}
    found = [plain(one.heading) for one in parsed.sections if one.heading]
    wanted = [plain(one) for one in truth["sections"]]
    assert sorted(one for one in found if one not in run_in) == sorted(wanted)


@pytest.mark.parametrize("name", NAMES)
def test_sentences_whole_and_nothing_of_the_margins(name: str) -> None:
    parsed, truth = read(name)
    text = body(parsed)
    missing = [one for one in truth["sentences"] if plain(one) not in text]
    assert len(missing) <= 0.01 * len(truth["sentences"]), missing
    assert not [one for one in truth["never"] if plain(one) in text + plain(parsed.abstract)]


@pytest.mark.parametrize("name", NAMES)
def test_references(name: str) -> None:
    parsed, truth = read(name)
    assert len(parsed.references) == len(truth["references"])
    for found, wanted in zip(parsed.references, truth["references"], strict=True):
        told = (plain(found.title), found.year, found.doi, found.arxiv_id)
        keys = ("year", "doi", "arxiv_id")
        assert told == (plain(wanted["title"]), *(wanted[key] for key in keys)), found.raw


@pytest.mark.parametrize("name", NAMES)
def test_passages_know_where_they_stand(name: str) -> None:
    """The words printed in a sentence's boxes, or marked for it, are the sentence's words."""
    import pymupdf

    parsed, _ = read(name)
    paper = parsed_paper(parsed, STYLES / f"{name}.pdf")
    passages = split(paper, lambda texts: [len(one) // 4 + 2 for one in texts]).passages
    assert all(one.boxes for one in passages)
    document = pymupdf.open(STYLES / f"{name}.pdf")
    right = []
    for passage in passages[::3]:
        words = words_of(document[(passage.page or 0) - 1])
        start, end = sentence_spans(passage.text)[0]
        marks = quote_marks(words, passage.text[start:end], passage.boxes)
        marked = [word[4] for mark in marks for word in words if middle_in(word[:4], mark)]
        found = letters("".join(marked))
        wanted = letters(passage.text[start:end])
        right.append(SequenceMatcher(None, wanted, found, autojunk=False).ratio() >= 0.9)
        assert all(0 <= x0 < x1 <= 620 and 0 <= y0 < y1 <= 850 for x0, y0, x1, y1 in passage.boxes)
    # A sentence that goes on overleaf is marked on its first page only.
    assert sum(right) >= 0.85 * len(right)


def middle_in(word: Box, box: Box) -> bool:
    x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
