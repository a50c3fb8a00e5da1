from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import script_runner

from kb.backup import backups
from kb.bundle import load_bundle, write_bundle
from kb.catalogue.fronts import lacking_abstract
from kb.catalogue.values import Vector
from kb.embed import Embedder, Progress
from kb.intake import Intake
from kb.journal import last_runs
from kb.library import Library
from kb.pages.parts import job_kinds, job_model
from kb.pages.parts.jobs import Job, Jobs, begin, keep_upload, own_name
from kb.report import Report

RECORD = {"title": "A Paper", "abstract": "We say one thing about code. It remains hard."}


def finished(job: Job, seconds: float = 60.0) -> Job:
    return until(job, lambda: job.over, seconds)


def until(job: Job, met: object, seconds: float = 60.0) -> Job:
    end = time.monotonic() + seconds
    while not met():  # type: ignore[operator]
        assert time.monotonic() < end, f"the job takes too long: {job}"
        time.sleep(0.02)
    return job


def records(path: Path, count: int) -> Path:
    lines = [
        json.dumps({"id": f"2502.{10_000 + n}", **RECORD, "title": f"A Paper {n}"})
        for n in range(count)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def add(jobs: Jobs, library: Library, *names: str) -> Job:
    return job_kinds.add_named(jobs, library, names, with_pdf=True)


def test_a_job_adds_in_the_background(folder: Path, tmp_path: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    job = finished(add(jobs, library, str(records(tmp_path / "more.jsonl", 1))))
    assert job.state == "done"
    assert job.report is not None
    assert (job.report.added, job.items, job.total) == (1, 1, 1)
    assert [(one.state, one.paper_id) for one in job.outcomes] == [("added", "2502.10000")]
    assert not jobs.active
    assert len(library.snapshot().table.n) == 14
    again = finished(add(jobs, library, str(tmp_path / "more.jsonl")))
    assert [(one.state, one.paper_id) for one in again.outcomes] == [("unchanged", "2502.10000")]
    library.close()


def test_a_job_that_fails_says_why(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    with library.catalogue.write(bump=False) as writer:
        writer.set_meta("model", "another-model")
    job = finished(add(jobs, library, "2501.00001"))
    assert job.state == "failed"
    assert "another-model" in job.message
    assert "kb reindex --embed" in job.message
    library.close()


def test_a_file_that_is_gone_fails_alone(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    job = finished(add(jobs, library, "/no/such/file.pdf"))
    assert job.report is not None
    assert "no such file" in job.report.failed[0]["error"]
    assert [(one.state, one.step) for one in job.failures] == [("failed", "read")]
    library.close()


def test_a_file_that_is_no_pdf_fails_alone_and_can_be_tried_again(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    path = keep_upload(folder, "notes.pdf", b"these are only notes")
    job = finished(add(jobs, library, str(path)))
    assert job.report is not None
    assert [one["step"] for one in job.report.failed] == ["read"]
    good = Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf"
    path.write_bytes(good.read_bytes())
    again = finished(job_kinds.retry(jobs, library, job.report.run))
    assert again.report is not None
    assert (again.report.added, again.counts["failed"]) == (1, 0)
    library.close()


def test_a_cancelled_job_keeps_what_is_kept_and_can_go_on(folder: Path, tmp_path: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    file = records(tmp_path / "many.jsonl", 400)
    job = add(jobs, library, str(file))
    until(job, lambda: job.counts["added"] > 0)
    job.stop.set()
    finished(job)
    assert job.state == "stopped"
    assert job.report is not None
    kept, left = job.report.added, job.report.not_tried
    assert 0 < kept < 400
    assert kept + left == 400
    assert len(library.snapshot().table.n) == 13 + kept
    (run,) = last_runs(library, 1)
    assert (run["state"], run["counts"]["not_tried"]) == ("stopped", left)
    more = finished(job_kinds.resume(jobs, library, run["run"]))
    assert more.report is not None
    assert (more.report.added, more.report.unchanged) == (left, kept)
    library.close()


def test_a_second_job_waits_and_can_be_cancelled_while_it_waits(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    go, done = threading.Event(), []

    def work(job: Job) -> None:
        go.wait(30)
        done.append(job.kind)

    first, second, third = (
        jobs.start(begin(kind, at=library.clock(), by=""), work) for kind in ("a", "b", "c")
    )
    until(first, lambda: first.state == "running")
    assert jobs.before(second) is first
    assert jobs.before(third) is first
    second.stop.set()
    assert finished(second).state == "stopped"
    assert first.state == "running"
    go.set()
    finished(third)
    assert done == ["a", "c"]
    library.close()


def test_another_programs_lock_is_told_and_waited_for(folder: Path, tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from kb.lock import WriteLock\n"
        f"with WriteLock(Path({str(folder)!r})).held():\n"
        "    print('held', flush=True); sys.stdin.readline()"
    )
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=pipe, stdout=pipe, text=True)
    library, jobs = Library.open(folder), Jobs()
    assert other.stdout
    other.stdout.readline()
    job = add(jobs, library, str(records(tmp_path / "one.jsonl", 1)))
    until(job, lambda: bool(job.held_by))
    assert f"process {other.pid}" in job.held_by
    assert job.state == "waiting"
    other.communicate("go\n")
    assert finished(job).state == "done"
    library.close()


def test_a_library_is_made_with_papers_to_try(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open(folder)
    bundle = tmp_path / "small.kbz"
    write_bundle(library, bundle)
    library.close()
    monkeypatch.setattr(job_kinds, "starter_path", lambda: bundle)
    for where in (tmp_path / "none", tmp_path / "empty"):
        if where.name == "empty":
            Library.create(where).close()
        job = finished(job_kinds.make(Jobs(), where))
        assert job.state == "done", job.message
        made = Library.open(where)
        assert len(made.snapshot().table.n) == 13
        made.close()


def test_a_bundle_that_is_being_loaded_can_be_cancelled(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, jobs = Library.open(folder), Jobs()
    write_bundle(library, tmp_path / "own.kbz")
    library.close()
    library = Library.create(tmp_path / "other")

    def load_and_cancel(*given: Any, stop: threading.Event) -> Report:
        stop.set()
        return load_bundle(*given, stop=stop)

    monkeypatch.setattr(job_kinds, "load_bundle", load_and_cancel)
    job = add(jobs, library, str(tmp_path / "own.kbz"))
    assert job.can_stop
    assert finished(job).state == "stopped"
    assert (job.report, job.message) == (None, "")
    assert not len(library.snapshot().table.n)
    monkeypatch.undo()
    assert finished(add(jobs, library, str(tmp_path / "own.kbz"))).state == "done"
    assert len(library.snapshot().table.n) == 13
    library.close()


def test_faults_are_found_and_mended(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    assert finished(job_kinds.examine(jobs, library)).faults == []
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as file, file:
        file.execute("UPDATE passages SET vector = x'00' WHERE n = 1")
    found = finished(job_kinds.examine(jobs, library))
    assert [one.code for one in found.faults or ()] == ["vector_missing"]
    mended = finished(job_kinds.repair(jobs, library))
    assert ([one.code for one in mended.mended], mended.faults) == (["vector_missing"], [])
    assert finished(job_kinds.reindex(jobs, library)).state == "done"
    library.close()


def test_a_backup_is_made_and_put_back(folder: Path, tmp_path: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    made = finished(job_kinds.back_up(jobs, library))
    assert made.file is not None
    assert [one.path for one in backups(folder)] == [made.file]
    assert backups(folder)[0].schema > 0
    finished(add(jobs, library, str(records(tmp_path / "more.jsonl", 2))))
    assert len(library.snapshot().table.n) == 15
    back = finished(job_kinds.put_back(jobs, folder, made.file))
    assert back.state == "done", back.message
    assert len(library.snapshot().table.n) == 13
    assert back.file is not None
    assert back.file.is_file()
    assert len(backups(folder)) == 2
    gone = finished(job_kinds.put_back(jobs, folder, folder / "backups" / "gone.sqlite"))
    assert "gone.sqlite" in gone.message
    library.close()


def test_a_damaged_backup_tells_no_schema(folder: Path) -> None:
    (folder / "backups").mkdir(exist_ok=True)
    (folder / "backups" / "bad.sqlite").write_bytes(b"not a database at all" * 99)
    assert [one.schema for one in backups(folder)] == [0]


def test_an_upload_gets_a_safe_name_within_the_library(tmp_path: Path) -> None:
    for name in ("../../evil.pdf", "a/b\\c.pdf", "…", "x" * 300 + ".pdf", ".hidden", "con\x00.pdf"):
        path = keep_upload(tmp_path, name, b"%PDF-1.4")
        assert path.parent == tmp_path / "pdf"
        assert path.is_file()
    assert keep_upload(tmp_path, "a.pdf", b"1") == keep_upload(tmp_path, "a.pdf", b"1")
    assert keep_upload(tmp_path, "a.pdf", b"1") != keep_upload(tmp_path, "a.pdf", b"2")


def test_two_people_may_upload_the_same_file_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, both = Path.write_bytes, threading.Barrier(2)

    def together(path: Path, data: bytes) -> int:
        size = write(path, data)
        both.wait(20)  # neither is done before the other has written
        return size

    monkeypatch.setattr(Path, "write_bytes", together)
    with ThreadPoolExecutor(2) as people:
        first, second = people.map(lambda _: keep_upload(tmp_path, "a.pdf", b"%PDF"), range(2))
    assert first == second
    assert first.read_bytes() == b"%PDF"
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_an_uploaded_bibliography_keeps_its_ending(tmp_path: Path) -> None:
    for ending in ("bib", "ris", "json", "csv", "jsonl", "kbz"):
        path = keep_upload(tmp_path, f"../My refs.{ending.upper()}", b"x")
        assert path.parent == tmp_path / "uploads"
        assert path.suffix == f".{ending}"
    assert keep_upload(tmp_path, "evil.py", b"x").suffix == ".pdf"


def test_a_job_tells_its_steps_and_is_no_nicer_than_a_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, jobs = Library.open(folder), Jobs()
    seen: list[tuple[str, int]] = []
    embed, load = Embedder.encode, Embedder.load

    def loaded(model: Embedder) -> None:
        seen.append((jobs.jobs[0].at, model.threads))
        load(model)

    def embedded(model: Embedder, texts: list[str], progress: Progress) -> Vector:
        nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        assert nice == os.getpriority(os.PRIO_PROCESS, os.getpid())
        seen.append((jobs.jobs[0].at, model.threads))
        vectors = embed(model, texts, progress)
        assert jobs.jobs[0].texts == (len(texts), len(texts))
        return vectors

    monkeypatch.setattr(Embedder, "load", loaded)
    monkeypatch.setattr(Embedder, "encode", embedded)
    job = finished(add(jobs, library, str(records(tmp_path / "more.jsonl", 40))))
    assert job.counts["added"] == 40
    assert seen == [("load", 1), ("embed", 1)] * 3  # sixteen papers at a time
    assert job.at == "read"
    library.close()


def test_a_file_is_called_what_its_owner_called_it(tmp_path: Path) -> None:
    path = keep_upload(tmp_path, "jose.00032.pdf", b"%PDF")
    assert path.name != "jose.00032.pdf"
    assert own_name(str(path)) == "jose.00032.pdf"
    assert own_name(str(keep_upload(tmp_path, "refs.bib", b"x"))) == "refs.bib"
    assert own_name("/home/ada/paper-6668b7d29b7b.pdf") == "paper-6668b7d29b7b.pdf"
    assert own_name("2501.00001") == "2501.00001"
    entry = f"{keep_upload(tmp_path, 'b ünï.bib', b'x')}:3 (DBLP:conf/icse/Ada)"
    assert own_name(entry) == "b_ünï.bib:3 (DBLP:conf/icse/Ada)"
    assert own_name("https://arxiv.org/abs/2501.00001") == "2501.00001"


def test_abstracts_that_cannot_be_fetched_say_what_to_do(folder: Path) -> None:
    (folder / "settings.toml").write_text(
        'arxiv_url = "http://127.0.0.1:9/api"\narxiv_delay = 0.0\narxiv_timeout = 1.0\n'
    )
    library, jobs = Library.open(folder), Jobs()
    with library.catalogue.write() as writer:
        writer.connection.exec_driver_sql("UPDATE papers SET abstract = '' WHERE n < 4")
    with library.catalogue.read() as reader:
        assert len(lacking_abstract(reader)) == 3
    job = finished(job_kinds.fetch_abstracts(jobs, library, by="ada"))
    assert (job.kind, job.by, job.can_stop, job.total) == ("fetch", "ada", True, 3)
    assert [(one.state, one.step) for one in job.failures] == [("failed", "fetch")]
    assert "arXiv" in job.failures[0].error
    assert len(job.failures[0].error.split(". ")) > 1 or "again" in job.failures[0].error
    library.close()


def test_a_job_rests_while_a_page_is_drawn_and_not_longer() -> None:
    assert job_model._DRAWING in Path(script_runner.__file__).read_text(encoding="utf-8")
    begun = time.monotonic()
    job_model._give_way()
    assert time.monotonic() - begun < job_model._REST / 2
    done = threading.Event()
    page = threading.Thread(target=done.wait, args=(30,), name=job_model._DRAWING)
    page.start()
    begun = time.monotonic()
    job_model._give_way()
    rested = time.monotonic() - begun
    done.set()
    page.join()
    assert job_model._REST <= rested < 5


@pytest.mark.skipif(sys.platform == "win32", reason="no priorities to tell")
def test_the_process_that_reads_pdfs_for_a_job_is_nicer(folder: Path) -> None:
    library = Library.open(folder)
    with Intake(library, nice=3) as intake:
        intake.read_pdf(Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf")
        assert intake._parser
        child = intake._parser._worker._process
        assert child
        mine = os.getpriority(os.PRIO_PROCESS, os.getpid())
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(19, mine + 3)
    library.close()
