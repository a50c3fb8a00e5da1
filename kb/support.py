"""How well the library supports a question: the signs from which refusal is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

import numpy as np

from kb.candidates import Candidate, Pool
from kb.catalogue.values import Vector
from kb.kinship import nearest_kin
from kb.library import Library
from kb.question import ASKING, PLAIN, Question
from kb.snapshot import Snapshot

# Papers that may carry the answer alone.
LEADING = 3

# Papers over which nearness is averaged: one per PAPERS_EACH papers of the library, 1 to
# NEAREST. A full library has many papers on any subject of its field; one with twelve
# papers has one, and must not be refused for what it does not hold.
NEAREST = 10
PAPERS_EACH = 800

# Papers whose sentences may hold the figure that is asked for.
FIGURES_IN = 10

# Weight of a word that no paper of the library of the fit (7,912 papers) has. Against it
# a word's rarity counts less in a small library, where most words are in no paper: DRIFT makes
# up for what that is in answerable questions.
FULL_WEIGHT = 9.67

# What the same answerable question gains or loses by a sign where the library is small; times
# how much less its rarest words can weigh than those of a full one. Of 80 questions, each put to
# 7,912 abstracts and to a sample of 20, 60 or 150 with the same answer, fitted through 0.
# Left in, it adds 1.5 to the log-odds of every answer from 20 papers, and 1.0 from 150.
DRIFT = {"together": 0.24, "rarest": -0.33, "second_rarest": -0.17}

# Words lighter than this are in so many papers (one in seven or more) that having them says
# nothing.
TELLING_WEIGHT = 2.0

# Words that claim a thing for all cases or a decree: a question that takes them for granted
# is often wrong about the world ("why does X always …", "why was Y abolished"). That it asks
# why is no sign: with it our own questions are told apart better (area .955, else .941), but
# others' are not (18 unanswerable development questions: .72 refused either way), and sound
# questions after a cause were refused.
_SWEEPING = re.compile(
    r"\b(?:always|never|every|all|none|nobody|entire(?:ly)?|complete(?:ly)?|total(?:ly)?|"
    r"impossible|irrelevant|useless|provabl[ye]|for good|bann?e?d?|forb[ia]d\w*|outlaw\w*|"
    r"prohibit\w*|mandator\w+|abolish\w*|withdr[ae]w\w*|abandon\w*|eliminat\w+|replaced)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d")


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
    unhelpful: float
    """How much nearer the first paper's nearest sentence comes by each word of the question,
    for the word that helps least; a word that only leads away from it has no support there."""
    second_rarest: float
    """Weight of the second rarest word, as `rarest`; against."""
    figure_missing: float
    """Where an amount is asked for: how far the nearest sentence with a figure is; against."""


NAMES = tuple(field.name for field in fields(Signs))


def signs(
    library: Library,
    snapshot: Snapshot,
    question: Question,
    pool: Pool,
    pairs: Vector,
    lacking: Vector,
) -> Signs:
    """The signs of a question.

    Takes: pairs, the vectors of its `chunks`; lacking, those of `without`, (terms, dimension).
    """
    # Papers of which only the title is known can be near, but not answer.
    telling = tuple(one for one in pool.candidates if one.sentences) or pool.candidates
    leading = telling[:LEADING]
    weights = np.array([term.weight for term in question.terms], dtype=np.float64)
    papers = pool.passing
    nearest = min(max(round(papers / PAPERS_EACH), 1), NEAREST)
    cosines = sorted((one.cosine for one in pool.candidates), reverse=True)[:nearest]
    kin = _kin(library, question, leading)
    total = max(float(weights.sum()), 1e-9)
    heavy = weights > TELLING_WEIGHT
    found = Signs(
        near=float(np.mean(cosines)) if cosines else 0.0,
        sentence=max((one.sentence_cosine for one in telling[:5]), default=0.0),
        kin=max((float(one @ weights) / total for one in kin), default=0.0),
        weakest=max((float(one[heavy].min()) if heavy.any() else 1.0 for one in kin), default=0.0),
        covered=max((_literal(question, one) for one in telling[:5]), default=0.0),
        together=_together(snapshot, leading, pairs),
        rarest=float(weights.max(initial=0.0)) / FULL_WEIGHT,
        name_missing=_name_missing(question, leading) / question.ceiling,
        sweeping=float(bool(_SWEEPING.search(question.text))),
        unhelpful=_unhelpful(pool.vector, leading[:1], lacking),
        second_rarest=(float(np.sort(weights)[-2]) if len(weights) > 1 else 0.0) / FULL_WEIGHT,
        figure_missing=_figure_missing(question, pool),
    )
    return _as_of_many(found, question.ceiling)


def missing_terms(question: Question, pool: Pool, *, limit: int = 4) -> list[str]:
    """The question's rarest words that the best leading paper has not, the rarest first."""
    leading = pool.candidates[:LEADING]
    if not leading:
        return [t.text for t in question.terms if t.text.lower() not in PLAIN][:limit]
    best = max(leading, key=lambda one: _literal(question, one))
    lacking = [
        term
        for term in question.terms
        if term.weight > TELLING_WEIGHT
        and not best.stems.issuperset(term.stems)
        and term.text.lower() not in PLAIN
    ]
    lacking.sort(key=lambda term: (not term.name, -term.weight))
    return [term.text for term in lacking[:limit]]


def _as_of_many(found: Signs, ceiling: float) -> Signs:
    """The signs as a full library would have them, on which refusal was fitted.

    Takes: ceiling, the weight of a word that no paper has, in nats; it tells the library's size.
    """
    small = max(1 - ceiling / FULL_WEIGHT, 0.0)
    drifted = {name: getattr(found, name) - gain * small for name, gain in DRIFT.items()}
    return replace(found, **drifted)


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


def _together(snapshot: Snapshot, leading: tuple[Candidate, ...], pairs: Vector) -> float:
    if not len(pairs) or not leading:
        return 0.0
    anywhere = (snapshot.matrix.vectors @ pairs.T).max(axis=0)
    gaps = []
    for one in leading:
        if one.sentences:
            here = (np.stack([s.row.vector for s in one.sentences]) @ pairs.T).max(axis=0)
            gaps.append(float((here - anywhere).min()))
    return max(gaps, default=-1.0)


def _unhelpful(asked: Vector, first: tuple[Candidate, ...], lacking: Vector) -> float:
    if not len(lacking) or not first or not first[0].sentences:
        return 0.0
    sentences = np.stack([one.row.vector for one in first[0].sentences])
    nearest = float((sentences @ asked).max())
    return float((nearest - (sentences @ lacking.T).max(axis=0)).min())


def _figure_missing(question: Question, pool: Pool) -> float:
    if not question.quantity:
        return 0.0
    told = (one for paper in pool.candidates[:FIGURES_IN] for one in paper.sentences)
    return 1 - max((one.cosine for one in told if _FIGURE.search(one.text)), default=0.0)
