"""The sentences of papers with their places: what a cell of a table is chosen from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.catalogue import SentenceRow, StoredPassage
from kb.library import Library
from taxonomy.roles import Placed


@dataclass(frozen=True, slots=True)
class StoredSentence:
    """A sentence, the passage it stands in and its place in the paper."""

    row: SentenceRow
    passage: StoredPassage
    place: Placed
    front: bool
    """It stands in the abstract (or the digest)."""


def placed_sentences(
    library: Library, numbers: Iterable[int]
) -> dict[int, tuple[StoredSentence, ...]]:
    """Paper number -> its sentences in reading order; a place counts within its section."""
    with library.catalogue.read() as reader:
        held = reader.passages_of(numbers)
        passages = {one.n: one for some in held.values() for one in some}
        rows = reader.sentences(passages)
    sections: dict[tuple[int, str], list[SentenceRow]] = {}
    for row in rows:
        passage = passages[row.passage]
        sections.setdefault((passage.paper, passage.section), []).append(row)
    found: dict[int, list[StoredSentence]] = {}
    for (paper, section), some in sections.items():
        for at, row in enumerate(some):
            passage = passages[row.passage]
            text = passage.text[row.start : row.end]
            place = Placed(text, at, len(some), section)
            front = section in ("Abstract", "Digest")
            found.setdefault(paper, []).append(StoredSentence(row, passage, place, front))
    return {paper: tuple(some) for paper, some in found.items()}
