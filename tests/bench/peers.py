"""Sixfold beside other engines, in one run, on the same documents, queries and model.

    python tests/bench/peers.py --peer-python VENV/bin/python --scifact DIR --topics DIR
        --questions FILE [--own-vectors] [--json FILE]

The environment VENV (`pip install bm25s PyStemmer chromadb sentence-transformers txtai`) is
another than Sixfold's. Each engine indexes title and abstract of every document as one text and
embeds it with the same MiniLM. Chroma's own default function is that model as a download; here
its weights come from the package that Sixfold installs. Document vectors are made once, by
Sixfold, and handed to all, so building seconds leave embedding out; with `--own-vectors` every
engine embeds for itself. Prints a Markdown table; differences by paired bootstrap.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ingest.sources import Found
from kb.adding import Options, add
from kb.catalogue.values import Vector
from kb.embed import Embedder
from kb.eval_retrieval import DEPTH, rank_all
from kb.evaluate import read_questions
from kb.library import Library
from kb.metrics import interval, ndcg, paired, recall
from kb.model_files import DEFAULT_MODEL, cache_dir
from kb.trec import PREFIX, Collection, read_collection
from kb.vector_cache import VectorCache

SIXFOLD = "Sixfold"
ENGINES = {
    "Chroma": "chroma",
    "bm25s": "bm25s",
    "bm25s + Chroma, rank fusion": "rrf",
    "txtai, hybrid": "txtai",
}
MEASURES = ("ndcg@10", "recall@20")


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries about one corpus, and what is relevant to each."""

    name: str
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]
    ignored: dict[str, frozenset[str]]
    """Documents that count neither as hit nor as error."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one engine made of one corpus."""

    build_s: float
    ms: dict[str, float]
    """Query -> milliseconds."""
    rankings: dict[str, list[str]]
    versions: dict[str, str]


class Vectors:
    """The default model's vectors, kept in a file; None = nothing is kept."""

    def __init__(self, kept: Path | None) -> None:
        self.embedder = Embedder(DEFAULT_MODEL, threads=os.cpu_count() or 2)
        self._cache = VectorCache(kept, self.embedder.model_id) if kept else None

    def __call__(self, texts: Sequence[str]) -> Vector:
        """(n, dimension) float32."""
        if self._cache is None:
            return self.embedder.encode(texts)
        return self._cache.encode(texts, self.embedder.encode, self.embedder.dimension)


def of_collection(collection: Collection, name: str) -> Asked:
    """A test collection's own queries."""
    return Asked(name, collection.queries, collection.grades, {})


def of_questions(path: Path) -> Asked:
    """Questions whose papers are known."""
    some = [one for one in read_questions(path) if one.gold - one.borderline]
    return Asked(
        "questions",
        {one.identity: one.question for one in some},
        {one.identity: dict.fromkeys(one.gold - one.borderline, 1) for one in some},
        {one.identity: one.borderline for one in some},
    )


def by_sixfold(collection: Collection, queries: dict[str, str], vectors: Vectors) -> Answered:
    """A library made as by `kb add`, searched as by `kb search`."""
    with tempfile.TemporaryDirectory(prefix="peer-sixfold-") as place:
        library = Library.create(Path(place))
        library.embedder = vectors.embedder
        start = time.perf_counter()
        report = add(library, [collection], Options(statements=False, encode=vectors))
        built = time.perf_counter() - start
        if report.failed:
            raise SystemExit(f"cannot read: {report.failed[0]}")
        found, taken = rank_all(library, queries, "hybrid")
        library.close()
    rankings = {query: [one for one, _ in some] for query, some in found.items()}
    ms = dict(zip(queries, taken, strict=True))
    return Answered(built, ms, rankings, {"sixfold": version("sixfold")})


def by_peer(engine: str, python: Path, job: Path) -> Answered:
    """What another engine answers, in a process and an environment of its own."""
    answer = job.with_name(f"{engine}.json")
    script = Path(__file__).with_name("peer_engines.py")
    quiet = {"HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False", "TOKENIZERS_PARALLELISM": "0"}
    command = [str(python), str(script), engine, str(job), str(answer)]
    subprocess.run(command, check=True, env=os.environ | quiet, stdout=sys.stderr)
    read = json.loads(answer.read_text(encoding="utf-8"))
    ms = dict(zip(read["rankings"], read["ms"], strict=True))
    return Answered(read["build_s"], ms, read["rankings"], read["versions"])


def compare(
    collection: Collection, sets: Sequence[Asked], python: Path, vectors: Vectors, *, own: bool
) -> dict[str, Any]:
    """Set -> engine -> its figures, of all sets about one corpus."""
    queries = {f"{one.name}/{key}": text for one in sets for key, text in one.queries.items()}
    texts = [_text(found) for found in collection.items()]
    with tempfile.TemporaryDirectory(prefix="peers-") as place:
        job, kept = Path(place) / "job.json", Path(place) / "vectors.npy"
        if not own:
            np.save(kept, vectors([text for _, text in texts]))
        job.write_text(
            json.dumps(
                {
                    "documents": texts,
                    "queries": queries,
                    "model": vectors.embedder.files.path,
                    "vectors": None if own else str(kept),
                    "depth": DEPTH,
                }
            ),
            encoding="utf-8",
        )
        answers = {name: by_peer(engine, python, job) for name, engine in ENGINES.items()}
    answers[SIXFOLD] = by_sixfold(collection, queries, vectors)
    return {one.name: _figures(one, answers) for one in sets}


def _text(found: Found) -> tuple[str, str]:
    paper = found.read()
    name = paper.paper_id.removeprefix(PREFIX)
    return name, f"{paper.title}. {paper.abstract}".strip()


def _figures(asked: Asked, answers: dict[str, Answered]) -> dict[str, Any]:
    values = {name: _values(asked, one) for name, one in answers.items()}
    found: dict[str, Any] = {}
    for name, one in answers.items():
        taken = [one.ms[f"{asked.name}/{query}"] for query in asked.queries]
        figures: dict[str, Any] = {
            "queries": len(taken),
            "ms_p50": round(float(np.median(taken)), 1),
            "build_s": round(one.build_s, 1),
            "versions": one.versions,
            "values": {key: [round(v, 4) for v in some] for key, some in values[name].items()},
        }
        for measure in MEASURES:
            mine, theirs = values[SIXFOLD][measure], values[name][measure]
            figures[measure] = round(float(np.mean(theirs)), 4)
            figures[f"{measure} interval"] = [round(end, 4) for end in interval(theirs)]
            if name != SIXFOLD:
                ahead = paired(mine, theirs)
                figures[f"{measure} behind Sixfold"] = {
                    "difference": round(ahead.difference, 4),
                    "interval": [round(end, 4) for end in ahead.interval],
                    "p": round(ahead.p, 4),
                }
        found[name] = figures
    return found


def _values(asked: Asked, answered: Answered) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {measure: [] for measure in MEASURES}
    for query, grades in asked.grades.items():
        if query not in asked.queries:
            continue
        left_out = asked.ignored.get(query, frozenset())
        ranking = [one for one in answered.rankings[f"{asked.name}/{query}"] if one not in left_out]
        found["ndcg@10"].append(ndcg(ranking, grades, 10))
        found["recall@20"].append(recall(ranking, grades, 20))
    return found


def pooled(sets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several sets as one, each query counted once."""
    found: dict[str, Any] = {}
    for name in sets[0]:
        values = {m: [v for one in sets for v in one[name]["values"][m]] for m in MEASURES}
        mine = {m: [v for one in sets for v in one[SIXFOLD]["values"][m]] for m in MEASURES}
        found[name] = {"queries": len(values[MEASURES[0]])}
        for measure in MEASURES:
            ahead = paired(mine[measure], values[measure])
            found[name][measure] = round(float(np.mean(values[measure])), 4)
            found[name][f"{measure} ratio"] = [round(end, 3) for end in ahead.ratio_interval]
    return found


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown: a row for each set and engine."""
    lines = [
        "| set | engine | nDCG@10 | Sixfold ahead | recall@20 | Sixfold ahead | ms | build, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, engines in figures.items():
        for engine in (SIXFOLD, *ENGINES):
            one = engines[engine]
            cells = [f"{name}, {one['queries']}", engine]
            for measure in MEASURES:
                cells += [f"{one[measure]:.3f}", _ahead(one.get(f"{measure} behind Sixfold"))]
            lines.append(f"| {' | '.join([*cells, str(one['ms_p50']), str(one['build_s'])])} |")
    return "\n".join(lines)


def _ahead(told: dict[str, Any] | None) -> str:
    if told is None:
        return "–"
    low, high = told["interval"]
    return f"{told['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


def main() -> None:
    """Run all engines on all sets given; a table on stdout, everything in the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--scifact", type=Path, help="A test collection in BEIR layout.")
    parser.add_argument("--topics", type=Path, help="Another; the questions are about it too.")
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--own-vectors", action="store_true")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    vectors = Vectors(None if chosen.own_vectors else cache_dir() / "vectors.sqlite")
    figures: dict[str, Any] = {}
    for folder, name in ((chosen.scifact, "SciFact train"), (chosen.topics, "topics")):
        if folder:
            collection = read_collection(folder)
            sets = [of_collection(collection, name)]
            if folder == chosen.topics and chosen.questions:
                sets.append(of_questions(chosen.questions))
            figures |= compare(
                collection, sets, chosen.peer_python, vectors, own=chosen.own_vectors
            )
    told = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "embedding": "by each engine" if chosen.own_vectors else "once, not in build_s",
        "sets": figures,
    }
    if {"topics", "questions"} <= set(figures):
        told["topics and questions pooled"] = pooled([figures["topics"], figures["questions"]])
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    sys.stdout.write(f"{table(figures)}\n")


if __name__ == "__main__":
    main()
