"""Training from labels, texts and vectors: joins, refusals, and the same result every time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from taxonomy import codebook, labels
from taxonomy.labels import LabelsError, read_codings, read_sentence_codings, text_hash
from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger
from taxonomy.training import main

PHASES = codebook.load().facet("phase").keys
LAYERS = codebook.load().facet("layer").keys
SUBJECTS = ["unlearning", "benchmark", "serving", "tuning", "corpus", "duty"]

# What is coded about challenges: pairs, troubles, labels.
CHALLENGES = ("pairs", "troubles", "readable")


def write_lines(path: Path, lines: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def unit_rows(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, 384))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def made_up(folder: Path, count: int = 240) -> list[str]:
    """Files for a training run, and the arguments that name them."""
    rng = np.random.default_rng(0)
    texts, codings, sentences, coded = [], [], [], []
    for at in range(count):
        kind = int(rng.integers(0, 7))
        subject = SUBJECTS[kind] if kind < 6 else "birds"
        filler = " ".join(f"word{rng.integers(0, 250)}" for _ in range(230))
        texts.append(
            {"id": f"p{at}", "title": f"On {subject}", "abstract": f"We do {subject}. {filler}"}
        )
        tags = {"phases": [PHASES[kind]], "layers": [LAYERS[kind]]} if kind < 6 else {}
        codings.append(
            {"id": f"p{at}", "phases": [], "layers": [], "coder": "test", "times": "once"} | tags
        )
        label = ("challenge", "direction", "contribution", "other")[at % 4]
        text = f"{label} sentence number {at}."
        sentences.append({"id": f"s{at}", "text": text})
        coded.append({"sha256": text_hash(text), "label": label, "coder": "test", "times": "once"})
    coding = folder / "labels"
    coding.mkdir()
    write_lines(coding / "papers_test.jsonl", codings)
    write_lines(coding / "sentences_test.jsonl", coded)
    for name, prefix in (("vectors", "p"), ("sentence_vectors", "s")):
        ids = np.array([f"{prefix}{at}" for at in range(count)])
        np.savez(folder / f"{name}.npz", ids=ids, vectors=unit_rows(count, 1))
    return [
        "--texts", str(write_lines(folder / "texts.jsonl", texts)),
        "--vectors", str(folder / "vectors.npz"),
        "--sentences", str(write_lines(folder / "sentences.jsonl", sentences)),
        "--sentence-vectors", str(folder / "sentence_vectors.npz"),
        "--labels", str(coding),
    ]  # fmt: skip


def test_training_twice_gives_the_same_bytes_and_it_learns(tmp_path: Path) -> None:
    arguments = made_up(tmp_path)
    for name in ("one", "two"):
        assert main([*arguments, "--output", str(tmp_path / name)]) == 0
    for name in ("tagger.npz", "tagger.json", "statements.npz", "statements.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    tagger = Tagger.load(tmp_path / "one" / "tagger.npz")
    (found,) = tagger.tag([("On unlearning", "We do unlearning.")], unit_rows(1, 2))
    assert max(found.scores["phase"], key=lambda k: found.scores["phase"][k]) == PHASES[0]
    model = StatementClassifier.load(tmp_path / "one" / "statements.npz")
    (label,) = model.label(["direction sentence number 999."], unit_rows(1, 2))
    assert label.label == "direction"


def test_missing_texts_and_vectors_are_named(tmp_path: Path) -> None:
    arguments = made_up(tmp_path, 80)
    (tmp_path / "labels" / "papers_more.jsonl").write_text(
        json.dumps({"id": "p999", "phases": [], "layers": [], "times": "once"}) + "\n"
    )
    with pytest.raises(LabelsError, match="p999"):
        main([*arguments, "--output", str(tmp_path / "out")])


def test_half_a_pair_of_files_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--texts", "x.jsonl"])
    assert caught.value.code == 2
    assert "--vectors" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "a", "phases": ["testing"], "times": "once"}', "unknown testing"),
        ('{"id": "a", "phases": [], "times": "thrice"}', "once, twice"),
        ("[1]", "no JSON object"),
        ('{"id": "a", "times": "once"}\n{"id": "a", "times": "once"}', "twice"),
    ],
)
def test_wrong_codings_are_refused(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "papers_x.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(LabelsError, match=message):
        read_codings(tmp_path, codebook.load())


def test_a_paper_coded_twice_hides_its_single_coding(tmp_path: Path) -> None:
    write_lines(tmp_path / "papers_a.jsonl", [{"id": "a", "phases": [PHASES[0]], "times": "twice"}])
    write_lines(tmp_path / "papers_b.jsonl", [{"id": "a", "phases": [], "times": "once"}])
    (paper,) = read_codings(tmp_path, codebook.load())
    assert paper.labels == {PHASES[0]}


def test_the_projects_codings_hold_labels_and_no_texts() -> None:
    papers = read_codings(labels.FOLDER, codebook.load())
    sentences = read_sentence_codings(labels.FOLDER)
    assert sum(paper.times == "twice" for paper in papers) == 337
    assert sum(sentence.times == "twice" for sentence in sentences) == 382
    allowed = {
        "id", "phases", "layers", "coder", "times", "confident", "chosen",
        "paper", "source", "start", "end", "sha256", "label",
        "roles", "sentence", "use",
    }  # fmt: skip
    of_challenges = {
        "id", "a", "b", "paper", "start", "end", "sha256", "cosine", "words", "of", "drawn", "half",
        "first", "second", "same", "none", "unsure", "sentences", "trouble",
        "challenge_id", "papers", "readable", "reason",
    }  # fmt: skip
    for path in labels.FOLDER.glob("*.jsonl"):
        known = of_challenges if path.stem.startswith(CHALLENGES) else allowed
        for line in labels.lines(path):
            assert set(line) <= known
            assert max(map(len, leaves(line))) < 100


def leaves(value: object) -> list[str]:
    """Every text within a line: an id, a hash, a word; long ones would be an author's."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in leaves(one)]
    if isinstance(value, list):
        return [text for one in value for text in leaves(one)]
    return [str(value)]
