"""Build and search big libraries: `python tests/bench/scale.py --texts FILE --papers 10000`.

Titles and abstracts are real (lines of {arxiv_id, title, abstract}, as .jsonl.gz); years come
from the ids. Authors, categories and tags are drawn. Vectors are the model's, kept in and taken
from `--vectors FILE`; without it they are drawn about 300 random centres, which is quick and
harder than real ones. The catalogue, Chroma and tantivy are the real ones. Prints JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from latency import QUERIES, quantiles  # type: ignore[import-not-found]  # a script beside

from ingest.identity import paper_id
from ingest.records import Paper, Split
from ingest.split import embedding_text, split
from kb.catalogue import Filters
from kb.catalogue.carrying import CarriedPaper, CarriedPassage, keep_carried
from kb.catalogue.values import StoredTag, Vector
from kb.embed import Embedder, unit
from kb.library import Library
from kb.model_files import DEFAULT_MODEL
from kb.ranking import MODES
from kb.search import search
from kb.vector_cache import VectorCache

DIMENSION = 384
CENTRES = 300
BATCH = 500

PHASES = ("development", "testing-and-evaluation", "deployment-and-operations")
LAYERS = ("execution-verification-validation", "planning-and-reasoning")

# What is filtered on, with the share of papers that pass.
FILTERS = {
    "no filter": Filters(),
    "phase and years": Filters(phases=("testing-and-evaluation",), year_from=2021, year_to=2026),
    "years, most pass": Filters(year_from=2010),
    "author": Filters(author="name 77"),
    "category": Filters(category="cs.C7"),
    "collection": Filters(collection="some"),
}


class Drawn:
    """Vectors about random centres, for passages cut by a guess at their tokens."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(7)
        self._centres = self._draw.standard_normal((CENTRES, DIMENSION)).astype(np.float32)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Tokens of each text, more or less."""
        return [2 + len(text) // 4 for text in texts]

    def vectors(self, cut: Sequence[Sequence[str]]) -> list[Vector]:
        """(passages, dimension) for each paper's passages."""
        return [self._near(len(texts)) for texts in cut]

    def _near(self, count: int) -> Vector:
        draw, centres = self._draw, self._centres
        near = centres[draw.integers(CENTRES)] + centres[draw.integers(CENTRES)]
        return unit(near + 1.2 * draw.standard_normal((count, DIMENSION)))


class Made:
    """The default model's vectors, kept in a file: each text is embedded once."""

    def __init__(self, kept: Path) -> None:
        self._embedder = Embedder(DEFAULT_MODEL, threads=os.cpu_count() or 2)
        self._cache = VectorCache(kept, self._embedder.model_id)
        self.count_tokens = self._embedder.count_tokens

    def vectors(self, cut: Sequence[Sequence[str]]) -> list[Vector]:
        """(passages, dimension) for each paper's passages."""
        flat = [text for texts in cut for text in texts]
        made = self._cache.encode(flat, self._embedder.encode, DIMENSION)
        return np.split(made, np.cumsum([len(texts) for texts in cut])[:-1])


def papers(texts: Path, count: int, source: Drawn | Made) -> Iterator[list[CarriedPaper]]:
    """Papers as a bundle carries them, in batches, with drawn facts."""
    draw = np.random.default_rng(7)
    with gzip.open(texts, "rt", encoding="utf-8") as stream:
        records = (json.loads(line) for line in islice(stream, count))
        while batch := list(islice(records, BATCH)):
            cut = [_cut(record, source) for record in batch]
            spans = [
                [embedding_text(record["title"], passage.text) for passage in one.passages]
                for record, one in zip(batch, cut, strict=True)
            ]
            found = zip(batch, cut, source.vectors(spans), strict=True)
            yield [_paper(record, one, vectors, draw) for record, one, vectors in found]


def _cut(record: dict[str, Any], source: Drawn | Made) -> Split:
    name = paper_id(record["arxiv_id"])
    paper = Paper(paper_id=name, title=record["title"], abstract=record["abstract"])
    return split(paper, source.count_tokens)


def _paper(record: dict[str, Any], cut: Split, vectors: Vector, draw: Any) -> CarriedPaper:
    name = paper_id(record["arxiv_id"])
    tags = [
        StoredTag(facet, key, 0.9, (), "machine", "bench", "1")
        for facet, keys in (("phase", PHASES), ("layer", LAYERS))
        for key in keys
        if draw.random() < 0.1
    ]
    digits = name.rpartition("/")[2]
    year = 1900 + int(digits[:2]) + (100 if int(digits[:2]) < 90 else 0)
    facts = {
        "paper_id": name,
        "title": record["title"],
        "abstract": record["abstract"],
        "authors": [f"Given Name {draw.integers(20_000)}" for _ in range(4)],
        "categories": [f"cs.C{draw.integers(40)}" for _ in range(2)],
        "published": "",
        "year": year,
        "doi": "",
        "arxiv_id": name,
        "version": "",
        "pages": None,
        "pdf_sha256": "",
        "full_text": False,
        "digest": None,
        "sections": [],
        "refs": [],
        "notes": [],
        "source": "bench",
        "content_hash": "",
        "scores": {},
        "added": "",
    }
    return CarriedPaper(
        facts=facts,
        page_texts=tuple((page.page or 0, page.text) for page in cut.pages),
        passages=tuple(
            CarriedPassage(one.section, one.page, one.start, one.end, ()) for one in cut.passages
        ),
        tags=tuple(tags),
        vectors=vectors.astype("<f2"),
        sentence_vectors=np.zeros((0, DIMENSION), dtype="<f2"),
    )


def build(folder: Path, texts: Path, count: int, vectors: Path | None) -> dict[str, Any]:
    """Make a library of `count` papers; seconds of each part."""
    shutil.rmtree(folder, ignore_errors=True)
    library = Library.create(folder)
    library.close()
    library = Library.open(folder, heal=False)
    start = time.perf_counter()
    with library.lock.held():
        for batch in papers(texts, count, Made(vectors) if vectors else Drawn()):
            with library.catalogue.write() as writer:
                keep_carried(writer, batch, now=library.now())
        with library.catalogue.write(bump=False) as writer:
            for one in writer.table().paper_id[:500]:
                writer.set_collected("some", one, member=True, now=library.now())
        kept = time.perf_counter()
        library.indexes.rebuild(library.catalogue, library.indexes.lexical)
        lexical = time.perf_counter()
        library.indexes.rebuild(library.catalogue, library.indexes.chroma)
        chroma = time.perf_counter()
    library.close()
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "catalogue_s": round(kept - start, 1),
        "tantivy_s": round(lexical - kept, 1),
        "chroma_s": round(chroma - lexical, 1),
        "rss_building_mb": _peak(),
        "disk_mb": round(files / 1e6),
    }


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Open a library and search it: seconds, milliseconds, megabytes."""
    start = time.perf_counter()
    library = Library.open(folder)
    opened = time.perf_counter()
    snapshot = library.snapshot()
    table = time.perf_counter()
    passages = len(snapshot.matrix.passage)
    matrix = time.perf_counter()
    figures: dict[str, Any] = {
        "papers": len(snapshot.table.n),
        "passages": passages,
        "open_s": round(opened - start, 2),
        "table_s": round(table - opened, 2),
        "matrix_s": round(matrix - table, 2),
    }
    for mode in MODES:
        search(library, "warm up", mode=mode)
        for name, filters in FILTERS.items():
            figures[f"{mode}, {name}"] = _asked(library, filters, mode, rounds)
    figures["filters alone"] = {name: _filtered(library, one) for name, one in FILTERS.items()}
    figures["hybrid, 4 at once"] = _at_once(library, 4, rounds)
    figures["rss_mb"] = _peak()
    return figures


def _asked(library: Library, filters: Filters, mode: Any, rounds: int) -> dict[str, Any]:
    taken, worked = [], []
    for turn in range(rounds):
        for query in QUERIES:
            begun, before = time.perf_counter(), time.process_time()
            found = search(library, f"{query} {turn}", filters, mode=mode)
            taken.append((time.perf_counter() - begun) * 1000)
            worked.append((time.process_time() - before) * 1000)
    cpu = round(float(np.median(worked)), 1)
    return {"n": len(taken), "pass": found.total, **quantiles(taken), "cpu_ms": cpu}


def _filtered(library: Library, filters: Filters) -> dict[str, float]:
    """Milliseconds of a mask made anew, once its columns are there."""
    taken = []
    for _ in range(8):
        library.snapshot()._masks.clear()
        begun = time.perf_counter()
        library.snapshot().mask(filters)
        taken.append((time.perf_counter() - begun) * 1000)
    return {"first_ms": round(taken[0], 2), "then_ms": round(float(np.median(taken[1:])), 2)}


def _at_once(library: Library, readers: int, rounds: int) -> dict[str, float]:
    def read() -> None:
        for turn in range(rounds):
            for query in QUERIES:
                search(library, f"{query} {turn}")

    threads = [threading.Thread(target=read) for _ in range(readers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    return {"queries_a_second": round(readers * rounds * len(QUERIES) / seconds, 1)}


def _peak() -> int:
    """Most memory that this process has held, in megabytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


def main() -> None:
    """Build, then measure in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="Lines of {arxiv_id, title, abstract}, gzipped.")
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--vectors", type=Path, help="File that keeps the model's vectors.")
    parser.add_argument("--folder", type=Path, required=True, help="Where the library is made.")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.texts is None:
        sys.stdout.write(json.dumps(measure(chosen.folder, chosen.rounds)) + "\n")
        return
    made = build(chosen.folder, chosen.texts, chosen.papers, chosen.vectors)
    command = [sys.executable, __file__, "--folder", str(chosen.folder)]
    command += ["--rounds", str(chosen.rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures = {
        "sixfold": version("sixfold"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        **made,
        **json.loads(done.stdout),
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
