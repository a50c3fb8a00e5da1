"""What a sentence is about: its content words with weights, and its main clause.

Weights are a fixed table and not counted in the library at hand: the same two sentences
must be equally alike tomorrow, when ten thousand papers have been added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kb.word_weights import COMMON, EMPTY, FREQUENT, MEDIUM, SUFFIXES

_WORD = re.compile(r"[a-z][a-z0-9+#]*", re.IGNORECASE)

_MIN_STEM = 4
_DEFAULT_WEIGHT = 1.0
_BACKGROUND = 0.5
"""Weight of a word that stands only in the concession ("While …,"): it tells the topic,
not the difficulty."""

_CONCESSION = re.compile(
    r"^(?:while|although|though|despite|even though|in spite of|whereas|notwithstanding)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:\(?(?:\d|i{1,3}|iv)[).]|first(?:ly)?|second(?:ly)?|third(?:ly)?|here|worse|notably|"
    r"surprisingly|(?:more )?importantly|critically|context:|results:|background:|"
    r"however|moreover|furthermore|in addition|additionally|nevertheless|nonetheless|yet|but|"
    r"thus|therefore|consequently|as a result|in particular|specifically|unfortunately|"
    r"conversely|in contrast|instead|indeed|meanwhile|still|besides|also|hence|finally|"
    r"on the other hand|at the same time|to date|in practice|despite this|despite these advances)"
    r"\s*,?\s+",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"(?:,\s+|;\s+|\s+[-–—]+\s*|[–—]|:\s+)(?:and\s+)?(?:but|yet|however|though|nevertheless|"
    r"nonetheless|still)\b,?\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r",\s+(?:which|making|leading|resulting|limiting|motivating|raising|hindering|highlighting|"
    r"especially|particularly|as\b|since|because|where|thereby|thus|so that|including|such as|"
    r"meaning|while|whereas|when\b|without|rather than|ignoring|overlooking|failing|neglecting|"
    r"leaving|posing|creating|causing|producing|often|i\.e\.|e\.g\.|namely|"
    r"with\b|due to|and\s+(?:they|it|this|thus|often|are|is)\b)|;\s+|\s+[–—]\s+|:\s+",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\b(?:lack\w*|limit\w*|challeng\w*|difficult\w*|fail\w*|struggl\w*|hard(?:er|est|ly)?|remain\w*|suffer"
    r"\w*|poor\w*|cost\w*|expensive|unclear|under-?explored|under-?studied|unexplored|insufficient"
    r"\w*|inadequate\w*|vulnerab\w*|bottleneck\w*|obstacle\w*|barrier\w*|gap\w*|risk\w*|concern\w*|"
    r"unreliab\w*|incorrect\w*|inaccura\w*|error\w*|prone|scarc\w*|hallucinat\w*|inconsisten\w*|"
    r"neglect\w*|overlook\w*|ignor\w*|cannot|not|no|unable|insecure|hinder\w*|threat\w*|problem\w*|"
    r"issue\w*|weak\w*|fragil\w*|brittle\w*|rare\w*|little|few|time-consuming|labor-intensive|tedious|slow\w*|impractical|"
    r"unknown|untested|unavailable|uncertain\w*|degrad\w*|harm\w*|burden\w*|incomplete|invalid|"
    r"needs?|needed|demand\w*|stale|miss(?:es|ed|ing)?|question)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"^(?:this|these|those|they|their|it|its|such|that|here|there|he|she|we|our|both|the former|"
    r"the latter|doing so|to this end)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:they|it|its|their|existing|current|most|many|no|we|our)\b",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"(?:and|or|which|where|who|such|including|particularly|especially|have|has|had|are|is|was|were|can|provide\w*|"
    r"achiev\w+|show\w*|with|from|by|for|to)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:they|them|their|it|its|this|these|those|such|both|here|he|she)\b", re.IGNORECASE
)
_VERB_FIRST = re.compile(
    r"(?:often|still|also|mostly|typically|usually|primarily|largely|rarely|paid|pay|remain\w*|"
    r"lack\w*|rel(?:y|ies)|fail\w*|struggl\w*|suffer\w*|requir\w*|require|face\w*|ha(?:s|ve|d)|"
    r"are|is|was|were|do|does|did|can|cannot|may|incur\w*|need\w*|produc\w*|show\w*|ignor\w*|"
    r"overlook\w*|at|in|with|for|on)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:propos|present|introduc|develop|design|buil[dt]|construct|address|tackl|mitigat|improv|"
    r"achiev|outperform|reduc|enhanc|demonstrat|effective|gave|give|overcom|resolv|releas)\w*",
    re.IGNORECASE,
)
_RELEASE = re.compile(
    r"\b(?:publicly|open[- ]sourced?|(?:is|are) available|we release)\b", re.IGNORECASE
)
_COUNTED = re.compile(
    r"\b(?:two|three|four|five|several|some|many|various|certain|key|critical|following)\s+"
    r"(?:[\w-]+\s+){0,2}(?:challenges|limitations|bottlenecks|issues|problems|shortcomings|"
    r"obstacles|gaps|drawbacks)(?:\s+(?:remain|persist|exist))?\W*$",
    re.IGNORECASE,
)
_POINTED = re.compile(
    r"\b(?:this|these|those|such|the former|the latter)\s+(?!as\b)[a-z]", re.IGNORECASE
)
_OPENING_WORDS = 6
_MIN_CLAUSE_WORDS = 5


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """`word` in lower case without a common English ending; equal for related words."""
    low = word.lower()
    for suffix in SUFFIXES:
        if low.endswith(suffix) and len(low) - len(suffix) >= _MIN_STEM:
            return low[: -len(suffix)]
    if len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is")):
        return low[:-1]
    return low


def content_words(sentence: str) -> Mapping[str, float]:
    """The stems that tell what `sentence` is about, each with its weight in (0, 1].

    Function words and the rhetoric of abstracts are left out; words common in the whole
    field weigh little; words of the concession weigh half.
    """
    words: dict[str, float] = {}
    focus = {stem(match) for match in _WORD.findall(main_clause(sentence))}
    for match in _WORD.findall(sentence):
        key = stem(match)
        if len(key) < 2 or key in EMPTY or match.lower() in EMPTY:
            continue
        weight = _weight(key)
        words[key] = weight if key in focus else weight * _BACKGROUND
    return words


def clause_words(sentence: str) -> frozenset[str]:
    """The stems of the main clause of `sentence`, without function words and rhetoric."""
    return frozenset(
        key
        for word in _WORD.findall(main_clause(sentence))
        if len(key := stem(word)) > 1 and key not in EMPTY and word.lower() not in EMPTY
    )


def points_elsewhere(sentence: str) -> bool:
    """True where the sentence opens by pointing at another one ("These limitations …")."""
    said = _LEAD.sub("", sentence.lstrip())
    opening = " ".join(said.split()[:_OPENING_WORDS])
    return bool(_POINTING.match(said) or _PRONOUN.search(opening))


def main_clause(sentence: str) -> str:
    """The part of a challenge sentence that states the difficulty, verbatim.

    A connective in front ("However,"), a concession ("While models do well, …") and what
    stands before a turn ("…, yet …") are cut, unless what is left is too short or has
    no word of difficulty. Always a contiguous stretch of `sentence`.
    """
    text = sentence.strip()
    lead = _LEAD.match(text)
    clause = text[lead.end() :] if lead else text
    turns = list(_TURN.finditer(clause))
    if turns and _stands(clause[turns[-1].end() :]):
        clause = clause[turns[-1].end() :]
    elif _CONCESSION.match(clause):
        cut = _after_concession(clause)
        clause = clause[cut:] if cut else clause
    return clause


def names_difficulty(text: str) -> bool:
    """True where `text` has a word of difficulty, such as "lack", "costly" or "unclear"."""
    return bool(_CUE.search(text))


def claims_answer(text: str) -> bool:
    """True where a contribution says that it offers or attains something, rather than what
    it looked at or found.
    """
    return bool(_CLAIM.search(text))


def leaves_unsaid(text: str) -> bool:
    """True where `text` only says that code or data can be had, or that there are troubles
    ("two limitations remain") and not which.
    """
    released = bool(_RELEASE.search(text)) and not names_difficulty(text)
    return released or bool(_COUNTED.search(text))


def points_back(text: str) -> bool:
    """True where `text` needs another sentence to be understood ("… part of this problem")."""
    return points_elsewhere(text) or bool(_POINTED.search(text))


def label(sentence: str, *, longest: int = 140) -> str:
    """A short label for the challenge that `sentence` states: a verbatim stretch of it.

    The main clause, if it can stand alone (it has its subject, and no pronoun near its
    beginning), without trailing asides where it is longer than `longest` characters; never
    cut inside a clause.
    """
    clause = main_clause(sentence)
    opening = " ".join(clause.split()[:_OPENING_WORDS])
    if _PRONOUN.search(opening) or _VERB_FIRST.match(clause):
        lead = _LEAD.match(sentence.strip())
        clause = sentence.strip()[lead.end() :] if lead else sentence.strip()
    if len(clause) > longest:
        tails = [m.start() for m in _TAIL.finditer(clause) if _stands(clause[: m.start()])]
        fitting = [at for at in tails if at <= longest]
        if fitting or tails:
            clause = clause[: max(fitting) if fitting else min(tails)]
    return clause.strip().rstrip(".").rstrip() or sentence.strip()


def _weight(key: str) -> float:
    if key in COMMON:
        return 0.15
    if key in FREQUENT:
        return 0.4
    return 0.7 if key in MEDIUM else _DEFAULT_WEIGHT


def _stands(clause: str) -> bool:
    """True where a clause is long enough and names a difficulty."""
    return len(clause.split()) >= _MIN_CLAUSE_WORDS and bool(_CUE.search(clause))


def _after_concession(clause: str) -> int:
    """Where the main clause begins after "While …,"; 0 if nothing after a comma stands alone.

    A comma before a pronoun or an article of the main subject is surer than the first one,
    which may belong to a list inside the concession.
    """
    commas = [m.end() for m in re.finditer(r",\s+", clause) if _stands(clause[m.end() :])]
    sure = [at for at in commas if _SUBJECT.match(clause[at:])]
    plain = [at for at in commas if not _NO_SUBJECT.match(clause[at:])]
    return sure[0] if sure else plain[0] if plain else 0
