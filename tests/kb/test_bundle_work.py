"""Notes, reading lists, saved searches and reviews travel in a bundle, and come together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kb import reading_states, remarks, saved_searches, screening
from kb.bundle import load_bundle, read_manifest, write_bundle
from kb.bundle_file import WORK, bundle_reader
from kb.catalogue import Filters
from kb.catalogue.screening import (
    STAGES,
    Criterion,
    read_held,
    read_reviews,
    read_screenings,
    read_sources,
)
from kb.catalogue.tables import metadata
from kb.chats import keep
from kb.collecting import collect
from kb.library import Library
from kb.query import parse
from kb.review_check import draw
from kb.review_sources import from_collection, from_ids, from_library, from_log, from_search
from kb.review_state import board
from kb.search_log import log, searches

NAME = "Tests"
TABLES = (
    "remarks reading_states saved_searches reviews review_sources review_papers screenings".split()
)


def clock(day: int) -> Callable[[], datetime]:
    """A clock that goes a second at each look, from a day of its own."""
    now = [datetime(2026, 3, day, tzinfo=UTC)]

    def tick() -> datetime:
        now[0] += timedelta(seconds=1)
        return now[0]

    return tick


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "other")
    made.clock = clock(20)
    yield made
    made.close()


@pytest.fixture
def written(library: Library) -> Library:
    """A library in which people have done some of everything, by chance but always the same."""
    library.clock = clock(1)
    rng = random.Random(3)
    ids = list(library.snapshot().table.paper_id)
    for n in range(30):
        who, paper = rng.choice(["ada", "grace", "李雷"]), rng.choice(ids)
        reading_states.put(library, who, [paper], rng.choice(reading_states.STATES))
        one = remarks.add(library, paper, f"note {n} <b>\n{who}", who)
        if n % 3 == 0:
            remarks.edit(library, one.n, f"note {n} again", "grace")
        if n % 9 == 0:
            remarks.remove(library, one.n, "ada")
    saved_searches.save(
        library, "ada", "news", "tests", Filters(year_from=2024, tags=(("x", "y"),))
    )
    saved_searches.save(library, "grace", "news", '"unit tests"', Filters(), "lexical")
    collect(library, "mine", ids[:3])
    for name in (NAME, "Builds"):
        review(library, name, ids, rng)
    return library


def review(library: Library, name: str, ids: list[str], rng: random.Random) -> None:
    rules = [Criterion("uses a model", "include"), Criterion("not a paper", "exclude")]
    screening.create(library, name, question="How?", criteria=rules, coders=2, blind=True)
    log(library, parse("code", library.edition), Filters(), "lexical", 2, ids[:2])
    from_search(library, name, "tests", Filters(year_from=2020), mode="lexical", who="ada")
    from_log(library, name, searches(library)[-1], "ada")
    from_collection(library, name, "mine", "ada")
    from_library(library, name, who="grace")
    from_ids(library, name, ids[:2], "ada")
    for _ in range(20):
        say(library, name, rng.choice(ids), rng.choice(["ada", "grace"]), rng)
    screening.undo(library, name, who="ada")
    last = read(library, "screenings")[-1]
    screening.undo(library, name, n=last["n"], who="grace")  # an undo, undone
    draw(library, name, 1, who="ada")


def say(library: Library, name: str, paper: str, who: str, rng: random.Random) -> None:
    stage = rng.choice(["abstract", "full_text"])
    verdict = rng.choice(screening.VERDICTS[stage])
    screening.decide(library, name, paper, verdict, stage=stage, reason="because", who=who)


def read(library: Library, table: str) -> list[dict[str, Any]]:
    held = metadata.tables[table]
    with library.catalogue.read() as reader:
        rows = reader.connection.execute(select(held).order_by(*held.primary_key.columns))
        return [dict(row._mapping) for row in rows]


def everything(library: Library) -> dict[str, list[dict[str, Any]]]:
    return {table: read(library, table) for table in TABLES}


def outcomes(library: Library, name: str) -> dict[str, list[str]]:
    cases = board(library, name).cases
    return {one: [case.outcomes[stage].state for stage in STAGES] for one, case in cases.items()}


def told(library: Library) -> Any:
    """What people see of their work, without the numbers that a library gives."""
    with library.catalogue.read() as reader:
        names = list(read_reviews(reader.connection))
    return (
        [(one.paper_id, one.text, one.who, one.changed_by) for one in remarks.remarks(library)],
        {who: reading_states.states(library, who) for who in ("ada", "grace", "李雷")},
        [
            (one.name, one.query, one.filters)
            for one in saved_searches.saved_searches(library, "ada")
        ],
        {name: outcomes(library, name) for name in names},
    )


def test_what_people_wrote_comes_out_as_it_went_in(
    written: Library, other: Library, tmp_path: Path
) -> None:
    write_bundle(written, tmp_path / "first.kbz")
    with bundle_reader(tmp_path / "first.kbz") as reader:
        assert all(reader.holds(name) for name in WORK)
    load_bundle(other, tmp_path / "first.kbz")
    assert told(other) == told(written)
    assert all(everything(other).values())
    write_bundle(other, tmp_path / "second.kbz")
    assert (tmp_path / "first.kbz").read_bytes() == (tmp_path / "second.kbz").read_bytes()


def test_loading_twice_changes_nothing(written: Library, other: Library, tmp_path: Path) -> None:
    write_bundle(written, tmp_path / "work.kbz")
    before = everything(written)
    load_bundle(written, tmp_path / "work.kbz")
    assert everything(written) == before
    load_bundle(other, tmp_path / "work.kbz")
    before = everything(other)
    load_bundle(other, tmp_path / "work.kbz")
    assert everything(other) == before


def test_chats_and_searches_stay_behind(written: Library, other: Library, tmp_path: Path) -> None:
    keep(written, "abc", "What is asked?", {"answered": False})
    write_bundle(written, tmp_path / "work.kbz")
    load_bundle(other, tmp_path / "work.kbz")
    for table in ("chats", "chat_heads", "searches", "visits"):
        assert not read(other, table)


def test_where_nobody_wrote_there_is_no_member(library: Library, tmp_path: Path) -> None:
    assert write_bundle(library, tmp_path / "bare.kbz").schema == 2
    with bundle_reader(tmp_path / "bare.kbz") as reader:
        assert not any(reader.holds(name) for name in WORK)


def test_a_bundle_names_the_oldest_schema_that_reads_it(written: Library, tmp_path: Path) -> None:
    assert write_bundle(written, tmp_path / "work.kbz").schema == 4
    assert read_manifest(tmp_path / "work.kbz").schema == 4


def test_another_review_of_the_same_name_is_kept_beside(
    written: Library, other: Library, tmp_path: Path
) -> None:
    screening.create(other, NAME, question="Something else?")
    write_bundle(written, tmp_path / "work.kbz")
    for _ in range(2):
        load_bundle(other, tmp_path / "work.kbz")
        with other.catalogue.read() as reader:
            held = read_reviews(reader.connection)
            assert set(held) == {NAME, f"{NAME} (2)", "Builds"}
            assert held[NAME].question == "Something else?"
            assert not read_sources(reader.connection, NAME)
            log = read_screenings(reader.connection, f"{NAME} (2)")
            papers = read_held(reader.connection, f"{NAME} (2)")
        with written.catalogue.read() as reader:
            assert len(log) == len(read_screenings(reader.connection, NAME))
            assert len(papers) == len(read_held(reader.connection, NAME))
    # And home again: it is known by when it was begun.
    before = everything(written)
    write_bundle(other, tmp_path / "back.kbz")
    load_bundle(written, tmp_path / "back.kbz")
    after = everything(written)
    assert {one["name"] for one in after["reviews"]} == {NAME, "Builds", f"{NAME} (2)"}
    assert after["screenings"] == before["screenings"]
    assert after["review_papers"] == before["review_papers"]


def test_two_people_screen_one_review_in_two_libraries(
    written: Library, other: Library, tmp_path: Path
) -> None:
    write_bundle(written, tmp_path / "work.kbz")
    load_bundle(other, tmp_path / "work.kbz")
    paper = next(iter(board(written, NAME).cases))
    screening.decide(other, NAME, paper, "include", who="ada")
    screening.decide(written, NAME, paper, "exclude", who="grace")
    screening.undo(written, NAME, who="grace")
    screening.change(other, NAME, question="Changed there?")
    write_bundle(other, tmp_path / "theirs.kbz")
    write_bundle(written, tmp_path / "ours.kbz")
    load_bundle(written, tmp_path / "theirs.kbz")
    load_bundle(other, tmp_path / "ours.kbz")
    assert told(other)[3] == told(written)[3]
    assert len(read(other, "screenings")) == len(read(written, "screenings"))
    assert screening.require(written, NAME).question == "How?"


def test_the_last_change_of_a_note_holds(written: Library, other: Library, tmp_path: Path) -> None:
    one = remarks.remarks(written)[0]
    write_bundle(written, tmp_path / "work.kbz")
    load_bundle(other, tmp_path / "work.kbz")
    same = next(two for two in remarks.remarks(other) if two.text == one.text)
    remarks.edit(written, one.n, "of the first of March", "ada")
    remarks.edit(other, same.n, "of the twentieth", "ada")
    write_bundle(written, tmp_path / "older.kbz")
    load_bundle(other, tmp_path / "older.kbz")
    texts = [two.text for two in remarks.remarks(other)]
    assert "of the twentieth" in texts
    assert "of the first of March" not in texts
    assert len(texts) == len(remarks.remarks(written))


def test_the_newer_reading_state_holds(written: Library, other: Library, tmp_path: Path) -> None:
    write_bundle(written, tmp_path / "work.kbz")
    load_bundle(other, tmp_path / "work.kbz")
    paper, state = next(iter(reading_states.states(other, "ada").items()))
    newer = next(one for one in reading_states.STATES if one != state)
    reading_states.put(other, "ada", [paper], newer)
    load_bundle(other, tmp_path / "work.kbz")
    assert reading_states.states(other, "ada")[paper] == newer
    write_bundle(other, tmp_path / "newer.kbz")
    load_bundle(written, tmp_path / "newer.kbz")
    assert reading_states.states(written, "ada")[paper] == newer


def test_a_saved_search_of_the_same_name_is_kept_beside(
    written: Library, other: Library, tmp_path: Path
) -> None:
    write_bundle(written, tmp_path / "work.kbz")
    saved_searches.save(other, "ada", "news", "something else", Filters())
    for _ in range(2):
        load_bundle(other, tmp_path / "work.kbz")
        held = {one.name: one for one in saved_searches.saved_searches(other, "ada")}
        assert set(held) == {"news", "news (2)"}
        assert held["news"].query == "something else"
    assert saved_searches.news(other, held["news (2)"]) == []
    saved_searches.rename(other, "ada", "news (2)", "renamed")
    load_bundle(other, tmp_path / "work.kbz")
    names = {one.name for one in saved_searches.saved_searches(other, "ada")}
    assert names == {"news", "renamed"}
