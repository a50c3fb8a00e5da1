"""The words of a review's criteria, marked where they occur in a paper's text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.catalogue.screening import Review
from kb.library import Library
from kb.pages.parts.markup import escaped, readable
from kb.question import ASKING, PLAIN
from kb.text_index import TextIndex

_WORD = re.compile(r"[^\W_][\w+#]*")


def highlighted(library: Library, text: str, review: Review) -> str:
    """A paper's `text` as HTML: words of what is to be included marked one way, the others another.

    Words are compared by stem; one that stands on both sides counts for including.
    """
    text = readable(text)
    index = library.indexes.text
    wanted = _stems(index, [review.question, *review.texts("include")])
    unwanted = _stems(index, review.texts("exclude")) - wanted
    out, at = [], 0
    for found in _WORD.finditer(text):
        stems = set(index.stems(found[0]))
        kind = "for" if stems & wanted else "against" if stems & unwanted else ""
        if kind:
            out.append(escaped(text[at : found.start()]))
            out.append(f'<mark class="sf-{kind}">{escaped(found[0])}</mark>')
            at = found.end()
    return "".join([*out, escaped(text[at:])])


def _stems(index: TextIndex, texts: Iterable[str]) -> set[str]:
    words = (word for text in texts for word in _WORD.findall(text.lower()))
    return {stem for word in words if word not in ASKING | PLAIN for stem in index.stems(word)}
