"""How fast a folder comes in: `python tests/bench/throughput.py FOLDER [--rounds 2]`.

Side by side in one process, turn by turn: `kb add` of the folder into a new library (parsing,
cutting, embedding, tagging, both indexes), and a plain `SentenceTransformer.encode` loop in
fp32 over the same passages, which are given to it ready. With and without `statements`: with
them every sentence is embedded as well, about as many tokens again. Models are loaded before.
Rates are given by the clock and by processor seconds, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ingest.split import embedding_text
from kb.adding import Options, add
from kb.embed import Embedder
from kb.intake import Intake
from kb.library import Library

BATCH = 32


Spent = tuple[float, float]
"""Seconds by the clock, and of all processors, child processes included."""


def now() -> Spent:
    """The time, and what has been spent so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime


def since(start: Spent) -> Spent:
    """What has been spent since `start`."""
    clock, processor = now()
    return clock - start[0], processor - start[1]


def come_in(folder: Path, embedder: Embedder, *, statements: bool) -> tuple[Spent, list[str]]:
    """What the whole folder takes, and the texts of its passages as they were embedded."""
    with tempfile.TemporaryDirectory(prefix="sixfold-bench-") as place:
        library = Library.create(Path(place) / "library")
        library.embedder = embedder
        start = now()
        with Intake(library) as intake:
            add(library, intake.sources([str(folder)]), Options(statements=statements))
        taken = since(start)
        with library.catalogue.read() as reader:
            papers = reader.papers()
            texts = [
                embedding_text(papers[number].title, passage.text)
                for number, some in reader.passages_of(papers).items()
                for passage in some
            ]
        library.close()
    return taken, texts


def plain_loop(model: Embedder, texts: list[str]) -> Spent:
    """What is spent by sentence-transformers in fp32 over the texts, as its users call it."""
    plain = model._sentence_transformer()
    start = now()
    for at in range(0, len(texts), BATCH):
        plain.encode(
            texts[at : at + BATCH], batch_size=BATCH, normalize_embeddings=True,
            show_progress_bar=False,
        )  # fmt: skip
    return since(start)


def _rates(seconds: dict[str, list[float]], passages: int) -> dict[str, dict[str, float]]:
    """Passages a second, and what that is to the plain loop."""
    rates = {name: passages / statistics.median(some) for name, some in seconds.items()}
    return {
        name: {"a second": round(rate, 1), "ratio": round(rate / rates["plain loop"], 2)}
        for name, rate in rates.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", default="auto")
    chosen = parser.parse_args()
    threads = min(2, os.cpu_count() or 1)
    ours = Embedder("all-MiniLM-L6-v2", threads=threads, precision=chosen.precision)
    fp32 = Embedder("all-MiniLM-L6-v2", threads=threads, precision="fp32")
    for one in (ours, fp32):
        one.encode(["warm up"])
    taken: dict[str, list[Spent]] = {"with statements": [], "without": [], "plain loop": []}
    texts: list[str] = []
    for _ in range(chosen.rounds):
        for name, statements in (("with statements", True), ("without", False)):
            seconds, texts = come_in(chosen.folder, ours, statements=statements)
            taken[name].append(seconds)
        taken["plain loop"].append(plain_loop(fp32, texts))
    figures = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "path": ours.engine,
        "passages": len(texts),
        "rounds": chosen.rounds,
        "by the clock": _rates(
            {name: [one[0] for one in some] for name, some in taken.items()}, len(texts)
        ),
        "by processor seconds": _rates(
            {name: [one[1] for one in some] for name, some in taken.items()}, len(texts)
        ),
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
