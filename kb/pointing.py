"""Follow-ups that point: at one citation ("the second one"), or at an aspect ("its limits")."""

from __future__ import annotations

import re

_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_NTH = rf"(?P<nth>{'|'.join(_ORDER)}|last|\d{{1,2}}(?:st|nd|rd|th))"
_ONE = r"(?:one|paper|study|work|article|citation|source|result)"
_NUMBERED = rf"(?:the )?{_NTH}(?: {_ONE})?|(?:the )?(?:{_ONE} )?\[?(?P<number>\d{{1,2}})\]?"
_ALONE = re.compile(
    rf"(?:(?:and|but|so|ok|then)\b[\s,]*)?"
    rf"(?:(?:what|how) about |tell me (?:more )?about |more (?:on|about) )?(?:{_NUMBERED})",
    re.IGNORECASE,
)
_WITHIN = re.compile(rf"\bthe {_NTH} {_ONE}\b", re.IGNORECASE)

# Of what is asked about, these may be asked in its place; with True, one of them is there.
_ASPECTS = {
    "limitations": False, "limits": False, "drawbacks": False, "weaknesses": False,
    "benefits": False, "advantages": False, "disadvantages": False, "risks": False,
    "costs": False, "cost": True, "price": True, "results": False, "findings": False,
    "data": False, "dataset": True, "datasets": False, "benchmarks": False, "evaluation": True,
    "method": True, "methods": False, "approach": True, "metrics": False, "baselines": False,
    "accuracy": True, "performance": True, "speed": True, "speedup": True, "overhead": True,
    "challenges": False, "problems": False, "assumptions": False, "requirements": False,
}  # fmt: skip
_ASPECT = re.compile(
    rf"(?:what (?:is|are) )?(?P<whose>(?:its|their|the|any) )?(?P<aspect>{'|'.join(_ASPECTS)})",
    re.IGNORECASE,
)
# A name that does or is something, or that something is of.
_NAME = r"(?P<name>[A-Z][\w.+#-]*(?: [A-Z][\w.+#-]*)*)"
_DOES = r"\b(?:does|do|did|is|are|was|were|can|could|has|have|will) (?:the )?"
# Acronyms are kinds of things (LLMs), and with a participle they describe one (LLM-based).
_KIND = re.compile(r"[A-Z]+s?|.*-[a-z]+(?:ed|ing|en|ic|al|aware|specific)")
_SHAPED = re.compile(r"\b(?=\w*[A-Z])\w+(?:[.-]\w+)*")
_SUBJECT = re.compile(rf"(?:{_DOES}|\bof (?=[\w .+#-]+$)){_NAME}")


def cited_place(typed: str, count: int) -> tuple[int, str] | None:
    """(place among `count` citations from 0, the question left or ""), None where none is meant.

    The place may be beyond the last.
    """
    bare = typed.rstrip("?!. ")
    alone = _ALONE.fullmatch(bare)
    if alone:
        named = alone["nth"] or alone["number"]
        return _place(named, count), ""
    within = _WITHIN.search(bare)
    if not within:
        return None
    return _place(within["nth"], count), f"{bare[: within.start()]}the paper{bare[within.end() :]}?"


def aspect_of(rest: str) -> tuple[str, bool] | None:
    """(aspect that the whole of `rest` asks for, whether it says whose), or None."""
    found = _ASPECT.fullmatch(rest)
    return (found["aspect"].lower(), bool(found["whose"])) if found else None


def asked_of(aspect: str, question: str) -> str:
    """The aspect asked of what `question` names as its subject; without "of" for no name."""
    verb = "is" if _ASPECTS[aspect] or aspect == "data" else "are"
    found = _SUBJECT.search(question.rstrip("?!. "))
    subject = found["name"] if found else ""
    return f"What {verb} the {aspect}" + (f" of {subject}?" if subject else "")


def named(question: str) -> str:
    """The one name that a question is about, such as SWE-bench; "" for none, or several."""
    bare = question.rstrip("?!. ")
    found = _SUBJECT.search(bare)
    if found and not _KIND.fullmatch(found["name"]):
        return found["name"]
    shaped = {
        word
        for word in _SHAPED.findall(bare)
        if not _KIND.fullmatch(word) and re.search(r".[A-Z]|\d", word)
    }
    return shaped.pop() if len(shaped) == 1 else ""


def _place(named: str, count: int) -> int:
    low = named.lower()
    if low == "last":
        return count - 1
    return _ORDER.index(low) if low in _ORDER else int(re.sub(r"\D", "", low)) - 1
