"""What ships: both codebooks, the tagger and the classifier, on papers nobody coded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from taxonomy.codebook import CodebookError, UnknownNameError, load
from taxonomy.statements import LABELS, StatementClassifier
from taxonomy.tagger import Tagger

PHASES = (
    "requirements-engineering",
    "dataset-construction",
    "model-development-and-enhancement",
    "testing-and-evaluation",
    "deployment-and-operations",
    "maintenance-and-evolution",
)
LAYERS = (
    "requirements-and-user",
    "model-invocation",
    "planning-and-reasoning",
    "synthesis",
    "execution-verification-validation",
    "refinement-and-debug",
)
WEIGHTS = Path(__file__).parents[2] / "taxonomy" / "weights"


def test_the_two_codebooks_have_the_surveys_keys_in_order() -> None:
    codebook = load()
    assert tuple(codebook.facet("phase").keys) == PHASES
    assert tuple(codebook.facet("layer").keys) == LAYERS
    for facet in codebook.facets:
        for category in facet.categories:
            assert len(category.definition.split()) > 8
            assert category.source in ("survey", "secondary", "inferred")
            assert category.confidence in ("high", "medium", "low")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load().facet("phase").category("testing")
    assert "testing-and-evaluation" in str(caught.value)


def test_a_codebook_with_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "taxonomy" / "phases.toml").read_text()
    file = tmp_path / "phases.toml"
    file.write_text(shipped.replace("definition =", "definiton =", 1))
    with pytest.raises(CodebookError) as caught:
        load([file])
    assert "definiton" in str(caught.value)


def test_a_text_of_another_field_gets_no_tag_and_scores_for_every_key() -> None:
    birds = (
        "The migration of birds over the Baltic Sea",
        "Millions of birds cross the sea each autumn. We count them with weather radar.",
    )
    vector = np.zeros((1, 384), dtype=np.float32)
    vector[0, 0] = 1.0
    (found,) = Tagger.load().tag([birds], vector)
    assert all(not tags for tags in found.tags.values())
    assert tuple(found.scores["phase"]) == PHASES
    assert tuple(found.scores["layer"]) == LAYERS
    assert all(0 <= score <= 1 for some in found.scores.values() for score in some.values())


def test_evidence_stands_in_the_text_and_empty_abstracts_are_allowed() -> None:
    papers = [
        (
            "RepoTrace: a benchmark for repository-level code completion",
            "We present a benchmark of completion tasks and evaluate twelve code models on it.",
        ),
        ("A benchmark of large language models for code", ""),
        ("", ""),
    ]
    vectors = np.random.default_rng(7).normal(size=(3, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tagger = Tagger.load()
    found = tagger.tag(papers, vectors)
    assert any(tag.key == "testing-and-evaluation" for tag in found[0].tags["phase"])
    for paper, tags in zip(papers, found, strict=True):
        text = " ".join(paper).lower()
        for tag in (tag for some in tags.tags.values() for tag in some):
            assert all(word.lower() in text for word in tag.evidence)
    assert tagger.tag([], np.zeros((0, 384), dtype=np.float32)) == []
    again = Tagger.load().tag(papers, vectors)
    assert again == found


def test_sentences_get_one_of_the_four_labels() -> None:
    texts = [
        "It remains unclear how such models can be audited, and existing methods fail.",
        "Future work should study how auditors can share their findings.",
        "We propose a new method that outperforms all baselines.",
        "The paper is organised as follows.",
    ]
    vectors = np.zeros((4, 384), dtype=np.float32)
    vectors[:, 0] = 1.0
    labels = StatementClassifier.load().label(texts, vectors)
    assert [one.label for one in labels][:3] == ["challenge", "direction", "contribution"]
    for one in labels:
        assert one.label in LABELS
        assert sum(one.scores.values()) == pytest.approx(1.0, abs=1e-3)


def test_weights_are_small_and_their_figures_are_of_this_version() -> None:
    sizes = [file.stat().st_size for file in WEIGHTS.iterdir()]
    assert sum(sizes) <= 25_000_000
    metrics = json.loads((WEIGHTS / "metrics.json").read_text())
    assert metrics["tagger"]["version"] == Tagger.load().version
    assert metrics["statements"]["version"] == StatementClassifier.load().version
