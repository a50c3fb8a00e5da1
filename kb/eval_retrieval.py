"""Measuring search on a test collection, or on questions whose papers are known."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.adding import Options, add
from kb.catalogue.values import Vector
from kb.errors import UsageError
from kb.evaluate import GoldQuestion
from kb.known_items import NO_PHASE
from kb.library import Library
from kb.metrics import interval, ndcg, paired, recall, reciprocal_rank
from kb.ranking import MODES, Mode
from kb.search import search
from kb.settings import FILE
from kb.trec import PREFIX, Collection, read_collection, write_run
from kb.vector_cache import VectorCache

# Documents a query brings into the run.
DEPTH = 100

Ranking = list[tuple[str, float]]
"""(document id, score), best first."""


def eval_retrieval(
    folder: Path,
    *,
    mode: Mode = "hybrid",
    run: Path | None = None,
    cache: Path | None = None,
    settings: Path | None = None,
    compare: bool = False,
    by_phase: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure retrieval on a test collection in BEIR layout.

    Takes its folder, the mode of search, where to write the TREC run, the file that keeps
    vectors between runs, and a folder whose `settings.toml` to use. A temporary library is
    filled as by `kb add` and asked as by `kb search`. Gives nDCG@10, recall@20, recall@100
    and MRR@10 over the judged queries, each with its 95 % bootstrap interval, and the mean
    milliseconds of a query; with `compare`, paired differences from the other modes; with
    `by_phase`, the measures by phase of the relevant documents, as the tagger sees them.
    Raises UsageError for a folder that is none.
    """
    collection = read_collection(folder)
    with tempfile.TemporaryDirectory(prefix="kb-eval-") as place:
        library = _library_of(collection, Path(place), cache, settings, on_progress)
        found, rankings = _measured(library, collection, mode, compare=compare, by_phase=by_phase)
        library.close()
    if run:
        write_run(run, rankings)
    return found


def eval_questions(
    library: Library,
    questions: Sequence[GoldQuestion],
    *,
    mode: Mode = "hybrid",
    run: Path | None = None,
    compare: bool = False,
    by_phase: bool = False,
) -> dict[str, Any]:
    """The same of questions to an opened library: their gold papers are what is relevant.

    Papers known as borderline are left out of the rankings. Raises UsageError where no
    question has a gold paper that is here.
    """
    with library.catalogue.read() as reader:
        here = reader.numbers({one for question in questions for one in question.gold})
    asked = {
        one.identity or f"line-{number}": one
        for number, one in enumerate(questions, 1)
        if (one.gold - one.borderline) & set(here)
    }
    if not asked:
        raise UsageError(
            "no question has a gold paper that is in this library",
            remedy="open the library that the questions are about",
            code="bad_questions",
        )
    wanted = Asked(
        {name: one.question for name, one in asked.items()},
        {name: dict.fromkeys(one.gold - one.borderline, 1) for name, one in asked.items()},
        {name: one.borderline for name, one in asked.items()},
    )
    found, rankings = _measured(library, wanted, mode, compare=compare, by_phase=by_phase)
    if run:
        write_run(run, rankings)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries, what is relevant to each, and what is not to be judged."""

    queries: dict[str, str]
    grades: dict[str, dict[str, int]]
    ignored: dict[str, frozenset[str]]


def _measured(
    library: Library, asked: Asked | Collection, mode: Mode, *, compare: bool, by_phase: bool
) -> tuple[dict[str, Any], dict[str, Ranking]]:
    """(the figures of one mode, and what was asked for beside; its rankings)."""
    rankings, milliseconds = rank_all(library, asked.queries, mode)
    ignored = asked.ignored
    rankings = _without(rankings, ignored)
    values = per_query(rankings, asked.grades)
    with library.catalogue.read() as reader:
        documents = reader.counts()["papers"]
    found = summary(values) | {
        "queries": len(rankings),
        "docs": documents,
        "ms_per_query": round(float(np.mean(milliseconds)), 2),
        "mode": mode,
    }
    if isinstance(asked, Collection):
        found["queries_missing"] = asked.missing
    if compare:
        found["compare"] = {
            other: compared(
                values,
                per_query(
                    _without(rank_all(library, asked.queries, other)[0], ignored), asked.grades
                ),
            )
            for other in MODES
            if other != mode
        }
    if by_phase:
        found["phases"] = _by_phase(library, list(rankings), asked.grades, values)
    return found, rankings


def _without(
    rankings: Mapping[str, Ranking], ignored: Mapping[str, frozenset[str]]
) -> dict[str, Ranking]:
    return {
        query: [one for one in ranking if one[0] not in ignored.get(query, ())]
        for query, ranking in rankings.items()
    }


def _by_phase(
    library: Library,
    queries: Sequence[str],
    grades: Mapping[str, Mapping[str, int]],
    values: Mapping[str, Sequence[float]],
) -> dict[str, Any]:
    """The measures over the queries to which a document of each phase is relevant."""
    with library.catalogue.read() as reader:
        phases = {
            one.paper_id.removeprefix(PREFIX): one.keys("phase") or (NO_PHASE,)
            for one in reader.papers().values()
        }
    concerned: dict[str, list[int]] = {}
    for at, query in enumerate(queries):
        relevant = (document for document, grade in grades[query].items() if grade > 0)
        for phase in sorted({phase for one in relevant for phase in phases.get(one, ())}):
            concerned.setdefault(phase, []).append(at)
    return {
        phase: {"queries": len(some)}
        | summary({name: [held[at] for at in some] for name, held in values.items()})
        for phase, some in sorted(concerned.items())
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


def per_query(
    rankings: Mapping[str, Ranking], grades: Mapping[str, Mapping[str, int]]
) -> dict[str, list[float]]:
    """Measure -> its value for each query, in the order of the rankings."""
    found: dict[str, list[float]] = {}
    for query, ranking in rankings.items():
        ids, judged = [document for document, _ in ranking], grades[query]
        for name, value in (
            ("ndcg@10", ndcg(ids, judged, 10)),
            ("recall@20", recall(ids, judged, 20)),
            ("recall@100", recall(ids, judged, 100)),
            ("mrr@10", reciprocal_rank(ids, judged, 10)),
        ):
            found.setdefault(name, []).append(value)
    return found


def summary(values: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The measures, each the mean over queries, with its 95 % interval."""
    means = {name: round(float(np.mean(some)), 4) for name, some in values.items()}
    bounds = {name: [round(end, 4) for end in interval(some)] for name, some in values.items()}
    return {**means, "intervals": bounds}


def compared(
    ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Measure -> the other's value and how far we are ahead, by paired bootstrap."""
    found = {}
    for name, values in ours.items():
        told = paired(values, theirs[name])
        found[name] = {
            "value": round(float(np.mean(theirs[name])), 4),
            "difference": round(told.difference, 4),
            "interval": [round(end, 4) for end in told.interval],
            "ratio": _finite(told.ratio),
            "ratio_interval": [_finite(end) for end in told.ratio_interval],
            "p": round(told.p, 4),
        }
    return found


def _finite(value: float) -> float | None:
    """For JSON: None for what is no number."""
    return round(value, 4) if np.isfinite(value) else None


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
                """Unit vectors (texts, dimension); those met before come from the cache."""
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
