"""Fitting when to refuse: `python -m kb.refusal_fit --library DIR QUESTIONS.jsonl…`.

Computes the signs of every question on a full library, cross-validates, and writes
`kb/refusal.json`. data/questions/README.md has the command as it was run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.asking import look_into
from kb.catalogue import Filters
from kb.catalogue.values import Vector
from kb.library import Library
from kb.metrics import auc
from kb.refusal import WEIGHTS, RefusalModel, fit
from kb.refusal_curve import STEPS, curve, kind_of
from kb.support import NAMES

FOLDS = 5
REPEATS = 10
# Cross-validated areas on the development questions (ours) at 1, 3, 10, 30 and 100: .918,
# .920, .920, .910, .896 (.959, .959, .959, .958, .955).
PENALTY = 10.0
# Share of the answerable questions that cross-validation must keep: three points above the
# aim of .90, because the threshold is itself chosen on these questions. Of the 18 unanswerable
# development questions .84 / .76 / .72 are refused at .90 / .915 / .93, of our 227 .83 / .82 / .79.
KEEP = 0.93
# The questions of `--weighty` files were written by others than ours: they count this much.
WEIGHTY = 1.5


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the fit."""

    signs: tuple[float, ...]
    answerable: bool
    kind: str
    """`near_miss`, `false_premise`, `off_corpus`, `unanswerable` or ""."""
    weighty: bool
    pair: str
    """Shared by an answerable question and its unanswerable twin; they stay in one fold."""


def read_asked(library: Library, path: Path, *, weighty: bool) -> list[Asked]:
    """The signs of every question in a file of {question, type, kind?}."""
    rows: list[Asked] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        found = look_into(library, str(record["question"]), Filters()).signs
        answerable = record["type"] != "unanswerable"
        kind = "" if answerable else kind_of(record)
        pair = str(record.get("pair") or record.get("id") or len(rows))
        rows.append(Asked(dataclasses.astuple(found), answerable, kind, weighty, pair))
    return rows


def shares(rows: Sequence[Asked]) -> Vector:
    """How much each question counts: both answers alike in sum, weighty ones more."""
    share = np.array([WEIGHTY if row.weighty else 1.0 for row in rows], dtype=np.float32)
    answerable = np.array([row.answerable for row in rows])
    for side in (True, False):
        share[answerable == side] /= share[answerable == side].sum()
    return np.asarray(share * len(rows) / 2, dtype=np.float32)


def trained(rows: Sequence[Asked], threshold: float = 0.5) -> RefusalModel:
    """The model of these questions."""
    table = np.array([row.signs for row in rows], dtype=np.float32)
    answerable = np.array([row.answerable for row in rows], dtype=np.float32)
    return fit(table, answerable, shares(rows), penalty=PENALTY, threshold=threshold)


def held_out(rows: Sequence[Asked], *, seed: int) -> Vector:
    """Each question's chance by a model that has not seen it, (n,)."""
    generator = np.random.default_rng(seed)
    fold = np.zeros(len(rows), dtype=np.int64)
    # A pair is dealt out once, by its unanswerable half: each kind is spread over the folds.
    sort_of: dict[str, tuple[bool, str, bool]] = {}
    for row in sorted(rows, key=lambda one: not one.answerable):
        sort_of[row.pair] = (row.answerable, row.kind, row.weighty)
    at: dict[str, int] = {}
    for sort in sorted(set(sort_of.values())):
        members = [pair for pair in sort_of if sort_of[pair] == sort]
        at |= {members[i]: n % FOLDS for n, i in enumerate(generator.permutation(len(members)))}
    fold[:] = [at[row.pair] for row in rows]
    chances = np.zeros(len(rows), dtype=np.float32)
    for out in range(FOLDS):
        model = trained([row for row, part in zip(rows, fold, strict=True) if part != out])
        for i in np.flatnonzero(fold == out).tolist():
            chances[i] = model.chance_of(rows[i].signs)
    return chances


def report(rows: Sequence[Asked], chances: Sequence[Vector], threshold: float) -> dict[str, float]:
    """Cross-validated shares: answered, refused by kind, and areas, over all repeats."""
    answerable = np.array([row.answerable for row in rows])
    weighty = np.array([row.weighty for row in rows])
    kinds = np.array([row.kind for row in rows])
    found: dict[str, float] = {}

    def mean(of: Any) -> float:
        """A share's mean over the repeats."""
        return round(float(np.mean([of(one) for one in chances])), 3)

    for name, some in (("own", ~weighty), ("development", weighty)):
        yes, no = some & answerable, some & ~answerable
        if not yes.any() or not no.any():
            continue
        found[f"{name}_answerable_n"] = int(yes.sum())
        found[f"{name}_unanswerable_n"] = int(no.sum())
        found[f"{name}_answered"] = mean(lambda one, m=yes: (one[m] >= threshold).mean())
        found[f"{name}_refused"] = mean(lambda one, m=no: (one[m] < threshold).mean())
        found[f"{name}_auc"] = mean(lambda one, y=yes, n=no: auc(one[y], one[n]))
        prefix = "development_" if name == "development" else ""
        for kind in sorted(set(kinds[no]) - {"unanswerable"}):
            of = no & (kinds == kind)
            found[f"{prefix}{kind}_n"] = int(of.sum())
            found[f"{prefix}{kind}_refused"] = mean(lambda one, m=of: (one[m] < threshold).mean())
            found[f"{prefix}{kind}_auc"] = mean(lambda one, y=yes, n=of: auc(one[y], one[n]))
        twins = no & np.array([row.pair.startswith("p") for row in rows])
        if twins.any():
            found[f"{prefix}twins_n"] = int(twins.sum())
            found[f"{prefix}twins_refused"] = mean(lambda one, m=twins: (one[m] < threshold).mean())
            found[f"{prefix}twins_auc"] = mean(lambda one, y=yes, n=twins: auc(one[y], one[n]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print the report, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m kb.refusal_fit")
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--weighty", nargs="*", type=Path, default=[])
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    library = Library.open(chosen.library)
    rows = [row for path in chosen.questions for row in read_asked(library, path, weighty=False)]
    rows += [row for path in chosen.weighty for row in read_asked(library, path, weighty=True)]
    chances = [held_out(rows, seed=seed) for seed in range(REPEATS)]
    weighty = np.array([row.answerable and (row.weighty or not chosen.weighty) for row in rows])
    answerable = np.array([row.answerable for row in rows])
    # The stricter of both sets decides: neither ours nor theirs may fall below the aim.
    threshold = min(
        float(np.mean([np.quantile(one[some], 1 - KEEP) for one in chances]))
        for some in (weighty, answerable)
    )
    found = report(rows, chances, threshold)
    points = curve(
        np.concatenate([one[answerable] for one in chances]).tolist(),
        np.concatenate([one[~answerable] for one in chances]).tolist(),
        (*STEPS, threshold),
    )
    model = dataclasses.replace(trained(rows, threshold), fitted=found, curve=points)
    chosen.output.write_text(json.dumps(model.to_json(), indent=1) + "\n", encoding="utf-8")
    lines = [f"{name}: {value}" for name, value in found.items()]
    weights = [f"{n}: {w:+.2f}" for n, w in zip(NAMES, model.weights, strict=True)]
    sys.stdout.write("\n".join([*lines, f"threshold: {threshold:.3f}", *weights]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
