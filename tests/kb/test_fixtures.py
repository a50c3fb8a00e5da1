"""A library and a bundle of every schema version open, for good."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kb import chats
from kb.bundle import load_bundle
from kb.catalogue import SCHEMA_VERSION, Filters
from kb.catalogue.frozen import kept_version
from kb.catalogue.places import CATALOGUE
from kb.cli import main
from kb.doctor import check
from kb.errors import KbError
from kb.library import Library
from kb.mapping import challenges
from kb.search import search

FIXTURES = Path(__file__).parents[1] / "fixtures"
VERSIONS = [f"v{number}" for number in range(1, SCHEMA_VERSION + 1)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_library_of_an_earlier_version_opens(version: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / version / "library", tmp_path / "library")
    facts = json.loads((FIXTURES / version / "facts.json").read_text())
    library = Library.open(tmp_path / "library")
    assert check(library) == []
    with library.catalogue.read() as reader:
        assert reader.counts() == facts["counts"]
        assert reader.collection("reading") == {"2501.00001"}
        held = {paper.paper_id: paper for paper in reader.papers().values()}
    assert [
        tag.by for tag in held["2402.00002"].tags if tag.key == "deployment-and-operations"
    ] == ["human"]
    assert held["2402.00002"].digest is not None
    hits = search(library, "shed too hot in summer", Filters(), mode="lexical").hits
    assert [hit.paper.paper_id for hit in hits] == ["doi:10.5555/3000003"]
    assert hits[0].passage.page == 2
    library.close()


def damaged(tmp_path: Path, statement: str) -> Path:
    """A library of schema 4, changed behind its back."""
    folder = tmp_path / "library"
    shutil.copytree(FIXTURES / "v4" / "library", folder)
    with closing(sqlite3.connect(folder / CATALOGUE)) as file:
        file.execute(statement)
        file.commit()
    return folder


def test_a_row_that_cannot_be_read_is_migrated_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = "UPDATE page_texts SET text = CAST(x'ff41' AS TEXT) WHERE rowid = 1"
    folder = damaged(tmp_path, change)
    Library.open(folder).close()
    assert kept_version(folder / CATALOGUE) == SCHEMA_VERSION
    assert main(["--library", str(folder), "doctor"]) == 3
    assert "UTF-8" in capsys.readouterr().out


def test_a_library_that_cannot_be_migrated_is_named_and_leaves_no_copies(tmp_path: Path) -> None:
    folder = damaged(tmp_path, "ALTER TABLE page_texts RENAME COLUMN text TO lost")
    for _ in range(2):
        with pytest.raises(KbError, match="catalogue"):
            Library.open(folder)
    assert not list((folder / "backups").iterdir())
    assert kept_version(folder / CATALOGUE) == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bundle_of_an_earlier_version_loads(version: str, tmp_path: Path) -> None:
    facts = json.loads((FIXTURES / version / "facts.json").read_text())
    library = Library.create(tmp_path / "library")
    report = load_bundle(library, FIXTURES / version / "library.kbz")
    assert (report.added, report.failed) == (3, [])
    assert check(library) == []
    with library.catalogue.read() as reader:
        assert reader.counts() == facts["counts"]
    library.close()


def test_what_people_said_of_chats_and_challenges_is_kept(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "v3" / "library", tmp_path / "library")
    library = Library.open(tmp_path / "library")
    assert [head.name for head in chats.chats(library)] == ["tedium"]
    assert [one.statement for one in challenges(library) if one.renamed] == ["Tests are a chore"]
    library.close()

    other = Library.create(tmp_path / "other")
    load_bundle(other, FIXTURES / "v3" / "library.kbz")
    assert [one.statement for one in challenges(other) if one.renamed] == ["Tests are a chore"]
    other.close()
