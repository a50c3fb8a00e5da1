"""Disks that are full and disks that are read-only, mounted for real: root ignores rights."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.catalogue.frozen import kept_version
from kb.cli import main
from kb.doctor import examine
from kb.errors import ReadOnly
from kb.library import Library
from kb.search import search

CHECKOUT = Path(__file__).parents[2]
ROOMY, TIGHT = 64, 6
"""Megabytes of the disks."""


def mount(*words: str) -> bool:
    if sys.platform != "linux" or not shutil.which("mount"):
        return False
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own. Skips where this user may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={ROOMY}m", "tmpfs", str(place)):
        pytest.skip("no disk can be mounted here: that takes root on Linux")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def frozen(disk: Path, made_library: Path) -> Path:
    """The folder of a library on a disk that cannot be written."""
    shutil.copytree(made_library, disk / "library")
    assert mount("-o", "remount,ro", str(disk))
    return disk / "library"


@pytest.fixture
def filled(disk: Path, made_library: Path) -> Path:
    """The folder of a library on a disk without a free byte."""
    shutil.copytree(made_library, disk / "library")
    fill(disk)
    return disk / "library"


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as stream:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while stream.write(b"\0" * size):
                    pass
            except OSError:
                continue


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, object]:
    status = main(["--library", str(folder), *words, "--json"])
    return status, json.loads(capsys.readouterr().out or "null")


READS = [
    ("search", "benchmark of code completion"), ("search", "benchmark", "--mode", "dense"),
    ("ask", "How well do models solve repository tasks?"), ("map",), ("challenges",),
    ("status",), ("doctor",), ("show", "2501.00001"), ("related", "2501.00001"), ("journal",),
]  # fmt: skip


def test_a_library_on_a_read_only_disk_is_read_as_any(
    frozen: Path, made_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = tmp_path / "usual"
    shutil.copytree(made_library, usual)
    for words in READS:
        status, told = run(frozen, capsys, *words)
        assert status == 0, (words, told)
        if words[0] == "search":
            expected = run(usual, capsys, *words)[1]
            assert [h["paper_id"] for h in told["hits"]] == [  # type: ignore[index]
                h["paper_id"]
                for h in expected["hits"]  # type: ignore[index]
            ]
    assert run(frozen, capsys, "backup", str(tmp_path / "away.sqlite"))[0] == 0
    assert run(frozen, capsys, "bundle", "-o", str(tmp_path / "away.kbz"))[0] == 0


def test_an_older_library_on_a_read_only_disk_is_read_from_a_copy(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    folder = disk / "library"
    shutil.copytree(CHECKOUT / "tests" / "fixtures" / "v4" / "library", folder)
    assert mount("-o", "remount,ro", str(disk))
    status, told = run(folder, capsys, "search", "shed too hot in summer")
    assert status == 0
    assert told["hits"][0]["paper_id"] == "doi:10.5555/3000003"  # type: ignore[index]
    for words in [("status",), ("map",), ("show", "2501.00001")]:
        assert run(folder, capsys, *words)[0] == 0, words
    status, told = run(folder, capsys, "note", "2501.00001", "x", "--who", "ada")
    assert (status, told["error"]["code"]) == (3, "read_only")  # type: ignore[index]
    assert kept_version(folder / "catalogue.sqlite") == 4
    gc.collect()
    assert not list(room.iterdir())


def test_an_older_library_that_may_be_written_is_not_read_from_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    shutil.copytree(CHECKOUT / "tests" / "fixtures" / "v4" / "library", folder)
    with pytest.raises(ReadOnly, match="schema version 4") as raised:
        Library.open(folder, read_only=True)
    assert "kb status" in raised.value.remedy
    assert kept_version(folder / "catalogue.sqlite") == 4


def test_writing_to_a_read_only_disk_says_so(
    frozen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = str(CHECKOUT / "tests" / "data" / "papers.jsonl")
    for words in [
        ("add", papers), ("remove", "2501.00001"), ("reindex",), ("collection", "add", "a",
        "2501.00001"), ("note", "2501.00001", "x", "--who", "ada"),
    ]:  # fmt: skip
        status, told = run(frozen, capsys, *words)
        assert (status, told["error"]["code"]) == (3, "read_only"), words  # type: ignore[index]
        assert "cannot be written" in told["error"]["message"]  # type: ignore[index]
    library = Library.open(frozen)
    assert library.catalogue.read_only
    with pytest.raises(ReadOnly), library.catalogue.write():
        pass
    library.close()


def test_a_library_on_a_read_only_disk_opens_in_the_app(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_LIBRARY", str(frozen))
    app = AppTest.from_file(str(CHECKOUT / "app.py"), default_timeout=120).run()
    assert not app.exception
    assert not app.error
    import streamlit as st

    st.cache_resource.clear()


def test_indexes_that_lag_on_a_read_only_disk_are_made_elsewhere(
    disk: Path, made_library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = disk / "library"
    shutil.copytree(made_library, folder)
    shutil.rmtree(next(folder.glob("chroma-*")))
    assert mount("-o", "remount,ro", str(disk))
    status, told = run(folder, capsys, "search", "benchmark", "--mode", "dense")
    assert status == 0
    assert told["hits"]  # type: ignore[index]


def hot(folder: Path) -> None:
    """Leave the library as a writer does that dies with commits in SQLite's side file."""
    code = (
        "import os, sys, signal; from pathlib import Path; from kb.library import Library\n"
        "library = Library.open(Path(sys.argv[1]), heal=False)\n"
        "with library.catalogue.write(bump=False) as writer:\n"
        "    writer.set_collected('hot', '2501.00001', member=True, now='2026-01-01')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert (folder / "catalogue.sqlite-wal").stat().st_size > 0


@pytest.mark.parametrize("shared_memory", [True, False])
def test_commits_of_a_dead_writer_on_a_read_only_disk(
    *, shared_memory: bool, disk: Path, made_library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = disk / "library"
    shutil.copytree(made_library, folder)
    hot(folder)
    if not shared_memory:
        (folder / "catalogue.sqlite-shm").unlink()
    assert mount("-o", "remount,ro", str(disk))
    status, told = run(folder, capsys, "collection", "list")
    if shared_memory:
        assert status == 0
        assert "hot" in json.dumps(told)
    else:
        assert (status, told["error"]["code"]) == (3, "unwritable")  # type: ignore[index]
        assert "copy the library's folder" in told["error"]["remedy"]  # type: ignore[index]


def test_a_full_disk_is_told_and_nothing_is_half_written(
    filled: Path, disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text(
        "".join(
            json.dumps({"arxiv_id": f"2511.{n:05d}", "title": f"Paper {n}", "abstract": "A. " * 99})
            + "\n"
            for n in range(70)
        )
    )
    tag = ("tag", "2501.00001", "--phase", "deployment-and-operations", "--who", "ada")
    assert run(filled, capsys, "search", "benchmark")[0] == 0
    for words in [
        ("add", str(more)), tag, ("collection", "add", "a", "2501.00001"), ("reindex",),
        ("remove", "2501.00001"), ("backup", str(disk / "copy.sqlite")),
        ("bundle", "-o", str(disk / "copy.kbz")),
    ]:  # fmt: skip
        status, told = run(filled, capsys, *words)
        assert status in (1, 3), (words, told)
        assert told, words
    assert not list(disk.glob("copy*"))
    assert run(filled, capsys, "search", "benchmark")[0] == 0
    (disk / "ballast").unlink()
    assert examine(filled) == []
    assert run(filled, capsys, "add", str(more))[0] == 0
    assert run(filled, capsys, *tag)[0] == 0
    assert run(filled, capsys, "status")[1]["papers"] == 82  # type: ignore[index]
    assert not list(filled.rglob("*.part*"))


def test_indexes_that_change_while_they_are_mirrored_are_made_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swept_away(source: Path, target: Path) -> None:
        raise FileNotFoundError(source / target.name)

    monkeypatch.setattr("kb.mirror._link", swept_away)
    library = Library.open(folder, read_only=True)
    assert library.mirror is not None
    assert search(library, "benchmark", mode="lexical").hits
    library.close()
