"""While papers come and go, one operation sees one state of the library, never two mixed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.answer import ask
from kb.catalogue import Filters
from kb.catalogue.reading import Reader
from kb.catalogue.values import Vector
from kb.covered import papers_behind
from kb.embed import Embedder
from kb.exporting import chosen
from kb.library import Library
from kb.mapping import challenge_map, challenges, changed_since
from kb.query import parse
from kb.ranking import Ints
from kb.review_order import queue
from kb.review_sources import from_library
from kb.review_state import board
from kb.saved_searches import news, save, saved_searches
from kb.screening import create, decide, reviews
from kb.search import related, search
from kb.snapshot import Snapshot

Operation = Callable[[Library], object]

SOME = Filters(year_from=2000)
FIRST = "2501.00001"
QUESTION = "Which benchmark is for repository-level completion?"


def watched(library: Library) -> object:
    """What is new in a saved search of somebody who has seen nothing yet."""
    name = f"models {len(saved_searches(library, 'ada'))}"
    return news(library, replace(save(library, "ada", name, "models", SOME), seen=0))


def screened(library: Library) -> object:
    name = create(library, f"Review {len(reviews(library))}", question=QUESTION).name
    from_library(library, name, SOME)
    left = queue(library, board(library, name), "abstract", "ada", "likely")
    decide(library, name, left[0], "include", who="ada")
    return queue(library, board(library, name), "abstract", "ada", "likely")


OPERATIONS: dict[str, Operation] = {
    "search": lambda library: search(library, "models", SOME).hits,
    "words": lambda library: search(library, "models", SOME, mode="lexical").hits,
    "passages": lambda library: (
        search(library, parse('"models" year:2000-', library.edition), SOME, by="passages").hits
    ),
    "conditions": lambda library: search(library, parse("year:2000-", library.edition)).hits,
    "related": lambda library: related(library, FIRST, SOME).hits,
    "ask": lambda library: ask(library, QUESTION, SOME).reason,
    "ask about a few": lambda library: ask(library, QUESTION, Filters(author="a")).reason,
    "a name nobody has": lambda library: ask(library, "How does FooBarNet generate code?").reason,
    "count": lambda library: ask(library, "How many papers are about models?").sentences,
    "what an answer rests on": lambda library: papers_behind(
        library, ask(library, QUESTION).to_json()
    )["tagged"],
    "challenges": lambda library: challenges(library, SOME),
    "map": lambda library: challenge_map(library, SOME),
    "what is new on the map": lambda library: changed_since(library, SOME, "2025"),
    "export": lambda library: chosen(library, SOME),
    "saved search": watched,
    "review": screened,
}


Moved = tuple[Library, Snapshot, Snapshot]


@pytest.fixture(scope="module", params=["a paper comes", "a paper goes"])
def moved(
    request: pytest.FixtureRequest,
    made_library: Path,
    embedder: Embedder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Moved]:
    """A library, and its snapshots of before and after a change."""
    folder = tmp_path_factory.mktemp("moved") / "library"
    shutil.copytree(made_library, folder)
    library = Library.open(folder)
    library.embedder = embedder
    before = library.snapshot()
    before.matrix  # noqa: B018 - as it is before the change
    if request.param == "a paper comes":
        source = folder.parent / "more.jsonl"
        facts = {"arxiv_id": "2403.00001", "title": "On more models", "abstract": "We count."}
        source.write_text(json.dumps(facts | {"published": "2024-03-01", "authors": ["A. B."]}))
        assert add(library, [jsonl(source)]).added == 1
    else:
        assert library.remove([before.table.paper_id[-1]]) == 1
    after = library.snapshot()
    assert len(after.table.n) != len(before.table.n)
    yield library, before, after
    library.close()


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("first", [0, 1], ids=["before first", "after first"])
def test_an_operation_sees_one_state(
    moved: Moved, name: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, *states = moved
    turns = cycle([states[first], states[1 - first]])
    monkeypatch.setattr(Library, "snapshot", lambda _: next(turns))
    OPERATIONS[name](library)


def test_every_thread_gets_the_same_vectors(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Reader.all_vectors

    def slowly(reader: Reader) -> tuple[Ints, Ints, Vector]:
        time.sleep(0.1)  # so that the others ask meanwhile
        return read(reader)

    monkeypatch.setattr(Reader, "all_vectors", slowly)
    snapshot = Snapshot.take(library.catalogue)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: snapshot.matrix, range(4)))
    assert all(one is found[0] for one in found)
