from __future__ import annotations

import time
from pathlib import Path

from kb.library import Library
from kb.pages.parts.jobs import Job, Jobs, keep_upload

RECORD = '{"id": "2502.12345", "title": "A Paper", "abstract": "We say one thing about code."}\n'


def finished(job: Job, seconds: float = 60.0) -> Job:
    end = time.monotonic() + seconds
    while not job.over:
        assert time.monotonic() < end, "the job takes too long"
        time.sleep(0.02)
    return job


def test_a_job_adds_in_the_background(folder: Path, tmp_path: Path) -> None:
    records = tmp_path / "more.jsonl"
    records.write_text(RECORD, encoding="utf-8")
    library, jobs = Library.open(folder), Jobs()
    job = finished(jobs.start(library, [str(records)], with_pdf=True))
    assert job.state == "done"
    assert job.report is not None
    assert (job.report.added, job.papers) == (1, 1)
    assert not jobs.active
    assert len(library.snapshot().table.n) == 14
    library.close()


def test_a_job_that_fails_says_why(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    with library.catalogue.write(bump=False) as writer:
        writer.set_meta("model", "another-model")
    job = finished(jobs.start(library, ["2501.00001"], with_pdf=False))
    assert job.state == "failed"
    assert "another-model" in job.message
    assert "kb reindex --embed" in job.message
    library.close()


def test_a_file_that_is_gone_fails_alone(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    job = finished(jobs.start(library, ["/no/such/file.pdf"], with_pdf=True))
    assert job.report is not None
    assert "no such file" in job.report.failed[0]["error"]
    library.close()


def test_a_file_that_is_no_pdf_fails_alone(folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    path = keep_upload(folder, "notes.pdf", b"these are only notes")
    job = finished(jobs.start(library, [str(path)], with_pdf=True))
    assert job.report is not None
    assert [one["step"] for one in job.report.failed] == ["read"]
    library.close()


def test_an_upload_gets_a_safe_name_within_the_library(tmp_path: Path) -> None:
    for name in ("../../evil.pdf", "a/b\\c.pdf", "…", "x" * 300 + ".pdf", ".hidden", "con\x00.pdf"):
        path = keep_upload(tmp_path, name, b"%PDF-1.4")
        assert path.parent == tmp_path / "pdf"
        assert path.is_file()
    assert keep_upload(tmp_path, "a.pdf", b"1") == keep_upload(tmp_path, "a.pdf", b"1")
    assert keep_upload(tmp_path, "a.pdf", b"1") != keep_upload(tmp_path, "a.pdf", b"2")


def test_an_uploaded_bibliography_keeps_its_ending(tmp_path: Path) -> None:
    for ending in ("bib", "ris", "json", "csv", "jsonl"):
        path = keep_upload(tmp_path, f"../My refs.{ending.upper()}", b"x")
        assert path.parent == tmp_path / "uploads"
        assert path.suffix == f".{ending}"
    assert keep_upload(tmp_path, "evil.py", b"x").suffix == ".pdf"
