"""How near words are in meaning: single words, embedded once and kept."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

import numpy as np

from kb.catalogue.values import Vector
from kb.embed import Embedder

# Words kept of one model: 30 MB at 384 dimensions; beyond that the memory starts anew.
KEPT = 20_000

# Words embedded in one call: short ones together, so that padding stays small.
BATCH = 128

_kept: WeakKeyDictionary[Embedder, dict[str, Vector]] = WeakKeyDictionary()


def word_vectors(embedder: Embedder, words: Iterable[str]) -> Vector:
    """(n, dimension) vectors of length 1, one a word; words seen before cost nothing."""
    wanted = list(words)
    known = _kept.setdefault(embedder, {})
    if len(known) > KEPT:
        known.clear()
    fresh = sorted({word for word in wanted if word not in known}, key=lambda w: (len(w), w))
    for start in range(0, len(fresh), BATCH):
        some = fresh[start : start + BATCH]
        known.update(zip(some, embedder.encode_query(some), strict=True))
    if not wanted:
        return np.zeros((0, embedder.dimension), dtype=np.float32)
    return np.stack([known[word] for word in wanted])


def nearest_kin(embedder: Embedder, words: list[str], among: Iterable[str]) -> Vector:
    """The cosine of each word and its nearest word `among` others, (len(words),).

    A word that is there itself has 1.0. Zeros where there is nothing to compare.
    """
    others = sorted(set(among))
    if not words or not others:
        return np.zeros(len(words), dtype=np.float32)
    likeness = word_vectors(embedder, words) @ word_vectors(embedder, others).T
    return np.asarray(likeness.max(axis=1), dtype=np.float32)
