"""Which sentences of a whole paper tell what was asked.

A question often names the paper and asks for something in it. The words that name it, those of
its title, tell no two of its sentences apart, nor do words that every page has: a word counts
by how few of the paper's own sentences have it, beside its weight in the library. Where a
sentence stands counts by its passage's words and likeness to the question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from kb.asking import Inquiry
from kb.candidates import Candidate, Sentence, covered
from kb.catalogue.values import Vector
from kb.library import Library
from kb.question import Question

# On 52 full texts the first sentence is on the right page for 178 of the 186 questions that
# these weights were chosen on (fitted and cross-validated over the papers as many), and for 61
# of 66 written afterwards; with the title's words counted and neither BARE nor AROUND for 166
# and 57. Half or double of any one weight gives 235 to 241 of all 252.
WORDS = 2.0
COSINE = 0.5
PASSAGE = 2.0
# Likeness to the question without the words that name the paper, and the words that stand in
# the sentence's passage.
BARE = 0.75
AROUND = 0.3
# A whole sentence, and a number where an amount is asked for.
WHOLE = 0.2
NUMBER = 0.3

_ENDED = re.compile(r"[.!?:…][\"”’)\]]*$")
_DIGIT = re.compile(r"\d")

# Passages of one paper that are read, the nearest first: a paper of 30 pages has about 150.
MOST_PASSAGES = 200

# The first papers of an answer may say more than one thing to it.
LEADING = 3
SENTENCES = 3


def read_closely(
    library: Library, found: Inquiry, picked: Sequence[tuple[Candidate, Sentence]]
) -> list[tuple[Candidate, Sentence]]:
    """The papers picked, each with what it tells best; those with full text are read whole.

    Gives up to `SENTENCES` sentences of the first `LEADING` papers that have full text, else
    one a paper; an abstract's sentence stays as it was picked.
    """
    stems_of = library.indexes.text.stems
    whole = {
        one.paper.n: frozenset(stems_of(one.paper.title))
        for one, _ in picked
        if one.paper.full_text
    }
    if not whole:
        return list(picked)
    read = _sentences(library, found, whole)
    chosen: list[tuple[Candidate, Sentence]] = []
    for at, (candidate, first) in enumerate(picked):
        best = read.get(candidate.paper.n, [])[: SENTENCES if at < LEADING else 1]
        chosen += [(candidate, one) for one in best] or [(candidate, first)]
    return chosen


def _sentences(
    library: Library, found: Inquiry, titles: Mapping[int, frozenset[str]]
) -> dict[int, list[Sentence]]:
    """Paper -> its sentences, the most telling first; takes paper -> its title's stems."""
    with library.catalogue.read() as reader:
        held = reader.passages_of(titles)
        vectors = reader.vectors(one.n for some in held.values() for one in some)
        near = {n: float(vector @ found.pool.vector) for n, vector in vectors.items()}
        kept = {
            one.n: one
            for some in held.values()
            for one in sorted(some, key=lambda one: -near[one.n])[:MOST_PASSAGES]
        }
        rows = reader.sentences(kept)
    stems_of = library.indexes.text.stems
    by_paper: dict[int, list[Sentence]] = {}
    for row in rows:
        passage = kept[row.passage]
        text = passage.text[row.start : row.end]
        stems, cosine = frozenset(stems_of(text)), float(row.vector @ found.pool.vector)
        coverage = covered(found.question, stems)
        one = Sentence(row, passage, text, stems, cosine, coverage, 0.0)
        by_paper.setdefault(passage.paper, []).append(one)
    return {number: _ranked(found, titles[number], some, near) for number, some in by_paper.items()}


def _ranked(
    found: Inquiry, title: frozenset[str], some: Sequence[Sentence], near: Mapping[int, float]
) -> list[Sentence]:
    has, weight = _matched(found.question, [one.stems for one in some], title)
    scores = WORDS * (has @ weight) + AROUND * (_around(has, some) @ weight)
    scores += COSINE * np.array([one.cosine for one in some])
    scores += BARE * (np.stack([one.row.vector for one in some]) @ _bare(found, title))
    scores += PASSAGE * np.array([near[one.passage.n] for one in some])
    scores += WHOLE * np.array([is_whole(one.text) for one in some])
    if found.question.quantity:
        scores += NUMBER * np.array([bool(_DIGIT.search(one.text)) for one in some])
    return [some[at] for at in np.argsort(-scores, kind="stable").tolist()]


def _around(has: Vector, some: Sequence[Sentence]) -> Vector:
    """(n, terms) 1 where a term is anywhere in the sentence's passage."""
    _, place = np.unique([one.passage.n for one in some], return_inverse=True)
    most = np.zeros((int(place.max()) + 1, has.shape[1]), dtype=np.float32)
    np.maximum.at(most, place, has)
    return np.asarray(most[place], dtype=np.float32)


def _bare(found: Inquiry, title: frozenset[str]) -> Vector:
    """The question's vector without the words of a title.

    Each word is taken away by what the question without it differs by: encoding the rest
    anew for every paper would rank no better.
    """
    whole = found.pool.vector
    named = [title.issuperset(term.stems) for term in found.question.terms]
    bare = whole + (found.lacking[named] - whole).sum(axis=0)
    return np.asarray(bare / max(float(np.linalg.norm(bare)), 1e-9), dtype=np.float32)


def is_whole(text: str) -> bool:
    """Whether a text begins and ends as a sentence does; a row of a table does not."""
    return not text[:1].islower() and bool(_ENDED.search(text))


def told(
    question: Question, stems: Sequence[frozenset[str]], title: frozenset[str] = frozenset()
) -> Vector:
    """(n,) share of the question's words that each of a paper's sentences has, 0 to 1.

    Words count by their weight in the library times their rarity in the paper; those that the
    paper has not at all count nothing, since they tell no two of its sentences apart, nor do
    those of the title.
    """
    has, weight = _matched(question, stems, title)
    return np.asarray(has @ weight, dtype=np.float32)


def _matched(
    question: Question, stems: Sequence[frozenset[str]], title: frozenset[str]
) -> tuple[Vector, Vector]:
    """((n, terms) 1 where a sentence has a term, (terms,) weights that sum to 1 or are 0)."""
    terms = question.terms
    has = np.array(
        [[some.issuperset(term.stems) for term in terms] for some in stems], dtype=np.float32
    ).reshape(len(stems), len(terms))
    times = has.sum(axis=0)
    rarity = np.log1p((len(stems) - times + 0.5) / (times + 0.5)) * (times > 0)
    weight = rarity * np.array(
        [term.weight * (not title.issuperset(term.stems)) for term in terms], dtype=np.float32
    )
    return has, np.asarray(weight / max(float(weight.sum()), 1e-9), dtype=np.float32)
