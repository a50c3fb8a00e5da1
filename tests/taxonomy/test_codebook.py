"""The shipped codebooks say what they must, and wrong files are refused with the reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from taxonomy import codebook
from taxonomy.codebook import CodebookError, UnknownNameError

PHASES = {
    "requirements-engineering": "Requirements engineering",
    "dataset-construction": "Dataset construction",
    "model-development-and-enhancement": "Model development and enhancement",
    "testing-and-evaluation": "Testing and evaluation",
    "deployment-and-operations": "Deployment and operations",
    "maintenance-and-evolution": "Maintenance and evolution",
}
LAYERS = {
    "requirements-and-user": ("Requirements and User Layer", "Input"),
    "model-invocation": ("Model Invocation Layer", "Orchestration"),
    "planning-and-reasoning": ("Planning & Reasoning Layer", "Orchestration"),
    "synthesis": ("Synthesis Layer", "Development"),
    "execution-verification-validation": (
        "Execution, Verification & Validation Layer",
        "Validation",
    ),
    "refinement-and-debug": ("Refinement & Debug Layer", "Validation"),
}

GOOD = """
key = "risk"
plural = "risks"
name = "Risk"
version = "1"
[[category]]
key = "high-risk"
name = "High risk"
definition = "What can hurt."
source = "inferred"
confidence = "low"
cues = ["harm"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "facet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_and_order_of_the_phases_are_the_surveys() -> None:
    facet = codebook.load().facet("phase")
    assert {c.key: c.name for c in facet.categories} == PHASES
    assert facet.keys == tuple(PHASES)
    assert (facet.plural, facet.arxiv_id) == ("phases", "2506.23762")
    assert all(c.source == "survey" for c in facet.categories)


def test_names_order_and_stages_of_the_layers() -> None:
    facet = codebook.load().facet("layer")
    assert {c.key: (c.name, c.stage) for c in facet.categories} == LAYERS
    assert facet.keys == tuple(LAYERS)
    assert (facet.plural, facet.arxiv_id) == ("layers", "2501.11354")
    assert all(c.source == "secondary" for c in facet.categories)
    sources = {c.stage_source for c in facet.categories if c.stage != "Input"}
    assert sources == {"inferred"}


def test_every_shipped_entry_is_complete() -> None:
    for facet in codebook.load().facets:
        assert facet.citation
        assert facet.note
        for category in facet.categories:
            for field in dataclasses.fields(category):
                if field.name not in {"stage", "parent"}:
                    assert getattr(category, field.name), (category.key, field.name)


def test_an_unknown_name_lists_the_known() -> None:
    book = codebook.load()
    with pytest.raises(UnknownNameError, match="phase, layer"):
        book.facet("face")
    with pytest.raises(UnknownNameError, match="synthesis"):
        book.facet("layer").category("syntesis")


def test_a_users_facet_stands_beside_the_shipped(tmp_path: Path) -> None:
    book = codebook.load([*codebook.SHIPPED, written(tmp_path, GOOD)])
    assert book.keys == ("phase", "layer", "risk")
    assert book.facet("risk").category("high-risk").confidence == "low"


def test_the_version_follows_the_content_not_the_layout(tmp_path: Path) -> None:
    first = codebook.load([written(tmp_path, GOOD)]).version
    relaid = codebook.load([written(tmp_path, "# a comment\n" + GOOD)]).version
    changed = codebook.load([written(tmp_path, GOOD.replace("can hurt", "could hurt"))]).version
    raised = codebook.load([written(tmp_path, GOOD.replace('"1"', '"2"'))]).version
    assert first == relaid
    assert len({first, changed, raised}) == 3
    assert first.startswith("risk-1.")
    assert raised.startswith("risk-2.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Risk"', 'name = "Risk"\nnme = "x"', "Unknown key 'nme'"),
        ('cues = ["harm"]', 'clues = ["harm"]', "Unknown key 'clues'"),
        ('version = "1"\n', "", "'version' is missing"),
        ('definition = "What can hurt."\n', "", "'definition' is missing"),
        ('definition = "What can hurt."', 'definition = " "', "not empty"),
        ('source = "inferred"', 'source = "hearsay"', "survey, secondary, inferred"),
        ('confidence = "low"', 'confidence = "0.9"', "high, medium, low"),
        ('key = "high-risk"', 'key = "High Risk"', "no key"),
        ('cues = ["harm"]', 'cues = ["Harm"]', "lower case"),
        ('cues = ["harm"]', 'cues = "harm"', "list of texts"),
        ('cues = ["harm"]', 'parent = "risky"', "sub-area"),
        ('key = "risk"', "key = 'risk", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(CodebookError, match=message) as caught:
        codebook.load([written(tmp_path, GOOD.replace(old, new))])
    assert "facet.toml" in str(caught.value)


def test_doubles_are_refused(tmp_path: Path) -> None:
    entry = GOOD[GOOD.index("[[category]]") :]
    with pytest.raises(CodebookError, match="'high-risk' occurs twice"):
        codebook.load([written(tmp_path, GOOD + entry)])
    path = written(tmp_path, GOOD)
    with pytest.raises(CodebookError, match="'risk' occurs twice"):
        codebook.load([path, path])


def test_no_file_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CodebookError, match="No codebook file"):
        codebook.load([])
    with pytest.raises(CodebookError, match="cannot be read"):
        codebook.load([tmp_path / "absent.toml"])
