"""Added papers cost only what is new about them, and change nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb import known_pairs, likeness, mapping
from kb.challenges import Statement, build
from kb.decisions import decide
from kb.known_pairs import Memory
from kb.library import Library
from kb.likeness import Floats, Ints

THINGS = ("unit tests", "verilog code", "long prompts", "licensed code", "agent traces")
TROUBLES = (
    "{thing} remain hard to verify because no oracle exists",
    "there is no benchmark for {thing} that real developers trust",
    "models hallucinate in {thing} and nobody notices until release",
    "{thing} are expensive to label and scarce in public data",
)
KINDS = ("challenge", "challenge", "direction", "contribution")


OPENINGS = {"contribution": "We address that ", "direction": "Future work should ask why "}


def statements(papers: int) -> tuple[list[Statement], Floats]:
    """Invented statements of so many papers, and vectors that follow their words."""
    rng = np.random.default_rng(7)
    ground = {word: rng.normal(size=24) for word in (*THINGS, *TROUBLES)}
    found: list[Statement] = []
    vectors = []
    for paper in range(papers):
        for at, kind in enumerate(KINDS):
            thing = THINGS[int(rng.integers(len(THINGS)))]
            trouble = TROUBLES[int(rng.integers(len(TROUBLES)))]
            opening = OPENINGS.get(kind, "However, ")
            quote = f"{opening}{trouble.format(thing=thing)} in case {paper}."
            vector = ground[thing] + ground[trouble] + 0.3 * rng.normal(size=24)
            vectors.append(vector / np.linalg.norm(vector))
            found.append(
                Statement(
                    sentence_id=len(found),
                    paper_id=f"25{paper // 1000:02}.{paper:05}",
                    passage_id=f"p{paper}",
                    page=None,
                    section="Abstract",
                    quote=quote,
                    label=kind,
                    score=0.9,
                    method="classifier",
                    version="1",
                    human=False,
                    published=f"2025-{1 + paper // 28:02}-{1 + paper % 28:02}",
                    year=2025,
                    authors=(f"Author {paper}",),
                    phases=(),
                    layers=(),
                    start=10 * at,
                    end=10 * at + len(quote),
                )
            )
    return found, np.array(vectors, dtype=np.float32)


@pytest.mark.parametrize("late", ["newest", "some", "all but one"])
def test_what_was_compared_before_changes_no_challenge(
    late: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, vectors = statements(80)
    # Fewer than 256 challenge sentences share no background: so the rules stay the same.
    new = {"newest": range(70, 80), "some": range(0, 80, 5), "all but one": range(1, 80)}[late]
    old = [row for row, one in enumerate(said) if int(one.paper_id[-5:]) not in set(new)]
    first = Memory()
    build([said[row] for row in old], vectors[old], memory=first, rules="r")
    known_pairs.keep(tmp_path / "pairs.npz", first)
    whole = build(said, vectors)
    asked: list[int] = []
    compare = likeness._Comparison.with_row

    def counted(self: likeness._Comparison, row: int, near: Ints, least: float) -> Any:
        asked.append(row)
        return compare(self, row, near, least)

    monkeypatch.setattr(likeness._Comparison, "with_row", counted)
    memory = known_pairs.recall(tmp_path / "pairs.npz")
    assert build(said, vectors, memory=memory, rules="r") == whole
    assert len(asked) <= 2 * len(list(new))
    assert max(one.papers for one in whole) > 1
    assert any(one.answers for one in whole)
    assert any(one.directions for one in whole)
    # And without the papers again: what is gone is not remembered into the result.
    again = Memory(memory.stamp, memory.now)
    less = build([said[row] for row in old], vectors[old], memory=again, rules="r")
    assert less == build([said[row] for row in old], vectors[old])


def test_pairs_of_other_rules_or_vectors_are_not_used() -> None:
    said, vectors = statements(20)
    memory = Memory()
    build(said, vectors, memory=memory, rules="old")
    lying = {
        name: replace(one, pairs=replace(one.pairs, sure=np.ones_like(one.pairs.sure)))
        for name, one in memory.now.items()
    }
    whole = build(said, vectors)
    assert build(said, vectors, memory=Memory(memory.stamp, dict(lying)), rules="old") != whole
    assert build(said, vectors, memory=Memory(memory.stamp, dict(lying)), rules="new") == whole
    turned = np.ascontiguousarray(vectors[:, ::-1])
    assert build(said, turned, memory=Memory(memory.stamp, dict(lying)), rules="old") == build(
        said, turned
    )


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "indices", "lengths", "pickle"])
def test_a_damaged_file_of_pairs_is_as_good_as_none(damage: str, tmp_path: Path) -> None:
    said, vectors = statements(12)
    memory = Memory()
    build(said, vectors, memory=memory)
    path = tmp_path / "pairs.npz"
    known_pairs.keep(path, memory)
    assert known_pairs.recall(path).before.keys() == {"challenge", "contribution", "direction"}
    with np.load(path) as held:
        arrays = dict(held)
    if damage == "indices":
        arrays["challenge-one"] = arrays["challenge-one"] + 10_000
    elif damage == "lengths":
        arrays["challenge-sure"] = arrays["challenge-sure"][:-1]
    elif damage == "pickle":
        arrays["challenge-one"] = np.array([{}], dtype=object)
    if damage in ("indices", "lengths", "pickle"):
        np.savez(path, **arrays)
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(bytes({"cut": content[:200], "empty": b"", "flipped": content}[damage]))
    assert known_pairs.recall(path).before == {}


def test_a_decision_on_tags_merges_nothing_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mapping.mapped(library)
    one = next(found for found in before.challenges if found.papers == 1)
    paper = one.paper_ids[0]
    wanted = next(key for key in library.codebook.facet("phase").keys if key not in one.phases)
    monkeypatch.setattr("kb.challenges.build", lambda *_, **__: pytest.fail("merged again"))
    decide(library, paper, "phase", wanted, "yes", who="ada")
    after = mapping.mapped(library)
    assert after.generation > before.generation
    now = next(found for found in after.challenges if found.challenge_id == one.challenge_id)
    assert wanted in now.phases
    assert [found.challenge_id for found in after.challenges] == [
        found.challenge_id for found in before.challenges
    ]
