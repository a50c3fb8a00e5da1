"""Floors of the tagger and the sentence classifier on the gold set, cross-validated.

Each fold trains on all codings but its own; the texts come from the shared data. Floors lie
a little below what was measured (taxonomy/weights/metrics.json), so that a worse method
fails and an unlucky fold does not. There are fewer folds than for those figures, so that a run
trains fewer models: still every paper and sentence is judged by one that did not see it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from taxonomy import evaluation
from taxonomy.codebook import load
from taxonomy.labels import FOLDER, lines, read_sentence_codings, text_hash
from taxonomy.statement_training import StatementRecipe
from taxonomy.tagger_training import Recipe
from taxonomy.training import SEED, read_texts

Texts = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> Texts:
    """Title and abstract of every record that is shared, by id."""
    names = ("arxiv_cs_abstracts.jsonl.gz", "llm_se_papers.jsonl.gz")
    coded = ("train/papers.jsonl", "gold/papers.jsonl")
    return read_texts([shared_data / name for name in (*names, *coded)])


def test_tags_of_unseen_papers(texts: Texts) -> None:
    codebook = load()
    examples, gold, language = evaluation.shipped_examples(texts, FOLDER, codebook)
    rng = np.random.default_rng(SEED)
    judged = evaluation.cross_validate(examples, gold, language, Recipe(), rng, folds=3)
    found = evaluation.summary(
        examples.truth[judged.rows], judged.chosen, examples.facet_of, codebook, rng
    )
    assert found["phases"]["macro_f1"]["n"] == len(gold) == 337
    assert found["phases"]["macro_f1"]["value"] >= 0.68
    assert found["layers"]["macro_f1"]["value"] >= 0.74
    assert found["phases"]["false_tags"]["value"] <= 0.14
    assert found["layers"]["false_tags"]["value"] <= 0.14


def test_labels_of_unseen_sentences(texts: Texts, shared_data: Path) -> None:
    shared = [
        str(line["text"])
        for name in ("gold", "train")
        for line in lines(shared_data / name / "sentences.jsonl")
    ]
    cut = [
        texts[one.paper][1][one.start : one.end]
        for one in read_sentence_codings(FOLDER)
        if one.paper in texts and one.start >= 0
    ]
    examples = evaluation.shipped_sentences([*shared, *cut], FOLDER)
    gold = {
        text_hash(str(line["text"])) for line in lines(shared_data / "gold" / "sentences.jsonl")
    }
    judged = np.flatnonzero([text_hash(text) in gold for text in examples.texts])
    rng = np.random.default_rng(SEED)
    rows, chances, said = evaluation.judge_statements(
        examples, judged, StatementRecipe(), rng, folds=5
    )
    found = evaluation.statement_report(examples.truth[rows], said, chances, rng)
    assert len(rows) == 382
    assert found["challenge"]["f1"]["value"] >= 0.81
    assert found["direction"]["f1"]["value"] >= 0.64
    assert found["contribution"]["f1"]["value"] >= 0.80
