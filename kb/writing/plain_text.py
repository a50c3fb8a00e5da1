"""A model's text made plain: no links, pictures, markup, control or hidden characters."""

from __future__ import annotations

import html
import re
import unicodedata

from kb.writing.instructions import visible

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|\x9b[0-?]*[@-~]"
)
_PICTURE = re.compile(r"!\[[^\]]{0,2000}\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^)]{0,2000}\)")
_REFERENCE = re.compile(r"^[ \t]*\[[^\]\n]+\]:[ \t]*\S+.*$", re.MULTILINE)
_TAG = re.compile(r"<!--.*?(?:-->|$)|</?[A-Za-z!?][^<>]*>?", re.DOTALL)
_URL = re.compile(
    r"\b(?:[a-z][a-z0-9+.\-]{1,20}://|www\.|mailto:|javascript:|data:[a-z]+/)\S*|"
    r"\b(?:[a-z0-9\-]+\.)+(?:com|org|net|io|ai|dev|example|test|invalid|info|xyz|ru|cn|co|app|me)"
    r"\b(?:[:/?#]\S*)?",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*_~`]{2,}|(?<!\w)[*_`]|[*`](?!\w)|`")
_LEADING = re.compile(r"^\s*(?:[#>\-+*•|=]+\s*|\(?\d{1,2}[.)]\s+)+")
_SPACE = re.compile(r"\s+")


def bare(text: str) -> str:
    """`text` without escape sequences, pictures, links, tags, URLs and hidden characters.

    The text of a link stays, its address does not. Line breaks stay.
    """
    text = _ESCAPES.sub("", text)
    lines = [visible(unicodedata.normalize("NFKC", line)) for line in text.split("\n")]
    text = html.unescape("\n".join(lines))
    for pattern, kept in (
        (_PICTURE, ""),
        (_REFERENCE, ""),
        (_LINK, r"\1"),
        (_TAG, ""),
        (_URL, ""),
    ):
        text = pattern.sub(kept, text)
    return text


def one_line(text: str) -> str:
    """A sentence as it is shown: without list marks, headings and emphasis, spaces single."""
    return _SPACE.sub(" ", _MARKUP.sub("", _LEADING.sub("", visible(bare(text))))).strip()
