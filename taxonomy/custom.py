"""Tags for categories that the shipped weights do not know.

At first a paper is judged by the definition alone: nearness of its vector to what the
entry says, and the entry's cues. Once people have decided enough papers, a logistic head
on the vectors corrects that judgement; the definition stays its starting point.

Measured by pretending that one of the twelve shipped categories is new (weights fitted on
the other eleven, 337 gold papers): see `PASS` and the README.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.codebook import Category

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

BY_DEFINITION = "definition-cosine"
"""Method of tags given by the definition alone: not trained."""

BY_EXAMPLES = "few-shot"
"""Method of tags given by a head that learned from people's decisions."""

ENOUGH = 60
"""Decisions before a head is fitted. By the same measure macro-F1 is .50 after 15 and .48
after 30, no better than the definition alone, .54 after 60 and .56 after 120."""

BOTH = 3
"""Of them, at least so many for and so many against."""

# log-odds = NEARNESS · cosine + CUE · cues found + START, fitted on 1,566 papers coded
# once, pooled over the twelve categories.
NEARNESS, CUE, START = 6.7, 1.45, -2.54
MOST_CUES = 3

PASS = 0.35
"""Least probability of a tag. Pretending that each shipped category in turn is new (weights
from the other eleven), 57 % of such tags are right and macro-F1 is .51 on 337 gold papers."""

# Of the head: small beside the definition's own log-odds until many examples speak.
PENALTY = 0.3

_SPACE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Head:
    """What a category has learned from people's decisions."""

    weights: Doubles
    """(dimensions,), on centred unit vectors."""
    bias: float
    yes: int
    """Decisions for the category."""
    no: int
    """Decisions against it."""


def texts(category: Category) -> tuple[str, ...]:
    """The texts whose vectors together stand for a category; at least one."""
    cues = ", ".join(category.cues)
    said = (f"{category.name}. {category.definition}", cues, category.example)
    return tuple(text for text in said if text)


def anchor(vectors: NDArray[np.floating]) -> Floats:
    """The unit vector (d,) of the vectors (k, d) of a category's `texts`."""
    return _unit(np.asarray(vectors, dtype=np.float32).sum(axis=0))


def background(anchors: NDArray[np.floating]) -> Floats:
    """What all categories share, (d,): taken off before vectors are compared.

    Takes: anchors, (c, d), of the shipped categories.
    """
    return np.asarray(np.mean(anchors, axis=0), dtype=np.float32)


def centred(vectors: NDArray[np.floating], shared: Floats) -> Floats:
    """Unit vectors (n, d) without what all categories share, of length 1 again."""
    return _unit(np.asarray(vectors, dtype=np.float32) - shared)


def plain(text: str) -> str:
    """A text in which `cues_found` can look: words in lower case, one space between."""
    return f" {_SPACE.sub(' ', text.lower()).strip()} "


def cues_found(category: Category, plain_texts: Sequence[str]) -> list[tuple[str, ...]]:
    """For each text made by `plain`, the cues that stand in it as whole words."""
    wanted = [(cue, plain(cue)) for cue in category.cues if plain(cue).strip()]
    return [tuple(cue for cue, form in wanted if form in text) for text in plain_texts]


def verbatim(cue: str, text: str) -> str:
    """A cue as `text` prints it; the cue itself where it is not found."""
    words = [re.escape(word) for word in _SPACE.split(cue) if word]
    found = re.search(r"(?<![^\W_])" + r"[\W_]+".join(words) + r"(?![^\W_])", text, re.IGNORECASE)
    return found[0] if found and words else cue


def by_definition(points: Floats, own: Floats, shared: Floats, cues: Sequence[int]) -> Doubles:
    """Log-odds (n,) that papers belong, from the definition alone.

    Takes: points, (n, d), from `centred`; own, (d,), the category's `anchor`; cues, how
    many of its cues stand in each paper.
    """
    near = points @ centred(own[None], shared)[0]
    told = np.minimum(np.asarray(cues, dtype=np.float64), MOST_CUES)
    return np.asarray(NEARNESS * near + CUE * told + START, dtype=np.float64)


def can_fit(said: NDArray[np.bool_]) -> bool:
    """True where there are enough decisions, both for and against, to fit a head."""
    return len(said) >= ENOUGH and BOTH <= int(said.sum()) <= len(said) - BOTH


def fit(points: Floats, said: Bools, prior: Doubles) -> Head:
    """A head from people's decisions.

    Takes: points, (n, d), from `centred`; said, (n,), True for "belongs"; prior, (n,),
    log-odds of `by_definition`. Logistic regression by Newton's method, the prior as
    offset. Raises ValueError where `can_fit` says no.
    """
    if not can_fit(said):
        raise ValueError(f"{len(said)} decisions, {int(said.sum())} for: too few to learn from")
    rows = np.hstack([points.astype(np.float64), np.ones((len(points), 1))])
    penalty = np.full(rows.shape[1], PENALTY)
    penalty[-1] /= 20  # the base rate may move freely
    weights = np.zeros(rows.shape[1])
    for _ in range(25):
        chances = _chance(rows @ weights + prior)
        slope = rows.T @ (chances - said) + penalty * weights
        bend = (rows * (chances * (1 - chances))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    yes = int(said.sum())
    return Head(weights[:-1], float(weights[-1]), yes, len(said) - yes)


def score(points: Floats, prior: Doubles, head: Head | None = None) -> Doubles:
    """Probabilities (n,) that papers belong; by the definition alone without a head."""
    if head is None:
        return _chance(prior)
    return _chance(prior + points.astype(np.float64) @ head.weights + head.bias)


def _chance(odds: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), dtype=np.float64)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
