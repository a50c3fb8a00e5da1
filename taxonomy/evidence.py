"""The phrases of a paper that spoke most for a category, as they stand in its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import BODY, TITLE, TOKEN, TextSpace, stem

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

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


_PARTS = re.compile(f"({TOKEN.pattern})")

_Read = tuple[str, list[str]]
"""A paper's text, and the same cut up: what is between words, a word, and so on in turn."""


@dataclass(frozen=True, slots=True)
class _Grams:
    """Known words and pairs of words of many papers, one after the other."""

    row: Ints
    """The paper each stands in."""
    keys: Ints
    first: Ints
    """Place of its first word among the paper's words."""
    last: Ints
    titled: Bools
    """True where it stands in the title."""


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
        self._numbers: dict[str, int] = {}

    def _number(self, word: str) -> int:
        """The number of a lower-case word not met before, 0 if it is unknown or a filler."""
        found = 0 if word in _EMPTY else self._vocabulary.get(stem(word), 0)
        # Words come from any text: keep the memory of them bounded.
        if len(self._numbers) < 100_000:
            self._numbers[word] = found
        return found

    def _worth(self, name: str, keys: Ints, outputs: Ints) -> Floats:
        """What each gram weighs in a zone for the output asked of it; 0 where unknown."""
        zone = self._zones[name]
        if not len(zone.keys):
            return np.zeros(len(keys), dtype=np.float32)
        at = np.searchsorted(zone.keys, keys)
        at[at == len(zone.keys)] = 0
        worth = zone.idf[at] * zone.weight * self._parts[name][at, outputs]
        return np.where(zone.keys[at] == keys, worth, 0).astype(np.float32)

    def _read(self, papers: Sequence[tuple[str, str]]) -> tuple[list[_Read], _Grams]:
        """Every paper's words, and the known words and pairs of all of them."""
        read, ids, lengths, heads = [], [], [], []
        met, number = self._numbers.get, self._number
        for title, abstract in papers:
            text = f"{title}\n{abstract}"
            low = text.lower()
            # Lower case can change the length of a text (the Turkish dotted I): then do without.
            low = low if len(low) == len(text) else text
            parts = _PARTS.split(low)
            words = parts[1::2]
            ids += [known if (known := met(word)) is not None else number(word) for word in words]
            lengths.append(len(words))
            heads.append(len(TOKEN.findall(low[: len(title)])))
            read.append((text, parts))
        return read, _grams(np.array(ids, dtype=np.int64), lengths, heads, self._base)

    def phrases(
        self, papers: Sequence[tuple[str, str]], given: Sequence[Ints]
    ) -> list[list[tuple[str, ...]]]:
        """For each tag at most `MOST` phrases, verbatim from title or abstract, best first.

        Takes: papers, (title, abstract) pairs; given, the outputs that became tags of each.
        Gives one list a paper, one entry a tag. Where no phrase speaks for a tag (near
        papers alone decided), gives the title.
        """
        read, grams = self._read(papers)
        counts = np.array([len(some) for some in given], dtype=np.int64)
        found: list[list[tuple[str, ...]]] = [[] for _ in papers]
        for turn in range(counts.max(initial=0)):
            asked = np.array([some[turn] if turn < len(some) else -1 for some in given])
            taken = np.flatnonzero(asked[grams.row] >= 0)
            row, keys = grams.row[taken], grams.keys[taken]
            outputs = asked[row]
            worth = self._worth(BODY, keys, outputs)
            head = np.flatnonzero(grams.titled[taken])
            worth[head] += self._worth(TITLE, keys[head], outputs[head])
            order = np.lexsort((-worth, row))
            order = order[worth[order] > 0]
            starts = np.searchsorted(row[order], np.arange(len(papers) + 1)).tolist()
            for at in np.flatnonzero(counts > turn).tolist():
                best = taken[order[starts[at] : min(starts[at] + 4 * MOST, starts[at + 1])]]
                spans = list(
                    zip(grams.first[best].tolist(), grams.last[best].tolist(), strict=True)
                )
                title = papers[at][0]
                found[at].append(_verbatim(*read[at], spans) or (title,)[: bool(title)])
        return found


def _grams(ids: Ints, lengths: Sequence[int], heads: Sequence[int], base: int) -> _Grams:
    """The known words and pairs of words of many papers.

    Takes: ids, the words' numbers, one paper after the other, 0 for unknown; lengths, words
    of each paper; heads, words of its title; base, what a word's number counts in a pair.
    """
    sizes = np.array(lengths, dtype=np.int64)
    row = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    titled = place < np.repeat(np.array(heads, dtype=np.int64), sizes)
    single = np.flatnonzero(ids)
    pair = single[:-1][np.diff(single) == 1]
    pair = pair[(row[pair] == row[pair + 1]) & (titled[pair] == titled[pair + 1])]
    first = np.concatenate([single, pair])
    # Paper by paper, words before pairs: of two equally telling phrases the word comes first.
    order = np.argsort(row[first], kind="stable")
    first = first[order]
    last = np.concatenate([single, pair + 1])[order]
    keys = np.concatenate([ids[single], ids[pair] * base + ids[pair + 1]])[order]
    return _Grams(row[first], keys, place[first], place[last], titled[first])


def _verbatim(text: str, parts: Sequence[str], spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """At most `MOST` of the phrases from one word to another, none within another."""
    if not spans:
        return ()
    chosen: list[str] = []
    ends = list(accumulate(map(len, parts)))
    for first, last in spans:
        if len(chosen) == MOST:
            break
        phrase = text[ends[2 * first] : ends[2 * last + 1]]
        low = phrase.casefold()
        if all(low not in other.casefold() and other.casefold() not in low for other in chosen):
            chosen.append(phrase)
    return tuple(chosen)
