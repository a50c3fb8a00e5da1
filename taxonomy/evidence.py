"""The phrases of a paper that spoke most for a category, as they stand in its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import BODY, TITLE, TOKEN, TextSpace, stem

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

MOST = 4
"""Phrases given for one tag: enough to judge it by, few enough to read."""

# Words that carry weight by habit and would tell a reader nothing.
_FILLERS = (
    "a about across all also an and any are as at be been both but by can could do does each "
    "for from had has have how however i if in into is it its may more most new no not novel of "
    "on one only or other our out over paper propose proposed provide same show some such than "
    "that the their them then there these they this those through thi to two under up upon us "
    "use used using via was we were what when where whether which while who whose will with "
    "within without work would yet you your study approach method result based however"
)
_EMPTY = frozenset(_FILLERS.split())


class PhraseFinder:
    """Looks grams up in one `TextSpace`; made once for a tagger."""

    def __init__(self, vocabulary: Mapping[str, int], space: TextSpace, weights: Floats) -> None:
        """Takes: weights, (grams, outputs), the model's weight of each gram."""
        self._vocabulary = vocabulary
        self._base = space.base
        self._zones = {zone.name: zone for zone in space.zones}
        firsts = np.cumsum([0, *(len(zone.keys) for zone in space.zones)]).tolist()
        self._parts = {
            zone.name: weights[first : first + len(zone.keys)]
            for zone, first in zip(space.zones, firsts, strict=False)
        }
        # A dictionary finds the few hundred grams of one paper faster than a binary search.
        self._places = {
            zone.name: dict(zip(zone.keys.tolist(), range(len(zone.keys)), strict=True))
            for zone in space.zones
        }
        self._numbers: dict[str, int] = {}

    def _number(self, word: str) -> int:
        """The number of a lower-case word, 0 if it is unknown or a filler."""
        found = self._numbers.get(word)
        if found is None:
            found = 0 if word in _EMPTY else self._vocabulary.get(stem(word), 0)
            # Words come from any text: keep the memory of them bounded.
            if len(self._numbers) < 100_000:
                self._numbers[word] = found
        return found

    def _add(self, worth: Floats, zone_name: str, keys: Ints, given: Ints) -> None:
        """Add to `worth` what each of its first grams weighs in a zone."""
        zone, place = self._zones[zone_name], self._places[zone_name]
        at = np.array([place.get(key, -1) for key in keys.tolist()], dtype=np.int64)
        scale = np.where(at >= 0, zone.idf[at] * zone.weight, 0)
        worth += scale[:, None] * self._parts[zone_name][at[:, None], given]

    def phrases(self, title: str, abstract: str, given: Ints) -> list[tuple[str, ...]]:
        """For each tag at most `MOST` phrases, verbatim from title or abstract, best first.

        Takes: given, the outputs that became tags. Where no phrase speaks for a tag (near
        papers alone decided), gives the title.
        """
        text = f"{title}\n{abstract}"
        low = text.lower()
        # Lower case can change the length of a text (the Turkish dotted I): then do without.
        low = low if len(low) == len(text) else text
        spans = [match.span() for match in TOKEN.finditer(low)]
        ids = np.array([self._number(low[start:end]) for start, end in spans], dtype=np.int64)
        at = np.flatnonzero(ids)
        pairs = at[:-1][np.diff(at) == 1]
        in_title = [end <= len(title) for _, end in spans]
        pairs = pairs[[in_title[k] == in_title[k + 1] for k in pairs.tolist()]]
        keys = np.concatenate([ids[at], ids[pairs] * self._base + ids[pairs + 1]])
        ends = np.concatenate([at, pairs + 1])
        worth = np.zeros((len(keys), len(given)), dtype=np.float32)
        self._add(worth, BODY, keys, given)
        titled = np.array([in_title[k] for k in ends.tolist()], dtype=bool)
        if titled.any():
            part = np.zeros((int(titled.sum()), len(given)), dtype=np.float32)
            self._add(part, TITLE, keys[titled], given)
            worth[titled] += part
        begins = np.concatenate([at, pairs])
        places = [
            (spans[one][0], spans[two][1])
            for one, two in zip(begins.tolist(), ends.tolist(), strict=True)
        ]
        return [
            self._best(worth[:, tag], places, text) or (title,)[: bool(title)]
            for tag in range(len(given))
        ]

    @staticmethod
    def _best(worth: Floats, places: Sequence[tuple[int, int]], text: str) -> tuple[str, ...]:
        chosen: list[str] = []
        for at in np.argsort(-worth, kind="stable")[: 4 * MOST].tolist():
            if worth[at] <= 0 or len(chosen) == MOST:
                break
            phrase = text[places[at][0] : places[at][1]]
            low = phrase.casefold()
            if all(low not in other.casefold() and other.casefold() not in low for other in chosen):
                chosen.append(phrase)
        return tuple(chosen)
