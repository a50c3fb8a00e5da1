"""A small library of invented papers, made once, copied for each test that writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.library import Library

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


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    """An open copy of the library."""
    opened = Library.open(folder)
    yield opened
    opened.close()
