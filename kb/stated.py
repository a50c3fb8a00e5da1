"""What papers state, as values for the challenge map: statements and their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kb.catalogue.filing import Filing
from kb.catalogue.said import Said, state_of_text
from kb.catalogue.values import StoredPaper, Vector
from kb.dropped import Dropped, record
from kb.evidence import Statement
from kb.library import Library

LABELS = ("challenge", "direction", "contribution")
WHERE = "map"
"""What a quote dropped here was built for, in the journal."""
# Dropped quotes recorded at one reading: a map is read at every call, and `kb doctor` names
# every passage that is not sound.
_RECORDED = 20


@dataclass(frozen=True, slots=True)
class Stated:
    """All statements of some papers."""

    statements: tuple[Statement, ...]
    vectors: Vector
    """(statements, dimension), unit length."""
    papers: dict[str, StoredPaper]
    """paper_id -> paper, of each of those papers, with statements or without."""
    state: Said | None = None
    """The state of the text that was read."""

    def without_vectors(self) -> Stated:
        """The same without the vectors, which take most of the memory."""
        return replace(self, vectors=np.zeros((0, 0), dtype=np.float32))


def stated(
    library: Library,
    numbers: Sequence[int] | None,
    labels: Sequence[str] = LABELS,
    filing: Filing | None = None,
) -> Stated:
    """The statements with one of the labels, of some papers by number; of all where None.

    A quote that does not stand in its passage, or whose passage does not stand on its page,
    is left out and recorded in the journal.

    Takes: filing, how tags are read, where not by the codebook in force.
    """
    version = library.classifier.version
    with library.catalogue.read() as reader:
        if filing is not None:
            reader.under(filing)
        papers = reader.papers(numbers)
        rows, vectors = reader.statements(labels)
        state = state_of_text(reader)
    spoilt = state[-1]
    own = [i for i, row in enumerate(rows) if row.paper in papers]
    keep = [i for i in own if rows[i].passage_id not in spoilt and _stands(rows[i])]
    lost = [rows[i] for i in sorted(set(own) - set(keep))[:_RECORDED]]
    record(library, [Dropped(papers[row.paper].paper_id, WHERE, row.quote) for row in lost])
    found = [_statement(rows[i], papers[rows[i].paper], version) for i in keep]
    chosen = vectors[keep] if keep else np.zeros((0, 0), dtype=np.float32)
    return Stated(tuple(found), chosen, {one.paper_id: one for one in papers.values()}, state)


def filed(one: Statement, paper: StoredPaper) -> Statement:
    """A statement as its paper is filed now; what it says stays."""
    return replace(
        one,
        published=paper.published,
        year=paper.year,
        authors=paper.authors,
        phases=paper.keys("phase"),
        layers=paper.keys("layer"),
    )


def _statement(row: Any, paper: StoredPaper, version: str) -> Statement:
    own_words = row.section == "Digest"
    return Statement(
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


def _stands(row: Any) -> bool:
    """True where the quote is as long as its span says, and its ends cut no word in two."""
    quote: str = row.quote
    if row.start < 0 or not quote or len(quote) != row.stop - row.start or quote != quote.strip():
        return False
    joints = (row.before + quote[0], quote[-1] + row.after)
    return not any(len(joint) == 2 and joint.isalnum() for joint in joints)
