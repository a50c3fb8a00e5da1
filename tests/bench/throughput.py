"""How fast a folder comes in: `python tests/bench/ingest.py FOLDER [--rounds 2]`.

Side by side in one process, turn by turn: `kb add` of the folder into a new library (parsing,
cutting, embedding, tagging, both indexes), and a plain `SentenceTransformer.encode` loop in
fp32 over the same passages, which are given to it ready. With and without `statements`: with
them every sentence is embedded as well, about as many tokens again. Models are loaded before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
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


def come_in(folder: Path, embedder: Embedder, *, statements: bool) -> tuple[float, list[str]]:
    """Seconds for the whole folder, and the texts of its passages as they were embedded."""
    with tempfile.TemporaryDirectory(prefix="sixfold-bench-") as place:
        library = Library.create(Path(place) / "library")
        library.embedder = embedder
        start = time.perf_counter()
        with Intake(library) as intake:
            add(library, intake.sources([str(folder)]), Options(statements=statements))
        taken = time.perf_counter() - start
        with library.catalogue.read() as reader:
            papers = reader.papers()
            texts = [
                embedding_text(papers[number].title, passage.text)
                for number, some in reader.passages_of(papers).items()
                for passage in some
            ]
        library.close()
    return taken, texts


def plain_loop(model: Embedder, texts: list[str]) -> float:
    """Seconds of sentence-transformers in fp32 over the texts, as its users call it."""
    plain = model._sentence_transformer()
    start = time.perf_counter()
    for at in range(0, len(texts), BATCH):
        plain.encode(
            texts[at : at + BATCH], batch_size=BATCH, normalize_embeddings=True,
            show_progress_bar=False,
        )  # fmt: skip
    return time.perf_counter() - start


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
    taken: dict[str, list[float]] = {"with statements": [], "without": [], "plain loop": []}
    texts: list[str] = []
    for _ in range(chosen.rounds):
        for name, statements in (("with statements", True), ("without", False)):
            seconds, texts = come_in(chosen.folder, ours, statements=statements)
            taken[name].append(seconds)
        taken["plain loop"].append(plain_loop(fp32, texts))
    rates = {name: len(texts) / statistics.median(some) for name, some in taken.items()}
    figures = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "path": ours.engine,
        "passages": len(texts),
        "rounds": chosen.rounds,
        "passages per second": {name: round(rate, 1) for name, rate in rates.items()},
        "ratio to the plain loop": {
            name: round(rates[name] / rates["plain loop"], 2) for name in list(rates)[:2]
        },
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
