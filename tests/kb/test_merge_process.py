"""Papers that come in are merged behind people's backs, once, and nothing of it is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from ingest.worker import own_modules
from kb import challenge_acts as acts
from kb import kept_challenges, mapping, merge_process
from kb.adding import add
from kb.errors import DamagedCatalogue, KbError
from kb.library import Library
from kb.mapping import Mapped, being_merged, mapped, merge_behind
from kb.merge_process import Work, merge_apart, merge_here, rows_of
from kb.pages.parts import being_merged as word
from kb.stated import stated

NEW = {
    "id": "2501.00009",
    "title": "Oracles for agents",
    "abstract": "However, there is no oracle for what agents write. It remains hard to trust them.",
    "authors": ["Ann New"],
    "categories": ["cs.SE"],
    "published": "2025-01-09",
}


def work(library: Library, folder: Path, *, keep: bool = True) -> Work:
    found = stated(library, None)
    return Work(found.statements, found.vectors, folder / "pairs.npz", "rules", keep)


def come_in(library: Library, folder: Path) -> None:
    records = folder / "new.jsonl"
    records.write_text(json.dumps(NEW), encoding="utf-8")
    assert add(library, [jsonl(records)]).added == 1


@pytest.fixture
def served(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of a process that serves people, large enough to be merged apart."""
    monkeypatch.setattr(mapping, "_memory", {})
    monkeypatch.setattr(mapping, "_served", {})
    monkeypatch.setattr(mapping, "_failed", {})
    monkeypatch.setattr(mapping, "_FEW", 0)
    merge_behind(library)
    return library


def wait() -> None:
    for thread in mapping._served.values():
        if thread is not None:
            thread.join(60)
            assert not thread.is_alive()


def test_a_child_merges_as_this_process_does(library: Library, tmp_path: Path) -> None:
    here, apart = tmp_path / "here", tmp_path / "apart"
    for folder in (here, apart):
        folder.mkdir()
    rows = merge_apart(work(library, apart))
    assert rows == json.loads(json.dumps(rows_of(merge_here(work(library, here)))))
    assert rows
    assert (apart / "pairs.npz").exists()


def test_a_child_that_may_not_write_writes_nothing(library: Library, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    assert merge_apart(work(library, bare, keep=False))
    assert not list(bare.iterdir())


def test_a_child_that_cannot_be_begun_is_replaced(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = mapped(library).built
    (library.folder / "challenges.json").unlink()
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    assert kept_challenges.merged(library, stated(library, None), apart=True) == wanted


@pytest.mark.parametrize(
    ("child", "told"),
    [
        ("import time; time.sleep(60)", "not done within 4 seconds"),
        ("import sys; sys.exit('first\\nout of memory')", "status 1"),
        ("import os; os.kill(os.getpid(), 9)", "status -9"),
        ("print('[')", "cannot be read"),
    ],
)
def test_a_child_that_came_to_nothing_is_not_repeated_here(
    child: str,
    told: str,
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(kept_challenges, "merge_here", lambda _: pytest.fail("repeated here"))
    monkeypatch.setattr(kept_challenges, "merge_apart", lambda one: merge_apart(one, seconds=4))
    monkeypatch.setattr(merge_process, "OWN", ("-c", child))
    with pytest.raises(KbError, match=told) as caught:
        kept_challenges.merged(library, stated(library, None), apart=True)
    assert caught.value.remedy
    assert ("out of memory" in caplog.text) == ("out of memory" in child)
    assert "first" not in caplog.text
    assert not (library.folder / "challenges.json").exists()


SLOW = """
import os, sys, time
from kb import merge_process
merge_process.SECONDS = float(sys.argv[1])
merge_process._LOOK = 0.1
def slow(work):
    os.write(1, b"at it\\n")
    time.sleep(120)
merge_process.merge_here = slow
merge_process.main()
"""

PARENT = """
import subprocess, sys
command = [sys.executable, "-c", sys.argv[1], "100"]
with open(sys.argv[2], "rb") as work:
    child = subprocess.Popen(command, stdin=work, stdout=subprocess.PIPE)
assert child.stdout.readline() == b"at it\\n"
"""


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="no alarm on this system")
def test_a_child_ends_at_its_limit_though_nobody_ends_it(library: Library, tmp_path: Path) -> None:
    told = work(library, tmp_path).to_bytes()
    done = run_python(SLOW, "1", told=told)
    assert done.returncode == -signal.SIGALRM


@pytest.mark.skipif(os.name == "nt", reason="a child keeps its parent's number there")
def test_a_child_ends_with_its_parent(library: Library, tmp_path: Path) -> None:
    (tmp_path / "work").write_bytes(work(library, tmp_path).to_bytes())
    # The child holds the pipe of its errors: that comes to its end when the child does.
    done = run_python(PARENT, SLOW, str(tmp_path / "work"))
    assert (done.returncode, done.stderr) == (0, b"")


def run_python(code: str, *words: str, told: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(
        command, input=told, capture_output=True, env=own_modules(), timeout=60, check=False
    )


def test_threads_that_keep_at_once_do_not_write_one_file(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, names, write = threading.Barrier(2, timeout=30), set[str](), Path.write_text

    def together(path: Path, *what: Any) -> int:
        names.add(path.name)
        both.wait()
        return write(path, *what)

    monkeypatch.setattr(Path, "write_text", together)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: kept_challenges._keep(library, [], []), range(2)))
    assert len(names) == 2
    assert not list(library.folder.glob("*.part"))
    # Clearing up reads the process at the end of the name.
    assert all(name.endswith(f".{os.getpid()}.part") for name in names)


def test_who_looks_meanwhile_sees_the_map_of_before_and_one_merges(
    served: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge, begun = kept_challenges.merged, list[bool]()

    def noted(library: Library, found: Any, *, apart: bool) -> Any:
        begun.append(apart)
        return merge(library, found, apart=apart)

    monkeypatch.setattr(kept_challenges, "merged", noted)
    before = mapped(served)
    assert not being_merged(served)
    come_in(served, tmp_path)
    with ThreadPoolExecutor(4) as people:
        got = list(people.map(lambda _: mapped(served), range(8)))
    assert being_merged(served)
    assert all(one.generation == before.generation for one in got)
    # What people decide meanwhile holds at once, and afterwards.
    acts.rename(served, before.challenges[0].challenge_id, "Called otherwise", who="ada")
    assert "Called otherwise" in {one.statement for one in mapped(served).challenges}
    wait()
    after = mapped(served)
    assert after.generation > before.generation
    assert str(NEW["id"]) in after.papers
    assert "Called otherwise" in {one.statement for one in after.challenges}
    assert begun == [True, True]
    monkeypatch.setattr(mapping, "_memory", {})
    monkeypatch.setattr(mapping, "_served", {})
    assert mapped(served) == after


def test_what_came_in_while_merging_is_merged_next(served: Library, tmp_path: Path) -> None:
    mapped(served)
    come_in(served, tmp_path)
    mapped(served)
    served.remove([str(NEW["id"])])
    wait()
    mapped(served)
    wait()
    assert mapped(served).generation == served.snapshot().generation
    assert not being_merged(served)


def test_merging_that_failed_is_told_and_not_begun_again(
    served: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mapped(served)
    come_in(served, tmp_path)
    by: list[str] = []

    def damaged(*_: object) -> Any:
        by.append(threading.current_thread().name)
        raise DamagedCatalogue("page 7 is damaged", item="page 7", remedy="kb restore")

    with monkeypatch.context() as patch:
        patch.setattr(mapping, "stated", damaged)
        assert mapped(served) == before
        wait()
        for _ in range(2):
            with pytest.raises(DamagedCatalogue):
                mapped(served)
            assert not being_merged(served)
        assert by.count("merge") == 1
    # What mends it is seen at once, and what comes in next is merged behind people's backs.
    assert str(NEW["id"]) in mapped(served).papers
    served.remove([str(NEW["id"])])
    mapped(served)
    assert being_merged(served)
    wait()
    assert mapped(served).generation == served.snapshot().generation
    assert not mapping._failed


def test_a_word_on_merging_that_failed_leaves_the_telling_to_the_page(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised within its fragment, the error would be shown bare."""

    class Again(Exception):
        """The page is drawn anew."""

    def bad(_: Library) -> Mapped:
        raise DamagedCatalogue("page 7 is damaged")

    def again() -> None:
        raise Again

    monkeypatch.setattr(word, "being_merged", lambda _: True)
    monkeypatch.setattr(word, "mapped", bad)
    monkeypatch.setattr("streamlit.rerun", again)
    with pytest.raises(Again):
        word._told(library)


def test_an_older_result_is_not_put_over_a_newer_one(
    served: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codebook changes while a thread merges: whoever asks then reads in place."""
    mapped(served)
    come_in(served, tmp_path)
    merge, stamp = kept_challenges.merged, kept_challenges.stamp
    begun, go_on = threading.Event(), threading.Event()

    def slow(library: Library, found: Any, *, apart: bool) -> Any:
        if threading.current_thread().name == "merge":
            begun.set()
            assert go_on.wait(60)
        return merge(library, found, apart=False)

    monkeypatch.setattr(kept_challenges, "merged", slow)
    mapped(served)
    assert begun.wait(60)
    monkeypatch.setattr(kept_challenges, "stamp", lambda library: [*stamp(library), "other"])
    newer = mapped(served)
    go_on.set()
    wait()
    assert mapped(served) is newer
