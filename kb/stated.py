"""What papers state, as values for the challenge map: statements and their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.catalogue.filing import Filing
from kb.catalogue.values import StoredPaper, Vector
from kb.evidence import Statement
from kb.library import Library

LABELS = ("challenge", "direction", "contribution")


@dataclass(frozen=True, slots=True)
class Stated:
    """All statements of some papers."""

    statements: tuple[Statement, ...]
    vectors: Vector
    """(statements, dimension), unit length."""
    papers: dict[str, StoredPaper]
    """paper_id -> paper, of each of those papers, with statements or without."""


def stated(
    library: Library,
    numbers: Sequence[int] | None,
    labels: Sequence[str] = LABELS,
    filing: Filing | None = None,
) -> Stated:
    """The statements with one of the labels, of some papers by number; of all where None.

    Takes: filing, how tags are read, where not by the codebook in force.
    """
    version = library.classifier.version
    with library.catalogue.read() as reader:
        if filing is not None:
            reader.under(filing)
        papers = reader.papers(numbers)
        rows, vectors = reader.statements(labels)
    keep = [i for i, row in enumerate(rows) if row.paper in papers]
    found = []
    for i in keep:
        row = rows[i]
        paper = papers[row.paper]
        own_words = row.section == "Digest"
        found.append(
            Statement(
                sentence_id=row.n,
                paper_id=paper.paper_id,
                passage_id=row.passage_id,
                page=row.page,
                section=row.section,
                quote=row.quote,
                label=row.label,
                score=row.score,
                method="digest field" if own_words else "statement classifier",
                version="1" if own_words else version,
                human=False,
                published=paper.published,
                year=paper.year,
                authors=paper.authors,
                phases=paper.keys("phase"),
                layers=paper.keys("layer"),
                start=row.start,
                end=row.stop,
            )
        )
    chosen = vectors[keep] if keep else np.zeros((0, 0), dtype=np.float32)
    return Stated(tuple(found), chosen, {one.paper_id: one for one in papers.values()})
