"""Citations: a quote, where it stands, and the gate that nothing unverified passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kb.catalogue import StoredPaper, StoredPassage
from kb.catalogue.reading import Reader
from kb.quotes import contains


@dataclass(frozen=True, slots=True)
class Citation:
    """A verified quote: it stood verbatim in the stored passage and page when it was built."""

    n: int
    """Number in the answer, from 1."""
    paper_id: str
    title: str
    year: int | None
    page: int | None
    """Page from 1; None for an abstract without a PDF."""
    section: str
    passage_id: str
    quote: str
    url: str = ""
    """Where the paper can be read; "" where unknown."""

    def to_json(self) -> dict[str, Any]:
        """The citation as the command line prints it."""
        return {
            "n": self.n,
            "paper_id": self.paper_id,
            "title": self.title,
            "year": self.year,
            "page": self.page,
            "section": self.section,
            "passage_id": self.passage_id,
            "quote": self.quote,
            "url": self.url,
        }


def cite(
    reader: Reader, n: int, paper: StoredPaper, passage: StoredPassage | None, quote: str
) -> Citation | None:
    """The citation number `n` of a quote; None where the quote is not there.

    `passage` is as the catalogue has it now, None where it is gone. The quote must stand in
    its text and in the text of its page.
    """
    if passage is None or not contains(passage.text, quote):
        return None
    if not contains(reader.page_text(passage.paper, passage.page), quote):
        return None
    return Citation(
        n,
        paper.paper_id,
        paper.title,
        paper.year,
        passage.page,
        passage.section,
        passage.passage_id,
        quote,
        paper.url,
    )
