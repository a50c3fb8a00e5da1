"""Backups: copied while others work, put back whole, and nothing lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.records import Paper
from ingest.sources import FileSource, Found
from kb.adding import add
from kb.backup import KEPT_COPIES, backup, keep_copy, newest_backup, restore
from kb.bundle import load_bundle
from kb.catalogue import SCHEMA_VERSION, Catalogue, Filters
from kb.catalogue.sidecar import beside, fault, publish
from kb.catalogue.store import check_file
from kb.cli import main
from kb.doctor import check, examine
from kb.errors import DamagedCatalogue, LibraryLocked, NewerSchema, UsageError
from kb.library import Library
from kb.search import search

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FIXTURE = Path(__file__).parents[1] / "fixtures" / "v1"


def ids(folder: Path) -> set[str]:
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        found = {paper.paper_id for paper in reader.papers().values()}
    library.close()
    return found


def test_a_restored_library_holds_what_it_held(folder: Path, tmp_path: Path) -> None:
    before = ids(folder)
    library = Library.open(folder)
    backup(library.catalogue, tmp_path / "copy.sqlite")
    library.remove(["2501.00001"])
    library.close()
    kept = restore(folder, tmp_path / "copy.sqlite", NOW)
    assert ids(folder) == before
    assert kept == folder / "backups" / "20260304T050607-before-restore.sqlite"
    assert check_file(kept) == SCHEMA_VERSION
    assert examine(folder) == []
    library = Library.open(folder)
    found = search(library, "benchmark for repository-level code completion", Filters())
    assert found.hits[0].paper.paper_id == "2501.00001"
    library.close()


def test_a_process_that_has_the_library_open_sees_the_restored_one(
    folder: Path, tmp_path: Path
) -> None:
    library = Library.open(folder)
    backup(library.catalogue, tmp_path / "copy.sqlite")
    library.remove(["2501.00001"])
    before = library.snapshot().generation
    restore(folder, tmp_path / "copy.sqlite", NOW)
    assert library.snapshot().generation > before
    assert library.number("2501.00001")
    library.close()


def test_a_backup_is_taken_while_a_write_is_open(folder: Path, tmp_path: Path) -> None:
    library = Library.open(folder)
    with library.catalogue.write() as writer:
        writer.remove_papers([1])
        backup(library.catalogue, tmp_path / "copy.sqlite")
    copy = Catalogue.open(tmp_path / "copy.sqlite")
    with copy.read() as reader:
        assert reader.counts()["papers"] == 12
    copy.close()
    library.close()


def test_a_damaged_catalogue_is_replaced_and_kept_aside(folder: Path) -> None:
    path = folder / "catalogue.sqlite"
    before = ids(folder)
    library = Library.open(folder)
    library.catalogue.backup(folder / "backups" / "good.sqlite")
    library.close()
    path.write_bytes(path.read_bytes()[:20_000])
    newest = newest_backup(folder)
    assert newest is not None
    kept = restore(folder, newest, NOW)
    assert kept is not None
    assert kept.name == "20260304T050607-damaged.sqlite"
    assert kept.stat().st_size == 20_000
    assert ids(folder) == before
    assert newest_backup(folder) == folder / "backups" / "good.sqlite"
    assert examine(folder) == []


def test_a_lost_catalogue_is_put_back(tmp_path: Path) -> None:
    copy = FIXTURE / "library" / "catalogue.sqlite"
    assert restore(tmp_path / "library", copy, NOW) is None
    assert len(ids(tmp_path / "library")) == 3


def test_a_catalogue_of_older_tables_is_replaced(tmp_path: Path) -> None:
    """Its tables lack columns; what they hold is still told to go."""
    older = tmp_path / "library"
    shutil.copytree(FIXTURE / "library", older)
    with closing(sqlite3.connect(older / "catalogue.sqlite")) as held, held:
        held.execute("UPDATE papers SET n = 900 WHERE n = 2")
    assert restore(older, FIXTURE / "library" / "catalogue.sqlite", NOW) is not None
    with closing(Library.open(older)) as library, library.catalogue.read() as reader:
        assert reader.removed_since(0) >= {1, 2, 3, 900}
    assert examine(older) == []


@pytest.mark.parametrize("fault", ["cut", "other", "newer"])
def test_what_is_no_good_backup_is_refused(fault: str, folder: Path, tmp_path: Path) -> None:
    before = ids(folder)
    copy = tmp_path / "copy.sqlite"
    good = (FIXTURE / "library" / "catalogue.sqlite").read_bytes()
    copy.write_bytes({"cut": good[:50_000], "other": b"text", "newer": good}[fault])
    if fault == "newer":
        with sqlite3.connect(copy) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '7'")
        connection.close()
    with pytest.raises(NewerSchema if fault == "newer" else DamagedCatalogue):
        restore(folder, copy, NOW)
    assert ids(folder) == before
    assert examine(folder) == []


def test_no_restoring_while_another_writes(folder: Path) -> None:
    library = Library.open(folder)
    copy = FIXTURE / "library" / "catalogue.sqlite"
    with library.lock.held(), pytest.raises(LibraryLocked):
        restore(folder, copy, NOW)
    library.close()


def test_a_folder_is_no_backup_file(folder: Path, tmp_path: Path) -> None:
    library = Library.open(folder)
    for target in (tmp_path, library.catalogue.path):
        with pytest.raises(UsageError, match="not a file to back up to"):
            backup(library.catalogue, target)
    library.close()


def test_a_bulk_removal_is_backed_up_first(folder: Path) -> None:
    library = Library.open(folder)
    library.clock = lambda: NOW
    papers = [Paper(f"2412.{n:05d}", f"Paper {n}", arxiv_id=f"2412.{n:05d}") for n in range(30)]
    items = [Found(paper.paper_id, lambda paper=paper: paper) for paper in papers]  # type: ignore[misc]
    add(library, [FileSource("many", lambda: iter(items))])
    names = [paper.paper_id for paper in papers]
    with pytest.raises(UsageError, match="would remove 30 of 42"):
        library.remove(names)
    assert library.remove(names, yes=True) == 30
    library.close()
    kept = Catalogue.open(folder / "backups" / "20260304T050607-before-removal.sqlite")
    with kept.read() as reader:
        assert reader.counts()["papers"] == 42
    kept.close()


def test_the_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> dict[str, object]:
        assert main(["--library", str(folder), *words, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert isinstance(found, dict)
        return found

    copy, bundle = tmp_path / "copy.sqlite", tmp_path / "library.kbz"
    assert run("backup", str(copy))["file"] == str(copy)
    assert run("remove", "2501.00001") == {"removed": 1}
    assert run("bundle", "-o", str(bundle))["papers"] == 11
    assert run("restore", str(copy))["papers"] == 12
    status = run("status")
    assert status.keys() >= {"papers", "passages", "vectors", "tags", "statements", "generation"}
    assert (status["papers"], status["indexes_current"], status["writer"]) == (12, True, None)
    assert run("reindex")["passages"] == status["passages"]
    assert run("reindex", "--embed")["embedded"] == status["vectors"]
    assert run("doctor")["ok"] is True
    library = Library.open(folder)
    report = load_bundle(library, bundle)
    assert (report.added, report.unchanged) == (0, 11)
    assert check(library) == []
    library.close()


def test_making_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "new")
    assert main(["--library", folder, "init", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["papers"], told["passages"]) == (0, 0)
    assert main(["--library", folder, "init", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "library_exists"
    assert main(["--library", folder, "doctor"]) == 0


def with_a_lost_bit(path: Path) -> bytes:
    """Lose one bit within a stored text of a backup, where SQLite's own check sees nothing."""
    whole = path.read_bytes()
    at = whole.index(b"Code models are judged o")
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    return whole


def test_a_backup_that_lost_a_bit_is_refused_and_an_older_one_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    older, newer = folder / "backups" / "older.sqlite", folder / "backups" / "newer.sqlite"
    for n, path in enumerate((older, newer)):
        library.catalogue.backup(path)
        assert beside(path).read_text() == f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        os.utime(path, (n, n))
    library.close()
    assert newest_backup(folder) == newer
    whole = with_a_lost_bit(newer)
    os.utime(newer, (1, 1))
    with pytest.raises(DamagedCatalogue, match=r"newer\.sqlite is damaged") as raised:
        restore(folder, newer, NOW)
    assert "kb restore" in raised.value.remedy
    assert str(beside(newer)) in raised.value.remedy
    assert newest_backup(folder) == older
    assert main(["--library", str(folder), "restore", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (Path(told["file"]).name, told["verified"]) == ("older.sqlite", True)
    (passed_over,) = told["passed_over"]
    assert "newer.sqlite" in passed_over
    newer.write_bytes(whole)
    check_file(newer)


def test_a_backup_without_a_checksum_is_restored_and_said_to_be(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    backup(library.catalogue, tmp_path / "copy.sqlite")
    library.close()
    beside(tmp_path / "copy.sqlite").unlink()
    words = ["--library", str(folder), "restore", str(tmp_path / "copy.sqlite")]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False
    assert main(words) == 0
    assert "No checksum lies beside it" in capsys.readouterr().out
    assert examine(folder) == []


def test_a_backup_over_another_has_the_sum_of_the_new_one(folder: Path, tmp_path: Path) -> None:
    library = Library.open(folder)
    copy = tmp_path / "copy.sqlite"
    backup(library.catalogue, copy)
    first = beside(copy).read_text()
    library.remove(["2501.00001"])
    backup(library.catalogue, copy)
    library.close()
    assert beside(copy).read_text() != first
    check_file(copy)


def test_a_copy_that_cannot_be_named_leaves_the_former_one_whole(tmp_path: Path) -> None:
    target, part = tmp_path / "copy.sqlite", tmp_path / "copy.sqlite.1.part"
    part.write_bytes(b"one")
    publish(part, target)
    with pytest.raises(OSError, match="No such file"):
        publish(part, target)  # it is gone
    assert (target.read_bytes(), fault(target)) == (b"one", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, beside(target).name]


def test_old_copies_go_with_their_sums(folder: Path) -> None:
    library = Library.open(folder)
    for _ in range(KEPT_COPIES + 2):
        keep_copy(library.catalogue, "before-removal", NOW)
    library.close()
    left = {path.name for path in (folder / "backups").iterdir()}
    copies = {name for name in left if name.endswith(".sqlite")}
    assert len(copies) == KEPT_COPIES
    assert left == copies | {f"{name}.sha256" for name in copies}
