"""Floors of retrieval on a sample of SciFact's training claims, by `kb eval retrieval`.

The sample is the first sixty claims, their documents, and every twenty-fifth other document:
easier than the whole collection, so the floors are higher than its figures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kb.eval_retrieval import eval_retrieval
from kb.ranking import MODES
from kb.trec import read_collection

CLAIMS = 60


@pytest.fixture(scope="module")
def sample(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection in BEIR layout, cut from SciFact's training part."""
    whole = shared_data / "retrieval" / "scifact_train"
    folder = tmp_path_factory.mktemp("scifact")
    (folder / "qrels").mkdir()
    collection = read_collection(whole)
    claims = dict(list(collection.queries.items())[:CLAIMS])
    wanted = {document for claim in claims for document in collection.grades[claim]}
    lines = (whole / "corpus.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [
        line for i, line in enumerate(lines) if i % 25 == 0 or json.loads(line)["_id"] in wanted
    ]
    (folder / "corpus.jsonl").write_text("".join(kept), encoding="utf-8")
    queries = [json.dumps({"_id": claim, "text": text}) for claim, text in claims.items()]
    (folder / "queries.jsonl").write_text("\n".join(queries), encoding="utf-8")
    judged = [
        f"{claim}\t{document}\t{grade}"
        for claim in claims
        for document, grade in collection.grades[claim].items()
    ]
    (folder / "qrels" / "test.tsv").write_text("\n".join(judged), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The measures of each mode; documents are embedded once."""
    cache = tmp_path_factory.mktemp("cache") / "vectors.sqlite"
    return {mode: eval_retrieval(sample, mode=mode, cache=cache) for mode in MODES}


def test_hybrid_is_good_enough(found: dict[str, dict[str, Any]]) -> None:
    assert found["hybrid"]["queries"] == CLAIMS
    assert found["hybrid"]["ndcg@10"] >= 0.80
    assert found["hybrid"]["recall@20"] >= 0.95


def test_hybrid_is_no_worse_than_either_leg(found: dict[str, dict[str, Any]]) -> None:
    for leg in ("dense", "lexical"):
        assert found["hybrid"]["ndcg@10"] >= found[leg]["ndcg@10"] - 0.005
