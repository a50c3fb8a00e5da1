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

SHORT = 2

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
    others = set(among)
    found = np.array([float(word in others) for word in words], dtype=np.float32)
    asked = [i for i, there in enumerate(found.tolist()) if not there]
    # A word of one or two letters is no kin of anything; without them there is less to embed.
    long_enough = sorted(word for word in others if len(word) > SHORT)
    if asked and long_enough:
        vectors = word_vectors(embedder, [words[i] for i in asked])
        found[asked] = (vectors @ word_vectors(embedder, long_enough).T).max(axis=1)
    return found
