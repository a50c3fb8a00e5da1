"""Floors of retrieval, by `kb eval retrieval`: SciFact's training claims and own questions.

SciFact: the first sixty claims, their documents, and every twenty-fifth other document. Own
questions: the papers that answer any of them, and every fortieth other paper. Both are easier
than the whole collections, so the floors are higher than their figures.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from kb.adding import Options, add
from kb.eval_retrieval import eval_questions, eval_retrieval
from kb.evaluate import read_questions
from kb.library import Library
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
    assert found["hybrid"]["ndcg@10"] >= 0.885
    assert found["hybrid"]["recall@20"] >= 0.98


def test_hybrid_is_no_worse_than_either_leg(found: dict[str, dict[str, Any]]) -> None:
    for leg in ("dense", "lexical"):
        assert found["hybrid"]["ndcg@10"] >= found[leg]["ndcg@10"] - 0.005


@pytest.fixture(scope="module")
def own(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The measures of the questions to papers of the field, beside those of either leg."""
    folder = tmp_path_factory.mktemp("own")
    asked = [one for one in read_questions(shared_data / "gold" / "questions.jsonl") if one.gold]
    wanted = {paper for one in asked for paper in one.gold}
    with gzip.open(shared_data / "llm_se_papers.jsonl.gz", "rt", encoding="utf-8") as stream:
        lines = stream.readlines()
    kept = [
        line
        for i, line in enumerate(lines)
        if i % 40 == 0 or json.loads(line)["arxiv_id"] in wanted
    ]
    (folder / "papers.jsonl").write_text("".join(kept), encoding="utf-8")
    library = Library.create(folder / "library")
    add(library, [jsonl(folder / "papers.jsonl")], Options(statements=False))
    return eval_questions(library, asked, compare=True)


def test_hybrid_finds_what_is_asked_in_its_own_field(own: dict[str, Any]) -> None:
    assert own["ndcg@10"] >= 0.875
    assert own["recall@20"] >= 0.945


@pytest.mark.parametrize("leg", ["dense", "lexical"])
def test_hybrid_is_surely_ahead_of_either_leg_in_its_own_field(
    own: dict[str, Any], leg: str
) -> None:
    low, _ = own["compare"][leg]["ndcg@10"]["interval"]
    assert low > 0
