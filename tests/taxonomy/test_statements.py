"""The shipped sentence classifier: labels, edges, speed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from taxonomy.statements import LABELS, StatementClassifier

A_SECOND = 5000
"""Sentences to be labelled in a second, given vectors."""

PLAIN = [
    ("challenge", "However, existing models still struggle with long inputs."),
    ("challenge", "It remains unclear how these systems can be tested."),
    ("direction", "Future work should study how agents recover from such failures."),
    ("contribution", "In this paper, we propose a framework that tests coding agents."),
]


@pytest.mark.parametrize(("label", "text"), PLAIN)
def test_plain_sentences_from_words_alone(
    classifier: StatementClassifier, label: str, text: str
) -> None:
    (found,) = classifier.label([text], np.zeros((1, 384), dtype=np.float32))
    assert found.label == label


def test_scores_are_probabilities_of_all_labels(classifier: StatementClassifier) -> None:
    texts = [text for _, text in PLAIN]
    for found in classifier.label(texts, classifier.parts.vectors[: len(texts)]):
        assert tuple(found.scores) == LABELS
        assert sum(found.scores.values()) == pytest.approx(1, abs=1e-5)
        assert found.score == found.scores[found.label]


@pytest.mark.parametrize("text", ["", " ", "?", "大型语言模型", "word " * 5000, "\x00\ufffd"])
def test_odd_sentences_are_labelled(classifier: StatementClassifier, text: str) -> None:
    (found,) = classifier.label([text], np.zeros((1, 384), dtype=np.float32))
    assert found.label in LABELS


def test_edges(classifier: StatementClassifier) -> None:
    assert classifier.label([], np.zeros((0, 384), dtype=np.float32)) == []
    with pytest.raises(ValueError, match=r"\(1, 384\)"):
        classifier.label(["one"], np.zeros((2, 384), dtype=np.float32))
    assert classifier.version.startswith("kernel-words-and-cues-2.")


def test_five_thousand_sentences_a_second(classifier: StatementClassifier) -> None:
    texts = [text for _, text in PLAIN] * 400
    held: NDArray[np.float32] = classifier.parts.vectors[: len(texts)]
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        classifier.label(texts, held)
        best = min(best, time.process_time() - started)
    assert len(texts) / best > A_SECOND
