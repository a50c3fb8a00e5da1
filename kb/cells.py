"""Which sentence of a paper fills a cell: the surest for its role, none where none is sure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from kb.library import Library
from kb.sentences import StoredSentence
from taxonomy.named_data import names_data
from taxonomy.roles import DATA, LEARNT, LIMITATIONS, ROLES, RoleClassifier
from taxonomy.statements import StatementClassifier

# The body is read only for what the abstract does not say, and by its section's name: the
# classifier learnt from abstracts, and any of a body's 300 sentences may look like a finding.
_BODY = {
    "problem": re.compile(
        r"introduction|motivation|problem|statement of need|summary", re.IGNORECASE
    ),
    "method": re.compile(
        r"method|approach|design|implementation|overview|system|summary", re.IGNORECASE
    ),
    "data": re.compile(
        r"data|benchmark|corpus|participant|subject|set-?up|experiment", re.IGNORECASE
    ),
    "findings": re.compile(
        r"result|finding|evaluation|discussion|conclusion|experiment", re.IGNORECASE
    ),
}

# A sentence of a section on limitations by its name alone: its first ones often only lead on.
_LEADING_ON = re.compile(
    r"\b(?:as follows|following|this section|we discuss|we now"
    r"|(?:some|certain|several) limitations)\b",
    re.IGNORECASE,
)
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


@dataclass(frozen=True, slots=True)
class Picked:
    """A sentence for a cell, and how surely it fits, 0 to 1."""

    sentence: StoredSentence
    score: float


@cache
def _roles() -> RoleClassifier:
    return RoleClassifier.load()


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses the sentences of a paper's cells."""

    statements: StatementClassifier
    roles: RoleClassifier

    @classmethod
    def of(cls, library: Library) -> Chooser:
        """With the library's classifier of statements. Raises WeightsError."""
        return cls(library.classifier, _roles())

    def cells(self, sentences: Sequence[StoredSentence]) -> dict[str, Picked | None]:
        """Role -> the sentence that plays it most surely; None where none does surely enough."""
        wanted = [one for one in sentences if one.front or _useful(one)]
        if not wanted:
            return dict.fromkeys(ROLES)
        places = [one.place for one in wanted]
        vectors = np.stack([one.row.vector for one in wanted])
        labels = self.statements.probabilities([one.text for one in places], vectors)
        scores = self.roles.scores(places, vectors, labels)
        found: dict[str, Picked | None] = {}
        # A result names what it was got on, at best; a sentence on the data itself tells more.
        ranked = scores | {DATA: scores[DATA] * (1 - scores["findings"] / 2)}
        for role in LEARNT:
            sure = scores[role] >= self.roles.thresholds[role]
            if role == DATA:
                sure &= [
                    bool(able) and names_data(one.text)
                    for able, one in zip(sure, places, strict=True)
                ]
            # A sentence that plays two parts stands in both cells: the table is read by column.
            front = _best(wanted, ranked[role], sure & [one.front for one in wanted])
            body = sure & [_in_body(role, one) for one in wanted]
            found[role] = front or _best(wanted, ranked[role], body)
        own = np.array([not _LEADING_ON.search(one.place.text) for one in wanted])
        owned = scores[LIMITATIONS]
        found[LIMITATIONS] = _best(wanted, owned, own & (owned >= 0.5))
        return found


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


def _useful(one: StoredSentence) -> bool:
    """Whole and long enough to be understood alone."""
    text = one.place.text
    return len(text) >= _SHORTEST and text[:1].isupper() and bool(_WHOLE.search(text))


def _in_body(role: str, one: StoredSentence) -> bool:
    here = not one.front and _BODY[role].search(one.place.section)
    return bool(here) and is_sentence(one.place.text)


def _best(
    wanted: Sequence[StoredSentence], scores: np.ndarray, allowed: np.ndarray
) -> Picked | None:
    """The allowed sentence with the highest score, the first of equal ones."""
    if not allowed.any():
        return None
    at = int(np.argmax(np.where(allowed, scores, -1.0)))
    return Picked(wanted[at], float(scores[at]))
