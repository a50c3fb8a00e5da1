"""The gate: a model's text goes in as it comes, verified sentences come out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from ingest.sentences import sentence_spans
from kb.citations import Citation, cite
from kb.library import Library
from kb.writing.given import Material
from kb.writing.instructions import speaks_to_machine
from kb.writing.plain_text import bare, one_line
from kb.writing.protocol import Sentence
from kb.writing.support import ON_QUESTION, supports

# Characters of a sentence, and sentences of an answer: more is no answer.
LONGEST = 800
MOST = 20

_MARKS = r"(?:\[[\s\d,;–-]{1,40}\][ \t]*)+"
# "text. [1]" and "text.[1]" -> "text [1]."
_AFTER_STOP = re.compile(rf"([.!?]+)[ \t]*({_MARKS})(?=\s|$)")
_CITED = re.compile(r"\[([\s\d,;–-]{1,40})\]")
_RANGE = re.compile(r"(\d{1,4})\s*[–-]\s*(\d{1,4})|(\d{1,9})")
_LEFT = re.compile(r"\[[^\[\]]*\]|[\[\]{}<>|\\]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass
class Gate:
    """One answer's gate. Feed it pieces of text, then `end` it."""

    library: Library
    material: Material
    removed: dict[str, int] = field(
        default_factory=lambda: {
            "unknown_citations": 0,
            "unsupported_citations": 0,
            "unsupported": 0,
        }
    )
    """Citations of passages not given; of passages that do not say it; sentences."""
    citations: list[Citation] = field(default_factory=list)
    passed: list[Sentence] = field(default_factory=list)
    _waiting: str = ""

    def __post_init__(self) -> None:
        self._asked = self.library.embedder.encode_query([self.material.question])[0]

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that are complete with this piece and pass."""
        self._waiting += piece
        whole, self._waiting = _split(self._waiting)
        return self._through(whole)

    def end(self) -> list[Sentence]:
        """The rest, once the text has ended by itself."""
        whole, rest = _split(self._waiting)
        self._waiting = ""
        return self._through([*whole, rest])

    def _through(self, whole: list[str]) -> list[Sentence]:
        found = [one for raw in whole if (one := self._judged(raw)) is not None]
        self.passed += found
        return found

    def _judged(self, raw: str) -> Sentence | None:
        """The sentence, clean and cited; None where it is removed, which is counted."""
        if len(raw) > 4 * LONGEST:
            self.removed["unsupported"] += 1
            return None
        text = bare(raw)
        named = _numbers(text)
        known = [n for n in named if 1 <= n <= len(self.material.given)]
        self.removed["unknown_citations"] += len(named) - len(known)
        text = one_line(_LEFT.sub(" ", _CITED.sub("", text)))
        text = re.sub(r"\s+([.,;:!?])", r"\1", text)
        if not _LETTERS.search(text):
            return None
        if any(text == one.text for one in self.passed) or len(self.passed) >= MOST:
            return None
        cited = self._cited(text, known) if self._may_pass(text, known) else ()
        if not cited:
            self.removed["unsupported"] += 1
            return None
        return Sentence(text, cited)

    def _may_pass(self, text: str, known: list[int]) -> bool:
        return bool(known) and len(text) <= LONGEST and not speaks_to_machine(text)

    def _cited(self, text: str, known: list[int]) -> tuple[Citation, ...]:
        """A citation of each named passage that says it, with the quote that does."""
        vector = self.library.embedder.encode_query([text])[0]
        if float(np.dot(vector, self._asked)) < ON_QUESTION:
            return ()
        cited: list[Citation] = []
        for n in known:
            found = supports(self.library, text, vector, self.material.evidence[n - 1])
            made = self._quoted(n, found[0].evidence.quote) if found and found[0].holds else None
            if made is None:
                self.removed["unsupported_citations"] += 1
            else:
                cited.append(made)
        return tuple(dict.fromkeys(cited))

    def _quoted(self, n: int, quote: str) -> Citation | None:
        given = self.material.given[n - 1]
        for one in self.citations:
            if one.passage_id == given.passage.passage_id and one.quote == quote:
                return one
        with self.library.catalogue.read() as reader:
            passage = reader.passages([given.passage.n]).get(given.passage.n)
            made = cite(reader, len(self.citations) + 1, given.paper, passage, quote)
        if made is not None:
            self.citations.append(made)
        return made


def _split(text: str) -> tuple[list[str], str]:
    """(complete sentences, what is still being written); a line break ends a sentence.

    A sentence is complete when the next has begun, for its citations may stand after its stop.
    """
    text = _AFTER_STOP.sub(r" \2\1 ", text)
    *lines, last = text.split("\n")
    whole = [line[start:end] for line in lines for start, end in sentence_spans(line)]
    spans = sentence_spans(last)
    open_ = 1
    if len(spans) > 1 and last[spans[-1][0]] == "[":
        open_ = 2  # perhaps a citation of the sentence before it
    whole += [last[start:end] for start, end in spans[:-open_]]
    return whole, last[spans[-open_][0] :] if len(spans) >= open_ else last


def _numbers(text: str) -> list[int]:
    """The numbers cited, each once: of `[1]`, `[1, 2]`, `[1-3]`."""
    found: list[int] = []
    for marks in _CITED.findall(text):
        for first, last, single in _RANGE.findall(marks):
            if single:
                found.append(int(single))
            elif int(last) - int(first) in range(20):
                found += range(int(first), int(last) + 1)
            else:
                found += [int(first), int(last)]
    return list(dict.fromkeys(found))
