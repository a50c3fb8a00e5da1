"""Whether a sentence says what a passage says: the gate between a model's words and the reader.

A sentence is supported by one sentence of the passage, or two in a row, that is near to it in
meaning and has its content words, all its numbers and names, and the same sense: neither
denies what the other states, nor turns "rises" into "falls", and what is only asked for is not
told as found. The thresholds were chosen on `data/support` (see its README for precision and
recall by kind of error).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from kb.candidates import covered, words_of
from kb.catalogue.values import Vector
from kb.kinship import nearest_kin
from kb.library import Library
from kb.question import Question, read_question

# Least cosine, and least share of the sentence's content words by weight.
NEAR = 0.62
COVERED = 0.6
# Least share of the evidence's words that the sentence keeps: a piece torn out of a longer
# sentence ("claim that X" -> "X") may say something else.
KEPT = 0.15
# Most words foreign to the evidence: neither in it nor kin to a word of it by this cosine.
# What is hung on a true sentence ("…, and all other studies are nonsense") brings in more.
NEW = 1
KIN = 0.5
# Least cosine to the question: a sentence about something else is no answer to it.
ON_QUESTION = 0.2

_NUMBER = re.compile(r"(?<![\w.])\.\d+|(?<![\w.])[-+]?\d+(?:[.,]\d+)*|\d+(?:\.\d+)?")
_COUNTS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve".split(),
        map(str, range(2, 13)),
        strict=True,
    )
) | {"half": "1/2", "twice": "2", "double": "2", "doubles": "2", "doubled": "2"}
_DENIES = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|fail(?:s|ed|ing|ures?)?|lacks?|lacking|"
    r"hardly|rarely|insufficient|unable|nobody|nothing|refut\w+|den(?:y|ies|ied))\b|n['’]t\b",
    re.IGNORECASE,
)
# "not only" denies nothing, "and not" sets one thing against another: see `_BETWEEN`.
_NO_DENIAL = re.compile(r"\bnot (?:only|just|merely)\b|\b(?:and|but) not\b", re.IGNORECASE)
# What is wanted or asked for, not what is: "tools should call X the best" and "report that X is
# the best" do not state that X is the best.
_BIDS = re.compile(
    r"\b(?:should|must|shall|ought|(?:is|are) (?:expected |asked )?to(?! date)|please|kindly|"
    r"ask that)\b|"
    r"^\W*(?:report|state|say|tell|write|describe|call|claim|conclude|mention|repeat|answer)\b",
    re.IGNORECASE,
)
# What two sides stand around.
_BETWEEN = tuple(
    re.compile(one)
    for one in (
        r"\b(?:rather than|instead of|and not|but not)\b",
        r"\bthan\b",
        r"\b(?:surpass|outperform|exceed|beat)\w*\b",
    )
)
# Words with which a writer reports, whoever is quoted.
_REPORTING = frozenset(
    "author authors propose proposes proposed introduce introduces introduced present presents "
    "presented report reports reported achieve achieves achieved reach reaches reached contain "
    "contains cannot investigate investigates meant means across several various".split()
)
# What turns a statement round: each word's opposites stand on the other side.
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (
        (
            "increas* improv* rais* ris* rose grow* grew gain* boost* enhanc* climb* more higher "
            "better larger greater faster most highest best"
        ),
        (
            "decreas* worsen* lower* reduc* fall* fell drop* declin* degrad* shrink* shrank less "
            "fewer worse smaller slower least lowest worst cut* hinder*"
        ),
    ),
    ("outperform* surpass* exceed* beat*", "underperform* trail* lag* inferior"),
    ("easy easier easily simple", "hard harder difficult challenging infeasible"),
    ("possible practical feasible sufficient", "impossible impractical infeasible insufficient"),
    ("toward towards", "away"),
    ("safe secure auditable reliable", "unsafe insecure unauditable unreliable vulnerable"),
    ("true correct effective", "false incorrect ineffective"),
    ("always every all", "never none"),
    ("agree* accept* confirm* support*", "disagree* reject* refut* contradict*"),
)


_Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence of a passage, or two in a row, as something to lean on."""

    passage: int
    """Position among the passages given."""
    quote: str
    """Verbatim from the passage."""
    context: str
    """Title, the sentence before, and the quote: where a name may stand."""
    vector: Vector
    stems: frozenset[str]
    sentences: tuple[str, ...]
    """The one or two sentences of the quote."""


@dataclass(frozen=True, slots=True)
class Support:
    """How far one piece of evidence carries a sentence."""

    evidence: Evidence
    cosine: float
    covered: float
    """Share of the sentence's content words, by weight."""
    kept: float
    """Share of the evidence's stems that the sentence has."""
    faults: tuple[str, ...]
    """What it says otherwise: `number`, `name`, `denial`, `bid`, `direction`, `order`, `sides`,
    or besides: `new`."""

    @property
    def holds(self) -> bool:
        """True where the sentence may be shown with this as its quote."""
        return (
            not self.faults
            and self.cosine >= NEAR
            and self.covered >= COVERED
            and self.kept >= KEPT
        )


def supports(
    library: Library, sentence: str, vector: Vector, evidence: Sequence[Evidence]
) -> list[Support]:
    """How far each piece of evidence carries `sentence`, the best first.

    `vector` is the sentence's, unit length.
    """
    question = read_question(sentence, library.indexes.text, len(library.snapshot().table.n))
    stems = frozenset(library.indexes.text.stems(sentence))
    found = [
        Support(
            one,
            float(one.vector @ vector),
            covered(question, one.stems),
            len(stems & one.stems) / max(len(one.stems), 1),
            tuple(_faults(question, sentence, one)),
        )
        for one in evidence
    ]
    found = [
        replace(one, faults=("new",)) if one.holds and _adds(library, question, one) else one
        for one in found
    ]
    return sorted(found, key=lambda one: (not one.holds, -(one.cosine + one.covered)))


def _adds(library: Library, question: Question, one: Support) -> bool:
    """True where the sentence has more words than `NEW` that are foreign to its evidence."""
    held = frozenset(words_of(one.evidence.context))
    strange = [
        term.text.lower()
        for term in question.terms
        if not one.evidence.stems.issuperset(term.stems)
        and term.text.lower() not in _REPORTING
        and term.text.lower() not in held
        and not numbers(term.text)
    ]
    if len(strange) <= NEW:
        return False
    return int((nearest_kin(library.embedder, strange, held) < KIN).sum()) > NEW


def numbers(text: str) -> list[str]:
    """The numbers of a text in order, digits and small words, `1,740` as `1740`."""
    found = [
        (match.start(), match[0].replace(",", "").lstrip("+").rstrip("."))
        for match in _NUMBER.finditer(text)
    ]
    words = re.finditer(r"[a-z]+", text.lower())
    found += [(match.start(), _COUNTS[match[0]]) for match in words if match[0] in _COUNTS]
    return [_trimmed(value) for _, value in sorted(found)]


def _trimmed(value: str) -> str:
    """`18.0` and `18` are one number, so are `.5` and `0.5`."""
    value = value.lstrip("-")
    value = f"0{value}" if value.startswith(".") else value
    if re.fullmatch(r"\d+\.\d+", value):
        value = value.rstrip("0").rstrip(".")
    return value.lstrip("0") or "0" if "." not in value else value


def _faults(question: Question, sentence: str, one: Evidence) -> list[str]:
    names = [term.text for term in question.terms if term.name]
    # Of two sentences, the one that is meant must agree: the other may deny something else.
    said = set(words_of(sentence))
    meant = max(one.sentences, key=lambda text: len(said & set(words_of(text))))
    told = {
        "number": not set(numbers(sentence)) <= set(numbers(one.quote)),
        "name": any(not _named(name, one.context) for name in names),
        "denial": _denies(sentence) != _denies(meant),
        "bid": any(map(_BIDS.search, one.sentences)) and not _BIDS.search(sentence),
        "direction": _turned(words_of(sentence), words_of(meant)),
        "order": _reordered(sentence, one.quote, names),
        "sides": _sides_swapped(sentence, meant),
    }
    return [fault for fault, there in told.items() if there]


def _denies(text: str) -> bool:
    """True where an odd number of its words deny: "not without" affirms."""
    return len(_DENIES.findall(_NO_DENIAL.sub("", text))) % 2 == 1


def _named(name: str, text: str) -> bool:
    """True where a name stands in `text`, as written or without a plural s."""
    held = f" {' '.join(words_of(text))} "
    wanted = " ".join(words_of(name))
    return f" {wanted} " in held or f" {wanted.removesuffix('s')} " in held or name in text


def _turned(said: list[str], held: list[str]) -> bool:
    """True where the sentence says "rises" of what the quote says "falls" of.

    What is spoken of are the words that follow soon; where they are not found, the quote as a
    whole decides: it has the opposite and nothing of the same side.
    """
    for one, other in _OPPOSITES:
        for here, there in ((_side(one), _side(other)), (_side(other), _side(one))):
            for at, word in enumerate(said):
                if not here(word) or word in held:
                    continue
                nearest = _nearest(set(said[at + 1 : at + 5]), held, here, there)
                if nearest is there:
                    return True
                if nearest is None and any(map(there, held)) and not any(map(here, held)):
                    return True
    return False


def _nearest(objects: set[str], held: list[str], here: _Test, there: _Test) -> _Test | None:
    """Which side's word stands last before one of `objects` in the quote; None: neither."""
    objects = {word for word in objects if len(word) > 3}
    for at, word in enumerate(held):
        if word in objects:
            for before in reversed(held[max(0, at - 6) : at]):
                if here(before) or there(before):
                    return here if here(before) else there
    return None


@lru_cache
def _side(words: str) -> _Test:
    pattern = re.compile("|".join(re.escape(one).replace(r"\*", r"\w*") for one in words.split()))
    return lambda word: bool(pattern.fullmatch(word))


def _reordered(sentence: str, quote: str, names: Sequence[str]) -> bool:
    """True where shared names and numbers stand in another order: who did what may be swapped."""
    held = numbers(quote)
    shared = [one for one in numbers(sentence) if held.count(one) == 1]
    if sorted(shared, key=held.index) != shared and len(set(shared)) == len(shared):
        return True
    places = [quote.find(name) for name in names]
    known = [place for place in places if place >= 0]
    return len(known) > 1 and known != sorted(known)


def _sides_swapped(sentence: str, quote: str) -> bool:
    """True where what stands before "rather than" or "outperforms" stands after it in the other."""
    for mark in _BETWEEN:
        ours, theirs = mark.split(sentence.lower()), mark.split(quote.lower())
        if len(ours) == 2 and len(theirs) == 2:
            (a, b), (c, d) = (
                [{word for word in words_of(side) if len(word) > 3} for side in sides]
                for sides in (ours, theirs)
            )
            return len(b & c) > len(b & d) or len(a & d) > len(a & c)
    return False


def unit(vector: Vector) -> Vector:
    """`vector` at length 1; zeros stay zeros."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
