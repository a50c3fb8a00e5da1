"""A decision is applied to what was read before, and gives what reading everything gives."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.sources import jsonl
from kb import challenge_acts as acts
from kb import decisions, kept_challenges, mapping, merging
from kb.adding import add
from kb.backup import backup, restore
from kb.catalogue import Catalogue, StoredPaper
from kb.catalogue import soundness as repairs
from kb.catalogue.tables import sentences
from kb.challenges import build
from kb.errors import KbError
from kb.evidence import statement_id
from kb.library import Library
from kb.mapping import Mapped, challenge_map, mapped
from kb.restated import restated
from kb.stated import Stated, stated

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
WHO = ("ada", "bo")

Act = Callable[[Library, random.Random], object]


def read_anew(library: Library, monkeypatch: pytest.MonkeyPatch) -> tuple[Mapped, object]:
    """What a process that knows nothing reads and merges, and its map."""
    with monkeypatch.context() as patch:
        patch.setattr(mapping, "_memory", {})
        patch.setattr(mapping, "_served", {})
        patch.setattr(
            kept_challenges, "merged", lambda _, found, **__: build(found.statements, found.vectors)
        )
        return mapped(library), challenge_map(library).to_json()


def paper(library: Library, rng: random.Random) -> StoredPaper:
    return rng.choice(sorted(mapped(library).papers.values(), key=lambda one: one.n))


def tag(library: Library, rng: random.Random) -> None:
    facet = rng.choice(("phase", "layer"))
    key, verdict = rng.choice(library.codebook.facet(facet).keys), rng.choice(("yes", "no"))
    one = paper(library, rng).paper_id
    decisions.decide(library, one, facet, key, verdict, who=rng.choice(WHO))


def facts(library: Library, rng: random.Random) -> None:
    """Other authors, another year; sometimes another date, which orders the statements."""
    new: dict[str, object] = {"authors": [f"Author {rng.randrange(4)}"], "year": 2020}
    if rng.random() < 0.3:
        new["published"] = f"2020-0{rng.randrange(1, 9)}-01"
    number = paper(library, rng).n
    with library.writing(), library.catalogue.write() as writer:
        writer.set_facts(number, new)


def challenge(library: Library, rng: random.Random) -> None:
    known = mapped(library).challenges
    if not known:
        return
    one, who = rng.choice(known), rng.choice(WHO)
    rows = [statement_id(item.statement) for item in one.evidence]
    ways: list[Callable[[], object]] = [
        lambda: acts.rename(library, one.challenge_id, f"Called {rng.random()}", who=who),
        lambda: acts.reject(library, one.challenge_id, who=who),
        lambda: acts.reject(library, one.challenge_id, rows[:1], who=who),
        lambda: acts.split(library, one.challenge_id, rows[:1], who=who),
        lambda: acts.merge(library, [one.challenge_id, rng.choice(known).challenge_id], who=who),
    ]
    rng.choice(ways)()


def renamed(library: Library, rng: random.Random) -> None:
    one = rng.choice(mapped(library).challenges)
    acts.rename(library, one.challenge_id, "Called otherwise", who="ada")


def joined(library: Library, rng: random.Random) -> None:
    one, other = paper(library, rng).paper_id, paper(library, rng).paper_id
    merging.join(library, one, [other], "ada", yes=True)


def gone(library: Library, rng: random.Random) -> None:
    library.remove([paper(library, rng).paper_id])


ACTS: tuple[Act, ...] = (
    tag,
    tag,
    facts,
    challenge,
    challenge,
    challenge,
    lambda library, rng: decisions.undo(library, who=rng.choice(WHO)),
    lambda library, rng: acts.undo(library, who=rng.choice(WHO)),
    joined,
    lambda library, _: merging.undo(library, None, "ada"),
    gone,
    lambda library, _: add(library, [jsonl(PAPERS)]),
)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_decisions_the_map_is_that_of_reading_everything(
    library: Library, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    mapped(library)
    light: list[bool] = []

    def noted(held: Library, *rest: object) -> object:
        found = restated(held, *rest)  # type: ignore[arg-type]
        light.append(found is not None)
        return found

    monkeypatch.setattr(mapping, "restated", noted)
    for act in (tag, gone, *rng.choices(ACTS, k=14)):
        try:
            act(library, rng)
        except KbError:
            continue  # nothing to undo, nothing left to split
        now, chart = mapped(library), challenge_map(library).to_json()
        assert (now, chart) == read_anew(library, monkeypatch)
    assert {True, False} <= set(light), "each way was taken"


def test_a_decision_reads_no_statement_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped(library)
    rng = random.Random(1)
    monkeypatch.setattr(mapping, "stated", lambda *_, **__: pytest.fail("read again"))
    for act in (tag, renamed, tag):
        act(library, rng)
        assert mapped(library).challenges


def test_a_restored_library_is_mapped_anew(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its papers state what they did; their tags, authors and years are of before."""
    before = mapped(library).papers
    backup(library.catalogue, tmp_path / "copy.sqlite")
    rng = random.Random(2)
    for act in (tag, tag, tag, facts):
        act(library, rng)
    assert mapped(library).papers != before
    restore(library.folder, tmp_path / "copy.sqlite", datetime(2026, 3, 4, tzinfo=UTC))
    now, chart = mapped(library), challenge_map(library).to_json()
    assert now.papers == before
    assert (now, chart) == read_anew(library, monkeypatch)


def test_a_decision_on_an_older_codebook_s_map_merges_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped(library)  # by which challenges are found to decide on
    found = mapped(library, 0)
    monkeypatch.setattr(mapping, "stated", lambda *_, **__: pytest.fail("read again"))
    monkeypatch.setattr("kb.challenges.build", lambda *_: pytest.fail("merged again"))
    acts.rename(library, found.challenges[0].challenge_id, "Called otherwise", who="ada")
    assert "Called otherwise" in {one.statement for one in mapped(library, 0).challenges}


def test_a_vector_that_a_repair_mends_is_merged_anew(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sums are as before: nothing but the repair tells that it was another."""
    mapped(library)
    number = mapped(library).challenges[0].evidence[0].statement.sentence_id
    flip(library.catalogue, number)
    read: list[Stated] = []

    def noted(*where: Any, **how: Any) -> Stated:
        read.append(stated(*where, **how))
        return read[-1]

    monkeypatch.setattr(mapping, "stated", noted)
    with library.writing(), library.catalogue.write() as writer:
        assert repairs.put_bytes_back(writer) == 1
    mapped(library)
    assert len(read) == 1


def flip(catalogue: Catalogue, number: int) -> None:
    """Change a byte of a sentence's vector behind everybody's back."""
    with catalogue.write(bump=False) as writer:
        here = sentences.c.n == number
        held = bytearray(
            writer.connection.execute(select(sentences.c.vector).where(here)).scalar_one()
        )
        held[3] ^= 0x40
        writer.connection.execute(sentences.update().where(here).values(vector=bytes(held)))
