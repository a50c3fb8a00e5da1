"""Papers that come in are merged behind people's backs, once, and nothing of it is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from kb import challenge_acts as acts
from kb import kept_challenges, mapping
from kb.adding import add
from kb.library import Library
from kb.mapping import being_merged, mapped, merge_behind
from kb.merge_process import Work, merge_apart, merge_here, rows_of
from kb.stated import stated

NEW = {
    "id": "2501.00009",
    "title": "Oracles for agents",
    "abstract": "However, there is no oracle for what agents write. It remains hard to trust them.",
    "authors": ["Ann New"],
    "categories": ["cs.SE"],
    "published": "2025-01-09",
}


def work(library: Library, folder: Path, *, keep: bool = True) -> Work:
    found = stated(library, None)
    return Work(found.statements, found.vectors, folder / "pairs.npz", "rules", keep)


def come_in(library: Library, folder: Path) -> None:
    records = folder / "new.jsonl"
    records.write_text(json.dumps(NEW), encoding="utf-8")
    assert add(library, [jsonl(records)]).added == 1


@pytest.fixture
def served(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of a process that serves people, large enough to be merged apart."""
    monkeypatch.setattr(mapping, "_memory", {})
    monkeypatch.setattr(mapping, "_served", {})
    monkeypatch.setattr(mapping, "_FEW", 0)
    merge_behind(library)
    return library


def wait() -> None:
    for thread in mapping._served.values():
        if thread is not None:
            thread.join(60)


def test_a_child_merges_as_this_process_does(library: Library, tmp_path: Path) -> None:
    here, apart = tmp_path / "here", tmp_path / "apart"
    for folder in (here, apart):
        folder.mkdir()
    rows = merge_apart(work(library, apart))
    assert rows == json.loads(json.dumps(rows_of(merge_here(work(library, here)))))
    assert rows
    assert (apart / "pairs.npz").exists()


def test_a_child_that_may_not_write_writes_nothing(library: Library, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    assert merge_apart(work(library, bare, keep=False))
    assert not list(bare.iterdir())


def test_a_child_that_comes_to_nothing_is_replaced(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert merge_apart(work(library, tmp_path), seconds=0.01) is None
    wanted = mapped(library).built
    (library.folder / "challenges.json").unlink()
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    assert kept_challenges.merged(library, stated(library, None), apart=True) == wanted


def test_who_looks_meanwhile_sees_the_map_of_before_and_one_merges(
    served: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge, begun = kept_challenges.merged, list[bool]()

    def noted(library: Library, found: Any, *, apart: bool) -> Any:
        begun.append(apart)
        return merge(library, found, apart=apart)

    monkeypatch.setattr(kept_challenges, "merged", noted)
    before = mapped(served)
    assert not being_merged(served)
    come_in(served, tmp_path)
    with ThreadPoolExecutor(4) as people:
        got = list(people.map(lambda _: mapped(served), range(8)))
    assert being_merged(served)
    assert all(one.generation == before.generation for one in got)
    # What people decide meanwhile holds at once, and afterwards.
    acts.rename(served, before.challenges[0].challenge_id, "Called otherwise", who="ada")
    assert "Called otherwise" in {one.statement for one in mapped(served).challenges}
    wait()
    after = mapped(served)
    assert after.generation > before.generation
    assert f"arxiv:{NEW['id']}" in after.papers or str(NEW["id"]) in after.papers
    assert "Called otherwise" in {one.statement for one in after.challenges}
    assert begun == [True, True]
    monkeypatch.setattr(mapping, "_memory", {})
    monkeypatch.setattr(mapping, "_served", {})
    assert mapped(served) == after


def test_what_came_in_while_merging_is_merged_next(served: Library, tmp_path: Path) -> None:
    mapped(served)
    come_in(served, tmp_path)
    mapped(served)
    served.remove([str(NEW["id"])])
    wait()
    mapped(served)
    wait()
    assert mapped(served).generation == served.snapshot().generation
    assert not being_merged(served)
