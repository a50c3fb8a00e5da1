"""People's decisions -> a tagger that has learned from them, in seconds and without texts.

The shipped weights stay as they are. Each decided paper becomes one more reference that
pulls its neighbours, just hard enough to mend what the tagger got wrong on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taxonomy.codebook import UnknownNameError
from taxonomy.dense import closeness
from taxonomy.features import read as read_words
from taxonomy.tagger import Tagger

Floats = NDArray[np.float32]

LEARNED = "+learned."
"""Stands in the version of every tagger that has learned from decisions, and of no other."""

PENALTY = 0.3
"""Of the regression, as in training: small decisions sets must not shout down the rest."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided about one paper."""

    title: str
    abstract: str
    yes: frozenset[tuple[str, str]]
    """(facet key, category key) pairs that people say it has."""
    no: frozenset[tuple[str, str]]
    """Pairs that people say it has not. Pairs in neither are left to the tagger."""
    judged: Mapping[tuple[str, str], float] | None = None
    """The tagger's probabilities where it has read more of the paper than is given here: what
    people correct is that, not what it would say of a bare title. None elsewhere."""


def _columns(facets: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], int]:
    pairs = [(facet, key) for facet, keys in facets.items() for key in keys]
    return {pair: at for at, pair in enumerate(pairs)}


def _wish(paper: Decided, pairs: Sequence[tuple[str, str]], value: float, raw: float) -> float:
    """What the first step should have said of one output."""
    if paper.judged is None:
        return value
    return float(raw) + value - max(paper.judged.get(pair, 0.0) for pair in pairs)


def _targets(tagger: Tagger, decided: Sequence[Decided], raw: Floats) -> Floats:
    """(n, b) what the first step should have said; its own answer where nobody decided."""
    columns = _columns(tagger.facets)
    wanted = raw.copy()
    for row, paper in enumerate(decided):
        for pairs, value in ((paper.yes, 1.0), (paper.no, 0.0)):
            for pair in pairs:
                if pair not in columns:
                    known = [f"{facet}/{key}" for facet, key in columns]
                    raise UnknownNameError("category", "/".join(pair), known)
                wanted[row, columns[pair]] = _wish(paper, [pair], value, raw[row, columns[pair]])
        for number, (facet, keys) in enumerate(tagger.facets.items()):
            said = [key for key in keys if (facet, key) in paper.yes]
            denied = [key for key in keys if (facet, key) in paper.no]
            every, column = [(facet, key) for key in keys], len(columns) + number
            if said or len(denied) == len(keys):
                value = 1.0 if said else 0.0
                wanted[row, column] = _wish(paper, every, value, raw[row, column])
    return wanted


@dataclass(frozen=True, slots=True)
class Lesson:
    """What decisions add to a tagger: more references, each with its pull."""

    base: str
    """Version of the tagger it adds to."""
    version: str
    """Version of the tagger that has learned it."""
    points: Floats
    """(n, d): points of the decided papers, to the precision of float16."""
    pull: Floats
    """(n, b): how strongly each speaks for each output."""


def lesson(
    tagger: Tagger, decided: Sequence[Decided], vectors: NDArray[np.floating]
) -> Lesson | None:
    """What there is to learn from decisions; None where there are none.

    Takes: decided, the papers with what people said; vectors, (n, 384), their unit vectors
    as `Tagger.tag` takes them. The same decisions in any order give the same version.
    Raises UnknownNameError for a category the tagger does not know, ValueError where the
    numbers of papers and vectors differ. A few thousand decisions take seconds.
    """
    if len(decided) != len(vectors):
        raise ValueError(f"{len(decided)} papers, but {len(vectors)} vectors")
    if not decided:
        return None
    parts = tagger.parts
    words = read_words([(paper.title, paper.abstract) for paper in decided], tagger.index)
    places = parts.dense.places(words)
    exact = parts.dense.points(vectors.astype(np.float32), places)
    raw = parts.heads.first_step(exact, parts.space.matrix(words))
    # As they will be kept: the pull is fitted to the very points that it is used with.
    points = exact.astype(np.float16).astype(np.float32)
    system = closeness(points, points).astype(np.float64) + PENALTY * np.eye(len(points))
    pull = np.linalg.solve(system, _targets(tagger, decided, raw) - raw)
    marks = sorted(f"{p.title}|{p.abstract}|{sorted(p.yes)}|{sorted(p.no)}" for p in decided)
    digest = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:8]
    version = f"{tagger.version}{LEARNED}{len(decided)}.{digest}"
    return Lesson(tagger.version, version, points, pull.astype(np.float32))


def taught(tagger: Tagger, what: Lesson) -> Tagger:
    """The tagger with a lesson; the given one is not changed.

    Raises ValueError where the lesson was made for a tagger of another version.
    """
    if what.base != tagger.version:
        raise ValueError(f"a lesson for {what.base}, but the tagger is {tagger.version}")
    heads = replace(
        tagger.parts.heads,
        references=np.concatenate([tagger.parts.heads.references, what.points]),
        pull=np.concatenate([tagger.parts.heads.pull, what.pull]),
    )
    parts = replace(tagger.parts, heads=heads)
    return Tagger.from_parts(parts, tagger.facets, what.version, tagger.method)


def learn(tagger: Tagger, decided: Sequence[Decided], vectors: NDArray[np.floating]) -> Tagger:
    """A tagger that has learned from decisions; takes and raises what `lesson` does."""
    what = lesson(tagger, decided, vectors)
    return tagger if what is None else taught(tagger, what)
