"""Why a question was refused, in the reader's language; a chat keeps it in English."""

from __future__ import annotations

import re
from functools import cache

from kb.pages.parts.words import _, later

# What was searched follows why, and begins so.
_SEARCHED = re.compile(r"(?:^|(?<=\. ))Searched [\d,]+ papers? ")

_BLANK = re.compile(r"\\{(\w+)\\}")
# What stands for each name in a sentence.
_FILLED = {
    "n": r"[\d,]+",
    "read": r"[\d,]+",
    "place": r"\d+",
    "first": r"\d+",
    "last": r"\d+",
    "named": r"\d+(?:, \d+)*",
    "name": r"[^“”]+",
    "words": r"(?:“[^“”]+”, )*“[^“”]+”|[^“”;]+",
    "filters": r".+?",
}

_SENTENCES = (
    later("No paper here is near enough to the question to answer it."),
    later("The papers nearest to the question say nothing of {words}."),
    later("No single paper brings together what is asked; the nearest lacks {words}."),
    later("An amount is asked for, and no sentence near the question states one."),
    later(
        "The question takes something for granted that no sentence found states (not in the "
        "nearest paper: {words})."
    ),
    later("The question takes something for granted that no sentence found states."),
    later("The question names {named}; the papers here are from {first} to {last}."),
    later("No paper searched names “{name}”."),
    later("None of the {n} papers searched speaks of “{words}”."),
    later("None of the {n} papers searched speaks at once of “{words}”."),
    later("The paper searched does not speak of “{words}”."),
    later("The paper searched does not speak at once of “{words}”."),
    later(
        "The papers here are in English, and so is the model that searches them: ask in English."
    ),
    later("No paper passes the filters. Fewer filters may help."),
    later("The library is empty. Add papers with kb add."),
    later("Nothing was found."),
    later("No sentence of the papers found could be verified against the stored text."),
    later("The answer before has {n} citations, and no number {place}."),
    later(
        "That is no question about papers. Ask what papers say, such as “How do agents test code?”."
    ),
    later(
        "That goes on from an earlier question, and none was answered here before. Ask it whole."
    ),
    later(
        "Challenges and directions are counted on their own page, not in an answer: kb challenges, "
        "for one phase kb challenges --phase deployment-and-operations."
    ),
    later(
        "Papers by year are counted on the Map page, under Years; here one year at a time can be "
        "asked for: “How many papers on agents in 2025?”."
    ),
    later(
        "Searched {n} papers that pass the filters ({filters}) by meaning and by the words of the "
        "question; looked into {read}."
    ),
    later(
        "Searched {n} papers that pass the filters ({filters}) by meaning and by the words "
        "{words}; looked into {read}."
    ),
    later("Searched {n} papers by meaning and by the words of the question; looked into {read}."),
    later("Searched {n} papers by meaning and by the words {words}; looked into {read}."),
)


def spoken(reason: str) -> str:
    """A reason of `Answer.reason` as it is told here; a sentence that is not known stays as it is.

    English is told as it was written.
    """
    if _(_SENTENCES[0]) == _SENTENCES[0]:
        return reason
    found = _SEARCHED.search(reason)
    at = found.start() if found else len(reason)
    parts = [one for one in (reason[:at].strip(), reason[at:]) if one]
    told = [_said(one) for one in parts]
    # Chinese sentences stand side by side; one that stays English needs its space.
    return (" " if any(one in told for one in parts) else "").join(told)


def _said(sentence: str) -> str:
    for pattern, told in _patterns():
        if found := pattern.fullmatch(sentence):
            return _(told).format(**found.groupdict())
    return sentence


def _filled(blank: re.Match[str]) -> str:
    return f"(?P<{blank[1]}>{_FILLED[blank[1]]})"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a filled-in sentence looks like, and the sentence; for one paper too."""
    made = []
    for told in _SENTENCES:
        shape = _BLANK.sub(_filled, re.escape(told))
        shape = shape.replace(r"\ papers\ that", r"\ papers?\ that")
        made.append((re.compile(shape.replace(r"\ papers\ by", r"\ papers?\ by"), re.DOTALL), told))
    return tuple(made)
