"""Training sees the vectors that `kb add` would make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kb import training_vectors
from kb.library import Library

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


def test_paper_vectors_are_those_of_the_library(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "papers.npz"
    assert training_vectors.main(["--texts", str(PAPERS), "--output", str(target)]) == 0
    assert "12 vectors" in capsys.readouterr().out
    made = np.load(target, allow_pickle=False)
    matrix, table = library.snapshot().matrix, library.snapshot().table
    for key, vector in zip(made["ids"].tolist(), made["vectors"], strict=True):
        row = np.array([table.paper_id.index(key)])
        mean = matrix.vectors[matrix.of_papers(row)].mean(axis=0)
        assert float(vector @ mean) / float(np.linalg.norm(mean)) > 0.999


def test_sentences_keep_their_order(tmp_path: Path) -> None:
    source, target = tmp_path / "s.jsonl", tmp_path / "s.npz"
    rows = [{"id": f"s{n}", "text": f"Sentence number {n} of the file."} for n in range(3)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert training_vectors.main(["--sentences", str(source), "--output", str(target)]) == 0
    made = np.load(target, allow_pickle=False)
    assert made["ids"].tolist() == ["s0", "s1", "s2"]
    assert made["vectors"].shape == (3, 384)
