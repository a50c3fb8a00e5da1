"""The words to show of a passage: whole sentences around what was asked."""

from __future__ import annotations

from collections.abc import Sequence

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
    best, span, most = passages[0], (0, min(LENGTH, len(passages[0].text))), -1.0
    for passage in passages:
        for start, end in _windows(passage.text):
            shown = {_stem(word) for word in words(passage.text[start:end])}
            found = float(len(asked & shown))
            if found > most:
                best, span, most = passage, (start, end), found
    return best, best.text[span[0] : span[1]]


def _windows(text: str) -> list[tuple[int, int]]:
    """Stretches of whole sentences of about LENGTH characters, one from each sentence on."""
    spans = sentence_spans(text)
    found = []
    for i, (start, end) in enumerate(spans):
        ends = [later for _, later in spans[i + 1 :] if later - start <= LENGTH]
        found.append((start, min(ends[-1] if ends else end, start + 2 * LENGTH)))
    return found or [(0, min(LENGTH, len(text)))]


def _stem(word: str) -> str:
    """A crude stem, enough to see that `tests` shows `test`."""
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
