"""What is new to somebody since their last visit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kb.catalogue.own_work import highest_paper
from kb.library import Library
from kb.visits import PAUSE, begin

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(library: Library, when: datetime) -> None:
    library.clock = lambda: when


def highest(library: Library) -> int:
    with library.catalogue.read() as reader:
        return highest_paper(reader.connection)


def test_the_first_visit_finds_nothing_new_the_next_what_came_since(library: Library) -> None:
    at(library, NOON)
    assert begin(library, "ada").since is None
    assert begin(library, "bob").since is None
    at(library, NOON + timedelta(days=1))
    assert begin(library, "ada").since == highest(library)


def test_a_page_loaded_again_is_the_same_visit(library: Library) -> None:
    at(library, NOON)
    begin(library, "ada")
    at(library, NOON + timedelta(days=1))
    second = begin(library, "ada")
    at(library, NOON + timedelta(days=1) + PAUSE / 2)
    again = begin(library, "ada", second)
    assert again.since == second.since
    at(library, NOON + timedelta(days=1) + PAUSE * 2)
    library.remove(["2501.00001"])
    later = begin(library, "ada", again)
    assert later.at > again.at
    assert later.since == second.since


def test_a_library_that_cannot_be_written_tells_what_is_new_all_the_same(
    library: Library,
) -> None:
    at(library, NOON)
    begin(library, "ada")
    library.catalogue.read_only = True
    at(library, NOON + timedelta(days=1))
    assert begin(library, "ada").since == highest(library)
    assert begin(library, "bob").since is None
