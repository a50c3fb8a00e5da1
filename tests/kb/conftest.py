"""A small library of invented papers, made once, copied for each test that writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.embed import Embedder
from kb.library import Library
from kb.model_files import DEFAULT_MODEL

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


@pytest.fixture
def folder(made_library: Path, tmp_path: Path) -> Path:
    """A copy of the library's folder, to write to."""
    target = tmp_path / "library"
    shutil.copytree(made_library, target)
    return target


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
