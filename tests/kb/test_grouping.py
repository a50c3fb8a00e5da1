"""Sentences of an answer put together: what agrees, what differs, by phase where asked."""

from __future__ import annotations

import numpy as np
import pytest

from kb.grouping import CLOSEST, FURTHER, LEADING, Group, Said, claims, grouped
from kb.library import Library
from taxonomy.codebook import load

CODEBOOK = load()
ASKED = frozenset({"ai", "develop"})


def said(
    text: str, *places: tuple[str, str], at: float = 0.0, papers: int = 1, of: str = ""
) -> Said:
    """A sentence whose vector lies `at` radians from the first axis; each of its own papers."""
    vector = np.array([np.cos(at), np.sin(at)], dtype=np.float32)
    ids = frozenset(f"{of or text} {n}" for n in range(papers))
    return Said(text, vector, frozenset(text.lower().split()) | ASKED, ids, places)


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("AI assistance reduced task completion time by 30%.", {("cost", -1)}),
        ("Allowing AI actually increases completion time by 19%.", {("cost", 1)}),
        ("Success rates dropped on hard tasks.", {("success", -1)}),
        ("It raises accuracy while it lowers cost.", {("success", 1), ("cost", -1)}),
        ("It does not improve accuracy.", set()),
        ("The code of an expert is more energy-efficient.", set()),
        ("Costs rise for some and token use fell for others: it increases costs.", set()),
        ("We study agents.", set()),
    ],
)
def test_what_a_sentence_claims(text: str, claimed: set[tuple[str, int]]) -> None:
    assert claims(text) == claimed


def test_opposed_findings_are_shown_side_by_side() -> None:
    sentences = [
        said("AI reduced task completion time by 30%."),
        said("Developers like AI.", at=1.4),
        said("Allowing AI increases completion time by 19%.", at=0.9),
    ]
    groups = grouped(sentences, "Does AI make developers faster?", ASKED, CODEBOOK)
    assert groups == (
        Group("differing", "Papers differ on cost", (0, 2)),
        Group("further", CLOSEST, (1,)),
    )


@pytest.mark.parametrize(
    "texts",
    [
        ("AI reduced task completion time by 30%.", "Allowing AI increases completion time."),
        ("Generated tests miss faults.", "Generated tests miss many faults."),
    ],
)
def test_one_paper_neither_differs_nor_agrees_with_itself(texts: tuple[str, str]) -> None:
    own = [said(texts[0], of="one"), said(texts[1], at=0.5, of="one")]
    assert [one.kind for one in grouped(own, "What is known?", ASKED, CODEBOOK)] == ["further"]
    two = [said(texts[0]), said(texts[1], at=0.5)]
    assert grouped(two, "What is known?", ASKED, CODEBOOK)[0].kind in ("agreeing", "differing")


def test_a_method_praised_by_its_makers_contradicts_nobody() -> None:
    sentences = [
        said("Our approach reduces token cost by 30%."),
        said("AI increases the cost of tokens.", at=0.9),
    ]
    (group,) = grouped(sentences, "What does AI cost developers?", ASKED, CODEBOOK)
    assert group == Group("further", CLOSEST, (0, 1))


def test_figures_differ_only_where_all_else_is_alike() -> None:
    sentences = [
        said("Agents solve 30% of issues."),
        said("Agents solve 61% of issues.", at=0.3),
        said("Agents fix 12% of typing faults.", at=1.2),
    ]
    groups = grouped(sentences, "How many issues are solved?", ASKED, CODEBOOK)
    assert groups[0] == Group("differing", "Papers differ on figures", (0, 1))


def test_what_is_said_alike_agrees() -> None:
    sentences = [
        said("Generated tests miss faults."),
        said("Judges prefer long code.", at=1.3),
        said("Generated tests miss many faults.", at=0.2),
        said("Reviews are slow.", at=2.6, papers=3),
    ]
    groups = grouped(sentences, "What is known?", ASKED, CODEBOOK)
    assert groups == (
        Group("agreeing", "2 papers agree", (0, 2)),
        Group("further", CLOSEST, (1,)),
        Group("agreeing", "3 papers agree", (3,)),
    )


def test_by_phase_where_it_is_asked() -> None:
    sentences = [
        said("A.", ("phase", "testing-and-evaluation"), ("layer", "synthesis")),
        said("B."),
        said("C.", ("phase", "dataset-construction")),
        said("D.", ("phase", "testing-and-evaluation"), at=1.0),
    ]
    question = "What are the challenges across the lifecycle phases?"
    assert grouped(sentences, question, ASKED, CODEBOOK) == (
        Group("phase", "Dataset construction", (2,)),
        Group("phase", "Testing and evaluation", (0, 3)),
        Group("further", "Without a phase", (1,)),
    )
    by_layer = grouped(sentences, "What differs in each layer?", ASKED, CODEBOOK)
    assert by_layer[0] == Group("phase", "Synthesis Layer", (0,))


def test_every_sentence_is_in_one_group(library: Library) -> None:
    many = [said(f"Sentence {i}.", at=i * 0.6) for i in range(LEADING + 3)]
    groups = grouped(many, "What is known?", ASKED, CODEBOOK)
    held = [i for group in groups for i in group.sentences]
    assert sorted(held) == list(range(len(many)))
    assert groups[-1].title == FURTHER
    assert grouped([], "What is known?", ASKED, CODEBOOK) == ()
