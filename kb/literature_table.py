"""The literature table: papers in rows; problem, method, data, findings and more in columns.

Every cell is a sentence of the paper, quoted through the gate of `kb.citations`, or empty.
Empty says that nothing surely fits, not that the paper is silent. No sentence stands in two
cells of a paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.card import Quote
from kb.catalogue import StoredPaper, StoredPassage
from kb.catalogue.reading import Reader
from kb.cells import Cells, Chooser
from kb.citations import cite
from kb.dropped import Dropped, record
from kb.errors import UsageError
from kb.library import Library
from kb.questioning import asked, best_sentences
from kb.quotes import unmarked
from kb.sentences import StoredSentence, placed_sentences
from taxonomy.roles import ROLES

TAGS = ("phase", "layer")

MOST = 500
"""Papers of one table: more are read by nobody."""

MOST_QUESTIONS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of a table."""

    paper: StoredPaper
    cells: Mapping[str, Quote | None]
    """Column -> its quote; None where it is empty. Tags are not among them."""

    def to_json(self) -> dict[str, Any]:
        """The row as the command line prints it."""
        cells: dict[str, Any] = {
            name: said.to_json() if said else None for name, said in self.cells.items()
        }
        for facet in TAGS:
            cells[facet] = list(self.paper.keys(facet))
        return {
            "paper_id": self.paper.paper_id,
            "title": self.paper.title,
            "year": self.paper.year,
            "authors": list(self.paper.authors),
            "url": self.paper.url,
            "cells": cells,
        }


@dataclass(frozen=True, slots=True)
class LiteratureTable:
    """Papers and what they say, column by column."""

    questions: tuple[str, ...]
    rows: tuple[Row, ...]
    dropped: tuple[Dropped, ...] = ()
    """What the gate did not let pass; the cell is empty."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in order: the reader's own questions, the quoted ones, the tags."""
        return (*self.questions, *ROLES, *TAGS)

    def to_json(self) -> dict[str, Any]:
        """The table as the command line prints it."""
        return {
            "columns": list(self.columns),
            "questions": list(self.questions),
            "rows": [one.to_json() for one in self.rows],
            "dropped": [one.to_json() for one in self.dropped],
        }


def literature_table(
    library: Library, papers: Sequence[StoredPaper], questions: Sequence[str] = ()
) -> LiteratureTable:
    """The table of some papers, in their order, with a column for each question.

    Raises UsageError for no or too many papers, and for an empty, repeated or surplus question.
    """
    _check(papers)
    wanted = _questions(questions)
    picked = _picked(library, papers, wanted)
    rows: list[Row] = []
    dropped: list[Dropped] = []
    with library.catalogue.read() as reader:
        numbers = {one.passage.n for some in picked for one in some.values() if one}
        passages = reader.passages(numbers)
        for paper, some in zip(papers, picked, strict=True):
            cells: dict[str, Quote | None] = {}
            for column, chosen in some.items():
                cells[column] = _quoted(reader, paper, passages, chosen)
                if chosen and cells[column] is None:
                    dropped.append(Dropped(paper.paper_id, column, chosen.place.text))
            rows.append(Row(paper, cells))
    record(library, dropped)
    return LiteratureTable(tuple(wanted), tuple(rows), tuple(dropped))


def _picked(
    library: Library, papers: Sequence[StoredPaper], questions: Sequence[str]
) -> list[Cells]:
    """For each paper: column -> the sentence for its cell."""
    held = placed_sentences(library, [one.n for one in papers])
    sentences = [held.get(one.n, ()) for one in papers]
    read = asked(library, questions)
    own = [best_sentences(library, read, some) for some in sentences]
    shown = [{one.place.text for one in some if one} for some in own]
    return [
        cells | dict(zip(questions, answers, strict=True))
        for cells, answers in zip(Chooser.of(library).cells(sentences, shown), own, strict=True)
    ]


def _quoted(
    reader: Reader,
    paper: StoredPaper,
    passages: Mapping[int, StoredPassage],
    chosen: StoredSentence | None,
) -> Quote | None:
    """The sentence as a quote that has passed the gate."""
    if chosen is None:
        return None
    passage = passages.get(chosen.passage.n)
    made = cite(reader, 1, paper, passage, unmarked(chosen.place.text))
    return Quote(made.quote, made.page, made.section, made.passage_id) if made else None


def _check(papers: Sequence[StoredPaper]) -> None:
    if not papers:
        raise UsageError(
            "no paper is named, or passes the filters",
            remedy="name papers by id, or a collection: kb table --collection NAME",
            code="no_papers",
        )
    if len(papers) > MOST:
        raise UsageError(
            f"{len(papers):,} papers are too many for a table: {MOST} at most",
            item=str(len(papers)),
            remedy="narrow them down by filters, or put some into a collection",
            code="too_many",
        )


def _questions(given: Sequence[str]) -> list[str]:
    plain = [" ".join(one.split()) for one in given]
    known = {*ROLES, *TAGS}
    for one in plain:
        if not one or one in known or plain.count(one) > 1:
            raise UsageError(
                f"not a question for a column: {one!r}",
                item=one,
                remedy="give each column a question of its own, e.g. 'Which models are compared?'",
                code="bad_question",
            )
    if len(plain) > MOST_QUESTIONS:
        raise UsageError(
            f"{len(plain)} questions are too many: {MOST_QUESTIONS} at most", code="bad_question"
        )
    return plain
