"""The one comparison of quotes with stored text, shared by everything that checks a quote."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# What XML 1.0 cannot hold, white space aside, the deleted and C1 controls it discourages, and
# the marks that reorder what is read (CVE-2021-42574).
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_SOFT_HYPHEN = "\u00ad"
# What a list, a numbered section or arXiv's feed puts before a sentence. A number needs a capital
# after it: `(20) and (33) improve on it` and `1.84 variables` begin with a word of the sentence.
_MARK = re.compile(
    r"(?:[•◦‣▪▫●○■□◆➢✓✔–—*-]\s+"
    r"|\((?:[1-9]\d?|[ivx]{1,4}|[a-h]|RQ\d)\)[\s~]*(?=[\"“'‘]?[A-Z])"
    r"|(?:[1-9]\d?|[ivx]{1,4}|[a-h])\)\s+(?=[\"“'‘]?[A-Za-z])"
    r"|(?:[1-9]\d?|[IVX]{2,4})\.\s+(?=[\"“'‘]?[A-Z])"
    r"|[1-9](?:\.[1-9]){1,3}\.?\s+(?=[A-Z][a-z])"
    r"|arXiv:\S+ Announce Type: \S+ Abstract:\s+)+"
)
# Another item of the same list, in the same sentence: the first one keeps its mark then.
_NEXT_ITEM = re.compile(r"[\s;,:]\(?(?:[2-9]|i[iv]|iii|vi*|[b-h]|RQ[2-9])\)\s")


def normalise(text: str) -> str:
    """`text` as quotes are compared: NFKC, no soft hyphens, each run of white space one space.

    Nothing else is changed: case, punctuation, dashes and hyphens count.
    """
    composed = unicodedata.normalize("NFKC", text).replace(_SOFT_HYPHEN, "")
    return _SPACE.sub(" ", composed)


def contains(text: str, quote: str) -> bool:
    """True where `quote` stands in `text` verbatim, after `normalise` of both.

    White space at the ends of the quote does not count; a quote with nothing in it is
    never contained.
    """
    wanted = normalise(quote).strip()
    return bool(wanted) and wanted in normalise(text)


def unmarked(quote: str) -> str:
    """`quote` from after its bullet, list mark or section number; all of it where it has none.

    What is left is a verbatim part of the quote, and never nothing.
    """
    mark = _MARK.match(quote)
    if mark is None or (")" in mark[0] and _NEXT_ITEM.search(quote, mark.end())):
        return quote
    return quote[mark.end() :] or quote


def exportable(text: str) -> str:
    """`text` as every file format can hold it: white space single, no illegal characters.

    Of a text with characters that XML forbids (controls, lone surrogates, U+FFFE) or that
    reorder it only the longest stretch without them is kept, so that what is exported still
    stands verbatim in the stored text. "" where nothing is left.
    """
    stretches = _ILLEGAL.split(_SPACE.sub(" ", text))
    return max((stretch.strip() for stretch in stretches), key=len)


def legible(text: str) -> str:
    """`text`, not a quote, as every file format can hold it: illegal characters are dropped."""
    return _SPACE.sub(" ", _ILLEGAL.sub("", _SPACE.sub(" ", text))).strip()
