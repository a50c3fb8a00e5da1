"""Measuring Sixfold on a user's own data: retrieval on a test collection, answers on questions."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.adding import Options, add
from kb.answer import Answer, ask
from kb.catalogue.values import Vector
from kb.errors import KbError, UsageError
from kb.library import Library
from kb.metrics import interval, ndcg, recall, reciprocal_rank
from kb.quotes import contains
from kb.ranking import Mode
from kb.search import search
from kb.settings import FILE
from kb.trec import PREFIX, Collection, read_collection, write_run
from kb.vector_cache import VectorCache

# Documents a query brings into the run.
DEPTH = 100

TYPES = ("single", "multi", "phase", "unanswerable")

Ranking = list[tuple[str, float]]
"""(document id, score), best first."""


def eval_retrieval(
    folder: Path,
    *,
    mode: Mode = "hybrid",
    run: Path | None = None,
    cache: Path | None = None,
    settings: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure retrieval on a test collection in BEIR layout.

    Takes its folder, the mode of search, where to write the TREC run, the file that keeps
    vectors between runs, and a folder whose `settings.toml` to use. A temporary library is
    filled as by `kb add` and asked as by `kb search`. Gives nDCG@10, recall@20, recall@100
    and MRR@10 over the judged queries, each with its 95 % bootstrap interval, and the mean
    milliseconds of a query. Raises UsageError for a folder that is none.
    """
    collection = read_collection(folder)
    with tempfile.TemporaryDirectory(prefix="kb-eval-") as place:
        library = _library_of(collection, Path(place), cache, settings, on_progress)
        rankings, milliseconds = rank_all(library, collection.queries, mode)
        with library.catalogue.read() as reader:
            documents = reader.counts()["papers"]
        library.close()
    if run:
        write_run(run, rankings)
    return measure(rankings, collection.grades) | {
        "queries": len(rankings),
        "docs": documents,
        "ms_per_query": round(float(np.mean(milliseconds)), 2),
        "mode": mode,
    }


def rank_all(
    library: Library, queries: Mapping[str, str], mode: Mode
) -> tuple[dict[str, Ranking], list[float]]:
    """(query id -> ranking of the first hundred, milliseconds of each query)."""
    rankings: dict[str, Ranking] = {}
    milliseconds = []
    search(library, "warm up", limit=1, mode=mode)  # loads the model once, before the clock
    for query, text in queries.items():
        found = search(library, text, limit=DEPTH, mode=mode)
        rankings[query] = [
            (hit.paper.paper_id.removeprefix(PREFIX), hit.score) for hit in found.hits
        ]
        milliseconds.append(found.took_ms)
    return rankings, milliseconds


def measure(
    rankings: Mapping[str, Ranking], grades: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """The measures of some rankings, each the mean over queries, with intervals."""
    per_query: dict[str, list[float]] = {}
    for query, ranking in rankings.items():
        ids, judged = [document for document, _ in ranking], grades[query]
        for name, value in (
            ("ndcg@10", ndcg(ids, judged, 10)),
            ("recall@20", recall(ids, judged, 20)),
            ("recall@100", recall(ids, judged, 100)),
            ("mrr@10", reciprocal_rank(ids, judged, 10)),
        ):
            per_query.setdefault(name, []).append(value)
    means = {name: round(float(np.mean(values)), 4) for name, values in per_query.items()}
    bounds = {
        name: [round(end, 4) for end in interval(values)] for name, values in per_query.items()
    }
    return {**means, "intervals": bounds}


def _library_of(
    collection: Collection,
    place: Path,
    cache: Path | None,
    settings: Path | None,
    on_progress: Callable[[int, int], None] | None,
) -> Library:
    """A library of the collection's documents, filled by the code of `kb add`."""
    if settings and (settings / FILE).is_file():
        shutil.copy(settings / FILE, place / FILE)
    library = Library.create(place)
    options = Options(statements=False, on_progress=on_progress)
    if cache is None:
        report = add(library, [collection], options)
    else:
        vectors = VectorCache(cache, library.embedder.model_id)
        try:
            dimension = library.embedder.dimension

            def encode(texts: Sequence[str]) -> Vector:
                return vectors.encode(texts, library.embedder.encode, dimension)

            report = add(
                library,
                [collection],
                Options(statements=False, encode=encode, on_progress=on_progress),
            )
        finally:
            vectors.close()
    if report.failed:
        first = report.failed[0]
        raise UsageError(
            f"{len(report.failed)} documents cannot be read; the first: {first['error']}",
            item=first["item"],
            remedy="mend corpus.jsonl",
            code="bad_dataset",
        )
    return library


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


def read_questions(path: Path) -> list[GoldQuestion]:
    """The questions of a JSON-lines file. Raises UsageError that names the bad line."""
    found = []
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                found.append(_question(line, f"{path}:{number}"))
    if not found:
        raise UsageError(f"{path} has no questions", item=str(path), code="bad_questions")
    return found


def eval_answers(library: Library, questions: Sequence[GoldQuestion]) -> dict[str, Any]:
    """Ask all questions and compare with what is known, by the contract's keys.

    Shares are of all questions of a type: one refused cites nothing. `multi` is questions
    of type multi; `phase` are reported on their own. Of refusals, `refusal_precision` is
    the share that was right; `quote_exact` is the share of our quotes found verbatim in the
    stored passage.
    """
    if questions:
        ask(library, questions[0].question)  # loads the model once, before the clock
    answers = [(one, ask(library, one.question)) for one in questions]
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
        "quote_exact": round(exact / quotes, 4) if quotes else None,
        "quotes": quotes,
        "median_ms": round(float(np.median([answer.took_ms for _, answer in answers])), 1),
        "questions": [
            {
                "id": one.identity,
                "type": one.type,
                "answered": answer.answered,
                "chance": round(answer.chance, 4),
                "gold_recall": _recall(one, answer),
                "cited": answer.coverage.cited,
            }
            for one, answer in answers
        ],
    }


def _shares(kind: str, some: Sequence[tuple[GoldQuestion, Answer]]) -> dict[str, Any]:
    def share(values: Sequence[float]) -> float | None:
        return round(float(np.mean(values)), 4) if values else None

    answered = [float(answer.answered) for _, answer in some]
    if kind == "unanswerable":
        return {"n": len(some), "refused": share([1 - value for value in answered])}
    recalls = [_recall(one, answer) for one, answer in some]
    gold = [value for value in recalls if value is not None]
    found = {"n": len(some), "answered": share(answered)}
    if kind == "single":
        return found | {"cited_gold": share([float(value > 0) for value in gold])}
    return found | {"gold_recall": share(gold)}


def _recall(one: GoldQuestion, answer: Answer) -> float | None:
    """Share of the gold papers cited; None where none is known."""
    gold = one.gold - one.borderline
    if not gold:
        return None
    return len(gold & {cited.paper_id for cited in answer.citations}) / len(gold)


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
        identity = str(record.get("id", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(place, "is not {id, type, question, gold_papers, gold_quotes}") from error
    if kind not in TYPES:
        raise _bad(place, f"has type {kind}; known: {', '.join(TYPES)}")
    return GoldQuestion(identity, kind, text, gold, borderline)


def _bad(place: str, fault: str) -> KbError:
    return UsageError(f"{place} {fault}", item=place, code="bad_questions")
