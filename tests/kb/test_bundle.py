"""Bundles: the same library, the same bytes, merged with care."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import kb.bundle
from ingest.records import PageText, Paper, Section
from ingest.sources import FileSource, Found
from kb.adding import add
from kb.bundle import load_bundle, write_bundle
from kb.catalogue import StoredTag
from kb.catalogue.writing import content_hash
from kb.doctor import check
from kb.errors import Cancelled
from kb.library import Library

FIXTURE = Path(__file__).parents[1] / "fixtures" / "v1" / "library.kbz"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "empty")
    yield made
    made.close()


def counts(library: Library) -> tuple[int, dict[str, int]]:
    with library.catalogue.read() as reader:
        return reader.generation, reader.counts()


def test_the_same_library_gives_the_same_bytes(
    library: Library, empty: Library, tmp_path: Path
) -> None:
    first = write_bundle(library, tmp_path / "first.kbz")
    write_bundle(library, tmp_path / "second.kbz")
    assert (tmp_path / "first.kbz").read_bytes() == (tmp_path / "second.kbz").read_bytes()
    report = load_bundle(empty, tmp_path / "first.kbz")
    assert (report.added, report.updated, report.unchanged) == (12, 0, 0)
    write_bundle(empty, tmp_path / "third.kbz")
    assert (tmp_path / "first.kbz").read_bytes() == (tmp_path / "third.kbz").read_bytes()
    assert first.counts["papers"] == 12
    assert first.tagger == library.tagger.version
    assert check(empty) == []


def test_a_load_that_is_cancelled_keeps_nothing(
    library: Library, empty: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(library, tmp_path / "all.kbz")
    before, stop, merge, merged = counts(empty), Event(), kb.bundle._merge, []

    def merge_and_stop(*given: Any, **named: Any) -> set[str]:
        merged.append(merge(*given, **named))
        stop.set()
        return merged[-1]

    monkeypatch.setattr(kb.bundle, "BATCH", 2)
    monkeypatch.setattr(kb.bundle, "_merge", merge_and_stop)
    with pytest.raises(Cancelled):
        load_bundle(empty, tmp_path / "all.kbz", stop=stop)
    assert [len(batch) for batch in merged] == [2]
    assert counts(empty) == before
    monkeypatch.undo()
    assert load_bundle(empty, tmp_path / "all.kbz", stop=Event()).added == 12
    assert check(empty) == []


def test_where_passages_stand_travels_and_is_no_part_of_what_a_paper_says(
    empty: Library, tmp_path: Path
) -> None:
    text = "It is measured on a page. It stands in two columns of that page."
    box, other = (50.0, 60.5, 290.0, 72.5), (310.0, 60.5, 550.0, 72.5)
    part = PageText(3, text, ((0, box), (26, other)))
    paper = Paper("2401.00001", "A placed paper", sections=(Section("Place", 1, 3, (part,)),))
    bare = replace(paper, sections=(Section("Place", 1, 3, (PageText(3, text),)),))
    assert content_hash(paper) == content_hash(bare)
    add(empty, [FileSource("test", lambda: iter([Found("placed", lambda: paper)]))])
    write_bundle(empty, tmp_path / "placed.kbz")
    other_library = Library.create(tmp_path / "other")
    try:
        load_bundle(other_library, tmp_path / "placed.kbz")
        for library in (empty, other_library):
            with library.catalogue.read() as reader:
                number = reader.numbers([paper.paper_id])[paper.paper_id]
                (passage,) = reader.passages_of([number])[number]
            assert passage.boxes == (box, other)
    finally:
        other_library.close()


def test_loading_twice_changes_nothing(empty: Library) -> None:
    load_bundle(empty, FIXTURE)
    before = counts(empty)
    report = load_bundle(empty, FIXTURE)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)
    assert counts(empty) == before


def held(library: Library, paper_id: str) -> Any:
    with library.catalogue.read() as reader:
        return reader.papers([library.number(paper_id)])[library.number(paper_id)]


def source(*papers: Paper) -> FileSource:
    items = [Found(paper.paper_id, lambda paper=paper: paper) for paper in papers]  # type: ignore[misc]
    return FileSource("test", lambda: iter(items))


def test_a_bare_record_never_overwrites_a_full_one(empty: Library) -> None:
    abstract = "Builds break. The ledger says why they broke."
    full = Paper("2402.00002", "A Ledger", abstract=abstract, arxiv_id="2402.00002")
    newer = Paper("2501.00001", "Kettle 3", abstract="A third version.", version="v3")
    add(empty, [source(full, newer)])
    report = load_bundle(empty, FIXTURE)
    assert (report.added, report.updated, report.unchanged) == (1, 1, 1)
    # The bundle's decision is taken over all the same: nobody here had decided.
    ledger = held(empty, "2402.00002")
    assert (ledger.abstract, ledger.title) == (abstract, "A Ledger")
    assert "deployment-and-operations" in ledger.keys("phase")
    assert held(empty, "2501.00001").title == "Kettle 3"
    assert check(empty) == []


def test_a_fuller_record_takes_the_place_of_a_bare_one(empty: Library) -> None:
    add(empty, [source(Paper("doi:10.5555/3000003", "Serving", doi="10.5555/3000003"))])
    report = load_bundle(empty, FIXTURE)
    assert (report.added, report.updated) == (2, 1)
    shed = held(empty, "doi:10.5555/3000003")
    assert shed.full_text
    assert shed.pages == 2
    assert check(empty) == []


def test_a_decision_made_here_stands(empty: Library) -> None:
    load_bundle(empty, FIXTURE)
    key = "deployment-and-operations"
    refused = StoredTag("phase", key, 1.0, (), "human", "by hand", "1", present=False)
    with empty.catalogue.write() as writer:
        number = writer.numbers(["2402.00002"])["2402.00002"]
        _, _, scores = writer.extras(number)
        writer.set_tags(number, [refused], scores)
    load_bundle(empty, FIXTURE)
    assert key not in held(empty, "2402.00002").keys("phase")


def test_collections_travel(empty: Library) -> None:
    load_bundle(empty, FIXTURE)
    with empty.catalogue.read() as reader:
        assert reader.collection("reading") == {"2501.00001"}


def test_loading_is_one_transaction(empty: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counts(empty)
    monkeypatch.setattr(kb.bundle, "BATCH", 1)
    monkeypatch.setattr(kb.bundle, "keep_collected", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_bundle(empty, FIXTURE)
    assert counts(empty) == before
