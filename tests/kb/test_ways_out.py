"""Ways out: outputs over a library, lost catalogues, and words for each fault."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kb import cli, doctor
from kb.backup import backup, restore
from kb.bundle import write_bundle
from kb.catalogue import Catalogue
from kb.catalogue.decisions import read_log
from kb.cli import main
from kb.commands import serving
from kb.decisions import Verdict, record
from kb.doctor import examine
from kb.errors import CatalogueUnwritable, LibraryError
from kb.index_probe import probe
from kb.library import Library, utc_now
from kb.lock import WriteLock, whoami
from kb.remarks import add, remarks
from kb.whole_file import write_whole

Kb = Any


@pytest.fixture
def kb(folder: Path, capsys: pytest.CaptureFixture[str]) -> Kb:
    """Runs a command under --json: gives the status and the document it printed."""

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main(["--library", str(folder), "--json", *words])
        return status, json.loads(capsys.readouterr().out)

    return run


OVER = (
    ["export", "--format", "csv", "-o"],
    ["map", "--format", "json", "-o"],
    ["table", "--format", "csv", "-o"],
    ["reading", "--format", "csv", "-o"],
    ["taxonomy", "export", "phase", "-o"],
    ["tags", "--export"],
    ["bundle", "-o"],
    ["backup"],
)


@pytest.mark.parametrize("words", OVER, ids=lambda words: words[0])
@pytest.mark.parametrize("name", ["catalogue.sqlite", "settings.toml", "link.csv", "pdf"])
def test_an_output_never_takes_the_place_of_the_librarys_own(
    kb: Kb, folder: Path, tmp_path: Path, words: list[str], name: str
) -> None:
    (folder / "link.csv").symlink_to(folder / "catalogue.sqlite")
    (tmp_path / "link.csv").symlink_to(folder / "catalogue.sqlite")
    before = (folder / "catalogue.sqlite").read_bytes()
    target = (tmp_path if name == "link.csv" else folder) / name
    status, told = kb(*words, str(target))
    assert (status, told["error"]["code"]) == (2, "bad_target")
    assert str(target) == told["error"]["item"]
    assert (folder / "catalogue.sqlite").read_bytes() == before
    assert not (folder / "settings.toml").exists()
    assert not (folder / "pdf").exists()


def test_a_plain_new_file_in_the_librarys_folder_is_fine(kb: Kb, folder: Path) -> None:
    assert kb("export", "--format", "csv", "-o", str(folder / "papers.csv"))[0] == 0
    assert kb("backup", str(folder / "backups" / "mine.sqlite"))[0] == 0
    assert kb("backup", str(folder / "backups" / "mine.sqlite"))[0] == 0


def test_stages_and_folders_of_notes_spare_a_library(kb: Kb, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "another name.db"
    shutil.copy(folder / "catalogue.sqlite", copy)
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"id": "a", "title": "b", "text": "c"}\n')
    for command in ("classify", "statements"):
        for target in (copy, folder / "chroma.json"):
            status, told = kb(command, "--input", str(lines), "--output", str(target))
            assert (status, told["error"]["code"]) == (2, "bad_target")
    status, told = kb("export", "--format", "obsidian", "-o", str(folder / "backups"))
    assert (status, told["error"]["code"]) == (2, "bad_target")
    status, told = kb("eval", "retrieval", "--dataset", str(tmp_path), "--run", str(copy))
    assert (status, told["error"]["code"]) == (2, "bad_target")
    assert copy.read_bytes() == (folder / "catalogue.sqlite").read_bytes()


def test_what_cannot_be_written_is_named_as_it_was_asked_for(
    kb: Kb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "papers.csv"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        status, told = kb("export", "--format", "csv", "-o", str(target))
    assert (status, told["error"]["code"], told["error"]["item"]) == (1, "os_error", str(target))
    status, told = kb("bundle", "-o", str(tmp_path))
    assert (status, "is a folder" in told["error"]["message"]) == (2, True)
    with monkeypatch.context() as patch:
        patch.setattr("kb.bundle.bundle_writer", full)
        status, told = kb("bundle", "-o", str(tmp_path / "all.kbz"))
    assert (status, told["error"]["item"]) == (1, str(tmp_path / "all.kbz"))
    assert not list(tmp_path.glob("*.part"))


def test_a_lost_catalogue_is_put_back_not_begun_anew(kb: Kb, folder: Path) -> None:
    assert kb("backup", str(folder / "backups" / "mine.sqlite"))[0] == 0
    for end in ("", "-wal", "-shm"):
        (folder / f"catalogue.sqlite{end}").unlink(missing_ok=True)
    status, told = kb("status")
    assert (status, told["error"]["code"]) == (3, "no_library")
    assert "kb restore" in told["error"]["remedy"]
    status, told = kb("init")
    assert (status, told["error"]["code"]) == (2, "catalogue_gone")
    assert "1 backups, the indexes lexical and chroma" in told["error"]["message"]
    assert kb("restore")[1]["papers"] == 12
    (folder / "catalogue.sqlite").unlink()
    assert kb("init", "--anew")[1]["papers"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("journal", "--run", "9" * 20),
        ("searches", "-n", "9" * 24),
        ("note", "--remove", "9" * 24),
        ("undo", "9" * 24),
        ("map", "--taxonomy", "9" * 24),
        ("undo", "-n", "9" * 24),
    ],
)
def test_numbers_beyond_all_bounds_are_refused(kb: Kb, words: tuple[str, ...]) -> None:
    status, told = kb(*words)
    assert (status, told["error"]["code"]) == (2, "usage")


def test_the_app_asks_first_whether_it_can_listen_there(kb: Kb) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, told = kb("app", "--headless", "--address", "127.0.0.1", "--port", str(port))
        assert (status, told["error"]["code"]) == (2, "port_in_use")
    status, told = kb("app", "--headless", "--address", "203.0.113.9")
    assert (status, told["error"]["code"]) == (2, "bad_address")
    serving._require_free("127.0.0.1", port)


def test_an_address_that_is_none(kb: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    status, told = kb("app", "--headless", "--address", "nosuch.invalid")
    assert (status, told["error"]["code"]) == (2, "bad_address")


def test_a_catalogue_of_other_tables_is_told_and_left(kb: Kb, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as file:
        file.execute("ALTER TABLE reading_states DROP COLUMN at")
        file.commit()
    fault = examine(folder)[0]
    assert (fault.code, "reading_states.at" in fault.detail) == ("schema", True)
    assert kb("doctor", "--fix")[1]["mended"] == []
    status, told = kb("reading")
    assert (status, bool(told["error"]["remedy"])) == (3, True)


def test_an_answer_of_the_engine_that_nobody_knows_has_a_remedy(library: Library) -> None:
    with pytest.raises(LibraryError) as raised, library.catalogue.read() as reader:
        reader.connection.exec_driver_sql("SELECT nosuch(1)")
    assert "kb doctor" in raised.value.remedy


def test_whatever_else_goes_wrong_is_told_in_one_line(
    kb: Kb, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(cli.kb, "main", broken)
    monkeypatch.delenv("SIXFOLD_DEBUG", raising=False)
    status, told = kb("status")
    assert (status, told["error"]["code"]) == (3, "internal")
    assert main(["status"]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("SIXFOLD_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["status"])


def test_a_bundle_is_tried_as_it_would_be_added(kb: Kb, library: Library, tmp_path: Path) -> None:
    bundle = tmp_path / "all.kbz"
    write_bundle(library, bundle)
    assert kb("add", str(bundle), "--dry-run")[1]["unchanged"] == 12
    held = library.snapshot().table.paper_id[0]
    library.remove([str(held)])
    tried, done = kb("add", str(bundle), "--dry-run")[1], kb("add", str(bundle))[1]
    for name in ("added", "updated", "unchanged"):
        assert tried[name] == done[name]
    assert tried["added"] == 1
    bundle.write_bytes(b"PK")
    error = kb("add", str(bundle))[1]["failed"][0]["error"]
    assert ". ask for the bundle again" in error


def test_a_full_disk_leaves_no_half_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *_: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    lock = WriteLock(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(CatalogueUnwritable, match="No space left"), lock.held():
            pass
    assert not list(tmp_path.glob(".lock.*"))
    with lock.held():
        assert lock.holder()


def test_nobodys_password_is_noted_or_shown(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["/bin/kb", "--library", "postgresql+psycopg://me:secret@host/db", "add"]
    monkeypatch.setattr("sys.argv", words)
    assert whoami()["command"] == "kb --library postgresql+psycopg://…@host/db"
    library = Library.open(folder)
    with library.lock.held():
        assert main(["--library", str(folder), "status"]) == 0
    library.close()
    shown = capsys.readouterr().out
    assert "kb --library" in shown
    assert "{" not in shown


def test_version_as_json(kb: Kb) -> None:
    status, told = kb("--version")
    assert (status, list(told)) == (0, ["version"])


def test_small_words(kb: Kb, folder: Path, library: Library) -> None:
    paper = str(library.snapshot().table.paper_id[0])
    assert kb("fetch", "--collection", "nope")[1]["error"]["code"] == "unknown_collection"
    assert kb("note", paper, "")[0] == 2
    assert kb("note", paper, "kept")[0] == 0
    assert len(kb("note", "list")[1]["notes"]) == len(kb("note", "list", paper)[1]["notes"]) == 1
    assert kb("note", "--edit", "1", "list")[1]["note"]["text"] == "list"
    assert kb("reading", "set", "to_read", paper)[0] == 0
    assert len(kb("reading", "list")[1]["papers"]) == 1
    assert kb("reading", "list", "reading")[1]["papers"] == []
    year = str(library.snapshot().table.year[0])
    assert kb("saved", "add", "by year", "--year", year)[0] == 0
    assert kb("saved", "run", "by year")[1]["results"]["total"] >= 1
    assert kb("saved", "add", "nothing")[0] == 2
    assert kb("diff", str(folder / "a"), str(folder / "b"))[1]["error"]["remedy"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("model = 5", "must be text"),
        ('threads = "two"', "must be a whole number"),
        ('arxiv_delay = "x"', "must be a number"),
        ("allow_hosts = 5", "must be a list of texts"),
        ("threads = 0", "give 1 to 256"),
        ("stop_after = -1", "below 0"),
        ('llm_url = "ftp://x"', "neither http:// nor https://"),
    ],
)
def test_settings_are_told_in_plain_words(kb: Kb, folder: Path, line: str, told: str) -> None:
    (folder / "settings.toml").write_text(line)
    status, found = kb("status")
    assert status == 2
    assert told in found["error"]["message"]
    assert found["error"]["remedy"]


def test_a_reason_of_ones_own_is_taken_and_told(
    kb: Kb, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (str(one) for one in library.snapshot().table.paper_id[:2])
    assert kb("review", "new", "r", "--exclude", "not about code")[0] == 0
    assert kb("review", "add", "r", first, second)[0] == 0
    words = ("review", "screen", "r")
    assert kb(*words, first, "exclude", "--reason", "nope")[1]["reason_is_criterion"] is False
    told = kb(*words, second, "exclude", "--reason", "not about code")[1]
    assert told["reason_is_criterion"] is True
    assert main(["--library", str(library.folder), *words, first, "exclude", "--reason", "x"]) == 0
    assert "none of the exclusion criteria" in capsys.readouterr().err


def test_a_busy_machine_is_no_damage(kb: Kb, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = probe("lexical", folder / "lexical-1", [], seconds=0.01)
    assert late.late
    monkeypatch.setattr(doctor, "probe", lambda *_: late)
    before = sorted(one.name for one in folder.iterdir() if one.is_dir())
    told = kb("doctor", "--fix")[1]
    assert {one["code"] for one in told["faults"]} == {"not_examined"}
    assert told["put_aside"] == told["mended"] == []
    assert sorted(one.name for one in folder.iterdir() if one.is_dir()) == before


def test_ours_is_written_where_a_persons_is_not(folder: Path) -> None:
    (folder / "pdf").mkdir()
    write_whole(folder / "pdf" / "a.pdf", b"x", ours=True)
    assert [one.name for one in (folder / "pdf").iterdir()] == ["a.pdf"]


def test_what_is_noted_while_a_backup_is_put_back_is_kept(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, other = folder / "backups" / "mine.sqlite", Library.open(folder)
    backup(library.catalogue, source)
    paper = str(library.snapshot().table.paper_id[0])
    add(library, paper, "noted before", "Ann")
    copied = Catalogue.backup
    copies: list[Path] = []

    def copy_slowly(catalogue: Catalogue, target: Path) -> None:
        copied(catalogue, target)
        if not copies:
            add(other, paper, "noted meanwhile", "Bob")
        copies.append(target)

    monkeypatch.setattr(Catalogue, "backup", copy_slowly)
    kept = restore(folder, source, utc_now())
    monkeypatch.undo()
    assert kept is not None
    assert len(copies) == 2
    with closing(sqlite3.connect(kept)) as file:
        notes = {text for (text,) in file.execute("SELECT text FROM remarks")}
    assert notes == {"noted before", "noted meanwhile"}
    add(other, paper, "noted after", "Bob")
    assert [one.text for one in remarks(library)] == ["noted after"]
    other.close()


def test_notes_and_tags_beside_a_rebuilding_are_kept(folder: Path, library: Library) -> None:
    other = Library.open(folder)
    paper = str(library.snapshot().table.paper_id[0])
    key = library.edition.facet("phase").keys[0]
    with library.writing():
        library.indexes.discard()
        add(other, paper, "beside", "Bob")
        record(other, [Verdict(paper, "phase", key, "yes")], who="Bob")
    other.close()
    assert [one.text for one in remarks(library)] == ["beside"]
    library.heal()
    assert {one.code for one in doctor.check(library)} == set()
    with library.catalogue.read() as reader:
        assert any(one.key == key and one.who == "Bob" for one in read_log(reader.connection))
