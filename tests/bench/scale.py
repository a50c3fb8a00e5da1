"""Build and search big libraries: `python tests/bench/scale.py --texts FILE --papers 10000`.

Titles and abstracts are real (lines of {arxiv_id, title, abstract}, as .jsonl.gz); years come
from the ids. Authors, categories and tags are drawn, and so are vectors, about 300 random
centres: nothing is embedded, so time and memory are measured here, and quality is not. The
catalogue, Chroma and tantivy are the real ones. Prints JSON.
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
from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from latency import QUERIES, quantiles  # type: ignore[import-not-found]  # a script beside

from ingest.identity import paper_id
from ingest.records import Paper
from ingest.split import split
from kb.catalogue import Filters
from kb.catalogue.carrying import CarriedPaper, CarriedPassage, keep_carried
from kb.catalogue.values import StoredTag
from kb.library import Library
from kb.ranking import MODES
from kb.search import search

DIMENSION = 384
CENTRES = 300
BATCH = 500

PHASES = ("development", "testing-and-evaluation", "deployment-and-operations")
LAYERS = ("execution-verification-validation", "planning-and-decomposition")

# What is filtered on, with the share of papers that pass.
FILTERS = {
    "no filter": Filters(),
    "phase and years": Filters(phases=("testing-and-evaluation",), year_from=2021, year_to=2026),
    "years, most pass": Filters(year_from=2010),
    "author": Filters(author="name 77"),
    "category": Filters(category="cs.C7"),
    "collection": Filters(collection="some"),
}


def papers(texts: Path, count: int) -> Iterator[CarriedPaper]:
    """Papers as a bundle carries them, with drawn facts and vectors."""
    draw = np.random.default_rng(7)
    centres = draw.standard_normal((CENTRES, DIMENSION)).astype(np.float32)
    with gzip.open(texts, "rt", encoding="utf-8") as stream:
        for line in islice(stream, count):
            yield _paper(json.loads(line), draw, centres)


def _paper(record: dict[str, Any], draw: np.random.Generator, centres: Any) -> CarriedPaper:
    name = paper_id(record["arxiv_id"])
    paper = Paper(paper_id=name, title=record["title"], abstract=record["abstract"])
    cut = split(paper, lambda some: [2 + len(text) // 4 for text in some])
    near = centres[draw.integers(CENTRES)] + centres[draw.integers(CENTRES)]
    vectors = near + 1.2 * draw.standard_normal((len(cut.passages), DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
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


def build(folder: Path, texts: Path, count: int) -> dict[str, Any]:
    """Make a library of `count` papers; seconds of each part."""
    shutil.rmtree(folder, ignore_errors=True)
    library = Library.create(folder)
    library.close()
    library = Library.open(folder, heal=False)
    start = time.perf_counter()
    with library.lock.held():
        source = papers(texts, count)
        while batch := list(islice(source, BATCH)):
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
    parser.add_argument("--folder", type=Path, required=True, help="Where the library is made.")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.texts is None:
        sys.stdout.write(json.dumps(measure(chosen.folder, chosen.rounds)) + "\n")
        return
    made = build(chosen.folder, chosen.texts, chosen.papers)
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
