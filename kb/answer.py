"""Answers: sentences of papers with quotes that can be checked, or a reasoned refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.asking import Inquiry, look_into
from kb.candidates import Candidate, Sentence
from kb.catalogue import Filters
from kb.citations import Citation, cite
from kb.collecting import collections
from kb.counting import Count, count, read_count
from kb.covered import Coverage
from kb.dropped import Dropped, record
from kb.errors import UsageError
from kb.followup import Resolved, Turn, resolve
from kb.grouping import Group, Said, grouped
from kb.library import Library
from kb.missing import unreadable
from kb.naming import merged
from kb.quotes import unmarked
from kb.reasons import reason_for
from kb.refusal import load_refusal
from kb.reply import Answer, AnswerSentence
from kb.within import read_closely
from kb.writer import settled, write, writer_named

__all__ = ["Answer", "AnswerSentence", "Coverage", "ask", "chosen"]

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

# Sentences nearer to each other than this say the same: one is shown and cites both.
SAME = 0.9

# Nearest papers offered with a refusal.
OFFERED = 5


def ask(
    library: Library,
    question: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    earlier: Sequence[Turn] = (),
    *,
    understood: Resolved | None = None,
    writer: str = "extractive",
    clock: Callable[[], float] = time.perf_counter,
) -> Answer:
    """Answer a question from the papers that pass the filters, or refuse with the reason.

    `earlier` are the turns of the conversation, the newest last: a follow-up is completed
    from them (`kb.followup`), and the answer says how; with `understood` it is taken as that
    says. `clock` gives seconds. Raises
    UsageError for an empty question, an unknown writer or `llm` where none is set up,
    ModelMismatch where the vectors are another model's. To show an answer while it is
    written see `kb.writer`.
    """
    start = clock()
    _check(question)
    writer_named(writer, library.settings)
    understood = understood or resolve(question, earlier, library.codebook)
    if why := unreadable(library, question):
        understood = replace(understood, refused=why)
    answer = _answer(library, understood, merged(understood.filters, filters))
    answer = replace(
        answer, question=question, understood=understood, took_ms=(clock() - start) * 1000
    )
    return settled(write(library, answer, writer))


def _answer(library: Library, asked: Resolved, filters: Filters) -> Answer:
    """The answer, its time not yet taken."""
    if asked.refused:
        return _aside(asked, filters)
    wanted = read_count(asked.question, library.codebook, collections(library))
    if wanted is not None:
        return _count_answer(asked, count(library, wanted, filters, asked.papers))
    found = look_into(library, asked.question, filters, asked.papers)
    chance = load_refusal().chance(found.signs)
    reason = reason_for(library, found, filters, chance)
    if reason:
        return _refusal(found, asked, filters, reason, chance)
    picked = read_closely(library, found, chosen(found))
    sentences, citations, dropped = _write(library, picked)
    if not citations:
        reason = "No sentence of the papers found could be verified against the stored text."
        return replace(_refusal(found, asked, filters, reason, chance), dropped=dropped)
    return Answer(
        question=asked.question,
        answered=True,
        reason="",
        sentences=sentences,
        citations=citations,
        coverage=_coverage(found, len({one.paper_id for one in citations})),
        took_ms=0.0,
        chance=chance,
        shares=load_refusal().shares(found.signs),
        dropped=dropped,
        filters=filters,
        groups=_groups(library, found, picked, sentences, citations),
        retrieved_ids=tuple(one.paper.paper_id for one in found.pool.candidates),
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
    dropped: list[Dropped] = []
    with library.catalogue.read() as reader:
        stored = reader.passages({sentence.passage.n for _, sentence in picked})
        for candidate, sentence in picked:
            passage = stored.get(sentence.passage.n)
            quote = unmarked(sentence.text)
            made = cite(reader, len(citations) + 1, candidate.paper, passage, quote)
            if made is None:
                dropped.append(Dropped(candidate.paper.paper_id, "answer", quote))
                continue
            citations.append(made)
            for first, numbers in groups:
                if float(first.row.vector @ sentence.row.vector) >= SAME:
                    numbers.append(made.n)
                    break
            else:
                groups.append((sentence, [made.n]))
    sentences = tuple(
        AnswerSentence(unmarked(first.text), tuple(numbers)) for first, numbers in groups
    )
    record(library, dropped)
    return sentences, tuple(citations), len(dropped)


def _groups(
    library: Library,
    found: Inquiry,
    picked: list[tuple[Candidate, Sentence]],
    sentences: tuple[AnswerSentence, ...],
    citations: tuple[Citation, ...],
) -> tuple[Group, ...]:
    """The sentences put together by what they say, or by phase where that is asked."""
    by_text = {unmarked(sentence.text): (paper, sentence) for paper, sentence in reversed(picked)}
    said = []
    for one in sentences:
        candidate, sentence = by_text[one.text]
        places = tuple((tag.facet, tag.key) for tag in candidate.paper.tags)
        papers = frozenset(citations[n - 1].paper_id for n in one.citations)
        said.append(Said(one.text, sentence.row.vector, sentence.stems, papers, places))
    asked = frozenset(stem for term in found.question.terms for stem in term.stems)
    return grouped(said, found.question.text, asked, library.codebook)


def _refusal(
    found: Inquiry, asked: Resolved, filters: Filters, reason: str, chance: float
) -> Answer:
    return Answer(
        question=asked.question,
        answered=False,
        reason=reason,
        sentences=(),
        citations=(),
        coverage=_coverage(found, 0),
        took_ms=0.0,
        chance=chance,
        shares=load_refusal().shares(found.signs),
        nearest=tuple(one.paper for one in found.pool.candidates[:OFFERED]),
        filters=filters,
        retrieved_ids=tuple(one.paper.paper_id for one in found.pool.candidates),
    )


def _aside(asked: Resolved, filters: Filters) -> Answer:
    return Answer(
        question=asked.question,
        answered=False,
        reason=asked.refused,
        sentences=(),
        citations=(),
        coverage=Coverage(0, 0, 0, 0),
        took_ms=0.0,
        chance=0.0,
        filters=filters,
    )


def _count_answer(asked: Resolved, counted: Count) -> Answer:
    return Answer(
        question=asked.question,
        answered=True,
        reason="",
        sentences=(AnswerSentence(counted.sentence, ()),),
        citations=(),
        coverage=Coverage(counted.of, counted.papers, 0, counted.without_full_text),
        took_ms=0.0,
        chance=1.0,
        counted=counted,
        filters=counted.filters,
        retrieved_ids=counted.paper_ids,
    )


def _coverage(found: Inquiry, cited: int) -> Coverage:
    pool = found.pool
    bare = sum(not one.paper.full_text for one in pool.candidates)
    return Coverage(pool.passing, len(pool.candidates), cited, bare)


def _check(question: str) -> None:
    if not question.strip():
        raise UsageError("the question is empty", remedy="ask something", code="empty_question")
