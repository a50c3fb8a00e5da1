"""The papers and sentences that may answer a question, scored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kb.catalogue import SentenceRow, StoredPaper, StoredPassage
from kb.catalogue.values import Vector
from kb.library import Library
from kb.question import Question
from kb.ranking import Clock, Searcher
from kb.snapshot import Mask, Snapshot
from kb.telling import telling

# Papers looked into: 165 of the development questions' 224 gold papers are among the first 60
# of a search, 190 among the first 200, at three times the reading.
POOL = 60

# Passages looked into of one paper, the nearest first: abstracts have one to three, a full
# text a hundred.
PASSAGES_EACH = 6

# What a paper's best sentence adds to its score, and how much likeness to the three best
# papers does (pseudo-relevance feedback): together they raise the share of gold papers among
# the first 12 from .49 to .53 on the development questions with several.
SENTENCE_SHARE = 0.2
FEEDBACK_SHARE = 0.4
FEEDBACK_PAPERS = 3

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9\-]*[A-Za-z0-9]|\d[\w.%]*|[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that may answer."""

    row: SentenceRow
    passage: StoredPassage
    text: str
    stems: frozenset[str]
    cosine: float
    """Cosine of question and sentence."""
    coverage: float
    """Share of the question's words that it has, by their weight, 0 to 1."""
    score: float
    """How well it tells what was asked (`kb.telling`); comparable within its paper."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may answer, with its sentences, the best first."""

    paper: StoredPaper
    score: float
    cosine: float
    """Cosine of the question and the paper's nearest passage."""
    lexical: float
    """BM25; 0 where no word matches."""
    stems: frozenset[str]
    """Words of its title and of the passages looked into."""
    sentences: tuple[Sentence, ...]

    @property
    def words(self) -> frozenset[str]:
        """The same words as they are written, lower case; only a few candidates are asked."""
        texts = (self.paper.title, *(one.text for one in self.sentences))
        return frozenset(word for text in texts for word in words_of(text))

    @property
    def sentence_cosine(self) -> float:
        """Cosine of the question and its nearest sentence; 0.0 where it has none."""
        return max((one.cosine for one in self.sentences), default=0.0)


@dataclass(frozen=True, slots=True)
class Pool:
    """All that was looked into for one question."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    passing: int
    """Papers that pass the filters."""
    vector: Vector
    """The question's."""


def gather(
    library: Library,
    snapshot: Snapshot,
    question: Question,
    vector: Vector,
    passing: Mask,
    *,
    narrowed: bool,
) -> Pool:
    """The papers that may answer `question`, the best first.

    Takes: passing, the papers that may be found, (papers,) of the snapshot; narrowed, whether
    a filter chose them.
    """
    searcher = Searcher(library, snapshot, passing, filtered=narrowed, clock=Clock())
    ranked = searcher.rank(question.text, vector, "hybrid", "papers", POOL)
    rows = ranked.rows[:POOL]
    held = _read(library, snapshot, rows, vector)
    stems_of = library.indexes.text.stems
    found = []
    for i, row in enumerate(rows.tolist()):
        number = int(snapshot.table.n[row])
        if number in held.papers:
            found.append(
                _candidate(
                    stems_of,
                    question,
                    held,
                    number,
                    (
                        float(ranked.score[i]),
                        float(np.nan_to_num(ranked.dense[i])),
                        float(ranked.lexical[i]),
                    ),
                    vector,
                )
            )
    return Pool(tuple(_reranked(snapshot, found)), int(passing.sum()), vector)


@dataclass(frozen=True, slots=True)
class _Held:
    """What the catalogue has of the pool's papers."""

    papers: dict[int, StoredPaper]
    passages: dict[int, list[StoredPassage]]
    sentences: dict[int, list[SentenceRow]]
    """Passage number -> its sentences."""


def _read(library: Library, snapshot: Snapshot, rows: np.ndarray, vector: Vector) -> _Held:
    """Papers, their nearest passages, and the sentences of those."""
    matrix, table = snapshot.matrix, snapshot.table
    wanted: list[int] = []
    for row in rows.tolist():
        span = np.arange(matrix.starts[row], matrix.starts[row + 1])
        near = span[np.argsort(-(matrix.vectors[span] @ vector), kind="stable")[:PASSAGES_EACH]]
        wanted += [int(matrix.passage[position]) for position in near]
    with library.catalogue.read() as reader:
        papers = reader.papers(int(table.n[row]) for row in rows.tolist())
        stored = reader.passages(wanted)
        sentences = reader.sentences(wanted)
    passages: dict[int, list[StoredPassage]] = {}
    for number in wanted:
        if number in stored:
            passages.setdefault(stored[number].paper, []).append(stored[number])
    by_passage: dict[int, list[SentenceRow]] = {}
    for sentence in sentences:
        by_passage.setdefault(sentence.passage, []).append(sentence)
    return _Held(papers, passages, by_passage)


def _candidate(
    stems_of: Callable[[str], list[str]],
    question: Question,
    held: _Held,
    number: int,
    scores: tuple[float, float, float],
    vector: Vector,
) -> Candidate:
    paper = held.papers[number]
    front = _places(held.passages.get(number, []), held.sentences)
    sentences = []
    for passage in held.passages.get(number, []):
        for row in held.sentences.get(passage.n, ()):
            text = passage.text[row.start : row.end]
            stems = frozenset(stems_of(text))
            cosine, coverage = float(row.vector @ vector), covered(question, stems)
            place = front.get(row.n)
            score = telling(text, cosine, coverage, quantity=question.quantity, place=place)
            sentences.append(Sentence(row, passage, text, stems, cosine, coverage, score))
    sentences.sort(key=lambda one: (-one.score, one.row.n))
    stems_all = frozenset(stems_of(paper.title)).union(*(one.stems for one in sentences))
    return Candidate(paper, *scores, stems_all, tuple(sentences))


def words_of(text: str) -> list[str]:
    """The words of a text as written, lower case; numbers are words too."""
    return [word.lower() for word in _WORD.findall(text)]


def _places(
    passages: list[StoredPassage], sentences: dict[int, list[SentenceRow]]
) -> dict[int, tuple[int, int]]:
    """Sentence number -> (index, count) among the sentences of the abstract (or digest)."""
    front = sorted(
        row.n
        for passage in passages
        if passage.section in ("Abstract", "Digest")
        for row in sentences.get(passage.n, ())
    )
    return {number: (i, len(front)) for i, number in enumerate(front)}


def covered(question: Question, stems: frozenset[str]) -> float:
    """Share of the question's words, by weight, whose stems are all among `stems`."""
    if not question.weight:
        return 0.0
    found = sum(term.weight for term in question.terms if stems.issuperset(term.stems))
    return found / question.weight


def _reranked(snapshot: Snapshot, found: list[Candidate]) -> list[Candidate]:
    """The candidates by their own score, their best sentence and likeness to the best."""
    if not found:
        return []
    means = np.stack([_mean(snapshot, candidate.paper.n) for candidate in found])
    scores = np.array([one.score + SENTENCE_SHARE * one.sentence_cosine for one in found])
    best = np.argsort(-scores, kind="stable")[:FEEDBACK_PAPERS]
    centre = means[best].mean(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-12)
    scores += FEEDBACK_SHARE * (means @ centre)
    order = sorted(range(len(found)), key=lambda i: (-float(scores[i]), found[i].paper.paper_id))
    return [replace(found[i], score=float(scores[i])) for i in order]


def _mean(snapshot: Snapshot, number: int) -> Vector:
    """The mean of a paper's first passages, length 1."""
    row = snapshot.table.row_of[number]
    start = int(snapshot.matrix.starts[row])
    vectors = snapshot.matrix.vectors[start : min(int(snapshot.matrix.starts[row + 1]), start + 3)]
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
