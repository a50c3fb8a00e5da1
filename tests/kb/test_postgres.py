"""A library whose catalogue lies in PostgreSQL: its whole way, its locks, its errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from kb.backup import restore
from kb.catalogue import SCHEMA_VERSION, Catalogue, store
from kb.catalogue.copying import copy_tables, in_file
from kb.catalogue.migrating import migrate
from kb.catalogue.places import CATALOGUE, URL_VARIABLE, place_of
from kb.catalogue.postgres import Postgres
from kb.catalogue.soundness import unsound
from kb.catalogue.store import check_file
from kb.catalogue.tables import metadata
from kb.cli import main
from kb.doctor import check
from kb.embed import Embedder
from kb.errors import (
    CatalogueUnwritable,
    DependencyMissing,
    LibraryLocked,
    NoLibrary,
    ReadOnly,
    UsageError,
)
from kb.library import Library, utc_now
from kb.settings import FILE
from tests.kb.postgres_server import Server

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
FIXTURES = Path(__file__).parents[1] / "fixtures"
ONE = "2501.00001"


@pytest.fixture
def url(postgres: Server, made_database: str) -> str:
    """The address of a database with twelve papers, to write to."""
    return postgres.new_database(made_database)


@pytest.fixture
def place(url: str, tmp_path: Path) -> Postgres:
    return Postgres(url, tmp_path / CATALOGUE)


@pytest.fixture
def catalogue(place: Postgres) -> Iterator[Catalogue]:
    made = Catalogue.open(place)
    yield made
    made.close()


def rows(catalogue: Catalogue) -> dict[str, list[str]]:
    with catalogue.read() as reader:
        return {
            table.name: sorted(
                str(tuple(row)) for row in reader.connection.execute(select(table)).all()
            )
            for table in metadata.sorted_tables
        }


def test_the_whole_way_of_a_library(
    postgres: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], embedder: Embedder
) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / FILE).write_text(f'catalogue_url = "{postgres.new_database()}"\n')

    def kb(*words: str, status: int = 0) -> dict[str, object]:
        assert main([*words, "--library", str(folder), "--json"]) == status
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    assert kb("status", status=3)["error"]["code"] == "no_library"  # type: ignore[index]
    kb("init")
    assert kb("init", status=2)["error"]["code"] == "library_exists"  # type: ignore[index]
    assert kb("add", str(PAPERS))["added"] == 12
    assert not (folder / CATALOGUE).exists()
    kb("tag", ONE, "--phase", "no-such-phase", status=2)
    kb("tag", ONE, "--phase", "testing-and-evaluation")
    assert kb("search", "repository completion", "--mode", "lexical")["hits"]
    assert kb("search", "repository completion", "--mode", "dense")["hits"]
    kb("ask", "What is hard about repository-level code completion?")
    kb("map")
    assert kb("doctor")["ok"] is True
    kb("backup", str(tmp_path / "copy.sqlite"))
    kb("remove", ONE)
    kb("restore", str(tmp_path / "copy.sqlite"))
    assert kb("status")["papers"] == 12
    assert kb("doctor")["ok"] is True
    elsewhere = tmp_path / "a-file"
    assert restore(elsewhere, tmp_path / "copy.sqlite", utc_now()) is None
    library = Library.open(elsewhere)
    library.embedder = embedder
    assert check(library) == []
    library.close()


def test_a_copy_there_and_back_holds_every_row(
    catalogue: Catalogue, postgres: Server, tmp_path: Path
) -> None:
    with catalogue.write() as writer:
        writer.remember_file("/a/long/ago.pdf", 2**40, 2**60, ONE)
    copy = tmp_path / "copy.sqlite"
    catalogue.backup(copy)
    held = Catalogue.open(copy)
    assert rows(held) == rows(catalogue)
    held.close()
    other = Catalogue.create(Postgres(postgres.new_database(), tmp_path / CATALOGUE))
    other.overwrite(copy)
    assert rows(other) == rows(catalogue)
    with other.write() as writer:  # numbers go on after those that came
        last = max(writer.numbers([ONE]).values())
        writer.remember_file("/b", 1, 1, ONE)
        writer.log([{"at": "", "item": "x", "state": "done"}])
        assert last
    other.close()


def test_older_rows_of_an_index_elsewhere_do_not_outlive_a_restore(
    postgres: Server, made_database: str, made_library: Path, tmp_path: Path, embedder: Embedder
) -> None:
    """Two machines, one database: one restores, the other's indexes follow."""
    url = postgres.new_database(made_database)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / FILE).write_text(f'catalogue_url = "{url}"\n')
    first, second = Library.open(here), Library.open(there)
    first.embedder = second.embedder = embedder
    first.catalogue.backup(tmp_path / "copy.sqlite")
    first.remove([ONE])
    second.heal()
    restore(here, tmp_path / "copy.sqlite", utc_now())
    second.heal()
    assert check(second) == []
    first.close()
    second.close()


def test_an_older_catalogue_is_copied_before_it_is_migrated(
    place: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(store, "_newer", lambda *_: AssertionError())
    Catalogue.open(place).close()
    assert {one.suffix for one in (tmp_path / "backups").iterdir()} == {".sqlite", ".sha256"}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_catalogue_of_an_earlier_version_is_copied_as_it_is_and_migrated(
    version: int, postgres: Server, tmp_path: Path
) -> None:
    place = Postgres(postgres.new_database(), tmp_path / CATALOGUE)
    copy = tmp_path / "old.sqlite"
    copy.write_bytes((FIXTURES / f"v{version}" / "library" / CATALOGUE).read_bytes())
    migrate(place, version=str(version))
    with place.engine.connect() as connection, in_file(copy) as held:
        place.begin_write(connection, 1_000)
        copy_tables(held, connection)
        connection.exec_driver_sql("COMMIT")
    catalogue = Catalogue.open(place)
    (kept,) = (tmp_path / "backups").glob("*.sqlite")
    assert check_file(kept) == version
    wanted = Catalogue.open(copy)
    assert rows(catalogue) == rows(wanted)
    with catalogue.read() as reader:
        assert unsound(reader, 384) == []
    wanted.close()
    catalogue.close()


# -- one writer at a time ----------------------------------------------------------------------


def test_a_second_writer_is_told_who_writes(catalogue: Catalogue, url: str, tmp_path: Path) -> None:
    other = Postgres(url, tmp_path / CATALOGUE)
    with catalogue.write_lock().held(), catalogue.write_lock().held():
        told = f"by process {os.getpid()} of"
        with pytest.raises(LibraryLocked, match=told), other.write_lock().held():
            pass
        holder = other.write_lock().holder()
        assert holder is not None
        assert holder["pid"] == str(os.getpid())
    assert other.write_lock().holder() is None
    with other.write_lock().held():
        pass


HOLD = """
import sys, time
from pathlib import Path
from kb.catalogue.postgres import Postgres
with Postgres(sys.argv[1], Path(sys.argv[2])).write_lock().held():
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_writer_is_free(place: Postgres, url: str, tmp_path: Path) -> None:
    for _ in range(5):
        words = [sys.executable, "-c", HOLD, url, str(tmp_path / CATALOGUE)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            told = f"process {child.pid} of"
            with pytest.raises(LibraryLocked, match=told), place.write_lock().held():
                pass
            child.send_signal(signal.SIGKILL)
        with place.write_lock().held(seconds=10):
            pass


def test_a_writer_that_lost_its_lock_writes_nothing(catalogue: Catalogue, postgres: Server) -> None:
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name LIKE '{os.getpid()}|%'"
    )
    with catalogue.write_lock().held():
        with catalogue.write() as writer:
            writer.set_meta("held", "yes")
        assert postgres.run(kill)
        with pytest.raises(CatalogueUnwritable), catalogue.write() as writer:
            writer.set_meta("held", "no")
    with catalogue.read() as reader:
        assert reader.meta("held") == "yes"


def test_transactions_that_write_take_turns(catalogue: Catalogue) -> None:
    with catalogue.read() as reader:
        before = reader.generation

    def count() -> None:
        for _ in range(10):
            with catalogue.write() as writer:
                writer.set_meta("count", str(int(writer.meta("count") or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with catalogue.read() as reader:
        assert (reader.meta("count"), reader.generation) == ("40", before + 40)


def test_a_write_does_not_wait_longer_than_it_was_told(catalogue: Catalogue) -> None:
    def second() -> None:
        with catalogue.write(patience=100):
            pass

    with catalogue.write(bump=False), pytest.raises(CatalogueUnwritable, match="lock timeout"):
        second()


# -- what can go wrong -------------------------------------------------------------------------


def test_a_server_that_is_gone_is_named_and_found_again(
    catalogue: Catalogue, postgres: Server
) -> None:
    postgres.control("-m", "fast", "stop")
    try:
        with (
            pytest.raises(CatalogueUnwritable, match="cannot be used") as caught,
            catalogue.read(),
        ):
            pass
        assert "start the PostgreSQL server" in caught.value.remedy
        with pytest.raises(CatalogueUnwritable), catalogue.write_lock().held():
            pass
    finally:
        postgres.start()
    with catalogue.read() as reader:
        assert reader.counts()["papers"] == 12


def test_a_password_is_neither_kept_nor_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "postgresql+psycopg://u:Geheim77@127.0.0.1:9/none"
    (tmp_path / FILE).write_text(f'catalogue_url = "{secret}"\n')
    assert main(["status", "--library", str(tmp_path), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "key_in_file"
    (tmp_path / FILE).unlink()
    monkeypatch.setenv(URL_VARIABLE, secret)
    assert main(["status", "--library", str(tmp_path)]) == 3
    told_too = capsys.readouterr()
    assert "127.0.0.1" in told_too.err
    assert "Geheim77" not in told.out + told.err + told_too.out + told_too.err
    monkeypatch.setenv(URL_VARIABLE, "mysql://u:Geheim77@h/none")
    with pytest.raises(UsageError) as caught:
        Library.open(tmp_path)
    assert "Geheim77" not in str(caught.value.to_json())


def test_what_is_missing_is_named(
    postgres: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CatalogueUnwritable) as caught:
        Catalogue.open(Postgres(postgres.url("nowhere"), tmp_path / CATALOGUE))
    assert "createdb" in caught.value.remedy
    with pytest.raises(NoLibrary):
        Catalogue.open(Postgres(postgres.new_database(), tmp_path / CATALOGUE))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DependencyMissing, match="psycopg"):
        place_of(tmp_path, url)


def test_a_value_that_postgres_does_not_keep_is_refused(catalogue: Catalogue) -> None:
    def keep() -> None:
        with catalogue.write() as writer:
            writer.set_meta("nul", "a\0b")

    with pytest.raises(CatalogueUnwritable, match="refuses a value"):
        keep()
    with catalogue.read() as reader:
        assert reader.meta("nul") == ""


def test_a_server_that_only_follows_is_read_only(place: Postgres, postgres: Server) -> None:
    database = str(place.url.database)
    postgres.run(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    catalogue = Catalogue.open(place)
    with catalogue.read() as reader:
        assert reader.counts()["papers"] == 12
    with pytest.raises(ReadOnly), catalogue.write():
        pass
    catalogue.close()
