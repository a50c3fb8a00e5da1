"""Fitting what tells challenges apart: `python -m kb.trouble_fit LIBRARY LABELS`.

Reads a library with the abstracts and the folder `data/labels`, and writes `kb/trouble.json`:
how cues tell the kind of trouble (least squares on `troubles_once.jsonl`), and how five signs
tell whether a pair is one challenge (logistic regression on `pairs_once.jsonl` and on the
development half of `pairs.jsonl`; the test half is not read).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb import likeness
from kb.evidence import Statement, age
from kb.library import Library
from kb.stated import stated
from kb.trouble import KINDS, NONE, features
from taxonomy.labels import lines, text_hash

Array = NDArray[np.float64]
Key = tuple[str, str]

SHARPNESS = 6.0
RIDGE = 3.0
# Penalty on the squared weights of scaled signs, and their products.
PENALTY = 20.0
FOLDS = 8
ROUNDS = 30


def main(arguments: Sequence[str]) -> None:
    """Fit and write the table. Arguments: the library's folder and that of the labels."""
    folder, labels = (Path(part) for part in arguments)
    with_vectors = stated(Library.open(folder), None, ("challenge",))
    order = sorted(
        range(len(with_vectors.statements)), key=lambda i: age(with_vectors.statements[i])
    )
    said = [with_vectors.statements[i] for i in order]
    table = fit(said, with_vectors.vectors[order], labels)
    target = Path(__file__).with_name("trouble.json")
    target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def fit(said: Sequence[Statement], vectors: likeness.Floats, labels: Path) -> dict[str, Any]:
    """The table from statements, oldest first, and their vectors."""
    at = {(one.paper_id, text_hash(one.quote)): row for row, one in enumerate(said)}
    texts = [one.quote for one in said]
    marks = features(texts, [one.score for one in said]).astype(np.float64)
    coded = [line for line in lines(labels / "troubles_once.jsonl") if _key(line) in at]
    rows = np.array([at[_key(line)] for line in coded])
    codes = [*KINDS, NONE]
    truth = np.array([[line["trouble"] == code for code in codes] for line in coded], dtype=float)
    kinds, offset = _least_squares(marks[rows], truth)
    votes = marks @ kinds + offset
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows))
    # Coded sentences are judged by a fit without them, or the pairs would trust it too much.
    for part in range(FOLDS):
        out = fold == part
        slopes, start = _least_squares(marks[rows[~out]], truth[~out])
        votes[rows[out]] = marks[rows[out]] @ slopes + start
    pairs = [
        line
        for name in ("pairs_once.jsonl", "pairs.jsonl")
        for line in lines(labels / name)
        if line.get("half") != "test" and _key(line["a"]) in at and _key(line["b"]) in at
    ]
    prepared = likeness.prepare(texts, vectors, likeness.background(vectors))
    one, other = (np.array([at[_key(line[side])] for line in pairs]) for side in "ab")
    signs = _signs(prepared, votes, marks, one, other)
    same = np.array([line["same"] for line in pairs], dtype=float)
    return {
        "kinds": _plain(kinds),
        "offset": _plain(offset),
        "sharpness": SHARPNESS,
        **_logistic(signs, same),
    }


def _key(line: Mapping[str, Any]) -> Key:
    return str(line["paper"]), str(line["sha256"])


def _least_squares(marks: Array, truth: Array) -> tuple[Array, Array]:
    centre, mean = marks.mean(axis=0), truth.mean(axis=0)
    centred = marks - centre
    inner = centred.T @ centred + RIDGE * np.eye(marks.shape[1])
    slopes = np.linalg.solve(inner, centred.T @ (truth - mean))
    return slopes, mean - centre @ slopes


def _signs(
    prepared: likeness.Sentences,
    votes: Array,
    marks: Array,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> Array:
    """(pairs, 5), as `kb.likeness.same_challenge` takes them."""
    odds = np.exp(SHARPNESS * (votes - votes.max(axis=1, keepdims=True)))
    shares = odds / odds.sum(axis=1, keepdims=True)
    sure = 1 - shares[:, -1]
    kinds = shares[:, :-1] / np.maximum(sure[:, None], 1e-9)
    count = (marks.shape[1] - 2) // 2
    cues = marks[:, count : 2 * count]
    words = [
        sum(weight * prepared.words[b].get(word, 0.0) for word, weight in prepared.words[a].items())
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    cosines = (prepared.vectors[one] * prepared.vectors[other]).sum(axis=1)
    agreed = (kinds[one] * kinds[other]).sum(axis=1)
    shared = (cues[one] * cues[other]).sum(axis=1)
    return np.stack([cosines, words, agreed, sure[one] * sure[other], shared], axis=1)


def _logistic(signs: Array, same: Array) -> dict[str, Any]:
    """Weights of the scaled signs and their products, by Newton's method."""
    mean, scale = signs.mean(axis=0), signs.std(axis=0)
    scaled = (signs - mean) / scale
    left, right = np.triu_indices(signs.shape[1])
    products = scaled[:, left] * scaled[:, right]
    spread = products.std(axis=0)
    inputs = np.column_stack([scaled, products / spread, np.ones(len(same))])
    penalty = np.diag([PENALTY] * (inputs.shape[1] - 1) + [1e-6])
    weights = np.zeros(inputs.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - same) + penalty @ weights
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + penalty
        weights -= np.linalg.solve(bend, slope)
    width = signs.shape[1]
    return {
        "mean": _plain(mean),
        "scale": _plain(scale),
        "left": left.tolist(),
        "right": right.tolist(),
        "linear": _plain(weights[:width]),
        "square": _plain(weights[width:-1] / spread),
        "bias": round(float(weights[-1]), 4),
    }


def _plain(values: Array) -> Any:
    return np.round(values, 4).tolist()


if __name__ == "__main__":
    main(sys.argv[1:])
