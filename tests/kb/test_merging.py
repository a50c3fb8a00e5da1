"""Papers that are one: counted once, found by every id, and taken apart without a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.sources import jsonl
from kb.adding import add
from kb.bundle import load_bundle, write_bundle
from kb.card import card
from kb.catalogue import Filters, StoredTag
from kb.catalogue.joining import merge_log, records
from kb.cli import main
from kb.doctor import check, mend
from kb.duplicates import apply, proposals
from kb.errors import UsageError
from kb.library import Library
from kb.merging import groups, join, part, undo
from kb.search import search

A, B, C = "2501.00001", "2502.00002", "2502.00003"


def ids(library: Library) -> list[str]:
    with library.catalogue.read() as reader:
        return [one.paper_id for one in reader.papers().values()]


@pytest.fixture
def three(library: Library) -> tuple[str, str, str]:
    """Ids of three papers of the library."""
    first, second, third, *_ = ids(library)
    return first, second, third


def state(library: Library) -> Any:
    """All that follows from the log."""
    with library.catalogue.read() as reader:
        table = reader.table()
        return (
            {n: one.same_as for n, one in records(reader).items()},
            reader.papers(),
            reader.counts(),
            {key: mask.tolist() for key, mask in table.has_tags.items()},
            table.paper_id,
            sorted(reader.collection("mine")),
        )


def human(key: str, *, present: bool = True) -> StoredTag:
    return StoredTag("phase", key, 1.0, (), "human", "", "", present)


def tagged(library: Library, paper_id: str, *new: StoredTag) -> None:
    with library.catalogue.write() as writer:
        number = writer.numbers([paper_id])[paper_id]
        own = [tag for tag in writer.papers([number])[number].tags if tag.by == "machine"]
        writer.set_tags(number, [*own, *new], {})


def test_a_joined_paper_is_none_of_its_own(library: Library, three: tuple[str, str, str]) -> None:
    kept, other, _ = three
    number = library.number(other)
    with library.catalogue.read() as reader:
        before = reader.counts()
    group = join(library, kept, [other], "ann", "the journal's version")
    assert group.paper_id == kept
    with library.catalogue.read() as reader:
        after = reader.counts()
        gone = {one.n for one in reader.passages_of([number])[number]}
        assert number not in reader.table().n
    assert after["papers"] == before["papers"] - 1
    assert after["passages"] == before["passages"] - len(gone)
    assert not gone & library.indexes.vector.numbers()
    assert not gone & library.indexes.text.passage_numbers()
    for mode in ("hybrid", "dense", "lexical"):
        found = search(library, "code models", Filters(), limit=20, mode=mode)
        assert other not in [hit.paper.paper_id for hit in found.hits]
    assert library.number(other) == library.number(kept)
    (version,) = card(library, library.number(other)).versions
    assert (version.paper_id, version.why, version.by) == (other, "the journal's version", "ann")
    assert check(library) == []


def test_undoing_brings_it_back_everywhere(library: Library, three: tuple[str, str, str]) -> None:
    kept, other, _ = three
    before = state(library)
    vectors = library.indexes.vector.numbers()
    join(library, kept, [other], "ann")
    undo(library, None, "ann")
    assert state(library) == before
    assert library.indexes.vector.numbers() == vectors
    assert check(library) == []


def test_three_become_one_and_removing_it_frees_the_others(
    library: Library, three: tuple[str, str, str]
) -> None:
    kept, *others = three
    assert len(join(library, kept, others, "ann").versions) == 2
    held = len(ids(library))
    assert library.remove([kept]) == 1
    assert len(ids(library)) == held + 1
    assert set(others) <= set(ids(library))
    assert check(library) == []


def test_removing_a_version_by_its_id_leaves_the_rest(
    library: Library, three: tuple[str, str, str]
) -> None:
    kept, other, _ = three
    join(library, kept, [other], "ann")
    library.remove([other])
    assert kept in ids(library)
    with library.catalogue.read() as reader:
        assert other not in reader.numbers([other])
        assert groups(reader) == []


def test_what_people_said_of_a_version_counts_for_the_paper(
    library: Library, three: tuple[str, str, str]
) -> None:
    kept, other, _ = three
    phases = library.codebook.facet("phase").keys
    tagged(library, kept, human(phases[0], present=False))
    tagged(library, other, human(phases[0]), human(phases[1]))
    with library.catalogue.write() as writer:
        writer.set_collected("mine", other, member=True, now="")
    join(library, kept, [other], "ann")
    with library.catalogue.read() as reader:
        number = library.number(kept)
        keys = reader.papers([number])[number].keys("phase")
        assert reader.collection("mine") == {kept}
        row = reader.table().row_of[number]
        assert reader.table().human_tags[("phase", phases[1])][row]
    assert phases[0] not in keys  # its own word stands
    assert phases[1] in keys
    undo(library, None, "ann")
    with library.catalogue.read() as reader:
        assert phases[1] not in reader.papers([number])[number].keys("phase")
        assert reader.collection("mine") == {other}


def test_the_one_with_text_stands(library: Library, three: tuple[str, str, str]) -> None:
    kept, other, third = three
    with library.catalogue.write() as writer:
        writer.set_facts(library.number(other), {"full_text": True})
    assert join(library, kept, [other, third], "ann").paper_id == other
    assert library.number(kept) == library.number(other) == library.number(third)


def test_adding_a_version_again_does_not_free_it(
    library: Library, three: tuple[str, str, str], tmp_path: Path
) -> None:
    kept, other, _ = three
    join(library, kept, [other], "ann")
    file = tmp_path / "again.jsonl"
    abstract = "Another abstract entirely, of planes and boats."
    record = {"arxiv_id": other, "title": "New words", "abstract": abstract}
    file.write_text(json.dumps(record))
    assert add(library, [jsonl(file)]).updated == 1
    assert other not in ids(library)
    (version,) = card(library, library.number(kept)).versions
    assert version.title == "New words"
    assert check(library) == []


def test_kept_apart_is_neither_proposed_nor_joined(library: Library, tmp_path: Path) -> None:
    title = "A Very Particular Study of Compilers and Their Bugs"
    rows = [
        {"arxiv_id": "2503.11111", "title": title, "authors": ["Ann Bee"], "abstract": "One."},
        {"doi": "10.1145/1", "title": title, "authors": ["Bee, A."], "abstract": "One."},
    ]
    file = tmp_path / "two.jsonl"
    file.write_text(json.dumps(rows[0]))
    add(library, [jsonl(file)])
    part_of = len(ids(library))
    file.write_text(json.dumps(rows[1] | {"authors": []}))
    add(library, [jsonl(file)])
    with library.catalogue.read() as reader:
        (one,) = proposals(reader)
    assert not one.sure
    part(library, "2503.11111", "10.1145/1", "ann")
    file.write_text(json.dumps(rows[1]))
    add(library, [jsonl(file)])
    with library.catalogue.read() as reader:
        assert proposals(reader) == []
    assert len(ids(library)) == part_of + 1
    with pytest.raises(UsageError) as error:
        join(library, "2503.11111", ["10.1145/1"], "ann")
    assert error.value.code == "kept_apart"
    undo(library, None, "ann")
    with library.catalogue.read() as reader:
        assert [one.sure for one in proposals(reader)] == [False]  # somebody had doubts once
    assert apply(library, "ann") == 0


def test_parting_one_of_three_leaves_the_two(library: Library, three: tuple[str, str, str]) -> None:
    kept, other, third = three
    join(library, kept, [other, third], "ann")
    part(library, kept, other, "ann")
    assert library.number(third) == library.number(kept) != library.number(other)


def test_naming_a_paper_twice_is_told(library: Library, three: tuple[str, str, str]) -> None:
    kept, other, _ = three
    for names in ([kept], [other, other], ["2099.99999"]):
        with pytest.raises(UsageError):
            join(library, kept, names, "ann")
    with pytest.raises(UsageError):
        undo(library, 17, "ann")
    with library.catalogue.read() as reader:
        assert merge_log(reader) == []


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["same", "apart", "undo"]), st.integers(0, 4), st.integers(0, 4)),
    max_size=8,
)


def taken(library: Library, names: list[str], step: Step) -> bool:
    """Take one step; False where the rules forbid it."""
    what, a, b = step
    try:
        if what == "undo":
            undo(library, None, "ann")
        elif what == "same":
            join(library, names[a], [names[b]], "ann")
        else:
            part(library, names[a], names[b], "ann")
    except UsageError:
        return False
    return True


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=steps, step=st.tuples(st.sampled_from(["same", "apart"]), *[st.integers(0, 4)] * 2))
def test_undoing_any_step_leaves_what_was(library: Library, before: list[Step], step: Step) -> None:
    names = [record.paper_id for record in _all(library).values()][:5]
    for one in before:
        taken(library, names, one)
    was, logged = state(library), _logged(library)
    taken(library, names, step)
    if _logged(library) > logged:
        undo(library, None, "ann")
    assert state(library) == was
    for one in _all(library).values():
        root = _all(library)[one.stands]
        assert root.same_as is None  # neither chain nor ring


def _all(library: Library) -> dict[int, Any]:
    with library.catalogue.read() as reader:
        return dict(records(reader))


def _logged(library: Library) -> int:
    with library.catalogue.read() as reader:
        return len(merge_log(reader))


@pytest.mark.parametrize("broken", ["nothing", "chain", "ring"])
def test_the_doctor_finds_and_mends(
    library: Library, three: tuple[str, str, str], broken: str
) -> None:
    kept, other, third = (library.number(one) for one in three)
    join(library, three[0], [three[1]], "ann")
    wrong = {"nothing": {other: 999}, "chain": {third: other}, "ring": {kept: other}}[broken]
    with library.catalogue.write() as writer:
        for n, target in wrong.items():
            writer.set_facts(n, {"same_as": target})
    library.indexes.follow(library.catalogue)
    codes = {fault.code for fault in check(library)}
    assert codes & {"joined_to_nothing", "joined_in_chain"}
    mend(library, check(library))
    assert check(library) == []
    assert library.number(three[1]) == kept
    assert library.number(three[2]) == third


def test_a_bundle_carries_what_is_joined(
    library: Library, three: tuple[str, str, str], tmp_path: Path
) -> None:
    kept, other, third = three
    join(library, kept, [third], "ann")
    undo(library, None, "ann")
    join(library, kept, [other], "ann", "one work")
    part(library, kept, third, "ann")
    write_bundle(library, tmp_path / "a.kbz")
    fresh = Library.create(tmp_path / "fresh")
    load_bundle(fresh, tmp_path / "a.kbz")
    with fresh.catalogue.read() as reader:
        (group,) = groups(reader)
        assert reader.counts()["papers"] == 11
    assert (group.paper_id, group.versions[0].paper_id) == (kept, other)
    assert check(fresh) == []
    assert load_bundle(fresh, tmp_path / "a.kbz").updated == 0
    write_bundle(fresh, tmp_path / "b.kbz")
    assert (tmp_path / "a.kbz").read_bytes() == (tmp_path / "b.kbz").read_bytes()
    with pytest.raises(UsageError):
        join(fresh, kept, [third], "ann")


def test_what_people_here_said_stands_over_a_bundle(
    library: Library, three: tuple[str, str, str], tmp_path: Path
) -> None:
    kept, other, _ = three
    join(library, kept, [other], "ann")
    write_bundle(library, tmp_path / "a.kbz")
    undo(library, None, "ann")
    part(library, kept, other, "bob")
    load_bundle(library, tmp_path / "a.kbz")
    assert library.number(kept) != library.number(other)


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = ("--library", str(folder))
    assert run(capsys, "duplicates", *there) == {"joined": 0, "proposals": []}
    group = run(capsys, "same", A, B, "--why", "one work", "--who", "ann", *there)
    assert [one["paper_id"] for one in group["versions"]] == [B]
    assert run(capsys, "show", B, *there)["paper_id"] == A
    assert run(capsys, "show", A, *there)["versions"][0]["why"] == "one work"
    assert run(capsys, "status", *there)["papers"] == 11
    assert run(capsys, "same", "--list", *there)[0]["paper_id"] == A
    assert run(capsys, "same", "--undo", "--who", "ann", *there)["kept"] == A
    assert run(capsys, "same", "--list", *there) == []
    assert run(capsys, "apart", A, B, "--who", "ann", *there) == {"apart": [A, B]}
    for words in (["same", A], ["same", A, A], ["same", A, B], ["same", "--undo", "x"],
                  ["same", "--undo", "99"], ["apart", A, "2099.99999"]):  # fmt: skip
        told = run(capsys, *words, "--who", "ann", *there, status=2)["error"]
        assert told["message"]
        assert told["remedy"]
