"""How well the library supports a question: the signs from which refusal is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

import numpy as np

from kb.candidates import Candidate, Pool
from kb.catalogue.values import Vector
from kb.kinship import nearest_kin
from kb.library import Library
from kb.question import ASKING, Question

# Papers that may carry the answer alone.
LEADING = 3

# Papers over which nearness is averaged: one per PAPERS_EACH papers of the library, 1 to
# NEAREST. A full library has many papers on any subject of its field; one with twelve
# papers has one, and must not be refused for what it does not hold.
NEAREST = 10
PAPERS_EACH = 800

# Weight of a word that no paper of the library of the fit (7,912 papers) has. Against it
# a word's rarity counts less in a small library, where most words are in no paper.
FULL_WEIGHT = 9.67

# Words lighter than this are in so many papers (one in seven or more) that having them says
# nothing.
TELLING_WEIGHT = 2.0

# Words that claim a thing for all cases or a decree: a question that takes them for granted
# is often wrong about the world ("why does X always …", "why was Y abolished").
_SWEEPING = re.compile(
    r"\b(?:always|never|every|all|none|nobody|entire(?:ly)?|complete(?:ly)?|total(?:ly)?|"
    r"impossible|irrelevant|useless|provabl[ye]|for good|bann?e?d?|forb[ia]d\w*|outlaw\w*|"
    r"prohibit\w*|mandator\w+|abolish\w*|withdr[ae]w\w*|abandon\w*|eliminat\w+|replaced)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(r"^\s*(?:why|what (?:made|caused|led)|how (?:did|come))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer (high) or against one (low), unless said otherwise."""

    near: float
    """Mean of the highest cosines of papers, at most ten."""
    sentence: float
    """Highest cosine of a sentence of the five best papers."""
    kin: float
    """Share of the question's words, by weight, that the best of the leading papers has in
    meaning (cosine to its nearest word)."""
    weakest: float
    """The same for that paper's worst covered word."""
    covered: float
    """Share of the question's words, by weight, that the best of the five first papers has
    literally."""
    together: float
    """How much nearer a pair of the question's words is to some other paper than to the
    leading ones, at worst; 0 is best."""
    rarest: float
    """Weight of the rarest word, 1 = in no paper of a full library; against an answer."""
    name_missing: float
    """Weight of the rarest name that the best of the leading papers lacks; against."""
    sweeping: float
    """1 where the question claims a thing for all cases or a decree; against."""
    cause: float
    """1 where the question takes an event or fact for granted and asks why; against."""


NAMES = tuple(field.name for field in fields(Signs))


def signs(library: Library, question: Question, pool: Pool, pairs: Vector) -> Signs:
    """The signs of a question. `pairs` are the vectors of its `chunks`, (n, dimension)."""
    leading = pool.candidates[:LEADING]
    weights = np.array([term.weight for term in question.terms], dtype=np.float64)
    papers = len(library.snapshot().table.n)
    nearest = min(max(round(papers / PAPERS_EACH), 1), NEAREST)
    cosines = sorted((one.cosine for one in pool.candidates), reverse=True)[:nearest]
    kin = _kin(library, question, leading)
    total = max(float(weights.sum()), 1e-9)
    heavy = weights > TELLING_WEIGHT
    return Signs(
        near=float(np.mean(cosines)) if cosines else 0.0,
        sentence=max((one.sentence_cosine for one in pool.candidates[:5]), default=0.0),
        kin=max((float(one @ weights) / total for one in kin), default=0.0),
        weakest=max((float(one[heavy].min()) if heavy.any() else 1.0 for one in kin), default=0.0),
        covered=max((_literal(question, one) for one in pool.candidates[:5]), default=0.0),
        together=_together(library, leading, pairs),
        rarest=float(weights.max(initial=0.0)) / FULL_WEIGHT,
        name_missing=_name_missing(question, leading) / question.ceiling,
        sweeping=float(bool(_SWEEPING.search(question.text))),
        cause=float(bool(_CAUSE.search(question.text))),
    )


def missing_terms(question: Question, pool: Pool, *, limit: int = 4) -> list[str]:
    """The question's rarest words that the best leading paper has not, the rarest first."""
    leading = pool.candidates[:LEADING]
    if not leading:
        return [term.text for term in question.terms][:limit]
    best = max(leading, key=lambda one: _literal(question, one))
    lacking = [
        term
        for term in question.terms
        if term.weight > TELLING_WEIGHT and not best.stems.issuperset(term.stems)
    ]
    lacking.sort(key=lambda term: (not term.name, -term.weight))
    return [term.text for term in lacking[:limit]]


def _kin(library: Library, question: Question, leading: tuple[Candidate, ...]) -> list[Vector]:
    words = [term.text.lower() for term in question.terms]
    return [nearest_kin(library.embedder, words, one.words - ASKING) for one in leading]


def _literal(question: Question, candidate: Candidate) -> float:
    if not question.weight:
        return 0.0
    found = sum(t.weight for t in question.terms if candidate.stems.issuperset(t.stems))
    return found / question.weight


def _name_missing(question: Question, leading: tuple[Candidate, ...]) -> float:
    names = [term for term in question.terms if term.name]
    return min(
        (
            max((t.weight for t in names if not one.stems.issuperset(t.stems)), default=0.0)
            for one in leading
        ),
        default=max((term.weight for term in names), default=0.0),
    )


def _together(library: Library, leading: tuple[Candidate, ...], pairs: Vector) -> float:
    if not len(pairs) or not leading:
        return 0.0
    anywhere = (library.snapshot().matrix.vectors @ pairs.T).max(axis=0)
    gaps = []
    for one in leading:
        if one.sentences:
            here = (np.stack([s.row.vector for s in one.sentences]) @ pairs.T).max(axis=0)
            gaps.append(float((here - anywhere).min()))
    return max(gaps, default=-1.0)
