"""Sentences of an answer put together: those that agree, those that differ, those of a phase."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from kb.catalogue.values import Vector
from taxonomy.codebook import Codebook, Facet

Kind = Literal["agreeing", "differing", "phase", "further"]

# Sentences of an answer that come first; the rest are further evidence.
LEADING = 6

# Cosines of two sentences. Looked at in 68 answers: only pairs above .85 say the same without
# a claim in common; pairs at .6 to .8 are on one subject.
ALIKE = 0.85
ONE_SUBJECT = 0.6
# Two opposed claims on one thing are often worded quite differently; then both must be about
# what was asked, which their words show.
NEAR_SUBJECT = 0.45
SHARED_WORDS = 2
# Different figures mean something only where all else is said alike.
SAME_BUT_FIGURES = 0.8

CLOSEST = "Closest to the question"
FURTHER = "Further papers that may bear on it"

_I = re.IGNORECASE
_BY_PLACE = re.compile(
    r"\b(?:across|by|per|in each|for each|in every|over the|between|compare\w*|which|what|each|"
    r"in which|differ\w*)\b[^?]{0,40}\b(?P<of>phases?|life-?\s?cycle|stages?|layers?)\b",
    _I,
)
_ROSE = (
    r"increas\w*|rais\w*|improv\w*|boost\w*|enhanc\w*|grow\w*|grew|gain\w*|outperform\w*|"
    r"exceed\w*|surpass\w*"
)
_FELL = (
    r"decreas\w*|reduc\w*|lower(?:s|ed|ing)|drop\w*|declin\w*|degrad\w*|worsen\w*|hurt\w*|"
    r"harm\w*|underperform\w*|fall\w*|fell|sav(?:e|es|ed|ing)|cut(?:s|ting)?|shorten\w*"
)
_MORE = r"higher|more|better|faster|greater"
_LESS = r"lower|fewer|less|worse|slower"
# What a claim is about, and its words.
_THINGS = {
    "success": r"success|accurac\w+|performan\w+|pass(?:@\w+| rates?)|correctness|resol\w+|solv\w+",
    "cost": r"costs?|tokens?|runtime|latency|(?:completion|review|execution|task) time|energy|"
    r"price|expens\w+|overhead|memory",
    "defects": r"vulnerabilit\w+|defects?|bugs?|errors?|smells?|failures?|hallucinat\w+",
    "quality": r"quality|readab\w+|maintainab\w+|complexity|satisfaction|trust",
    "speed": r"productiv\w+|speed|throughput|velocity",
}
# "More energy-efficient" is not more energy.
_NOT_SAVING = r"(?![-\s](?:efficien|sav|friendly|optimi|aware))"
# A word between them; never into another clause.
_STEP = r"(?:[^\w,;]+(?!(?:while|and|but|whereas|yet|although)\b)\w+)"
# A direction, then within four words the thing; or the thing, then a verb of direction.
_CLAIMS = tuple(
    (thing, sign, re.compile(pattern, _I))
    for thing, words in _THINGS.items()
    for sign, verb, than in ((1, _ROSE, _MORE), (-1, _FELL, _LESS))
    for pattern in (
        rf"\b(?:{verb}|{than})\b{_STEP}{{0,3}}?\W+(?:{words})\b{_NOT_SAVING}",
        rf"\b(?:{words})\b{_NOT_SAVING}{_STEP}{{0,2}}?\W+(?:{verb})\b",
    )
)
_NEGATED = re.compile(
    r"\b(?:not|no|never|cannot|can't|neither|nor|without|fail(?:s|ed)? to|unable to|hardly|"
    r"little (?:effect|impact|benefit)|does ?n[o']t)\b",
    _I,
)
# A method praised by those who made it says nothing against a finding on the field.
_OWN_METHOD = re.compile(
    r"\b(?:our|the proposed|we (?:propose|present|introduce|develop))\b(?:\W+\w+){0,3}?\W+"
    r"(?:method|approach|framework|tool|model|system|technique|pipeline|agent)s?\b",
    _I,
)
_FIGURE = re.compile(r"\d+(?:\.\d+)?(?=\s*\\?%)")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of an answer, with what its grouping needs."""

    text: str
    vector: Vector
    stems: frozenset[str]
    papers: frozenset[str]
    """Ids of the papers cited for it."""
    places: tuple[tuple[str, str], ...]
    """(facet, key) of its first paper."""


@dataclass(frozen=True, slots=True)
class Group:
    """Sentences that belong together."""

    kind: Kind
    title: str
    sentences: tuple[int, ...]
    """Their places in the answer, from 0, ascending."""

    def to_json(self) -> dict[str, Any]:
        """The group as the command line prints it."""
        return {"kind": self.kind, "title": self.title, "sentences": list(self.sentences)}


def grouped(
    said: Sequence[Said], question: str, asked: frozenset[str], codebook: Codebook
) -> tuple[Group, ...]:
    """Groups in which every sentence is once, the one with the best sentence first.

    Takes: asked, the stems of the question's words.
    """
    facet = _facet(question, codebook)
    if facet:
        return _by_place(said, facet)
    groups: list[Group] = []
    free = set(range(len(said)))
    for kind, found in (("differing", _differing), ("agreeing", _agreeing)):
        for title, members in found(said, asked, sorted(free)):
            groups.append(Group("differing" if kind == "differing" else "agreeing", title, members))
            free -= set(members)
    first = tuple(i for i in sorted(free) if i < LEADING)
    rest = tuple(i for i in sorted(free) if i >= LEADING)
    groups += [Group("further", CLOSEST, first)] if first else []
    groups.sort(key=lambda group: group.sentences[0])
    return (*groups, Group("further", FURTHER, rest)) if rest else tuple(groups)


@lru_cache(maxsize=1024)  # an answer asks of every pair of its sentences
def claims(text: str) -> frozenset[tuple[str, int]]:
    """(thing, 1 for more or -1 for less) that a sentence claims; none where it claims both."""
    found = {(thing, sign) for thing, sign, pattern in _CLAIMS if pattern.search(text)}
    if _NEGATED.search(text):  # "does not improve" is neither
        return frozenset()
    return frozenset(one for one in found if (one[0], -one[1]) not in found)


def _differing(
    said: Sequence[Said], asked: frozenset[str], free: Sequence[int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Pairs of papers that say opposite things of one subject, no sentence in two of them."""
    found: list[tuple[str, tuple[int, ...]]] = []
    used: set[int] = set()
    for i in free:
        for j in free:
            if j <= i or i in used or j in used:
                continue
            over = _opposed(said[i], said[j], asked)
            if over:
                found.append((f"Papers differ on {over}", (i, j)))
                used |= {i, j}
    return found


def _opposed(one: Said, other: Said, asked: frozenset[str]) -> str:
    """What two papers say opposite things of; "" for nothing."""
    if len(one.papers | other.papers) < 2:
        return ""
    cosine = float(one.vector @ other.vector)
    shared = len(one.stems & other.stems & asked)
    if cosine < NEAR_SUBJECT or _OWN_METHOD.search(one.text) or _OWN_METHOD.search(other.text):
        return ""
    if shared >= SHARED_WORDS or cosine >= ONE_SUBJECT:
        theirs = claims(other.text)
        for thing, sign in sorted(claims(one.text)):
            if (thing, -sign) in theirs:
                return thing
    if cosine < SAME_BUT_FIGURES:
        return ""
    if bool(_NEGATED.search(one.text)) != bool(_NEGATED.search(other.text)):
        return "whether it holds"
    mine, figures = set(_FIGURE.findall(one.text)), set(_FIGURE.findall(other.text))
    return "figures" if mine and figures and not mine & figures else ""


def _agreeing(
    said: Sequence[Said], asked: frozenset[str], free: Sequence[int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Sentences alike to the first of their group, and those cited from several papers."""
    left = list(free)
    found: list[tuple[str, tuple[int, ...]]] = []
    while left:
        first = left.pop(0)
        same = [i for i in left if _alike(said[first], said[i], asked)]
        members = (first, *same)
        papers = len(frozenset().union(*(said[i].papers for i in members)))
        if papers > 1:
            found.append((f"{papers} papers agree", members))
            left = [i for i in left if i not in same]
    return found


def _alike(one: Said, other: Said, asked: frozenset[str]) -> bool:
    cosine = float(one.vector @ other.vector)
    if bool(_NEGATED.search(one.text)) != bool(_NEGATED.search(other.text)):
        return False
    if cosine >= ALIKE:
        return True
    if _OWN_METHOD.search(one.text) or _OWN_METHOD.search(other.text):
        return False
    shared = len(one.stems & other.stems & asked)
    same = claims(one.text) & claims(other.text)
    return cosine >= ONE_SUBJECT and shared >= SHARED_WORDS and bool(same)


def _facet(question: str, codebook: Codebook) -> Facet | None:
    """The facet by whose categories a question wants its answer; None for none."""
    found = _BY_PLACE.search(question)
    if not found:
        return None
    wanted = "layer" if found["of"].lower().startswith("layer") else "phase"
    return next((one for one in codebook.facets if one.key == wanted), None)


def _by_place(said: Sequence[Said], facet: Facet) -> tuple[Group, ...]:
    """A group a category, in the codebook's order; a sentence is with its paper's first."""
    of = [next((key for name, key in one.places if name == facet.key), "") for one in said]
    groups = [
        Group("phase", category.name, tuple(i for i, key in enumerate(of) if key == category.key))
        for category in facet.categories
    ]
    rest = tuple(i for i, key in enumerate(of) if key not in facet.keys)
    groups.append(Group("further", f"Without a {facet.key}", rest))
    return tuple(group for group in groups if group.sentences)
