"""A small library of invented papers, made once, copied for each test that writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.catalogue import Catalogue
from kb.catalogue.places import CATALOGUE
from kb.catalogue.postgres import Postgres
from kb.embed import Embedder
from kb.library import Library
from kb.model_files import DEFAULT_MODEL
from kb.settings import FILE
from tests.kb.postgres_server import Server, binaries, running

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


@pytest.fixture(scope="session")
def made_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library with twelve invented papers. Do not write to it."""
    folder = tmp_path_factory.mktemp("made") / "library"
    library = Library.create(folder)
    report = add(library, [jsonl(PAPERS)])
    assert report.added == 12
    library.close()
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    if binaries() is None:
        pytest.skip("no PostgreSQL: on Debian, apt install postgresql")
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def made_database(postgres: Server, made_library: Path) -> str:
    """The name of a database with the same twelve papers. Do not write to it."""
    url = postgres.new_database()
    place = Postgres(url, made_library / "on-a-server")
    catalogue = Catalogue.create(place)
    catalogue.overwrite(made_library / CATALOGUE)
    catalogue.close()
    return str(place.url.database)


@pytest.fixture
def folder(made_library: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of the library's folder, to write to; its catalogue may lie in PostgreSQL."""
    target = tmp_path / "library"
    shutil.copytree(made_library, target)
    if getattr(request, "param", "sqlite") == "postgres":
        server: Server = request.getfixturevalue("postgres")
        url = server.new_database(request.getfixturevalue("made_database"))
        (target / CATALOGUE).unlink()
        (target / FILE).write_text(f'catalogue_url = "{url}"\n', encoding="utf-8")
    return target


BOTH = {
    "test_adding",
    "test_challenge_decisions",
    "test_chats",
    "test_collecting",
    "test_decisions",
    "test_journal",
    "test_merging",
    "test_restated",
    "test_seams",
    "test_sums",
}
"""Modules whose tests of a library run on PostgreSQL too."""


SQLITE_ONLY = {"test_a_full_disk_ends_the_run_and_loses_nothing"}
"""Tests that have SQLite itself play a full disk."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a library on both engines, where their module is one of `BOTH`."""
    if metafunc.function.__name__ in SQLITE_ONLY:
        return
    if "folder" in metafunc.fixturenames and metafunc.module.__name__.split(".")[-1] in BOTH:
        kinds = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
        metafunc.parametrize("folder", kinds, indirect=True)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default model, loaded once for all tests."""
    return Embedder(DEFAULT_MODEL, threads=2)


@pytest.fixture
def library(folder: Path, embedder: Embedder) -> Iterator[Library]:
    """An open copy of the library."""
    opened = Library.open(folder)
    opened.embedder = embedder  # loading it anew takes longer than most tests
    yield opened
    opened.close()
