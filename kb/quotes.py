"""The one comparison of quotes with stored text, shared by everything that checks a quote."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# What XML 1.0 cannot hold, white space aside, the deleted and C1 controls it discourages, and
# the marks that reorder what is read (CVE-2021-42574).
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_SOFT_HYPHEN = "\u00ad"


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
