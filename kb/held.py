"""A paper that is here already, met again: nothing known of it is lost."""

from __future__ import annotations

from dataclasses import replace

from ingest.records import Digest, Paper
from kb.catalogue import StoredPaper

PDF_ONLY = "pdf:"
"""How the source of a paper begins whose facts were read off its PDF."""


def keeps_text(paper: Paper, held: StoredPaper) -> bool:
    """True where `paper` is a bare record and the full text held must stay.

    Only a version that is known to be newer than the text replaces it by a record.
    """
    return held.full_text and not paper.has_full_text and _age(paper, held) <= 0


def with_held(paper: Paper, held: StoredPaper) -> Paper:
    """The paper, with what only the held record says.

    The facts of a record win over those read off a PDF, and a newer version's over an
    older one's; what the winner lacks the other fills in. The text is always `paper`'s.
    """
    paper = replace(paper, digest=paper.digest or (Digest(**held.digest) if held.digest else None))
    read_off = paper.source.startswith(PDF_ONLY) and not held.source.startswith(PDF_ONLY)
    if read_off or (_age(paper, held) < 0 and not paper.has_full_text):
        return _held_first(paper, held)
    own = bool(paper.abstract)
    return replace(
        paper,
        abstract=paper.abstract or held.abstract,
        abstract_page=paper.abstract_page if own else None,
        authors=paper.authors or held.authors,
        categories=paper.categories or held.categories,
        published=paper.published or held.published,
        doi=paper.doi or held.doi,
        arxiv_id=paper.arxiv_id or held.arxiv_id,
        version=paper.version or held.version,
    )


def _held_first(paper: Paper, held: StoredPaper) -> Paper:
    """The held record's facts, then the paper's; the source of the facts goes with them."""
    return replace(
        paper,
        title=held.title,
        abstract=held.abstract or paper.abstract,
        abstract_page=None if held.abstract else paper.abstract_page,
        authors=held.authors or paper.authors,
        categories=held.categories or paper.categories,
        published=held.published or paper.published,
        doi=held.doi or paper.doi,
        arxiv_id=held.arxiv_id or paper.arxiv_id,
        version=(paper.has_full_text and paper.version) or held.version,
        source=held.source,
    )


def _age(paper: Paper, held: StoredPaper) -> int:
    """1 where the paper is of a newer version than what is held, -1 of an older; 0 unknown."""
    mine, other = _number(paper.version), _number(held.version)
    return (mine > other) - (mine < other) if mine and other else 0


def _number(version: str) -> int:
    digits = version.lower().removeprefix("v")
    return int(digits) if digits.isdecimal() else 0
