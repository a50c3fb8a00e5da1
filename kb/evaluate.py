"""Measuring answers on questions whose papers are known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.answer import Answer, ask
from kb.errors import KbError, UsageError
from kb.library import Library
from kb.quotes import contains
from kb.refusal import load_refusal
from kb.refusal_curve import STEPS, by_kind, curve, kind_of

TYPES = ("single", "multi", "phase", "unanswerable")


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question with what is known of its answer."""

    identity: str
    type: str
    question: str
    gold: frozenset[str]
    """Ids of papers that answer it."""
    borderline: frozenset[str]
    """Ids that count neither as hit nor as error."""
    pages: frozenset[int] = frozenset()
    """Pages of the gold paper on which the answer stands, from 1; none where not known."""
    kind: str = ""
    """Of an unanswerable question: near_miss, false_premise, off_corpus, unanswerable."""


def read_questions(path: Path) -> list[GoldQuestion]:
    """The questions of a JSON-lines file. Raises UsageError that names the bad line."""
    found = []
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                found.append(_question(line, f"{path}:{number}"))
    if not found:
        raise _bad(str(path), "has no questions")
    return found


def eval_answers(
    library: Library, questions: Sequence[GoldQuestion], *, writer: str = "extractive"
) -> dict[str, Any]:
    """Ask all questions and compare with what is known, by the contract's keys.

    Shares are of all questions of a type: one refused cites nothing. `multi` is questions
    of type multi; `phase` are reported on their own. Of refusals, `refusal_precision` is
    the share that was right; `quote_exact` is the share of our quotes found verbatim in the
    stored passage. `page` is about questions with known pages: whether the first citation of
    a gold paper names one of them (`right`), whether any citation of it does (`among`).
    `by_kind` has the kinds of unanswerable questions, `curve` what other thresholds would do.
    """
    if questions:
        ask(library, questions[0].question)  # loads the model once, before the clock
    answers = [(one, ask(library, one.question, writer=writer)) for one in questions]
    refused = [one for one, answer in answers if not answer.answered]
    right = sum(one.type == "unanswerable" for one in refused)
    exact, quotes = _quotes(library, [answer for _, answer in answers])
    found: dict[str, Any] = {}
    for kind in TYPES:
        some = [(one, answer) for one, answer in answers if one.type == kind]
        if kind != "phase" or some:
            found[kind] = _shares(kind, some)
    return found | {
        "refusal_precision": round(right / len(refused), 4) if refused else None,
        **_refusals(answers),
        "page": _page_shares([one for one in answers if one[0].pages]),
        "quote_exact": round(exact / quotes, 4) if quotes else None,
        "quotes": quotes,
        "writer": _written(writer, [answer for _, answer in answers]),
        "median_ms": round(float(np.median([answer.took_ms for _, answer in answers])), 1),
        "questions": [
            {
                "id": one.identity,
                "type": one.type,
                "answered": answer.answered,
                "chance": round(answer.chance, 4),
                "gold_recall": _recall(one, answer),
                "cited": answer.coverage.cited,
                "pages": [c.page for c in answer.citations if c.paper_id in one.gold],
            }
            for one, answer in answers
        ],
    }


def _written(writer: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """Who was to word the answers, how many it did, and what the gate took out of them."""
    removed: Counter[str] = Counter()
    for answer in answers:
        removed.update(answer.removed)
    worded = sum(answer.answered and answer.writer == writer for answer in answers)
    return {"name": writer, "answers": worded, "removed": dict(removed)}


def _shares(kind: str, some: Sequence[tuple[GoldQuestion, Answer]]) -> dict[str, Any]:
    answered = [float(answer.answered) for _, answer in some]
    if kind == "unanswerable":
        return {"n": len(some), "refused": _share([1 - value for value in answered])}
    recalls = [_recall(one, answer) for one, answer in some]
    gold = [value for value in recalls if value is not None]
    found = {"n": len(some), "answered": _share(answered)}
    if kind == "single":
        return found | {"cited_gold": _share([float(value > 0) for value in gold])}
    return found | {"gold_recall": _share(gold)}


def _recall(one: GoldQuestion, answer: Answer) -> float | None:
    """Share of the gold papers cited; None where none is known."""
    gold = one.gold - one.borderline
    if not gold:
        return None
    return len(gold & {cited.paper_id for cited in answer.citations}) / len(gold)


def _refusals(answers: Sequence[tuple[GoldQuestion, Answer]]) -> dict[str, Any]:
    """Unanswerable questions by kind, and what other thresholds would do."""
    yes = [answer.chance for one, answer in answers if one.type != "unanswerable"]
    no: dict[str, list[float]] = {}
    for one, answer in answers:
        if one.type == "unanswerable":
            no.setdefault(one.kind, []).append(answer.chance)
    threshold = load_refusal().threshold
    points = curve(yes, [chance for some in no.values() for chance in some], (*STEPS, threshold))
    return {"threshold": threshold, "by_kind": by_kind(yes, no, threshold), "curve": [*points]}


def _page_shares(some: Sequence[tuple[GoldQuestion, Answer]]) -> dict[str, Any]:
    """Of questions with known pages: shares whose gold paper is cited with the right page."""
    named = [
        [cited.page in one.pages for cited in answer.citations if cited.paper_id in one.gold]
        for one, answer in some
    ]
    return {
        "n": len(some),
        "cited_gold": _share([bool(pages) for pages in named]),
        "right": _share([pages[:1] == [True] for pages in named]),
        "among": _share([any(pages) for pages in named]),
    }


def _share(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _quotes(library: Library, answers: Sequence[Answer]) -> tuple[int, int]:
    """(quotes found verbatim in the stored passage, quotes)."""
    cited = [one for answer in answers for one in answer.citations]
    with library.catalogue.read() as reader:
        numbers = reader.passage_numbers({one.passage_id for one in cited})
        stored = reader.passages(numbers.values())
    exact = 0
    for one in cited:
        passage = stored.get(numbers.get(one.passage_id, -1))
        exact += passage is not None and contains(passage.text, one.quote)
    return exact, len(cited)


def _question(line: str, place: str) -> GoldQuestion:
    try:
        record = json.loads(line)
        kind, text = str(record["type"]), str(record["question"])
        gold = frozenset(map(str, record.get("gold_papers") or ()))
        borderline = frozenset(map(str, record.get("borderline") or ()))
        pages = frozenset(map(int, record.get("pages") or ()))
        identity = str(record.get("id", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(place, "is not {id, type, question, gold_papers, gold_quotes}") from error
    if kind not in TYPES:
        raise _bad(place, f"has type {kind}; known: {', '.join(TYPES)}")
    of = kind_of(record) if kind == "unanswerable" else ""
    return GoldQuestion(identity, kind, text, gold, borderline, pages, of)


def _bad(place: str, fault: str) -> KbError:
    remedy = "give lines of {id, type, question, gold_papers, gold_quotes}"
    return UsageError(f"{place} {fault}", item=place, remedy=remedy, code="bad_questions")
