"""A library searched by several at once: `python tests/bench/crowd.py --library DIR [--papers N]`.

Four readers as threads of one process and as four processes; then one reader alone, and the
same while `kb add` fills the library on one thread with N papers made up for it. The library
is copied first, for it is written to. All hybrid, encoding included. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from latency import QUERIES, quantiles  # type: ignore[import-not-found]  # a script beside

from kb.catalogue import Filters
from kb.library import Library
from kb.search import search
from kb.settings import FILE

READERS = 4
SECONDS = 10.0
FILTERED = Filters(phases=("testing-and-evaluation",), year_from=2021, year_to=2026)


def read(library: Library, stop: Callable[[], bool], offset: int = 0) -> list[float]:
    """Milliseconds of each search until `stop`; every second one is filtered."""
    taken: list[float] = []
    while not stop():
        turn = offset + len(taken)
        begun = time.perf_counter()
        query = f"{QUERIES[turn % len(QUERIES)]} {turn}"
        search(library, query, FILTERED if turn % 2 else Filters())
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def ready(folder: Path) -> Library:
    """A library with its model, facts and vectors loaded."""
    library = Library.open(folder)
    for filters in (Filters(), FILTERED):
        search(library, "warm up", filters)
    return library


def alone(library: Library, seconds: float = SECONDS) -> dict[str, float]:
    """One reader."""
    end = time.monotonic() + seconds
    taken = read(library, lambda: time.monotonic() > end)
    return {"n": len(taken), **quantiles(taken)}


def threads(library: Library, seconds: float = SECONDS) -> dict[str, float]:
    """Several readers in this process."""
    end = time.monotonic() + seconds
    taken: list[float] = []

    def work(offset: int) -> None:
        taken.extend(read(library, lambda: time.monotonic() > end, offset))

    return _rate(
        _all([threading.Thread(target=work, args=(7 * i,)) for i in range(READERS)]), taken
    )


def processes(folder: Path, seconds: float = SECONDS) -> dict[str, float]:
    """Several readers, each a process of its own; the clock runs once all are ready."""
    command = [sys.executable, __file__, "--library", str(folder), "--read", str(seconds)]
    pipe = subprocess.PIPE
    readers = [
        subprocess.Popen([*command, str(7 * i)], stdin=pipe, stdout=pipe, text=True)
        for i in range(READERS)
    ]
    for one in readers:
        assert one.stdout
        one.stdout.readline()
    begun = time.perf_counter()
    for one in readers:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    taken = [ms for one in readers for ms in json.loads(one.communicate()[0])]
    return _rate(time.perf_counter() - begun, taken)


def beside_writer(folder: Path, papers: int) -> dict[str, Any]:
    """One reader alone, then while another process adds papers on one thread."""
    with (folder / FILE).open("a", encoding="utf-8") as stream:
        stream.write("threads = 1\n")
    library = ready(folder)
    quiet = alone(library)
    source = folder / "new.jsonl"
    source.write_text("\n".join(map(json.dumps, _made_up(papers))), encoding="utf-8")
    before = library.snapshot().generation
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "kb.cli", "--library", str(folder), "add", str(source)]
    writer = subprocess.Popen(command, env=os.environ | limits, stdout=sys.stderr)
    busy = read(library, lambda: writer.poll() is not None)
    if writer.returncode:
        raise SystemExit("the writer failed")
    snapshot = library.snapshot()
    found = {
        "alone": quiet,
        "beside": {"n": len(busy), **quantiles(busy), "slowest_ms": round(max(busy), 1)},
        "generations": snapshot.generation - before,
        "papers": len(snapshot.table.n),
        "p95_ratio": round(float(np.percentile(busy, 95)) / quiet["p95_ms"], 2),
    }
    library.close()
    return found


def _made_up(count: int) -> list[dict[str, Any]]:
    """Papers of words drawn from the queries: nobody's texts."""
    draw = np.random.default_rng(3)
    words = " ".join(QUERIES).split()

    def some(length: int) -> str:
        return " ".join(draw.choice(words, length)).capitalize()

    return [
        {
            "arxiv_id": f"2612.{i:05}",
            "title": some(9),
            "abstract": ". ".join(some(18) for _ in range(8)) + ".",
        }
        for i in range(1, count + 1)
    ]


def _all(some: list[threading.Thread]) -> float:
    begun = time.perf_counter()
    for thread in some:
        thread.start()
    for thread in some:
        thread.join()
    return time.perf_counter() - begun


def _rate(seconds: float, taken: list[float]) -> dict[str, float]:
    return {"queries_a_second": round(len(taken) / seconds, 1), **quantiles(taken)}


def _reader(folder: Path, seconds: float, offset: int) -> None:
    """One of several processes: says that it is ready, waits, reads, prints."""
    library = ready(folder)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.monotonic() + seconds
    sys.stdout.write(json.dumps(read(library, lambda: time.monotonic() > end, offset)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--papers", type=int, default=500, help="What the writer adds.")
    parser.add_argument("--read", nargs=2, type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        _reader(chosen.library, chosen.read[0], int(chosen.read[1]))
        return
    library = ready(chosen.library)
    figures: dict[str, Any] = {
        "sixfold": version("sixfold"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "papers": len(library.snapshot().table.n),
        "one reader": alone(library),
        f"{READERS} readers, threads": threads(library),
    }
    library.close()
    figures[f"{READERS} readers, processes"] = processes(chosen.library)
    with tempfile.TemporaryDirectory(prefix="crowd-") as place:
        copied = Path(place) / "library"
        shutil.copytree(chosen.library, copied)
        figures["beside a writer on one thread"] = beside_writer(copied, chosen.papers)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
