"""What kind of trouble a sentence states: cost, privacy, missing benchmarks, or none at all.

Two sentences about one topic are different challenges where their trouble differs. Cues are
fixed patterns and their weights a fixed table (`trouble.json`, made by `kb.trouble_fit` from
sentences coded once), so that a judgement does not move as a library grows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.wording import leaves_unsaid, main_clause, names_difficulty

Floats = NDArray[np.float32]

KINDS = {
    "a": "the method's own limits",
    "b": "evaluation or benchmarks fall short",
    "c": "cost, time or memory",
    "d": "data are scarce or poor",
    "e": "wrong or poor results",
    "f": "safety, bias or alignment",
    "g": "does not carry over",
    "h": "hallucination",
    "j": "attacks",
    "k": "not known or not studied",
    "m": "manual effort or expertise",
    "o": "another trouble",
    "p": "private or protected content is kept",
    "s": "scale or long context",
    "t": "people: trust, skill, teaching",
    "u": "forgetting too little or too much",
    "v": "vulnerable code",
}
"""Codes of the kinds of trouble; `n`, no trouble, is besides."""
NONE = "n"

_CUES = {
    "privacy": r"privacy|private|sensitive|memori[sz]|copyright|personal|confidential|leak\w*|"
    r"right to be forgotten|PII",
    "unlearn": r"unlearn\w*|forget\w*|remov\w+",
    "utility": r"utility|retain|retention|over-?forget\w*|preserv\w+",
    "attack": r"jailbreak\w*|guardrail\w*|malicious|adversarial|attack\w*|injection|backdoor",
    "insecure": r"vulnerab\w*|insecure|secur\w*|exploit\w*",
    "hallucination": r"hallucinat\w*|fabricat\w*|factual\w*",
    "evaluation": r"benchmark\w*|evaluat\w*|assess\w*|metric\w*|measur\w*|testbed\w*|contaminat\w*",
    "cost": r"cost\w*|expensive|comput\w+al|latency|inference|overhead|token\w*|memory|slow\w*|"
    r"efficien\w*|resource\w*|energy|prohibitive\w*",
    "data": r"dataset\w*|data|corpus|corpora|annotat\w*|label\w*|scarc\w*",
    "correct": r"correct\w*|incorrect\w*|bugs?|buggy|error\w*|reliab\w*|unreliab\w*|invalid|wrong|"
    r"accura\w*",
    "unknown": r"unclear|under-?explor\w*|unexplored|under-?stud\w*|little is known|unknown|"
    r"not been|poorly understood|limited (?:understanding|attention)|open question|"
    r"lack of (?:research|stud\w+)|few stud\w+|rarely",
    "manual": r"manual\w*|labor\w*|time-consuming|tedious|effort\w*|expert\w*",
    "scale": r"scal\w+|long[- ]context|context window\w*|repositor\w*|large codebase\w*|"
    r"million\w*|complex\w*",
    "general": r"generali[sz]\w*|robust\w*|transfer\w*|domain-specific|unseen|low-resource",
    "people": r"developer\w*|student\w*|educat\w*|teach\w*|learn(?:ers|ing outcomes)|user\w*|"
    r"trust\w*|team\w*",
    "safety": r"safety|harm\w*|toxic|bias\w*|fair\w*|ethic\w*|align\w*|misuse",
    "upkeep": r"maintain\w*|maintenance|evol\w+|outdated|deprecat\w*|update\w*|technical debt",
    "reasoning": r"reason\w*|logic\w*|math\w*",
    "verification": r"verif\w*|proof\w*|formal\w*|specification\w*",
}
_PATTERNS = tuple(re.compile(rf"\b(?:{cue})\b", re.IGNORECASE) for cue in _CUES.values())

# Whether a trouble is stated at all, rather than an advance, a purpose or a result.
_TONES = (
    r"promis\w*|emerged|emerging|gaining|attention|popular\w*|rapid\w*|advance\w*|potential",
    r"aims? to|seeks? to|goal|enabl\w+|allow\w*|ensur\w+|provid\w+|offers?",
    r"we|our|this (?:work|paper|study|article|survey|research)",
    r"ha(?:s|ve) (?:\w+ )?(?:shown|achieved|demonstrated|become|been|made|revolutioni\w+|evolved)",
    r"yet|but|however|while|although|despite|whereas|nevertheless|unfortunately",
    (
        r"not|no|never|without|fail\w*|lack\w*|cannot|few|little|limited|only|struggl\w*|"
        r"insufficient\w*|unable|un\w+ed"
    ),
    (
        r"challeng\w*|difficult\w*|problem\w*|issue\w*|limitation\w*|gap|bottleneck|risk\w*|"
        r"concern\w*|costly|expensive|time-consuming|hinder\w*|suffer\w*|prone|poor\w*"
    ),
)
_TONE_PATTERNS = tuple(re.compile(rf"\b(?:{tone})\b", re.IGNORECASE) for tone in _TONES)
_TURNING = ("however", "yet", "unfortunately", "nevertheless", "but")

FEATURES = 2 * len(_PATTERNS) + 2
TONES = 2 * len(_TONES) + 1


@dataclass(frozen=True, slots=True)
class Troubles:
    """What n sentences find difficult."""

    stated: Floats
    """(n,) how sure it is that any trouble is stated, 0 to 1."""
    kinds: Floats
    """(n, len(KINDS)) which, if any: rows sum to 1."""
    cues: Floats
    """(n, cues) 1 where the main clause has a cue."""


def troubles(texts: Sequence[str], scores: Sequence[float]) -> Troubles:
    """The troubles that `texts` state; `scores` are their labels' (0 to 1), in their order."""
    marks = features(texts, scores)
    table = weights()
    votes = marks @ table["kinds"] + table["offset"]
    odds = np.exp(table["sharpness"] * (votes - votes.max(axis=1, keepdims=True)))
    shares = odds / odds.sum(axis=1, keepdims=True)
    toned = np.concatenate([marks, tones(texts)], axis=1)
    stated = 1 / (1 + np.exp(-(toned @ table["sure"] + table["sure_offset"])))
    stated[[row for row, text in enumerate(texts) if leaves_unsaid(text)]] = 0.0
    kinds = shares[:, :-1] / np.maximum(1 - shares[:, -1:], 1e-9)
    count = len(_PATTERNS)
    return Troubles(
        stated.astype(np.float32), kinds.astype(np.float32), marks[:, count : 2 * count]
    )


def features(texts: Sequence[str], scores: Sequence[float]) -> Floats:
    """(n, FEATURES) marks of each text: cues anywhere, cues in its main clause, whether that
    clause names a difficulty, and twice the label's score.
    """
    found = np.zeros((len(texts), FEATURES), dtype=np.float32)
    count = len(_PATTERNS)
    for row, text in enumerate(texts):
        clause = main_clause(text)
        for at, pattern in enumerate(_PATTERNS):
            if pattern.search(text):
                found[row, at] = 1
                found[row, count + at] = pattern.search(clause) is not None
        found[row, -2] = names_difficulty(clause)
    found[:, -1] = 2 * np.asarray(scores, dtype=np.float32)
    return found


def tones(texts: Sequence[str]) -> Floats:
    """(n, TONES) marks of each text: words of advance, purpose, turn and want, anywhere and in
    its main clause, and whether it opens with a turn.
    """
    found = np.zeros((len(texts), TONES), dtype=np.float32)
    count = len(_TONE_PATTERNS)
    for row, text in enumerate(texts):
        clause = main_clause(text)
        for at, pattern in enumerate(_TONE_PATTERNS):
            if pattern.search(text):
                found[row, at] = 1
                found[row, count + at] = pattern.search(clause) is not None
        found[row, -1] = text.lower().startswith(_TURNING)
    return found


def rarity(stem: str) -> float:
    """How rare `stem` is in the field's challenge sentences, 0 to 1; 1 where it is not known."""
    return _rarities().get(stem, 1.0)


@cache
def _rarities() -> dict[str, float]:
    table: dict[str, float] = _table()["rarity"]
    return table


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(
        files("kb").joinpath("trouble.json").read_text(encoding="utf-8")
    )
    return table


@cache
def weights() -> dict[str, Any]:
    """The fitted table as arrays: see `kb.trouble_fit`."""
    return {
        key: np.array(value, dtype=np.int64 if key in ("left", "right") else np.float32)
        for key, value in _table().items()
        if key != "rarity"
    }
