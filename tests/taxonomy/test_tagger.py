"""The shipped tagger: what it gives, how it behaves at the edges, how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from taxonomy import codebook
from taxonomy.evidence import MOST
from taxonomy.tagger import WEIGHTS, Tagger
from taxonomy.weights_file import FOLDER, WeightsError, load, save

Papers = dict[str, tuple[str, str]]
Vectors = NDArray[np.float32]

MEGABYTES = 25
"""What all weights together may weigh."""

A_SECOND = 2000
"""Abstracts to be tagged in a second, given vectors."""


def test_scores_and_tags_cover_the_codebook(
    tagger: Tagger, papers: Papers, nowhere: Vectors
) -> None:
    (found,) = tagger.tag([papers["repair"]], nowhere)
    book = codebook.load()
    assert {facet: tuple(scores) for facet, scores in found.scores.items()} == {
        facet.key: facet.keys for facet in book.facets
    }
    assert set(found.tags) == set(book.keys)
    for facet, tags in found.tags.items():
        for tag in tags:
            assert tag.facet == facet
            assert tag.score == found.scores[facet][tag.key]
        assert [tag.score for tag in tags] == sorted((t.score for t in tags), reverse=True)
    everything = [s for scores in found.scores.values() for s in scores.values()]
    assert all(0 <= score <= 1 for score in everything)


@pytest.mark.parametrize(
    ("about", "facet", "key"),
    [
        ("unlearning", "phase", "maintenance-and-evolution"),
        ("repair", "layer", "refinement-and-debug"),
    ],
)
def test_words_alone_rank_the_plain_tag_first(
    tagger: Tagger, papers: Papers, nowhere: Vectors, about: str, facet: str, key: str
) -> None:
    (found,) = tagger.tag([papers[about]], nowhere)
    assert max(found.scores[facet], key=lambda name: found.scores[facet][name]) == key


def test_a_plain_case_gets_its_tag(tagger: Tagger, papers: Papers, nowhere: Vectors) -> None:
    (found,) = tagger.tag([papers["unlearning"]], nowhere)
    assert "maintenance-and-evolution" in {tag.key for tag in found.tags["phase"]}


def test_none_is_an_answer(tagger: Tagger, papers: Papers, nowhere: Vectors) -> None:
    (found,) = tagger.tag([papers["biology"]], nowhere)
    assert found.tags == {"phase": (), "layer": ()}


def test_evidence_stands_in_the_text(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    texts = list(papers.values())
    for paper, found in zip(texts, tagger.tag(texts, vectors[: len(texts)]), strict=True):
        for tags in found.tags.values():
            for tag in tags:
                assert 1 <= len(tag.evidence) <= MOST
                assert all(phrase in f"{paper[0]}\n{paper[1]}" for phrase in tag.evidence)
                assert len(set(tag.evidence)) == len(tag.evidence)


@pytest.mark.parametrize(
    "paper",
    [
        ("", ""),
        ("Benchmarking large language models", ""),
        ("", "We fine-tune a code model."),
        ("\U0001f600 \x00 \u0130stanbul \ufb01ne", "\n\t  ..."),
        ("大型语言模型", "我们提出了一种方法。"),
        ("x" * 20_000, "We propose a benchmark. " * 5_000),
    ],
)
def test_odd_texts_are_tagged_without_complaint(
    tagger: Tagger, nowhere: Vectors, paper: tuple[str, str]
) -> None:
    (found,) = tagger.tag([paper], nowhere)
    everything = [s for scores in found.scores.values() for s in scores.values()]
    assert np.isfinite(everything).all()


def test_a_title_alone_can_be_enough(tagger: Tagger, papers: Papers, nowhere: Vectors) -> None:
    (found,) = tagger.tag([(papers["unlearning"][0], "")], nowhere)
    assert found.scores["phase"]["maintenance-and-evolution"] > 0.5


def test_a_paper_is_judged_alone_as_in_a_crowd(
    tagger: Tagger, papers: Papers, vectors: Vectors
) -> None:
    texts = list(papers.values()) * 150
    crowd = tagger.tag(texts, vectors[: len(texts)])
    alone = tagger.tag(texts[301:302], vectors[301:302])[0]
    for facet, scores in alone.scores.items():
        assert crowd[301].scores[facet] == pytest.approx(scores, abs=1e-4)
    assert tagger.tag([], vectors[:0]) == []


def test_vectors_must_fit_the_papers(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    with pytest.raises(ValueError, match=r"\(1, 384\)"):
        tagger.tag([papers["repair"]], vectors[:2])
    with pytest.raises(ValueError, match=r"\(1, 384\)"):
        tagger.tag([papers["repair"]], vectors[:1, :100])


def test_the_version_changes_with_the_weights(tagger: Tagger, tmp_path: Path) -> None:
    held = load(WEIGHTS)
    assert tagger.version == f"{tagger.method}.{held.digest}"
    arrays = dict(held.arrays)
    save(tmp_path / "same.npz", arrays, held.meta)
    assert Tagger.load(tmp_path / "same.npz").version == tagger.version
    arrays["heads.thresholds"] = arrays["heads.thresholds"] + np.float32(0.01)
    save(tmp_path / "other.npz", arrays, held.meta)
    assert Tagger.load(tmp_path / "other.npz").version != tagger.version


def test_broken_weights_say_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="absent"):
        Tagger.load(tmp_path / "absent.npz")
    (tmp_path / "cut.npz").write_bytes(WEIGHTS.read_bytes()[:5000])
    (tmp_path / "cut.json").write_bytes(WEIGHTS.with_suffix(".json").read_bytes())
    with pytest.raises(WeightsError, match=r"cut\.npz"):
        Tagger.load(tmp_path / "cut.npz")


def test_weights_hold_no_pickle_and_are_light() -> None:
    files = sorted(FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < MEGABYTES * 2**20
    for file in files:
        if file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as archive:
                assert all(archive[name].dtype != object for name in archive.files)
        else:
            json.loads(file.read_text(encoding="utf-8"))


def test_weights_were_trained_for_the_shipped_codebook() -> None:
    meta = load(WEIGHTS).meta
    facets = {facet["key"]: tuple(facet["categories"]) for facet in meta["facets"]}
    assert facets == {facet.key: facet.keys for facet in codebook.load().facets}


def test_tagging_imports_numpy_only() -> None:
    code = (
        "import sys; from taxonomy.tagger import Tagger; "
        "from taxonomy.statements import StatementClassifier; "
        "Tagger.load(); StatementClassifier.load(); "
        "print([m for m in ('sklearn', 'scipy', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_two_thousand_abstracts_a_second(tagger: Tagger, papers: Papers, vectors: Vectors) -> None:
    texts = list(papers.values()) * 340
    tagger.tag(texts[:300], vectors[:300])
    best = float("inf")
    for _ in range(5):
        # Time of this process only: other work on the machine is not the tagger's.
        started = time.process_time()
        tagger.tag(texts, vectors[: len(texts)])
        best = min(best, time.process_time() - started)
    assert len(texts) / best > A_SECOND
