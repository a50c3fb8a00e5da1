"""Fitting what tells challenges apart: `python -m kb.trouble_fit LIBRARY LABELS`.

Reads a library with the abstracts and the folder `data/labels`, and writes `kb/trouble.json`:
how cues tell the kind of trouble (least squares on `troubles_once.jsonl`) and whether any is
stated (logistic regression on these and `pairs_near.jsonl`), how rare stems are, and how seven
signs tell whether a pair is one challenge (logistic regression on `pairs_once.jsonl`,
`pairs_near.jsonl` and the development half of `pairs.jsonl`; the test half is not read).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb import likeness
from kb.evidence import Statement, age
from kb.library import Library
from kb.stated import stated
from kb.trouble import KINDS, NONE, features, tones
from kb.wording import clause_words, content_words, leaves_unsaid
from taxonomy.labels import lines, text_hash

Array = NDArray[np.float64]
Key = tuple[str, str]
Fitted = Callable[[Array, Array], tuple[Array, Array]]

SHARPNESS = 6.0
RIDGE = 3.0
# Penalty on the squared weights of scaled signs, and their products.
PENALTY = 33.0
TONE_PENALTY = 10.0
# What a pair of a neighbourhood weighs: 28 of them share eight sentences.
NEAR = 0.35
# Sentences a stem must stand in to have a rarity of its own.
FEWEST = 20
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
    (slopes, offset), votes = _held_out(_least_squares, marks, rows, truth)
    near = _near(labels, at)
    told = np.concatenate([rows, [row for row, _ in near.told]])
    any_at_all = np.concatenate([1 - truth[:, -1], [float(trouble) for _, trouble in near.told]])
    toned = np.concatenate([marks, tones(texts)], axis=1)
    (tone, tone_offset), odds = _held_out(_toned, toned, told, any_at_all)
    sure = 1 / (1 + np.exp(-odds))
    sure[[row for row, text in enumerate(texts) if leaves_unsaid(text)]] = 0.0
    pairs = [*_coded_pairs(labels, at), *near.pairs]
    one, other = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    rarities = _rarities(texts)
    prepared = likeness.prepare(texts, vectors, likeness.background(vectors))
    bags = [{word: rarities.get(word, 1.0) for word in clause_words(text)} for text in texts]
    prepared = replace(prepared, rare=tuple(bags))
    signs = _signs(prepared, votes, marks, sure, one, other)
    same = np.array([pair[2] for pair in pairs], dtype=float)
    return {
        "kinds": _plain(slopes),
        "offset": _plain(offset),
        "sharpness": SHARPNESS,
        "sure": _plain(tone),
        "sure_offset": round(float(tone_offset), 4),
        **_logistic(signs, same, np.array([pair[3] for pair in pairs])),
        "rarity": rarities,
    }


@dataclass(frozen=True, slots=True)
class _Near:
    """What the neighbourhoods say, by rows of the statements."""

    told: list[tuple[int, bool]]
    """Sentences, and whether they state a trouble."""
    pairs: list[tuple[int, int, bool, float]]
    """Two sentences, whether they are the same, and what that weighs."""


def _near(labels: Path, at: Mapping[Key, int]) -> _Near:
    found = _Near([], [])
    for line in lines(labels / "pairs_near.jsonl"):
        names = "abcdefgh"
        rows = {
            name: at[_key(one)]
            for name, one in zip(names, line["sentences"], strict=True)
            if _key(one) in at
        }
        found.told.extend((row, name not in line["none"]) for name, row in rows.items())
        group = {name: one for one in line["same"] for name in one}
        sure = [name for name in rows if name not in line["unsure"]]
        for a, b in combinations(sure, 2):
            same = a in group and group[a] == group.get(b)
            found.pairs.append((rows[a], rows[b], same, NEAR))
    return found


def _coded_pairs(labels: Path, at: Mapping[Key, int]) -> list[tuple[int, int, bool, float]]:
    return [
        (at[_key(line["a"])], at[_key(line["b"])], bool(line["same"]), 1.0)
        for name in ("pairs.jsonl", "pairs_once.jsonl")
        for line in lines(labels / name)
        if line.get("half") != "test" and _key(line["a"]) in at and _key(line["b"]) in at
    ]


def _rarities(texts: Sequence[str]) -> dict[str, float]:
    """Rarity of the stems that stand in enough sentences; the rarest of them has 1."""
    counts = Counter(word for text in texts for word in content_words(text))
    most = np.log(len(texts) / FEWEST)
    return {
        word: round(float(np.log(len(texts) / count) / most), 3)
        for word, count in sorted(counts.items())
        if count >= FEWEST
    }


def _held_out(
    fitted: Fitted, marks: Array, rows: NDArray[np.int64], truth: Array
) -> tuple[tuple[Array, Array], Array]:
    """The fit of all coded `rows`, and the votes for every row.

    Coded sentences are judged by a fit without them, or the pairs would trust it too much.
    """
    slopes, offset = fitted(marks[rows], truth)
    votes = marks @ slopes + offset
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows))
    for part in range(FOLDS):
        out = fold == part
        some, start = fitted(marks[rows[~out]], truth[~out])
        votes[rows[out]] = marks[rows[out]] @ some + start
    return (slopes, offset), votes


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
    sure: Array,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> Array:
    """(pairs, 7), as `kb.likeness.same_challenge` takes them."""
    odds = np.exp(SHARPNESS * (votes - votes.max(axis=1, keepdims=True)))
    shares = odds / odds.sum(axis=1, keepdims=True)
    kinds = shares[:, :-1] / np.maximum(1 - shares[:, -1:], 1e-9)
    count = (marks.shape[1] - 2) // 2
    cues = marks[:, count : 2 * count]
    words = [
        sum(weight * prepared.words[b].get(word, 0.0) for word, weight in prepared.words[a].items())
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    cosines = (prepared.vectors[one] * prepared.vectors[other]).sum(axis=1)
    agreed = (kinds[one] * kinds[other]).sum(axis=1)
    shared = (cues[one] * cues[other]).sum(axis=1)
    rarest = [
        max(
            (weight for word, weight in prepared.rare[a].items() if word in prepared.rare[b]),
            default=0,
        )
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    plain = (prepared.plain[one] * prepared.plain[other]).sum(axis=1)
    both = sure[one] * sure[other]
    return np.stack([cosines, words, agreed, both, shared, rarest, plain], axis=1)


def _toned(marks: Array, truth: Array) -> tuple[Array, Array]:
    found = _newton(marks, truth, np.ones(len(truth)), TONE_PENALTY)
    return found[:-1], found[-1]


def _newton(inputs: Array, truth: Array, worth: Array, penalty: float) -> Array:
    """Weights of the inputs by penalised logistic regression, the offset last."""
    inputs = np.column_stack([inputs, np.ones(len(truth))])
    penalties = np.diag([penalty] * (inputs.shape[1] - 1) + [1e-6])
    weights = np.zeros(inputs.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (worth * (chance - truth)) + penalties @ weights
        bend = (inputs * (worth * chance * (1 - chance))[:, None]).T @ inputs + penalties
        weights -= np.linalg.solve(bend, slope)
    return weights


def _logistic(signs: Array, same: Array, worth: Array) -> dict[str, Any]:
    """Weights of the scaled signs and their products, by Newton's method."""
    mean, scale = signs.mean(axis=0), signs.std(axis=0)
    scaled = (signs - mean) / scale
    left, right = np.triu_indices(signs.shape[1])
    products = scaled[:, left] * scaled[:, right]
    spread = products.std(axis=0)
    weights = _newton(np.column_stack([scaled, products / spread]), same, worth, PENALTY)
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
