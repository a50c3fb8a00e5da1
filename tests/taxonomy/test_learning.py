"""Decisions of people teach the tagger, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from taxonomy.codebook import UnknownNameError
from taxonomy.learning import Decided, learn
from taxonomy.tagger import Tagger

Papers = dict[str, tuple[str, str]]
Vectors = NDArray[np.float32]

DEPLOYMENT = ("phase", "deployment-and-operations")
REFINEMENT = ("layer", "refinement-and-debug")


def decided(paper: tuple[str, str], yes: set[tuple[str, str]], no: set[tuple[str, str]]) -> Decided:
    return Decided(*paper, frozenset(yes), frozenset(no))


def score(tagger: Tagger, paper: tuple[str, str], vectors: Vectors, pair: tuple[str, str]) -> float:
    return tagger.tag([paper], vectors)[0].scores[pair[0]][pair[1]]


def test_a_decision_moves_its_own_paper_and_its_likes(
    tagger: Tagger, papers: Papers, vectors: Vectors
) -> None:
    paper, vector = papers["repair"], vectors[:1]
    taught = learn(tagger, [decided(paper, {DEPLOYMENT}, {REFINEMENT})], vector)
    for pair, sign in ((DEPLOYMENT, 1), (REFINEMENT, -1)):
        before, after = (score(t, paper, vector, pair) for t in (tagger, taught))
        assert sign * (after - before) > 0
    near = (paper[0] + " again", paper[1])
    assert score(taught, near, vector, DEPLOYMENT) > score(tagger, near, vector, DEPLOYMENT)


def test_strangers_stay_as_they_were(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    taught = learn(tagger, [decided(papers["repair"], {DEPLOYMENT}, set())], vectors[:1])
    for facet, scores in tagger.tag([papers["biology"]], -vectors[:1])[0].scores.items():
        after = taught.tag([papers["biology"]], -vectors[:1])[0].scores[facet]
        assert after == pytest.approx(scores, abs=0.02)


def test_the_version_names_the_decisions(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    first = decided(papers["repair"], {DEPLOYMENT}, set())
    second = decided(papers["unlearning"], set(), {REFINEMENT})
    one = learn(tagger, [first, second], vectors[:2]).version
    other = learn(tagger, [second, first], vectors[[1, 0]]).version
    fewer = learn(tagger, [first], vectors[:1]).version
    assert one == other
    assert len({one, fewer, tagger.version}) == 3
    assert one.startswith(f"{tagger.version}+learned.2.")
    assert learn(tagger, [], vectors[:0]) is tagger


def test_wrong_decisions_are_refused(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    with pytest.raises(UnknownNameError, match="phase/testing-and-evaluation"):
        learn(tagger, [decided(papers["repair"], {("phase", "tests")}, set())], vectors[:1])
    with pytest.raises(ValueError, match="vectors"):
        learn(tagger, [decided(papers["repair"], {DEPLOYMENT}, set())], vectors[:2])
