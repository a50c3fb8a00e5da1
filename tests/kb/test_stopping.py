"""Being stopped, and what the clock or a child's death must not do to a run."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymupdf
import pytest

from ingest import worker
from ingest.sources import jsonl, pdf_file
from kb.adding import add
from kb.doctor import check, examine
from kb.embed import Embedder
from kb.journal import last_runs
from kb.library import Library
from tests.kb.test_crash import acknowledged, start_adding, write_papers


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """Programs started meanwhile heed SIGINT, though this one was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGTERM to one child")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_ends_cleanly(
    sent: signal.Signals, status: int, folder: Path, tmp_path: Path
) -> None:
    (folder / "settings.toml").write_text('precision = "onnx"\n')
    known: set[str] = set()
    with start_adding(folder, write_papers(tmp_path / "papers.jsonl", 0)) as process:
        assert process.stderr is not None
        while not known:
            known |= acknowledged(process.stderr.readline())
        process.send_signal(sent)
        _, rest = process.communicate(timeout=120)
    assert process.returncode == status, rest
    assert "Traceback" not in rest
    for line in rest.splitlines():
        known |= acknowledged(line)
    library = Library.open(folder, heal=False)
    with library.catalogue.read() as reader:
        assert set(reader.numbers(known)) == known
        assert library.indexes.current(reader.generation)  # nothing to heal
    assert check(library) == []
    (run, *_) = last_runs(library)
    assert run["state"] == "stopped"
    assert 64 <= run["counts"]["added"] < 150
    library.close()
    assert not list(folder.glob("*.part"))


def write_pdf(path: Path, title: str) -> Path:
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 72), title, fontsize=20)
        for line in range(30):
            page.insert_text((72, 120 + 15 * line), f"Line {line} of the paper on {title}.")
        document.save(path)
    return path


class KilledFirst:
    """The replies of a child that is killed when the first of them is waited for."""

    def __init__(self, replies: queue.Queue[bytes], pid: int) -> None:
        self.replies, self.pid = replies, pid

    def get(self, timeout: float) -> bytes:
        os.kill(self.pid, signal.SIGKILL)
        return self.replies.get(timeout=timeout)


@pytest.mark.skipif(os.name == "nt", reason="Windows stops no child")
def test_a_killed_parser_costs_one_paper(folder: Path, tmp_path: Path) -> None:
    names = [write_pdf(tmp_path / f"{n}.pdf", f"Title number {n}") for n in range(3)]
    library = Library.open(folder)
    sources = [pdf_file(name) for name in names]
    real = worker.Worker.ask
    asked: list[str] = []

    def ask(self: worker.Worker, request: dict[str, object], seconds: float, item: str) -> object:
        asked.append(item)
        if len(asked) == 2:
            child = self._process or self._start()
            # It takes the request and cannot answer: it dies in the midst of it, each time.
            os.kill(child.pid, signal.SIGSTOP)
            self._replies = KilledFirst(self._replies, child.pid)  # type: ignore[assignment]
        return real(self, request, seconds, item)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.Worker, "ask", ask)
        report = add(library, sources)
    assert len(asked) == 3
    assert report.added == 2
    (failed,) = report.failed
    assert (failed["step"], failed["item"]) == ("parse", asked[1])
    assert "stopped the reader" in failed["error"]
    assert check(library) == []
    library.close()


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_changes_dates_alone(
    days: int, folder: Path, tmp_path: Path, embedder: Embedder
) -> None:
    library = Library.open(folder)
    library.embedder = embedder
    now = datetime.now(UTC) + timedelta(days=days)
    library.clock = lambda: now
    papers = write_papers(tmp_path / "papers.jsonl", 0)
    papers.write_text("".join(papers.read_text().splitlines(keepends=True)[:3]))
    report = add(library, [jsonl(papers)])
    assert report.added == 3
    library.clock = lambda: datetime.now(UTC)
    assert library.remove([report.papers[0]]) == 1
    library.close()
    for path in folder.rglob("*"):  # as after a copy by a machine whose clock is wrong
        os.utime(path, (now.timestamp(), now.timestamp()))
    assert examine(folder) == []
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        assert reader.counts()["papers"] == 12 + 2
    library.close()


def test_ctrl_c_is_told_under_json(folder: Path) -> None:
    """A command that is stopped while it waits prints one document all the same."""
    code = (
        "import os, signal, sys, threading; from kb import cli; from kb.library import Library\n"
        "def stop(*_): os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait(30)\n"
        "Library.open = stop\n"
        "sys.exit(cli.main(['--library', sys.argv[1], 'status', '--json']))\n"
    )
    words = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 143
    assert json.loads(done.stdout)["error"]["code"] == "interrupted"
