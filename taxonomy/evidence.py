"""The phrases of a paper that spoke most for a category, as they stand in its text."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import BODY, TITLE, TextSpace, stem

MOST = 4
"""Phrases given for one tag: enough to judge it by, few enough to read."""

_TOKEN = re.compile(r"[a-z0-9]+[+#]*", re.IGNORECASE)

# Words that carry weight by habit and would tell a reader nothing.
_EMPTY = frozenset(
    "a an and are as at be been both but by can do each for from has have how in into is it "
    "its may more most not of on or our such than that the their them these they this those "
    "through to under use used using via was we were what when where which while who will "
    "with without yet paper work study approach also however".split()
)


def _spans(text: str, longest: int) -> list[tuple[str, int, int]]:
    """Each gram of `text` with where it begins and ends there."""
    words = [(stem(m[0].lower()), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    return [
        (" ".join(word for word, _, _ in words[at : at + size]), words[at][1], words[at + size - 1][2])
        for size in range(1, longest + 1)
        for at in range(len(words) - size + 1)
        # A phrase that begins or ends with a filler reads as torn out.
        if words[at][0] not in _EMPTY and words[at + size - 1][0] not in _EMPTY
    ]


def phrases(
    title: str, abstract: str, space: TextSpace, weights: NDArray[np.float32]
) -> tuple[str, ...]:
    """At most `MOST` phrases, verbatim from title or abstract, strongest first.

    Takes: space, the grams the model knows; weights, its weight for each on one category.
    Where no phrase speaks for the category (the vector decided), gives the title.
    """
    found: list[tuple[float, str]] = []
    for text, prefixes in ((title, (TITLE, BODY)), (abstract, (BODY,))):
        for gram, start, end in _spans(text, space.longest):
            worth = 0.0
            for prefix in prefixes:
                at = space.index.get(prefix + gram)
                if at is not None:
                    worth += float(weights[at] * space.idf[at]) * space.weights[prefix]
            if worth > 0:
                found.append((worth, text[start:end]))
    chosen: list[str] = []
    for _, phrase in sorted(found, key=lambda pair: (-pair[0], pair[1])):
        low = phrase.casefold()
        if all(low not in other.casefold() and other.casefold() not in low for other in chosen):
            chosen.append(phrase)
        if len(chosen) == MOST:
            break
    return tuple(chosen) if chosen else tuple(part for part in (title,) if part)
