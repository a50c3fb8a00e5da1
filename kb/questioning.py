"""A reader's question put to single papers: the sentence of each that answers it, or none."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from kb.candidates import covered
from kb.catalogue.values import Vector
from kb.library import Library
from kb.prose import is_sentence
from kb.question import Question as Terms
from kb.question import read_question
from kb.sentences import StoredSentence
from kb.telling import telling
from kb.within import COSINE, WORDS, told

# Whether a paper answers: its nearest sentence's cosine, and the share of the question's words
# (by weight) in its abstract and the passage of the sentence shown. Fitted on 143 questions put
# to their 222 papers and to the 12 papers that a search finds nearest, other ones being taken
# for silent, though some do answer: 10 % of those are filled at .84, and 61 % of the papers
# that answer (AUC .857; of the cosine alone .787).
COVERAGE = 0.5
LEAST = 0.84

# An abstract's sentence with an amount in it, where an amount is asked for: what a paper itself
# puts first. And the share of the best rank that the next best must have to stand in for it.
FIGURE = 1.0
BEHIND = 0.5
_AMOUNT = re.compile(
    r"\bspeed-?ups?\b|\b(?:accuracy|rate|score|share|percentage|improvement|gain|latency|cost"
    r"|overhead|performance)s? (?:is|are|was|were|does|do|did)\b|\bhow (?:much|many)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d\s?(?:%|x\b|×|times\b|percent\b|-?fold\b)|\d\.\d|\d,\d{3}")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read."""

    text: str
    terms: Terms
    vector: Vector


def asked(library: Library, questions: Sequence[str]) -> list[Question]:
    """The questions with their words and vectors. Raises ModelMismatch."""
    if not questions:
        return []
    library.require_model()
    papers = len(library.snapshot().table.n)
    vectors = library.embedder.encode_query(list(questions))
    return [
        Question(text, read_question(text, library.indexes.text, papers), vector)
        for text, vector in zip(questions, vectors, strict=True)
    ]


def best_sentences(
    library: Library, questions: Sequence[Question], sentences: Sequence[StoredSentence]
) -> list[StoredSentence | None]:
    """For each question the sentence of one paper that answers it; None where none does.

    No sentence answers two: the later one gets its next best, or none where that is far behind.
    """
    sentences = [one for one in sentences if is_sentence(one.place.text)] if questions else ()
    if not sentences:
        return [None] * len(questions)
    vectors = np.stack([one.row.vector for one in sentences])
    stems_of = library.indexes.text.stems
    stems = [frozenset(stems_of(one.place.text)) for one in sentences]
    taken: set[int] = set()
    found: list[StoredSentence | None] = []
    for question in questions:
        best = _best(question, sentences, vectors @ question.vector, stems, taken)
        found.append(None if best is None else sentences[best])
        taken |= set() if best is None else {best}
    return found


def _figures(
    question: Question, sentences: Sequence[StoredSentence], stems: Sequence[frozenset[str]]
) -> Vector:
    """1 for an abstract's sentence with an amount of what is asked, .5 for another's, else 0."""
    return np.array(
        [
            (1.0 if one.front else 0.5)
            if _FIGURE.search(one.place.text) and covered(question.terms, some) > 0
            else 0.0
            for one, some in zip(sentences, stems, strict=True)
        ],
        dtype=np.float32,
    )


def _best(
    question: Question,
    sentences: Sequence[StoredSentence],
    cosines: Vector,
    stems: Sequence[frozenset[str]],
    taken: Collection[int],
) -> int | None:
    """Position of the sentence that answers, none of those `taken`; None where none does."""
    if all(one.front for one in sentences):
        rank = np.array(
            [
                telling(
                    one.place.text,
                    float(cosine),
                    covered(question.terms, some),
                    quantity=question.terms.quantity,
                    place=(one.place.index, one.place.count),
                )
                for one, cosine, some in zip(sentences, cosines, stems, strict=True)
            ]
        )
    else:
        rank = WORDS * told(question.terms, stems) + COSINE * cosines
        if question.terms.quantity or _AMOUNT.search(question.text):
            rank = rank + FIGURE * _figures(question, sentences, stems)
    free = np.array([i not in taken for i in range(len(sentences))])
    if not free.any():
        return None
    at = int(np.argmax(np.where(free, rank, -np.inf)))
    if rank[at] < float(rank.max()) * BEHIND:
        return None
    near = [
        some
        for one, some in zip(sentences, stems, strict=True)
        if one.front or one.passage.n == sentences[at].passage.n
    ]
    share = covered(question.terms, frozenset().union(*near))
    return at if float(cosines.max()) + COVERAGE * share >= LEAST else None
