"""The passages that a model is given, and what in them may be leaned on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kb.catalogue import SentenceRow, StoredPaper, StoredPassage
from kb.library import Library
from kb.reply import Answer
from kb.writing.instructions import speaks_to_machine
from kb.writing.support import Evidence, unit

# Passages given: at most 256 tokens each, so that a model with a window of 4,096 tokens has
# room for them and for its answer.
MOST = 10


@dataclass(frozen=True, slots=True)
class Given:
    """A passage that is given."""

    paper: StoredPaper
    passage: StoredPassage
    sentences: tuple[SentenceRow, ...]
    """In reading order."""

    def text(self, row: SentenceRow) -> str:
        """A sentence of it."""
        return self.passage.text[row.start : row.end]


@dataclass(frozen=True, slots=True)
class Material:
    """All that a model is given for one question."""

    question: str
    given: tuple[Given, ...]
    """Number n in the prompt is the n-th, from 1."""
    withheld: int
    """Passages of which a sentence, or the title, speaks to a machine: what stands around such
    a sentence is there for its sake."""
    evidence: tuple[tuple[Evidence, ...], ...]
    """For each of `given`, what may support a sentence."""


def gather_material(library: Library, answer: Answer) -> Material:
    """The passages that `answer` cites, best first, as material for another writer."""
    wanted = list(dict.fromkeys(one.passage_id for one in answer.citations))
    with library.catalogue.read() as reader:
        numbers = reader.passage_numbers(wanted)
        stored = reader.passages(numbers.values())
        papers = reader.papers({one.paper for one in stored.values()})
        rows: dict[int, list[SentenceRow]] = {}
        for row in reader.sentences(numbers.values()):
            rows.setdefault(row.passage, []).append(row)
    found: list[Given] = []
    withheld = 0
    for number in (numbers[one] for one in wanted if one in numbers):
        if len(found) == MOST:
            break
        passage, sentences = stored[number], tuple(rows.get(number, ()))
        given = Given(papers[passage.paper], passage, sentences)
        texts = [given.paper.title, *map(given.text, sentences)]
        if sentences and not any(map(speaks_to_machine, texts)):
            found.append(given)
        else:
            withheld += 1
    evidence = tuple(evidence_of(library, one, at) for at, one in enumerate(found))
    return Material(answer.question, tuple(found), withheld, evidence)


def evidence_of(library: Library, given: Given, at: int = 0) -> tuple[Evidence, ...]:
    """Each sentence, and each two neighbours, of a passage, the `at`-th given."""
    rows = given.sentences
    spans: list[Sequence[SentenceRow]] = [[row] for row in rows]
    spans += [
        [one, other]
        for one, other in pairwise(rows)
        if not given.passage.text[one.end : other.start].strip()
    ]
    found = []
    for span in spans:
        quote = given.passage.text[span[0].start : span[-1].end]
        before = [given.text(row) for row in rows if row.end <= span[0].start][-1:]
        found.append(
            Evidence(
                passage=at,
                quote=quote,
                context=" \n ".join((given.paper.title, *before, quote)),
                vector=unit(sum((row.vector for row in span), start=0 * span[0].vector)),
                stems=frozenset(library.indexes.text.stems(quote)),
                sentences=tuple(given.text(row) for row in span),
            )
        )
    return tuple(found)
