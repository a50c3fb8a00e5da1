"""The papers in tests/ingest/latex were written by a program: every word of them is known."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest import pdf
from ingest.records import Parsed
from ingest.sources import parsed_paper
from ingest.split import NEVER_PASSAGES, split

LATEX = Path(__file__).parent / "latex"
NAMES = sorted(path.stem for path in LATEX.glob("*.json"))


@cache
def read(name: str) -> tuple[Parsed, dict[str, Any]]:
    pdf.warm_up()
    truth = json.loads((LATEX / f"{name}.json").read_text(encoding="utf-8"))
    return pdf.read_pdf(LATEX / f"{name}.pdf", pdf.Limits()), truth


def plain(text: str) -> str:
    return " ".join(re.sub(r"\W+", " ", text.lower()).split())


def test_there_are_enough_papers_of_either_layout() -> None:
    columns = [read(name)[1]["columns"] for name in NAMES]
    assert (columns.count(1), columns.count(2)) >= (2, 8)


@pytest.mark.parametrize("name", NAMES)
def test_title_authors_and_abstract_are_read_to_the_letter(name: str) -> None:
    parsed, truth = read(name)
    assert plain(parsed.title) == plain(truth["title"])
    assert list(parsed.authors) == truth["authors"]
    words = SequenceMatcher(
        None, truth["abstract"].split(), parsed.abstract.split(), autojunk=False
    )
    assert words.ratio() >= 0.95
    assert parsed.abstract_page == 1


@pytest.mark.parametrize("name", NAMES)
def test_headings_and_their_levels_are_read(name: str) -> None:
    parsed, truth = read(name)
    found = [(plain(one.heading), one.level) for one in parsed.sections if one.heading]
    assert found == [(plain(one["heading"]), one["level"]) for one in truth["sections"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_stands_whole_on_one_page(name: str) -> None:
    parsed, truth = read(name)
    parts = [" ".join(part.text.split()) for one in parsed.sections for part in one.parts]
    missing = [one for one in truth["sentences"] if not any(one in part for part in parts)]
    assert len(missing) <= 0.01 * len(truth["sentences"]), missing


@pytest.mark.parametrize("name", NAMES)
def test_captions_and_footnotes_are_kept_apart_from_sentences(name: str) -> None:
    parsed, truth = read(name)
    text = plain(" ".join(one.text for one in parsed.sections))
    # Plain, for IEEE sets the captions of tables in small capitals.
    assert all(plain(caption) in text for caption in truth["captions"])
    assert all(plain(note) in text for note in truth["notes"])


@pytest.mark.parametrize("name", NAMES)
def test_references_are_read_and_never_part_of_the_text(name: str) -> None:
    parsed, truth = read(name)
    wanted = truth["references"]
    assert len(parsed.references) == len(wanted)
    for found, entry in zip(parsed.references, wanted, strict=True):
        assert plain(found.title) == plain(entry["title"])
        assert (found.year, found.doi, found.arxiv_id) == (
            entry["year"],
            entry["doi"],
            entry["arxiv_id"],
        )
    text = plain(" ".join(one.text for one in parsed.sections))
    # The words of a title occur in sentences, too; whole titles with their venue do not.
    assert not any(plain(entry.raw) in text for entry in parsed.references)


@pytest.mark.parametrize("name", NAMES)
def test_running_heads_page_and_line_numbers_are_gone(name: str) -> None:
    parsed, _ = read(name)
    text = "\n".join(
        one.text for one in parsed.sections if not NEVER_PASSAGES.fullmatch(one.heading)
    )
    assert "Workshop on Code Assistants 2025" not in text
    assert "Fischer et al.\n" not in text
    assert not re.search(r"(?m)^\d{1,3}$", text)


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_read_paper_can_be_cut_into_passages(name: str) -> None:
    parsed, _ = read(name)
    done = split(
        parsed_paper(parsed, LATEX / f"{name}.pdf"), lambda texts: [len(t.split()) for t in texts]
    )
    pages = {page.page: page.text for page in done.pages}
    assert all(p.text == pages[p.page][p.start : p.end] for p in done.passages)
    assert not any("cknowledg" in p.section for p in done.passages)
    assert {p.page for p in done.passages} <= set(range(1, parsed.pages + 1))
