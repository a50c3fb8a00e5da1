"""How much screening is saved: `python tests/bench/screening.py --library DIR [--json]`.

Simulates a person who screens a review's papers in the order that Screening offers and knows
which are relevant. Two kinds of review: a category of a coded set of papers (data/labels), and
a topic of public reading lists among the first papers of a search for it (--topics DIR, in
BEIR layout). Papers come first by likeness to the review's question; once something was
included and something excluded, by what was learned, anew after every ten decisions.

WSS@95: share of the papers that need not be read when 95 % of the relevant are found, less
the 5 % that a random order would save. Orders compared: at random, by likeness alone, learned.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import likely
from kb.catalogue.values import Vector
from kb.library import Library
from kb.review_order import STEP, pool_of
from kb.search import search

LABELS = Path(__file__).resolve().parents[2] / "data" / "labels"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Case:
    """One review to simulate."""

    name: str
    question: str
    papers: tuple[str, ...]
    relevant: frozenset[str]


def coded(library: Library, file: str) -> list[Case]:
    """A review for each category of a coded set: which of its papers belong to it?"""
    rows = [json.loads(line) for line in (LABELS / file).read_text().splitlines()]
    here = set(library.snapshot().table.paper_id)
    rows = [row for row in rows if row["id"] in here]
    found = []
    for facet, field in (("phase", "phases"), ("layer", "layers")):
        for one in library.codebook.facet(facet).categories:
            relevant = frozenset(row["id"] for row in rows if one.key in row[field])
            if len(relevant) >= 5:
                papers = tuple(row["id"] for row in rows)
                question = f"{one.name}. {one.definition}"
                found.append(Case(f"{facet}:{one.key}", question, papers, relevant))
    return found


def listed(library: Library, folder: Path, most: int) -> list[Case]:
    """A review for each topic of public lists: the first `most` papers of a search for it.

    Of topics with ten relevant papers or more among them.
    """
    lines = (folder / "queries.jsonl").read_text().splitlines()
    queries = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, paper, _ = line.split("\t")
        relevant.setdefault(query, set()).add(paper)
    found = []
    for query, some in sorted(relevant.items()):
        if len(some) < 10:
            continue
        hits = search(library, queries[query], limit=most).hits
        papers = tuple(hit.paper.paper_id for hit in hits)
        if len(some & set(papers)) >= 10:
            found.append(Case(query, queries[query], papers, frozenset(some & set(papers))))
    return found


def learned_order(
    papers: likely.Pool, near: Vector, truth: npt.NDArray[np.bool_], penalty: float
) -> Ints:
    """Rows in the order in which they are screened."""
    left = np.ones(len(truth), dtype=bool)
    seen: list[int] = []
    while left.any():
        score = near
        if truth[seen].any() and not truth[seen].all():
            score = likely.chances(papers, seen, truth[seen].tolist(), penalty).astype(np.float32)
        order = np.argsort(-np.where(left, score, -np.inf), kind="stable")
        some = order[: min(STEP, int(left.sum()))]
        seen += some.tolist()
        left[some] = False
        enough = truth[seen].sum() >= 0.95 * truth.sum() and len(seen) >= 0.2 * len(truth)
        if enough:  # no figure asks how it goes on: the rest may come as is
            seen += np.flatnonzero(left).tolist()
            break
    return np.array(seen, dtype=np.int64)


def figures(order: Ints, truth: npt.NDArray[np.bool_]) -> dict[str, float]:
    """WSS@95, and recall after 10 % and 20 % of the papers."""
    found = np.cumsum(truth[order])
    total, count = int(found[-1]), len(order)
    wanted = math.ceil(0.95 * total)
    read = int(np.searchsorted(found, wanted)) + 1
    at = [int(found[max(math.ceil(share * count), 1) - 1]) / total for share in (0.1, 0.2)]
    return {"wss95": 0.95 - read / count, "recall10": at[0], "recall20": at[1]}


def simulate(library: Library, cases: list[Case], seeds: int, penalty: float) -> dict[str, Any]:
    """Mean figures of each order over the cases, with the spread over seeds and cases."""
    pools: dict[tuple[str, ...], likely.Pool] = {}
    rows: list[dict[str, Any]] = []
    for case in cases:
        if case.papers not in pools:
            pools[case.papers] = pool_of(library, case.papers)
        papers = pools[case.papers]
        truth = np.array([one in case.relevant for one in case.papers])
        near = papers.vectors @ library.embedder.encode_query([case.question])[0]
        per = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            mixed = rng.permutation(len(truth))  # ties, and which of equals comes first
            part, right = papers.only(mixed), truth[mixed]
            jitter = near[mixed] + rng.normal(0, 0.02, len(mixed)).astype(np.float32)
            per.append(
                {
                    "random": figures(np.arange(len(right)), right),
                    "question": figures(np.argsort(-near[mixed], kind="stable"), right),
                    "learned": figures(learned_order(part, jitter, right, penalty), right),
                }
            )
        means = {
            order: {key: float(np.mean([one[order][key] for one in per])) for key in per[0][order]}
            for order in per[0]
        }
        rows.append({"case": case.name, "papers": len(truth), "relevant": int(truth.sum())} | means)
        _say(rows[-1])
    return {"cases": rows, "mean": _over(rows, np.mean), "median": _over(rows, np.median)}


def _say(row: dict[str, Any]) -> None:
    told = "  ".join(f"{o} {row[o]['wss95']:.2f}" for o in ("random", "question", "learned"))
    line = f"{row['case']:<45} {row['relevant']:>4} of {row['papers']:<5} WSS@95 {told}\n"
    sys.stderr.write(line)


def _over(rows: list[dict[str, Any]], take: Callable[..., Any]) -> dict[str, Any]:
    orders = ("random", "question", "learned")
    keys = ("wss95", "recall10", "recall20")
    return {o: {k: round(float(take([r[o][k] for r in rows])), 3) for k in keys} for o in orders}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--set", default="papers_gold.jsonl", help="A file of data/labels.")
    parser.add_argument("--topics", type=Path, help="A folder in BEIR layout, instead.")
    parser.add_argument("--pool", type=int, default=1000, help="Papers of each topic's search.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--penalty", type=float, default=likely.PENALTY)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    library = Library.open(given.library)
    cases = listed(library, given.topics, given.pool) if given.topics else coded(library, given.set)
    found = simulate(library, cases, given.seeds, given.penalty)
    if given.json:
        print(json.dumps(found))  # noqa: T201 - its output
        return
    print(json.dumps({key: found[key] for key in ("mean", "median")}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
