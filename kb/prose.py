"""What is a sentence of prose, among all that a page is cut into."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[.!?…][\"'”’)\]]*$")
_SHORTEST = 30
# What a page has beside its sentences: captions, prompts, labels with a colon.
_BESIDE = re.compile(
    r"(?:figure|fig\.|table|tab\.|listing|algorithm|appendix)\s*[A-Z]?\d+[a-z]?\s*[:.|–—-]"
    r"|you are (?:an?|the)\b|#|(?:system|user|assistant|input|output|question|answer|prompt"
    r"|instructions?)\s*:|.*[{}<>|]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 5
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|can|could|may|might|must|should|will|would|do"
    r"|does|did|we|they|it|show|find|use|propose|present|[a-z]{3,}(?:s|ed|ing|ize|ise|ate))\b",
    re.IGNORECASE,
)


def is_sentence(text: str) -> bool:
    """True for a sentence of prose; False for headings, captions, labels, rows and prompts."""
    words = _WORD.findall(text)
    lower = [word for word in words if word.islower()]
    letters = sum(char.islower() for char in text)
    solid = sum(not char.isspace() for char in text)
    return (
        len(words) >= _FEWEST_WORDS
        and len(lower) * 2 >= len(words)
        and letters * 3 >= solid * 2
        and bool(_WHOLE.search(text) and _VERB.search(text))
        and not text[:1].islower()
        and not _BESIDE.match(text)
    )


def is_whole(text: str) -> bool:
    """True where a text begins and ends as a sentence does and is long enough to say something."""
    return len(text) >= _SHORTEST and text[:1].isupper() and bool(_WHOLE.search(text))
