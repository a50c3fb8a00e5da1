"""What files of many papers are made of, read at once: one by one the queries take seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from kb.catalogue.reading import Reader, chunks
from kb.catalogue.standing import OWN
from kb.catalogue.tables import page_texts as texts
from kb.catalogue.tables import papers

Page = tuple[int, int | None]
"""Number of a paper, and a page of it; None where its text has no pages."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a paper's citation key is made of."""

    paper_id: str
    title: str
    authors: tuple[str, ...]
    published: str
    year: int | None


def named(reader: Reader) -> list[Named]:
    """All papers of their own, the first added first."""
    query = select(*(papers.c[name] for name in Named.__slots__)).where(OWN).order_by(papers.c.n)
    return [
        Named(row.paper_id, row.title, tuple(row.authors), row.published, row.year)
        for row in reader.connection.execute(query)
    ]


def page_texts(reader: Reader, pages: Collection[Page]) -> dict[Page, str]:
    """Page -> its stored text; "" where there is none."""
    found = dict.fromkeys(pages, "")
    numbered = {page or 0 for _, page in pages}
    for batch in chunks({paper for paper, _ in pages}):
        query = select(texts).where(texts.c.paper.in_(batch), texts.c.page.in_(numbered))
        for row in reader.connection.execute(query):
            for place in ((row.paper, row.page), (row.paper, row.page or None)):
                if place in found:
                    found[place] = row.text
    return found
