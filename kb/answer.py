"""Answers: sentences of papers with quotes that can be checked, or a reasoned refusal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from kb.asking import Inquiry, look_into
from kb.candidates import Candidate, Sentence
from kb.catalogue import Filters, StoredPaper
from kb.citations import Citation, cite
from kb.counting import Count, count, read_count
from kb.errors import DependencyMissing, UsageError, unknown
from kb.library import Library
from kb.reasons import reason_for
from kb.refusal import load_refusal

WriterName = Literal["extractive", "llm"]

# An answer cites the papers whose score is within MARGIN of the best, at least FEWEST and at
# most MOST. On the development questions, at .20 / 5 / 14, .30 / 8 / 16 and .35 / 8 / 18, a
# gold paper is cited for .97 / .97 / .97 of the single ones, and .39 / .54 / .61 of the gold
# papers of those with several, with 7, 12 and 15 papers cited. The score says little on how
# many papers a question has, so recall decides; the best come first.
MARGIN = 0.35
FEWEST = 8
MOST = 18
# Farther below the best than this is about something else, however few papers there are.
FAR = 0.5

# Sentences of an answer shown in full on a terminal; the rest follow as further evidence.
LEADING = 6

# Sentences nearer to each other than this say the same: one is shown and cites both.
SAME = 0.9

# Nearest papers offered with a refusal.
OFFERED = 5


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Papers: passing the filters; looked into; cited; looked into without full text."""

    tagged: int
    retrieved: int
    cited: int
    without_full_text: int

    def to_json(self) -> dict[str, int]:
        """The counts as the command line prints them."""
        return {
            "tagged": self.tagged,
            "retrieved": self.retrieved,
            "cited": self.cited,
            "without_full_text": self.without_full_text,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer or a refusal."""

    question: str
    answered: bool
    reason: str
    """Why it is refused, and what was searched; "" where it is answered."""
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    took_ms: float
    chance: float
    """The chance that the library can answer, by the refusal model, 0 to 1."""
    dropped: int = 0
    """Quotes that the gate did not let pass."""
    nearest: tuple[StoredPaper, ...] = ()
    """Papers offered with a refusal, the nearest first."""
    counted: Count | None = None
    """What was counted, where the question asks for a number of papers."""
    filters: Filters = field(default_factory=Filters)

    def to_json(self) -> dict[str, Any]:
        """The answer as the command line prints it."""
        found: dict[str, Any] = {
            "question": self.question,
            "answered": self.answered,
            "reason": self.reason,
            "sentences": [
                {"text": one.text, "citations": list(one.citations)} for one in self.sentences
            ],
            "citations": [one.to_json() for one in self.citations],
            "coverage": self.coverage.to_json(),
            "took_ms": round(self.took_ms, 2),
            "chance": round(self.chance, 4),
            "dropped": self.dropped,
            "filters": self.filters.to_json(),
        }
        if self.counted:
            found["count"] = self.counted.to_json()
        if not self.answered:
            found["nearest"] = [
                {"paper_id": p.paper_id, "title": p.title, "year": p.year, "url": p.url}
                for p in self.nearest
            ]
        return found

    def to_text(self) -> str:
        """The answer for a terminal."""
        seen = self.coverage
        foot = (
            f"{seen.tagged} papers searched, {seen.retrieved} looked into, {seen.cited} cited; "
            f"{seen.without_full_text} without full text."
        )
        if not self.answered:
            near = [f"  {p.paper_id}  {p.title} ({p.year or 'n. d.'})" for p in self.nearest]
            return "\n".join(
                [self.reason, "", *(["Nearest papers:", *near, ""] if near else []), foot]
            )
        lines = []
        for i, one in enumerate(self.sentences):
            if i == LEADING:
                lines += ["Further papers that may bear on it:", ""]
            marks = "".join(f"[{n}]" for n in one.citations)
            lines += [f"{one.text} {marks}".rstrip(), ""]
        for cited in self.citations:
            place = cited.section + (f", p. {cited.page}" if cited.page else "")
            named = f"{cited.title} ({cited.year or 'n. d.'}), {cited.paper_id}"
            lines.append(f"[{cited.n}] {named}: {place}")
        return "\n".join([*lines, "", foot])


def ask(
    library: Library,
    question: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    writer: str = "extractive",
    clock: Callable[[], float] = time.perf_counter,
) -> Answer:
    """Answer a question from the papers that pass the filters, or refuse with the reason.

    `clock` gives seconds. Raises UsageError for an empty question or unknown writer,
    DependencyMissing for the writer `llm`, ModelMismatch where the vectors are another
    model's.
    """
    start = clock()
    _check(question, writer)
    wanted = read_count(question, library.codebook)
    if wanted is not None:
        counted = count(library, wanted, filters)
        return _count_answer(question, counted, clock() - start)
    found = look_into(library, question, filters)
    chance = load_refusal().chance(found.signs)
    reason = reason_for(library, found, filters, chance)
    if reason:
        return _refusal(found, question, filters, reason, chance, clock() - start)
    sentences, citations, dropped = _write(library, chosen(found))
    if not citations:
        reason = "No sentence of the papers found could be verified against the stored text."
        return _refusal(found, question, filters, reason, chance, clock() - start, dropped)
    return Answer(
        question=question,
        answered=True,
        reason="",
        sentences=sentences,
        citations=citations,
        coverage=_coverage(found, len({one.paper_id for one in citations})),
        took_ms=(clock() - start) * 1000,
        chance=chance,
        dropped=dropped,
        filters=filters,
    )


def chosen(found: Inquiry) -> list[tuple[Candidate, Sentence]]:
    """The papers to cite, each with its most telling sentence, the best first."""
    papers = [one for one in found.pool.candidates if one.sentences]
    if not papers:
        return []
    best = papers[0].score
    near = sum(one.score >= best - MARGIN for one in papers)
    kept = papers[: min(max(near, FEWEST), MOST)]
    return [(one, one.sentences[0]) for one in kept if one.score >= best - FAR]


def _write(
    library: Library, picked: list[tuple[Candidate, Sentence]]
) -> tuple[tuple[AnswerSentence, ...], tuple[Citation, ...], int]:
    """(sentences, citations, quotes dropped): alike sentences merged, each quote verified."""
    groups: list[tuple[Sentence, list[int]]] = []
    citations: list[Citation] = []
    dropped = 0
    with library.catalogue.read() as reader:
        stored = reader.passages({sentence.passage.n for _, sentence in picked})
        for candidate, sentence in picked:
            passage = stored.get(sentence.passage.n)
            made = cite(reader, len(citations) + 1, candidate.paper, passage, sentence.text)
            if made is None:
                dropped += 1
                continue
            citations.append(made)
            for first, numbers in groups:
                if float(first.row.vector @ sentence.row.vector) >= SAME:
                    numbers.append(made.n)
                    break
            else:
                groups.append((sentence, [made.n]))
    sentences = tuple(AnswerSentence(first.text, tuple(numbers)) for first, numbers in groups)
    return sentences, tuple(citations), dropped


def _refusal(
    found: Inquiry,
    question: str,
    filters: Filters,
    reason: str,
    chance: float,
    seconds: float,
    dropped: int = 0,
) -> Answer:
    return Answer(
        question=question,
        answered=False,
        reason=reason,
        sentences=(),
        citations=(),
        coverage=_coverage(found, 0),
        took_ms=seconds * 1000,
        chance=chance,
        dropped=dropped,
        nearest=tuple(one.paper for one in found.pool.candidates[:OFFERED]),
        filters=filters,
    )


def _count_answer(question: str, counted: Count, seconds: float) -> Answer:
    return Answer(
        question=question,
        answered=True,
        reason="",
        sentences=(AnswerSentence(counted.sentence, ()),),
        citations=(),
        coverage=Coverage(counted.of, counted.papers, 0, counted.without_full_text),
        took_ms=seconds * 1000,
        chance=1.0,
        counted=counted,
        filters=counted.filters,
    )


def _coverage(found: Inquiry, cited: int) -> Coverage:
    pool = found.pool
    bare = sum(not one.paper.full_text for one in pool.candidates)
    return Coverage(pool.passing, len(pool.candidates), cited, bare)


def _check(question: str, writer: str) -> None:
    if not question.strip():
        raise UsageError("the question is empty", remedy="ask something", code="empty_question")
    if writer not in get_args(WriterName):
        raise unknown("writer", writer, get_args(WriterName))
    if writer == "llm":
        raise DependencyMissing(
            "the language-model writer is not in this version",
            item="llm",
            remedy="use --writer extractive, which needs no language model",
            code="writer_missing",
        )
