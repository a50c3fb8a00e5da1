"""What is no question to the papers: thanks, a follow-up of nothing, what another page counts."""

from __future__ import annotations

import re

from kb.leaning import AMONG, ASKS, MEASURE, WHY

NO_QUESTION = "That is no question about papers."
NO_EARLIER = (
    "That goes on from an earlier question, and none was answered here before. Ask it whole."
)

_TALK = re.compile(
    r"(?:(?:many |ok |no )?(?:thanks?|thx|cheers)(?: you)?(?: (?:so|very) much| a lot)?|ok(?:ay)?|"
    r"great|good|nice|cool|perfect|awesome|excellent|wow|super|fine|hi|hello|hey|yes|no|yep|nope|"
    r"(?:good)?bye|got it|i see|understood|sure|alright|all right|"
    r"(?:that(?:'s| is) |very |really )+(?:good|great|nice|helpful|interesting|useful)|"
    r"(?:good|great|nice|well) (?:answer|job|work|done))",
    re.IGNORECASE,
)
# Markup, with what a script or style holds, and calls.
_CODE = re.compile(
    r"<(script|style)\b(?:(?!<\1\b).)*?</\1\s*>|</?[a-z!][^<>]*>|(?<![\w.])[\w.]+\([^()]*\)",
    re.IGNORECASE | re.DOTALL,
)
_SPOKEN = re.compile(r"[^\W_]+")
_APART = re.compile(r"[\s,;.!?:()-]*")
_AND = re.compile(r"^(?:and|but|or|also)\b[\s,]*", re.IGNORECASE)
_CHALLENGES = re.compile(
    r"^(?:how many|what (?:is the )?number of|count)\s(?:\w+\s){0,3}?"
    r"(?:challenges|directions|future directions)\b",
    re.IGNORECASE,
)
_YEARS = re.compile(
    r"^(?:in )?(?:which|what) years?\b.*\b(?:papers|studies|publications|work)\b|"
    r"^(?:how many|number of|what (?:is the )?number of) .*\b(?:per|by|each|every) year\b",
    re.IGNORECASE,
)


def aside(typed: str, *, first: bool) -> str:
    """Why a text is not looked up in the papers, and what to do; "" where it is a question.

    Takes: first, True where no turn came before that it could go on from.
    """
    if _small_talk(typed) or _only_code(typed):
        return f"{NO_QUESTION} Ask what papers say, such as “How do agents test code?”."
    if first and _leans(typed.rstrip("?!. ")):
        return NO_EARLIER
    if _CHALLENGES.match(typed):
        return (
            "Challenges and directions are counted on their own page, not in an answer: "
            "kb challenges, for one phase kb challenges --phase deployment-and-operations."
        )
    if _YEARS.match(typed):
        return (
            "Papers by year are counted on the Map page, under Years; here one year at a time "
            "can be asked for: “How many papers on agents in 2025?”."
        )
    return ""


def _small_talk(typed: str) -> bool:
    left = _APART.sub("", typed, count=1) if typed[:1].isalnum() is False else typed
    while found := _TALK.match(left):
        rest = left[found.end() :]
        if rest[:1].isalnum():
            return False
        left = rest[_end(rest) :]
    return not left


def _only_code(typed: str) -> bool:
    """True for signs without a word, and for markup or calls with fewer than two words beside."""
    left = _CODE.sub(" ", typed)
    return len(_SPOKEN.findall(left)) < (2 if left != typed else 1)


def _end(text: str) -> int:
    found = _APART.match(text)
    return found.end() if found else 0


def _leans(bare: str) -> bool:
    """True where a text can only go on from another: "and by year?", "which of those …"."""
    rest = _AND.sub("", bare)
    if WHY.fullmatch(rest) or MEASURE.fullmatch(rest) or AMONG.match(rest):
        return True
    return rest != bare and not ASKS.match(rest)
