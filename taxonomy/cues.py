"""What a sentence does, by the words that do it: cues of need, hope, lack, finding and so on.

Two sentences on different matters can ask for the same ("more research is needed on X", "Y
calls for further study"). Their words and vectors lie far apart, their cues do not. The
lists were written from the codebook's definitions and from sentences coded once; they are
read as they stand: `*` ends a word's beginning, `/` parts words that may stand in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

_WORDS = {
    "future": "future agenda* roadmap* avenue* follow-up longer-term long-term",
    "promise": "promising opportunit* direction* foundation*",
    "need": "necess* crucial essential imperative urgent* importance",
    "should": "should must ought",
    "advice": (
        "recommend* advocat* encourag* urge urges urging guideline* implication* practitioner* "
        "policymaker* educator* researchers argue envision*"
    ),
    "open": (
        "remain remains remained unanswered unresolved underexplored under-explored unexplored "
        "unclear unknown understudied under-studied poorly"
    ),
    "contrast": (
        "however but yet although though despite nevertheless nonetheless unfortunately while "
        "whereas still"
    ),
    "lack": (
        "lack* absence absent missing without insufficient* inadequate* scarc* shortage* gap "
        "gaps limited limit limits limiting limitation* overlook* neglect* ignor* rarely narrow*"
    ),
    "failure": (
        "fail* struggl* suffer* cannot unable inability degrad* break breaks breaking prone "
        "vulnerab* error-prone brittle* unreliab* inconsisten* incorrect* hallucinat* poor weak* "
        "drop drops wors* insecure bias* misalign* flaw* bug bugs"
    ),
    "hardness": (
        "challeng* difficult* hard hinder* hamper* imped* obstacle* barrier* bottleneck* problem* "
        "issue* costly expensive prohibitive* time-consuming labor-intensive tedious complex* "
        "risk* threat* concern* trade-off* tradeoff* pitfall* burden*"
    ),
    "proof": "result results finding findings experiment* evaluation* empirical* observation*",
    "show": (
        "show shows showed shown showing reveal* demonstrat* indicat* suggest* confirm* highlight* "
        "underscor* emphasi* uncover*"
    ),
    "own": "our ours us here",
    "gain": (
        "novel first state-of-the-art outperform* improv* achiev* surpass* significan* compared"
    ),
    "earlier": (
        "existing previous* prior current currently recent* traditional* conventional* most many "
        "typically often commonly widely generally popular increasing* rapid* growing emerg* "
        "advance advances"
    ),
    "definition": (
        "defined denot* called refers section figure fig table appendix equation algorithm let "
        "given where each following"
    ),
    "reason": "because since thus therefore hence consequently motivat*",
    "close": (
        "finally lastly overall moreover furthermore additionally ultimately together "
        "collectively beyond"
    ),
}

_PHRASES = {
    "future": (
        "further research/work/study/studies/investigation/exploration/development/improvement; "
        "more research/work; next step/steps; looking ahead"
    ),
    "promise": (
        "potential for/to; pave/paves/paving the way; opens/open up; opens new; basis for; "
        "step/steps toward/towards"
    ),
    "need": "need/needs for/of; important to; call/calls/calling for; in need; need/needs further",
    "should": "need/needs/needed to; has/have to",
    "advice": "suggest/suggests/suggesting that/to; call on; best practice/practices",
    "plan": (
        "would be interesting/useful/valuable/worthwhile; could/can/may/might be "
        "extended/explored/improved/investigated/incorporated/applied; could/can/may/might "
        "explore/improve/benefit/investigate"
    ),
    "open": (
        "open research question/questions/problem/problems/challenge/challenges/issue/issues; "
        "open question/questions/problem/problems/challenge/challenges/issue/issues/area; "
        "little is known; not yet; not well; is unclear; it is not"
    ),
    "contrast": "even though/when/with; in spite of",
    "lack": "fall/falls/falling short; can not",
    "own": "this/the present paper/work/study/survey/article/thesis/report/research/chapter",
    "gain": "up to; is/are proposed/presented/introduced/developed/evaluated",
    "definition": "is/are a/an/the; such as; known as; consist/consists of; for example/instance",
    "reason": (
        "due to; so that; leading to; as a result; in order to; to "
        "address/bridge/fill/tackle/overcome/mitigate/solve/close/facilitate/enable"
    ),
    "close": "in conclusion/addition/summary; these results/findings/insights",
}

# What authors do after "we", and the cue that makes.
_AFTER_WE = {
    "plan": "plan* intend* aim* will",
    "advice": "argue* believe* hope* anticipate* expect* recommend* suggest* advocat* call* urge*",
    "finding": (
        "show* find* found demonstrat* observ* prov* discover* reveal* see* achiev* confirm* "
        "uncover* measur* verif* note*"
    ),
    "doing": (
        "propos* present* introduc* develop* design* build* built creat* implement* construct* "
        "describ* provid* releas* conduct* perform* evaluat* study* studi* investigat* explor* "
        "examin* analy* compar* appl* collect* curat* train* outlin* discuss* identif* offer* "
        "formul* formal* survey* review* address* leverag* adopt* use* employ* contribut* "
        "establish* extend* benchmark* test* report* characteri* highlight* summari* conclud*"
    ),
}
_BETWEEN = frozenset("also then further first thus therefore additionally finally".split())

_TOKEN = re.compile(r"[a-z]+(?:-[a-z]+)*|\d+(?:\.\d+)?(?:\\?%|x\b)?|\[\d")

BEGIN, END, ASKED = "^^", "$$", "??"
"""Marks of a sentence's begin, its end, and its end where it asks."""

CUES = (BEGIN, END, ASKED, *dict.fromkeys((*_WORDS, *_PHRASES, *_AFTER_WE)))
"""Every cue there is."""


def _pattern(words: str) -> re.Pattern[str]:
    """One pattern for a list of words and beginnings of words."""
    return re.compile(
        "|".join(re.escape(w[:-1]) + r".*" if w[-1] == "*" else re.escape(w) for w in words.split())
    )


def _by_first() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First word -> the phrases that begin with it and their cues, longest first."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for cue, phrases in _PHRASES.items():
        for phrase in phrases.split("; "):
            for words in product(*(place.split("/") for place in phrase.split())):
                found.setdefault(words[0], []).append((words[1:], cue))
    return {first: sorted(some, key=lambda one: -len(one[0])) for first, some in found.items()}


_WORD_PATTERNS = {cue: _pattern(words) for cue, words in _WORDS.items()}
_WE_PATTERNS = {cue: _pattern(words) for cue, words in _AFTER_WE.items()}
_STARTS = _by_first()


@lru_cache(maxsize=100_000)
def _of_word(word: str) -> str:
    """The cue of a word alone; "" where it is none."""
    if word[-1] in "%x" and word[0].isdigit():
        return "gain"
    if word[0] == "[":
        return "definition"
    return next((cue for cue, known in _WORD_PATTERNS.items() if known.fullmatch(word)), "")


@lru_cache(maxsize=10_000)
def _after_we(word: str) -> str:
    """The cue of "we" before this word; "" where it is none."""
    return next((cue for cue, known in _WE_PATTERNS.items() if known.fullmatch(word)), "")


def _we(words: Sequence[str], at: int) -> tuple[str, int]:
    """The cue of the "we" at a place, and the place after it."""
    after = at + 1
    if after < len(words) and (words[after] in _BETWEEN or words[after].endswith("ly")):
        after += 1
    cue = _after_we(words[after]) if after < len(words) else ""
    return (cue, after + 1) if cue else ("own", at + 1)


def _found(words: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word == "we":
            cue, at = _we(words, at)
            yield cue
            continue
        for rest, cue in _STARTS.get(word, ()):
            if tuple(words[at + 1 : at + 1 + len(rest)]) == rest:
                yield cue
                at += len(rest) + 1
                break
        else:
            single = _of_word(word)
            if single:
                yield single
            at += 1


def cues(text: str) -> list[str]:
    """The cues of a sentence in the order in which they stand, between marks of its ends."""
    end = ASKED if text.rstrip().endswith("?") else END
    return [BEGIN, *_found(_TOKEN.findall(text.lower())), end]
