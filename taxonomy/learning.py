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


def _columns(facets: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], int]:
    pairs = [(facet, key) for facet, keys in facets.items() for key in keys]
    return {pair: at for at, pair in enumerate(pairs)}


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
                wanted[row, columns[pair]] = value
        for number, (facet, keys) in enumerate(tagger.facets.items()):
            said = [key for key in keys if (facet, key) in paper.yes]
            denied = [key for key in keys if (facet, key) in paper.no]
            if said:
                wanted[row, len(columns) + number] = 1.0
            elif len(denied) == len(keys):
                wanted[row, len(columns) + number] = 0.0
    return wanted


def learn(tagger: Tagger, decided: Sequence[Decided], vectors: NDArray[np.floating]) -> Tagger:
    """A tagger that has learned from decisions; the given one is not changed.

    Takes: decided, the papers with what people said; vectors, (n, 384), their unit vectors
    as `Tagger.tag` takes them. The same decisions in any order give the same version.
    Raises UnknownNameError for a category the tagger does not know, ValueError where the
    numbers of papers and vectors differ. A few thousand decisions take seconds.
    """
    if len(decided) != len(vectors):
        raise ValueError(f"{len(decided)} papers, but {len(vectors)} vectors")
    if not decided:
        return tagger
    parts = tagger.parts
    words = read_words([(paper.title, paper.abstract) for paper in decided], tagger.index)
    places = parts.dense.places(words)
    points = parts.dense.points(vectors.astype(np.float32), places)
    raw = parts.heads.first_step(points, parts.space.matrix(words))
    system = closeness(points, points).astype(np.float64) + PENALTY * np.eye(len(points))
    pull = np.linalg.solve(system, _targets(tagger, decided, raw) - raw)
    heads = replace(
        parts.heads,
        references=np.concatenate([parts.heads.references, points]),
        pull=np.concatenate([parts.heads.pull, pull.astype(np.float32)]),
    )
    marks = sorted(f"{p.title}|{p.abstract}|{sorted(p.yes)}|{sorted(p.no)}" for p in decided)
    digest = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:8]
    version = f"{tagger.version}+learned.{len(decided)}.{digest}"
    return Tagger.from_parts(replace(parts, heads=heads), tagger.facets, version, tagger.method)
