"""How fast a library answers: `python tests/bench/latency.py --library DIR [--json]`.

Warm: one process, each query once, hybrid, encoding included, with and without a phase and
year filter. Cold: whole processes, start to end. Nothing is written but the search log.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from kb.answer import ask
from kb.catalogue import Filters
from kb.library import Library
from kb.search import search

QUERIES = """
package hallucination in generated code
repository-level code completion benchmarks
how are training corpora of code deduplicated
unlearning licensed code from language models
serving code models with low latency
prompt injection against coding agents
self-repair from execution feedback
multi-agent planning for software tasks
requirements for health assistants built on language models
LLM as a judge for code review
parameter-efficient fine-tuning for program repair
decoding constrained by a grammar
test generation with language models
data contamination of code benchmarks
quantization of code models
drift between versions of an assistant
model context protocol servers
smart contract vulnerability detection
Verilog generation
translation from C to Rust
developer trust in code assistants
clarifying questions for ambiguous requests
reward models for code
SWE-bench issue resolution
retrieval of repository context
static analysis of generated code
energy use of inference
license compliance of generated code
agent memory
low-resource programming languages
""".strip().splitlines()

FILTERED = Filters(phases=("testing-and-evaluation",), year_from=2025, year_to=2026)


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """p50 and p95 of some timings, in milliseconds."""
    return {f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 1) for q in (50, 95)}


def warm(library: Library, filters: Filters, rounds: int) -> dict[str, float]:
    """Latency of hybrid search in this process."""
    search(library, "warm up", filters)
    taken = []
    for turn in range(rounds):
        for query in QUERIES:
            start = time.perf_counter()
            search(library, query if not turn else f"{query} {turn}", filters)
            taken.append((time.perf_counter() - start) * 1000)
    return {"n": len(taken), **quantiles(taken)}


def answers(library: Library) -> dict[str, float]:
    """Latency of complete extractive answers in this process."""
    ask(library, "warm up?")
    taken = []
    for query in QUERIES:
        start = time.perf_counter()
        ask(library, f"What is known about {query}?")
        taken.append((time.perf_counter() - start) * 1000)
    return {"n": len(taken), **quantiles(taken)}


def cold(folder: Path, *words: str, runs: int = 5) -> dict[str, float]:
    """Seconds of whole processes, best and median."""
    command = [sys.executable, "-m", "kb.cli", "--library", str(folder), *words]
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return {
        "n": runs,
        "median_s": round(sorted(taken)[runs // 2], 2),
        "best_s": round(min(taken), 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    library = Library.open(chosen.library)
    with library.catalogue.read() as reader:
        counts = reader.counts()
    figures = {
        "sixfold": version("sixfold"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "papers": counts["papers"],
        "passages": counts["passages"],
        "search": warm(library, Filters(), chosen.rounds),
        "search, phase and years": warm(library, FILTERED, chosen.rounds),
        "ask": answers(library),
        "kb --help": cold(chosen.library, "--help"),
        "kb search --mode lexical, cold": cold(
            chosen.library, "search", QUERIES[0], "--mode", "lexical"
        ),
        "kb search, cold": cold(chosen.library, "search", QUERIES[0]),
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
