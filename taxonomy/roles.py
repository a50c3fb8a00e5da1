"""What part a sentence plays in its paper: problem, method, data, findings, limitations.

For each part but the last a logistic regression on the sentence's vector, its cues, what the
statement classifier says of it, its place and a few patterns. Limitations are too rare in
abstracts to be learnt (3 of 654 sentences coded): they are read off fixed words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.cues import CUES, cues
from taxonomy.heads import sigmoid
from taxonomy.weights_file import FOLDER, Weights, WeightsError, load

Floats = NDArray[np.float32]

LEARNT = ("problem", "method", "data", "findings")
"""What is missing or hard; what the authors did or made; what on; what came out."""
DATA = "data"
LIMITATIONS = "limitations"
"""What the authors say their own work does not cover or do well."""
ROLES = (*LEARNT, LIMITATIONS)
OWNED = 0.5
"""At least so surely (`owns_limit`) a sentence is one on limitations."""

WEIGHTS = FOLDER / "roles.npz"
"""The shipped weights."""

METHOD = "logistic-1"
"""Name of the way of judging; a new one where the features change."""

_COUNTED = (
    "tasks problems instances samples issues projects repositories participants students "
    "developers programmers papers questions pairs commits programs functions examples scenarios "
    "sites documents companies hours tests inputs bugs users interviews theorems domains "
    "languages specifications"
)

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\d",
        r"\d(?:\.\d+)?\s?\\?%",
        r"(?i)\b(?:data ?sets?|corpus|corpora|benchmarks?)\b",
        rf"\b\d[\d,.]*[kKM]?\s+(?:[\w-]+\s+){{0,3}}(?:{_COUNTED.replace(' ', '|')})\b",
        r"\b\w*(?:[Bb]ench|Eval|Gym|QA)\b|SWE-|MBPP|GSM8K|Defects4J",
        r"https?://|available (?:at|on)|open-sourced?|publicly",
        r"^(?:However|Yet|Despite|Although|While|Existing|Current|But)\b",
        (
            r"^(?:We|Our|In this|This (?:paper|work|study|article))\b"
            r"|^To (?:address|bridge|fill|overcome|tackle)\b"
        ),
        (
            r"(?i)^(?:experiment|result|evaluation|empirical|extensive|findings"
            r"|our (?:results|findings|experiments|evaluation)|we (?:find|found|show|observe))"
        ),
        r"(?i)^(?:existing|current|recent|prior|previous|traditional|large language models)\b",
        (
            r"(?i)\b(?:we|paper|work|study) (?:also |further |then |first )?(?:propos|present"
            r"|introduc|develop|design|conduct|investigat|stud|explor|analy[sz]e|evaluat|creat|construct)"
        ),
    )
)

_OURS = (
    r"(?:our|the present) (?:\w+ )?(?:work|study|approach|method|technique|evaluation|analysis"
    r"|paper|findings|results|experiments?|tool|framework|sample|dataset|data|benchmark|system"
    r"|model|survey|review)"
)
# A wider list found 122 in 62,809 sentences of abstracts, most of them on the limits of others
# ("existing methods face two key limitations"): so only what is said of "our" or "we" counts.
_OWN_LIMITS = re.compile(
    rf"\b(?:{_OURS} (?:is|are|was|were|remains?) (?:also |still |only )?"
    r"(?:limited|restricted|confined) (?:to|by|in)"
    rf"|{_OURS} (?:does not|do not|did not|cannot|may not|might not) (?:yet )?"
    r"(?:account|handle|support|cover|consider|scale|generali[sz]e|capture|address|extend|apply"
    r"|include|reflect|represent|hold)"
    rf"|limitations? of {_OURS} (?:is|are|was|were|include)"
    r"|we (?:do|did|could) not (?:yet )?(?:consider|evaluate|test|cover|study|address|include"
    r"|examine|explore|control)"
    r"|we (?:limit|limited|restrict|restricted) "
    r"(?:our|this|ourselves|the (?:scope|study|evaluation|analysis))"
    r"|we only (?:consider|evaluate|test|study|focus|examine|cover)(?:e?d)?\b)",
    re.IGNORECASE,
)
# In a conclusion or discussion an author's own limits need no "our".
_LIMITS = re.compile(
    r"\b(?:(?:one|another|a|main|key|major) limitation|may not generali[sz]e|not yet been"
    r"|has not been (?:tested|evaluated|validated)|left (?:for|to|unexplored|as) "
    r"|threats? to (?:the )?(?:\w+ )?validity|out of scope|beyond the scope)",
    re.IGNORECASE,
)
_LIMITS_SECTION = re.compile(r"\blimitations?\b|threats? to (?:\w+ )?validity", re.IGNORECASE)
_CLOSING = re.compile(r"discussion|conclusion|future|threat|limitation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A sentence and where it stands."""

    text: str
    index: int
    """Among the sentences of its abstract (or section), from 0."""
    count: int
    """How many these are."""
    section: str = "Abstract"


@dataclass(frozen=True, slots=True)
class RoleClassifier:
    """Weights ready to be used; made by `RoleClassifier.load`."""

    weights: Floats
    """(4, f): of the features, for each of `LEARNT`."""
    bias: Floats
    """(4,)."""
    thresholds: Mapping[str, float]
    """Role -> the least probability at which a sentence is taken for it."""
    version: str

    @classmethod
    def load(cls, path: Path | None = None) -> RoleClassifier:
        """Read weights; the shipped ones by default. Raises WeightsError."""
        return cls.from_weights(load(WEIGHTS if path is None else path))

    @classmethod
    def from_weights(cls, held: Weights) -> RoleClassifier:
        """A classifier from weights already read. Raises WeightsError."""
        if held.meta["method"] != METHOD or held.meta["cues"] != list(CUES):
            raise WeightsError("The weights are of other features.", str(held.meta["method"]))
        return cls(
            held.array("weights"),
            held.array("bias"),
            {role: float(held.meta["thresholds"][role]) for role in LEARNT},
            f"{METHOD}.{held.digest}",
        )

    def scores(
        self, sentences: Sequence[Placed], vectors: Floats, statements: Floats
    ) -> dict[str, Floats]:
        """Role -> (n,) how surely each sentence plays it, 0 to 1.

        Takes: vectors, (n, 384), unit MiniLM vectors; statements, (n, 4), the probabilities of
        `taxonomy.statements.LABELS`.
        """
        rows = features(sentences, vectors, statements)
        chances = sigmoid(rows @ self.weights.T + self.bias)
        found = {role: chances[:, at] for at, role in enumerate(LEARNT)}
        found[LIMITATIONS] = np.array([owns_limit(one) for one in sentences], dtype=np.float32)
        return found


def owns_limit(sentence: Placed) -> float:
    """How surely a sentence owns a limit of its paper: 1 by its words, .5 by its section."""
    if _OWN_LIMITS.search(sentence.text):
        return 1.0
    if _CLOSING.search(sentence.section) and _LIMITS.search(sentence.text):
        return 0.8
    return 0.5 if _LIMITS_SECTION.search(sentence.section) else 0.0


def features(sentences: Sequence[Placed], vectors: Floats, statements: Floats) -> Floats:
    """(n, f) what the regression reads of sentences; takes what `RoleClassifier.scores` does."""
    if not len(sentences):
        return np.zeros((0, vectors.shape[-1] + len(CUES) + 20), dtype=np.float32)
    number = {cue: at for at, cue in enumerate(CUES)}
    told = np.zeros((len(sentences), len(CUES)), dtype=np.float32)
    for row, one in enumerate(sentences):
        told[row, [number[cue] for cue in set(cues(one.text))]] = 0.5
    plain = np.array([_plain(one) for one in sentences], dtype=np.float32)
    surely = 0.3 * np.log(np.clip(statements, 1e-3, 1.0))
    return np.asarray(np.concatenate([vectors, told, plain, surely], axis=1), dtype=np.float32)


def _plain(one: Placed) -> list[float]:
    """Place, length and patterns of a sentence."""
    along = one.index / max(one.count - 1, 1)
    place = [float(one.index == 0), float(one.index == one.count - 1), along, along * along]
    found = [float(bool(pattern.search(one.text))) for pattern in _PATTERNS]
    return [*place, min(len(one.text), 400) / 200, *found]
