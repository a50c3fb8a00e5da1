"""Where a quote stands among the words of a page, whatever parts them there.

Letters and digits alone are compared: hyphens, ligatures, accents set apart, line breaks and
marks of footnotes do not matter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from ingest.layout import LIGATURES, clean
from ingest.records import Box

Word = tuple[float, float, float, float, str]
"""x0, y0, x1, y1 in points from the top left, and what is printed there."""

# A shorter piece of a quote may stand anywhere: it counts right after another one only.
_SURE = 18
_LEAST = 3
# Letters between two pieces of a quote: a footnote's mark, a line's number.
_NEAR = 40
# Of the quote's letters; the rest may stand overleaf.
_ENOUGH = 0.25
# Points around a passage's boxes in which its words still count as its own.
_SLACK = 3.0


def gathered(characters: Iterable[tuple[str, Box]]) -> Iterator[Word]:
    """The words that the characters of one line make up, with a box around each."""
    text, box = "", (0.0, 0.0, 0.0, 0.0)
    for character, (x0, y0, x1, y1) in characters:
        if character.isspace() and character not in LIGATURES:
            if text:
                yield *box, text
            text = ""
            continue
        around = (min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1))
        box = around if text else (x0, y0, x1, y1)
        text += character
    if text:
        yield *box, text


def letters(text: str) -> str:
    """Letters and digits of a text alone, without accents, in small letters."""
    apart = unicodedata.normalize("NFKD", clean(text)).casefold()
    return "".join(c for c in apart if c.isalnum())


def quote_marks(words: Sequence[Word], quote: str, boxes: Sequence[Box] = ()) -> tuple[Box, ...]:
    """Boxes of a quote's words on a page, one a line of type; () where it is not there.

    Takes the page's words in the order of the file, and the boxes of the passage that holds
    the quote, where they are known.
    """
    inside = [word for word in words if any(_within(word, box) for box in boxes)]
    wanted = letters(quote)
    best = _found(inside, wanted)
    if best[1] < len(wanted):
        best = max(best, _found(words, wanted), key=lambda one: one[1])
    # What begins here goes on overleaf, however little of it stands here.
    begins = len(wanted) > _SURE and wanted[:_SURE] in letters("".join(w[4] for w in best[0]))
    if best[1] < (_LEAST if begins else max(_LEAST, _ENOUGH * len(wanted))):
        return ()
    return tuple(_rows(best[0]))


def _within(word: Word, box: Box) -> bool:
    x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
    return box[0] - _SLACK <= x <= box[2] + _SLACK and box[1] - _SLACK <= y <= box[3] + _SLACK


def _found(words: Sequence[Word], wanted: str) -> tuple[list[Word], int]:
    """(words that hold the quote's letters, how many of these were found)."""
    owners: list[int] = []
    text = ""
    for index, word in enumerate(words):
        own = letters(word[4])
        text += own
        owners += [index] * len(own)
    spans = list(_spans(text, wanted))
    inside = dict.fromkeys(owner for at, end in spans for owner in owners[at:end])
    return [words[index] for index in inside], sum(end - at for at, end in spans)


def _spans(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Stretches of a text that make up what is wanted, the longest first fit each time."""
    at, after = 0, -1
    while at < len(wanted):
        size, place = _longest(text, wanted[at:], max(after, 0))
        near = after >= 0 and 0 <= place - after <= _NEAR
        if size >= min(_SURE, len(wanted)) or (near and size >= _LEAST):
            yield place, place + size
            at, after = at + size, place + size
        else:
            at += 1


def _longest(text: str, wanted: str, after: int) -> tuple[int, int]:
    """(size, place) of the longest beginning of `wanted` in a text, from `after` on if there."""
    low, high, place = 0, len(wanted), -1
    while low < high:
        middle = (low + high + 1) // 2
        at = text.find(wanted[:middle])
        if at >= 0:
            low, place = middle, at
        else:
            high = middle - 1
    later = text.find(wanted[:low], after) if low else -1
    return low, later if later >= 0 else place


def _rows(words: Sequence[Word]) -> Iterator[Box]:
    """One box for each stretch of words beside each other."""
    row: Box | None = None
    for x0, y0, x1, y1, _ in words:
        high = y1 - y0
        beside = row and abs((row[1] + row[3]) / 2 - (y0 + y1) / 2) < 0.4 * high
        if row and beside and -2 <= x0 - row[2] < 2 * high:
            row = row[0], min(row[1], y0), x1, max(row[3], y1)
        else:
            if row:
                yield row
            row = x0, y0, x1, y1
    if row:
        yield row
