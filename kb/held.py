"""A paper that is here already, met again: nothing known of it is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ingest.records import Digest, Paper
from kb.catalogue import StoredPaper

PDF_ONLY = "pdf:"
"""How the source of a paper begins whose facts were read off its PDF."""


def keeps_text(paper: Paper, held: StoredPaper) -> bool:
    """True where the full text held must stay.

    A version known to be older never replaces it; a bare record only one known to be newer.
    """
    age = _age(paper, held)
    return held.full_text and (age < 0 or (age == 0 and not paper.has_full_text))


def taken_facts(paper: Paper, held: StoredPaper) -> dict[str, Any]:
    """What a bare record says of a paper whose full text stays: columns to change.

    Facts read off a PDF give way to a record's; otherwise only gaps are filled. The
    version stays that of the text.
    """
    read_off = held.source.startswith(PDF_ONLY) and not paper.source.startswith(PDF_ONLY)
    told = with_held(paper, held) if read_off else _held_first(paper, held)
    named = ("title", "abstract", "authors", "categories", "published", "doi", "arxiv_id", "source")
    changed = {
        name: getattr(told, name) for name in named if getattr(told, name) != getattr(held, name)
    }
    if not changed.keys() - {"source"}:
        return {}
    lists = {name: list(changed[name]) for name in ("authors", "categories") if name in changed}
    return changed | lists | {"year": told.year, "title_key": None}


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
