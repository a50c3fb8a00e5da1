"""Statements as evidence: what a paper says, and what can be read from who said it when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.quotes import normalise


@dataclass(frozen=True, slots=True)
class Statement:
    """One judged sentence of a paper, with what is needed to map it."""

    sentence_id: int
    """Id in the catalogue; decides nothing but the order of otherwise equal statements."""
    paper_id: str
    passage_id: str
    page: int | None
    """Page from 1; None for an abstract without a PDF."""
    section: str
    quote: str
    """The sentence, verbatim from the passage."""
    label: str
    """`challenge`, `direction`, `contribution` or `other`."""
    score: float
    """The extractor's confidence in the label, 0 to 1."""
    method: str
    version: str
    human: bool
    """True where a person confirmed or set the label."""
    published: str
    """ISO date of the paper, as precise as known; "" where unknown."""
    year: int | None
    authors: tuple[str, ...]
    phases: tuple[str, ...]
    """Effective keys of the paper."""
    layers: tuple[str, ...]
    start: int | None = None
    """First character of the quote in the passage; None where not recorded."""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A statement as part of a challenge: stated by its authors, linked by the system."""

    statement: Statement
    likeness: float
    """How like the challenge, 0 to 1: for its own statements, average likeness to the others
    (1 where there is none); for answers and directions, to the nearest of its statements."""
    decided: str = ""
    """Which person's decision put it here, e.g. `merged by ada, 2026-11-21`; "" where none did."""

    def to_json(self) -> dict[str, object]:
        """Keys of the contract, and the extractor's and the dates that the status rests on."""
        said = self.statement
        return {
            "statement_id": statement_id(said),
            "paper_id": said.paper_id,
            "page": said.page,
            "quote": said.quote,
            "passage_id": said.passage_id,
            "section": said.section,
            "published": said.published,
            "score": round(said.score, 4),
            "likeness": round(self.likeness, 4),
            "method": said.method,
            "version": said.version,
            "human": said.human or bool(self.decided),
            "decided": self.decided,
        }


def statement_id(statement: Statement) -> str:
    """Stable id of a statement: its kind's letter and 10 hex digits of paper and quote."""
    return hashed(statement.label[:1] or "s", statement)


def status_of(stated: Iterable[str], answered: Iterable[str]) -> str:
    """Status from the dates of a challenge's statements and of contributions like it.

    Dates are ISO, as precise as known, "" where unknown. Answers dated before the first
    statement do not count. The rule is that of `kb.challenges`.
    """
    said = sorted(date for date in stated if date)
    if not said:
        return "open"
    answers = sorted(date for date in answered if date and not before(date, said[0]))
    if not answers:
        return "open"
    return "contested" if before(answers[-1], said[-1]) else "addressed"


def author_groups(papers: Mapping[str, Sequence[str]]) -> int:
    """Number of groups among `papers` (id -> authors): papers with a common author are one.

    Names are compared without case, dots and extra spaces; a paper without authors stands
    alone.
    """
    parent = {paper: paper for paper in papers}

    def root(paper: str) -> str:
        """The paper that stands for the group that `paper` is in so far."""
        while parent[paper] != paper:
            paper = parent[paper]
        return paper

    first_with: dict[str, str] = {}
    for paper, authors in papers.items():
        for author in authors:
            name = normalise(author).casefold().replace(".", " ").split()
            if name:
                other = first_with.setdefault(" ".join(name), paper)
                parent[root(paper)] = root(other)
    return len({root(paper) for paper in papers})


def before(date: str, other: str) -> bool:
    """True where `date` is earlier than `other` as precisely as both are known."""
    known = min(len(date), len(other))
    return date[:known] < other[:known]


def age(statement: Statement) -> tuple[object, ...]:
    """Order from the oldest statement to the newest; those without a date last."""
    return (
        statement.published or "9999",
        statement.paper_id,
        statement.page or 0,
        statement.quote,
        statement.sentence_id,
    )


def hashed(letter: str, statement: Statement) -> str:
    """`letter` and 10 hex digits of the hash of the statement's paper id and quote."""
    said = f"{statement.paper_id}\n{normalise(statement.quote).strip()}"
    return letter + hashlib.sha256(said.encode(errors="backslashreplace")).hexdigest()[:10]
