"""Which sentence of a paper fills a cell: the surest for its role, none where none is sure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from kb.library import Library
from kb.prose import is_sentence, is_whole
from kb.sentences import StoredSentence
from taxonomy.named_data import names_data
from taxonomy.roles import DATA, LIMITATIONS, OWNED, ROLES, Floats, RoleClassifier, owns_limit
from taxonomy.statements import DIMENSIONS, StatementClassifier

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
# A next best must be as likely as not what its column asks for: read by eye, of 58 next best
# sentences 7 of 15 below that were right, and 35 of 43 above.
_AGAIN = 0.5

# Sentences weighed at a time: their likeness to 2,919 coded ones takes 23 MB.
_AT_ONCE = 2_000

Cells = dict[str, StoredSentence | None]
"""Role -> the sentence that plays it; None where none surely does."""


@cache
def _roles() -> RoleClassifier:
    return RoleClassifier.load()


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses the sentences of the cells of papers."""

    statements: StatementClassifier
    roles: RoleClassifier

    @classmethod
    def of(cls, library: Library) -> Chooser:
        """With the library's classifier of statements. Raises WeightsError."""
        return cls(library.classifier, _roles())

    def cells(
        self, papers: Sequence[Sequence[StoredSentence]], shown: Sequence[Collection[str]] = ()
    ) -> list[Cells]:
        """For each paper, given by its sentences, the surest of them for each role.

        No sentence stands in two cells: the role that loses least by it takes its next best, or
        none where that is not sure.

        Takes: shown, for each paper the texts that other columns show already.
        """
        read = [[one for one in some if _is_read(one)] for some in papers]
        scores = self._scores([one for some in read for one in some])
        found: list[Cells] = []
        start = 0
        for some, others in zip(read, shown or [()] * len(read), strict=True):
            own = {role: of_role[start : start + len(some)] for role, of_role in scores.items()}
            found.append(self._of_paper(some, own, others))
            start += len(some)
        return found

    def _scores(self, sentences: Sequence[StoredSentence]) -> dict[str, Floats]:
        """Role -> (n,) how surely each sentence plays it."""
        parts: list[dict[str, Floats]] = []
        for start in range(0, max(len(sentences), 1), _AT_ONCE):
            some = sentences[start : start + _AT_ONCE]
            places = [one.place for one in some]
            vectors = np.array([one.row.vector for one in some], dtype=np.float32)
            vectors = vectors.reshape(len(some), DIMENSIONS)
            labels = self.statements.probabilities([one.text for one in places], vectors)
            parts.append(self.roles.scores(places, vectors, labels))
        return {role: np.concatenate([part[role] for part in parts]) for role in ROLES}

    def _of_paper(
        self,
        sentences: Sequence[StoredSentence],
        scores: Mapping[str, Floats],
        shown: Collection[str],
    ) -> Cells:
        """The cells of one paper."""
        texts = [one.place.text for one in sentences]
        rank = np.stack([self._rank(role, sentences, scores) for role in ROLES])
        rank[:, [at for at, text in enumerate(texts) if text in shown]] = 0
        front = np.array([one.front for one in sentences], dtype=np.float32)
        return {
            role: None if at is None else sentences[at]
            for role, at in zip(ROLES, _apart(rank, front, texts), strict=True)
        }

    def _rank(
        self, role: str, sentences: Sequence[StoredSentence], scores: Mapping[str, Floats]
    ) -> Floats:
        """(n,) how well each sentence fits the cell of a role, to 1; 0: it may not stand there."""
        if role == LIMITATIONS:
            own = [not _LEADING_ON.search(one.place.text) for one in sentences]
            return np.where((scores[role] >= OWNED) & np.array(own, bool), scores[role], 0)
        sure = scores[role] >= self.roles.thresholds[role]
        for at in np.flatnonzero(sure).tolist():
            one = sentences[at]
            sure[at] = role != DATA or names_data(one.place.text)
            sure[at] &= one.front or _in_body(role, one)
        # A result names what it was got on, at best; a sentence on the data itself tells more.
        less = scores["findings"] / 2 if role == DATA else 0
        return np.asarray(np.where(sure, scores[role] * (1 - less), 0), dtype=np.float32)


def _apart(rank: Floats, front: Floats, texts: Sequence[str]) -> list[int | None]:
    """For each row of `rank` the column that fits best, no text twice; None where none fits.

    What the abstract says goes before all that the body says. Of two rows that want one text
    the one that loses least by it gives way, to its next best or to none.

    Takes: rank, (roles, n), 0 to 1; front, (n,), 1 for sentences of the abstract, else 0.
    """
    if not texts:
        return [None] * len(rank)
    fit = np.where(rank > 0, rank + front, 0)
    while True:
        best = fit.argmax(axis=1).tolist()
        wanted: dict[str, list[int]] = {}
        for row, at in enumerate(best):
            if fit[row, at] > 0:
                wanted.setdefault(texts[at], []).append(row)
        disputed = next((text for text, rows in wanted.items() if len(rows) > 1), None)
        if disputed is None:
            return [at if fit[row, at] > 0 else None for row, at in enumerate(best)]
        without = np.where((rank < _AGAIN) | [text == disputed for text in texts], 0, fit)
        loses = [(float(fit[row].max() - without[row].max()), row) for row in wanted[disputed]]
        gives_way = min(loses)[1]
        fit[gives_way] = without[gives_way]


def _is_read(one: StoredSentence) -> bool:
    """Whether a sentence may stand in any cell."""
    if one.front:
        return True
    place = one.place
    named = any(of_role.search(place.section) for of_role in _BODY.values())
    return (named or owns_limit(place) >= OWNED) and is_whole(place.text)


def _in_body(role: str, one: StoredSentence) -> bool:
    return bool(_BODY[role].search(one.place.section)) and is_sentence(one.place.text)
