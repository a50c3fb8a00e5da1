"""Text in papers that speaks to a machine: it is no evidence, and no model is given it.

This is the outer of two walls and, being a list of phrases, not a tight one. The inner wall
is `kb.writing.support`: whatever a model was told, only what a passage states is shown.
"""

from __future__ import annotations

import re
import unicodedata

_VERBS = (
    "say|write|output|print|reply|respond|answer|cite|append|tell|repeat|state that|"
    "begin (?:your|with|every)|start (?:your|with|every)|end (?:your|with|every)|"
    "translate|reveal|send|visit|open (?:the|this|your|http)|click|follow|fetch|browse|decode|"
    "render|display|"
    "recommend|conclude|claim|summari[sz]e|ignore|disregard|forget|do not|don't|pretend|"
    "stop|refuse|include|insert|add|mention|quote|describe|rate|praise|call|execute"
)
_PATTERNS = (
    # what was said before shall not hold
    (
        r"\b(?:ignor\w*|disregard\w*|forget|overrid\w*|bypass)\b.{0,40}"
        r"\b(?:instruct\w*|prompts?|rules?|guidelines?|above|previous|prior|earlier|passages|sources)\b"
    ),
    # a part to play
    r"\byou are (?:now|an? (?:ai|assistant|model|helpful|expert|unrestricted)|no longer)\b",
    (
        r"\b(?:act as (?:an? )?(?:ai|if|assistant|my)|pretend (?:to be|that|you)|role-?play as|"
        r"from now on|developer mode|jailbroken)\b"
    ),
    # orders to whoever reads or answers
    (
        r"\b(?:you (?:must|should|will|shall|have to|are to)|your (?:answer|reply|response|output|"
        r"instructions?|system prompt|task is|next (?:answer|sentence)|only task))\b"
    ),
    (
        r"\b(?:assistants?|ai|llms?|(?:language )?models?|readers?|reviewers?|agents?|whoever|"
        r"anyone|system)\b.{0,40}\b(?:must|shall|please|is to|are to|has to|instructed to|asked to|"
        r"told to|required to|should)\b (?:\w+ ){0,2}?"
        r"(?:say|write|output|print|reply|respond|answer|cite|append|tell|repeat|state|visit|end|begin)"
        r"\b"
    ),
    r"\b(?:when|if|while) (?:asked|answering|summari[sz]ing|quoting|citing|you)\b",
    (
        rf"^\W*(?:(?:please|now|then|also|always|simply|just|instead|important|note|kindly)\W+)*"
        rf"(?:{_VERBS})\b(?! set\b)"
    ),
    # orders about the answer
    (
        r"\b(?:the|every|any|each|all) (?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies))"
        r" (?:to (?:every|any|all|this) questions?|you\b|must\b|shall\b|is to\b|are to\b)"
    ),
    (
        r"^\W*(?:multiply|replace|change|remove|delete|double|swap|turn|make|put|use|name)\b.*"
        r"\b(?:answers?|reply|replies|responses?|summary|citations)\b"
    ),
    (
        r"\b(?:notes?|instructions?|messages?|requests?|orders?) (?:for|to) "
        r"(?:the |all |any |an? )?(?:ai|assistants?|(?:language )?models?|llms?|chatbots?|agents?|"
        r"reviewers?|readers?)\b"
    ),
    r"\bthe assistant (?:will |now )?(?:replies|reply|says?|answers?|outputs?|writes?)\b",
    # a conversation, a template, a fence
    r"\"?\b(?:role|content)\"\s*:",
    (
        # After a mark; from the start of what is between two words, or a run of marks takes hours.
        r"(?:^|(?<=\w)(?=\W*[\n.!?>:\]\"']))\W*+(?:system|assistant|user|human|developer|admin|instructions?|"
        r"note to (?:the )?\w+|attention \w+)"
        r"(?: (?:prompt|message|note|override|update))?\s*[:>\]}]"
    ),
    (
        r"<\|.{0,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|user|assistant|data|passages?|s|tool_call|"
        r"instructions?|script|img|context|documents?)\b[^>]*>|#{3,}|-{4,}|={4,}|<{3,}|>{3,}|`{3,}"
    ),
    (
        r"!?\[[^\]]*\]\s*\(\s*\w+:|\b(?:end|begin|start) of (?:the )?(?:passages?|data|context|"
        r"documents?|prompt|abstract)\b|\btool_call\b"
    ),
    (
        r"\[\s*\d{2,}\s*\]\s*(?:is|as)\b|\bas \[\d+\]|\bcite \[?\d|\b(?:says?|phrase|word|words|"
        r"string|sentence|message)\b\s*[:\"“'`«]"
    ),
    # hidden: letters spaced out, a long run that only a machine reads
    r"(?:\b\w [ ]?){6,}|[A-Za-z0-9+/]{40,}={0,2}|(?:\\x[0-9a-f]{2}){3,}|(?:%[0-9a-f]{2}){3,}",
)
_SPEAKS = re.compile("|".join(f"(?:{one})" for one in _PATTERNS), re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
# Words without which hardly an English sentence of eight words or more is built.
_ENGLISH = frozenset(
    "the a an of to in on for with by from as at and or but that this these those is are was were "
    "be been has have had it its we our they their which who when while than into not can may will "
    "such both over under between across using show shows via how what "
    "no each more most only all within".split()
)
_LONG = 8
# Letters beyond Latin and Greek that a sentence of a paper may hold: symbols of mathematics.
LATIN_GREEK = 0x3FF
STRANGE = 3


def visible(text: str) -> str:
    """`text` without what is not seen: format characters, tags, controls, private use."""
    kept = (" " if one in "\n\t\r" else one for one in text)
    return "".join(one for one in kept if unicodedata.category(one) not in ("Cf", "Cc", "Co", "Cs"))


def speaks_to_machine(sentence: str) -> bool:
    """True where `sentence` looks addressed to a machine, hidden, or not English.

    Takes the sentence as stored. Papers on prompt injection are hit where they quote one.
    """
    seen = unicodedata.normalize("NFKC", visible(sentence)).strip()
    hidden = sum(unicodedata.category(one) == "Cf" and one != "\u00ad" for one in sentence)
    return bool(hidden > 1 or _SPEAKS.search(seen) or _mixed(seen) or not _english(seen))


def _mixed(text: str) -> bool:
    """True where Latin and Cyrillic letters stand in one word: written to pass unread."""
    return any(
        any("\u0400" <= one <= "\u04ff" for one in word) and any(one.isascii() for one in word)
        for word in _WORD.findall(text)
    )


def _english(text: str) -> bool:
    """False for a sentence in another script, or without a word that English needs."""
    strange = sum(one.isalpha() and ord(one) > LATIN_GREEK for one in text)
    if strange > STRANGE:
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    return len(words) < _LONG or any(word in _ENGLISH for word in words)
