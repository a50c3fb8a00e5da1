"""The one comparison of quotes with stored text, shared by everything that checks a quote."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
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
