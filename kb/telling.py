"""Which sentence of a paper tells what was asked: findings before background."""

from __future__ import annotations

import re

# Weights fitted on the 224 pairs of a development question and a gold paper of it whose
# gold sentence is known (a choice among the sentences of the abstract), then rounded. The
# sentence chosen is the gold one in .42 of pairs, cross-validated over questions; by cosine
# alone in .12, because the opening sentence restates the topic best. The cosine keeps a
# weight of 2 for full texts, where most sentences are about something else.
COSINE = 2.0
COVERAGE = 2.4
RESULT = 0.6
POSITION = 1.0
FIRST = -1.4
LAST = -1.0
NUMBER = 0.9
PERCENT = 1.2
LENGTH = 0.4
"""Per 100 characters, up to 300."""

_RESULT = re.compile(
    r"\b(we (?:find|found|show|observe|demonstrate|discover|identify|report|uncover)|results?|"
    r"reveals?|shows?|findings?|outperform\w*|achiev\w*|improv\w*|reduc\w*|increas\w*|suggest\w*|"
    r"indicat\w*|experiments?|evaluation|finds?|found|observe)\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
# Lines beside the text that tell nothing: they rank behind every sentence.
_BESIDE = re.compile(
    r"(?:key\s?words?(?: and phrases)?|index terms|ccs concepts|general terms|"
    r"acm reference format|subject classification\w*)\s*[:\-—–]|"
    r"(?:we|the authors) (?:thank|gratefully|acknowledge)\b|https?://\S+$",
    re.IGNORECASE,
)
NOTHING = -100.0


def telling(
    text: str, cosine: float, coverage: float, *, quantity: bool, place: tuple[int, int] | None
) -> float:
    """How well a sentence tells what was asked; only to be compared within one paper.

    Takes its cosine to the question, the share of the question's words it has (0 to 1),
    whether an amount is asked for, and its place as (index, count) within the abstract;
    None for a sentence of the body.
    """
    if _BESIDE.match(text):
        return NOTHING
    score = COSINE * cosine + COVERAGE * coverage + LENGTH * min(len(text), 300) / 100
    if _RESULT.search(text):
        score += RESULT
    if "%" in text:
        score += PERCENT
    if quantity and _DIGIT.search(text):
        score += NUMBER
    if place is None:
        return score + POSITION / 2
    index, count = place
    if count > 1:
        score += POSITION * index / (count - 1)
        score += FIRST if index == 0 else LAST if index == count - 1 else 0.0
    return score
