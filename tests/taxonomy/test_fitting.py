"""The statistics behind training against what can be worked out otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy.features import (
    BODY,
    TITLE,
    TextSpace,
    Words,
    clean,
    encode,
    gram_keys,
    learn_space,
    own_sentences,
    tokens,
    zones,
)
from taxonomy.fitting import kernel_ridge, logistic, second_step, text_gram, topic_axes
from taxonomy.thresholds import best_gate, best_thresholds

TEXTS = ["a b c a", "b c", "c c d", "", "d a b"]


def small_space() -> tuple[dict[str, Words], TextSpace]:
    index = {"a": 1, "b": 2, "c": 3, "d": 4}
    words = {BODY: encode((text.split() for text in TEXTS), index)}
    return words, learn_space(words, [(BODY, 1.0, 1)], 2, 5, most=1.0)


def test_words_of_a_text() -> None:
    assert tokens("Fine-tuning LLMs in C++: studies") == [
        "fine",
        "tuning",
        "llm",
        "in",
        "c++",
        "study",
    ]
    assert "announce" not in tokens(clean("arXiv:2401.1 Announce Type: new Abstract: Birds."))
    assert own_sentences("Birds fly. We study birds. They sing.") == "We study birds."
    found = zones("Title here", "Birds fly. We sing.")
    assert found[TITLE] == ["title", "here"]
    assert found[BODY] == ["title", "here", "bird", "fly", "we", "sing"]


def test_grams_do_not_run_over_the_end_of_a_paper() -> None:
    words = encode([["x", "y"], ["z"], [], ["x", "?"]], {"x": 1, "y": 2, "z": 3})
    keys, rows = gram_keys(words, 2, 4)
    # One by one x y z x, then the only pair: x y = 1 * 4 + 2.
    assert keys.tolist() == [1, 2, 3, 1, 6]
    assert rows.tolist() == [0, 0, 1, 3, 0]


def test_rows_have_length_one_or_none_and_products_agree() -> None:
    words, space = small_space()
    rows = space.matrix(words)
    dense = rows.dense(0, rows.rows)
    lengths = np.linalg.norm(dense, axis=1)
    assert lengths == pytest.approx([1, 1, 1, 0, 1])
    weights = np.random.default_rng(0).normal(size=(rows.width, 3)).astype(np.float32)
    wide = np.random.default_rng(0).normal(size=(rows.width, 40)).astype(np.float32)
    assert rows.times(weights) == pytest.approx(dense @ weights, abs=1e-5)
    assert rows.times(wide) == pytest.approx(dense @ wide, abs=1e-5)
    other = np.ones((rows.rows, 2), dtype=np.float32)
    assert rows.turned_times(other) == pytest.approx(dense.T @ other, abs=1e-5)
    for few in (0, 1, 2, 30):
        found = text_gram(rows, columns=3, few=few)
        assert found == pytest.approx(dense @ dense.T, abs=1e-5)


def test_topics_are_the_singular_vectors() -> None:
    words, space = small_space()
    rows = space.matrix(words)
    axes = topic_axes(rows, 2, np.random.default_rng(0))
    _, _, right = np.linalg.svd(rows.dense(0, rows.rows), full_matrices=False)
    assert np.abs(np.sum(axes.T * right[:2], axis=1)) == pytest.approx([1, 1], abs=1e-3)


def test_unseen_predictions_equal_those_of_training_anew() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(12, 3))
    kernel = np.exp(-((points[:, None] - points[None]) ** 2).sum(-1)).astype(np.float32)
    truth, weights = (
        (rng.random((12, 2)) > 0.5).astype(float),
        rng.uniform(0.5, 1.5, 12).astype(np.float32),
    )
    _, mean, unseen = kernel_ridge(kernel, truth, 0.3, weights.astype(np.float32))
    rest = np.arange(1, 12)
    system = kernel[np.ix_(rest, rest)] + np.diag(0.3 / weights[rest])
    # The closed form holds for a fixed mean, so the mean of all is taken off here too.
    pull = np.linalg.solve(system.astype(float), truth[rest] - mean)
    assert unseen[0] == pytest.approx(kernel[0, rest] @ pull + mean, abs=1e-4)


def test_logistic_regression_finds_known_weights() -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(size=(4000, 2))
    chance = 1 / (1 + np.exp(-(features @ [1.5, -0.5] + 0.3)))
    truth = (rng.random(4000) < chance).astype(float)
    weights, bias = logistic(features, truth, np.ones(4000), 0.01)
    assert weights == pytest.approx([1.5, -0.5], abs=0.15)
    assert bias == pytest.approx(0.3, abs=0.1)
    constant, high = logistic(features, np.ones(4000), np.ones(4000), 0.01)
    assert not constant.any()
    assert high > 5


def test_the_second_step_calibrates() -> None:
    rng = np.random.default_rng(7)
    raw = rng.uniform(0, 1, size=(5000, 2))
    truth = (rng.random((5000, 2)) < raw**2).astype(float)
    stack, bias = second_step(raw, truth, np.ones(5000), 1.0)
    said = 1 / (1 + np.exp(-(raw @ stack + bias)))
    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 1.0)):
        part = (said[:, 0] >= low) & (said[:, 0] < high)
        assert truth[part, 0].mean() == pytest.approx(said[part, 0].mean(), abs=0.05)


def test_thresholds_and_gates_do_what_they_say() -> None:
    rng = np.random.default_rng(11)
    scores = rng.random((2000, 1)).astype(np.float32)
    truth = scores > 0.4
    limits = best_thresholds(truth, scores, np.ones(2000), rng)
    assert limits[0] == pytest.approx(0.4, abs=0.03)
    bare = np.zeros((100, 1), dtype=bool)
    real = np.vstack([bare, ~bare])
    said = np.ones((200, 1), dtype=bool)
    some = np.concatenate([np.linspace(0, 0.5, 100), np.full(100, 0.9)]).astype(np.float32)
    gate = best_gate(real, said, some, 0.10)
    assert ((some[:100] >= gate).mean()) <= 0.10
    assert best_gate(real, said, np.ones(200, dtype=np.float32), 0.10) > 0.6
