"""The words to show of a passage: whole sentences around what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ingest.sentences import sentence_spans
from kb.catalogue import StoredPassage
from kb.text_index import words

# About three lines of a result card.
LENGTH = 320


def snippet(passages: Sequence[StoredPassage], query: str) -> tuple[StoredPassage, str]:
    """The passage that shows most of the query's words, and a verbatim stretch of it.

    Among equals the first wins: give the nearest passage first.
    """
    asked = {_stem(word) for word in words(query) if len(word) > 2}
    best, span, most = passages[0], (0, min(LENGTH, len(passages[0].text))), -1
    for passage in passages:
        for start, end, found in _windows(passage.text, asked):
            if found > most:
                best, span, most = passage, (start, end), found
    return best, best.text[span[0] : span[1]]


def _windows(text: str, asked: set[str]) -> Iterator[tuple[int, int, int]]:
    """(start, end, words of the query shown) of stretches of whole sentences.

    One stretch from each sentence on, of about LENGTH characters.
    """
    spans = sentence_spans(text)
    shown = [{stem for w in words(text[a:b]) if (stem := _stem(w)) in asked} for a, b in spans]
    for i, (start, end) in enumerate(spans):
        last = i
        while last + 1 < len(spans) and spans[last + 1][1] - start <= LENGTH:
            last += 1
        stop = max(end, spans[last][1])
        yield start, min(stop, start + 2 * LENGTH), len(set().union(*shown[i : last + 1]))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """A crude stem, enough to see that `tests` shows `test`."""
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
