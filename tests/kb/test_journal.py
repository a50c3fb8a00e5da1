"""The journal of adding: what came how far, why a run stopped, and how it goes on."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from ingest.errors import SourceError
from ingest.records import Paper
from ingest.sources import FileSource, Found, jsonl
from kb.adding import Options, add
from kb.catalogue.runs import entries, start_run
from kb.catalogue.values import Vector
from kb.cli import main
from kb.intake import Intake
from kb.journal import last_runs
from kb.library import Library
from kb.pipeline import Ahead, Behind
from kb.repeats import Repeats, normal
from kb.request import Failed, failed_of
from kb.settings import Settings

PDF = Path(__file__).parents[1] / "ingest" / "latex" / "article_two.pdf"


def plain(texts: Sequence[str]) -> Vector:
    """Vectors without a model."""
    return np.tile(np.eye(1, 384, dtype=np.float32), (len(texts), 1))


def record(n: int, abstract: str = "Periscopes stay dry.") -> Paper:
    return Paper(f"2602.{n:05d}", f"Submarine {n}", abstract, arxiv_id=f"2602.{n:05d}")


def good(n: int) -> Found:
    return Found(f"paper {n}", lambda: record(n))


def bad(n: int, why: str = "The record of {} has no title.") -> Found:
    def fail() -> Paper:
        raise SourceError("missing_title", why.format(f"/tmp/x{n}.json"), f"item {n}")

    return Found(f"bad {n}", fail)


def source(*items: Found) -> FileSource:
    return FileSource("given", lambda: iter(items))


def rows_of(library: Library, run: int, *, failed: bool = False) -> list[dict[str, Any]]:
    with library.catalogue.read() as reader:
        return entries(reader, run, failed=failed)


def test_a_run_tells_what_came_how_far(library: Library) -> None:
    report = add(library, [source(good(1), bad(2), good(3))], Options(encode=plain))
    run = last_runs(library)[0]
    assert (run["run"], run["state"], run["why"]) == (report.run, "done", "")
    assert run["counts"] == {
        "found": 3,
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "failed": 1,
        "not_tried": 0,
        "passages": 2,
    }
    found = {row["item"]: (row["state"], row["step"]) for row in rows_of(library, report.run)}
    assert found == {"paper 1": ("kept", ""), "bad 2": ("failed", "read"), "paper 3": ("kept", "")}


def test_a_run_whose_process_is_gone_is_interrupted(library: Library) -> None:
    with library.catalogue.write(bump=False) as writer:
        lost = start_run(writer, library.now(), {"names": ["x"]})
    assert last_runs(library)[0]["state"] == "interrupted"
    add(library, [source(good(1))], Options(encode=plain))
    states = {run["run"]: run["state"] for run in last_runs(library)}
    assert states[lost] == "stopped"
    assert last_runs(library)[0]["state"] == "done"


def test_a_retry_knows_that_the_run_was_cut_off(library: Library) -> None:
    with library.catalogue.write(bump=False) as writer:
        start_run(writer, library.now(), {"names": ["x"], "folder": "/", "pdf": True})
    assert failed_of(library) == Failed(
        {"names": ["x"], "folder": "/", "pdf": True}, frozenset(), finished=False
    )


def test_a_running_run_is_not_interrupted(library: Library) -> None:
    seen: list[str] = []

    def look() -> Paper:
        other = Library.open(library.folder, heal=False)
        seen.append(last_runs(other)[0]["state"])
        other.close()
        return record(1)

    add(library, [source(Found("looks", look))], Options(encode=plain))
    assert seen == ["running"]


def test_a_failure_is_written_before_the_run_ends(library: Library) -> None:
    seen: list[int] = []

    def look() -> Paper:
        until = time.monotonic() + 20
        while not seen and time.monotonic() < until:
            run = last_runs(library)[0]["run"]
            seen.extend(row["n"] for row in rows_of(library, run, failed=True))
            time.sleep(0.02)
        return record(1)

    add(library, [source(bad(0), Found("looks", look))], Options(encode=plain))
    assert seen


def test_the_same_failure_again_and_again_ends_the_run(library: Library) -> None:
    library.settings = Settings(stop_after=4)
    items = [good(1), *(bad(n) for n in range(2, 5)), good(5), *(bad(n) for n in range(6, 20))]
    report = add(library, [source(*items), source(good(30))], Options(encode=plain))
    assert (report.added, len(report.failed), report.not_tried) == (2, 7, 11)
    assert "4 items in a row failed" in report.stopped["reason"]
    assert "stop_after" in report.stopped["remedy"]
    run = last_runs(library)[0]
    assert (run["state"], run["why"]) == ("stopped", report.why)
    again = add(library, [source(good(1), good(5), good(30))], Options(encode=plain))
    assert (again.unchanged, again.added) == (2, 1)


def test_failures_of_other_kinds_do_not_end_it(library: Library) -> None:
    library.settings = Settings(stop_after=3)
    kinds = ("No title.", "No id.")
    items = [bad(n, kinds[n % 2]) for n in range(20)]
    assert not add(library, [source(*items)]).stopped
    library.settings = Settings(stop_after=0)
    assert not add(library, [source(*(bad(n) for n in range(60)))]).stopped


def test_reasons_are_compared_without_what_is_a_papers_own() -> None:
    one = normal("read", "No such file: '/a/b 1.pdf' (2506.00001v2), page 3")
    assert one == normal("read", "No such file: '/c/d.pdf' (2401.12345), page 17")
    assert one != normal("fetch", "No such file: '/a/b 1.pdf' (2506.00001v2), page 3")
    assert one != normal("read", "Permission denied: '/a/b 1.pdf' (2506.00001v2), page 3")
    repeats = Repeats(10)
    assert [repeats.failed("fetch", "no answer", "unreachable") for _ in range(2)] == [0, 2]


def test_a_text_that_breaks_the_model_costs_its_paper_only(library: Library) -> None:
    def encode(texts: Sequence[str]) -> Vector:
        if any("poison" in text for text in texts):
            raise RuntimeError("the kernel cannot take it")
        return plain(texts)

    items = [good(1), Found("p", lambda: record(2, "It is poison, all of it.")), good(3)]
    report = add(library, [source(*items)], Options(encode=encode))
    assert report.papers == ["2602.00001", "2602.00003"]
    assert [(one["item"], one["step"]) for one in report.failed] == [("p", "embed")]
    assert "the kernel cannot take it" in rows_of(library, report.run, failed=True)[0]["error"]


def test_a_full_disk_ends_the_run_and_loses_nothing(library: Library) -> None:
    def limit(connection: Any, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 150}")

    library.catalogue.close()
    event.listen(library.catalogue.engine, "connect", limit)
    items = [Found(f"{n}", lambda n=n: record(n, "Long words " * 200)) for n in range(600)]  # type: ignore[misc]
    report = add(library, [source(*items)], Options(encode=plain, statements=False))
    event.remove(library.catalogue.engine, "connect", limit)
    assert report.disk_full
    assert "full" in report.stopped["reason"]
    assert report.failed
    assert {one["step"] for one in report.failed} == {"keep"}
    assert report.not_tried > 0
    library.catalogue.close()
    with library.catalogue.read() as reader:
        assert len(reader.numbers(report.papers)) == report.added
    library.settings = Settings()
    again = add(library, [source(*items[:100])], Options(encode=plain, statements=False))
    assert (again.unchanged + again.added, again.failed) == (100, [])


def test_a_touched_pdf_is_not_parsed_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    shutil.copy(PDF, folder / "one.pdf")
    with Intake(library) as intake:
        assert add(library, intake.sources([str(folder)]), Options(encode=plain)).added == 1

        def never(path: Path) -> None:
            raise AssertionError(f"{path} parsed")

        monkeypatch.setattr(intake, "read_pdf", never)
        for _ in range(2):
            os.utime(folder / "one.pdf", ns=(1, 1))
            assert add(library, intake.sources([str(folder)])).unchanged == 1


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main(["--library", str(folder), *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_retry_adds_only_what_failed(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.pdf").write_bytes(b"not yet a PDF")
    lines = [json.dumps({"arxiv_id": f"2603.0000{n}", "title": f"Dive {n}"}) for n in range(4)]
    (tmp_path / "x.jsonl").write_text("\n".join([lines[0], "{", lines[1]]))
    report = run(folder, capsys, "add", "x.jsonl", "new.pdf", status=1)
    assert [one["step"] for one in report["failed"]] == ["read", "read"]
    told = run(folder, capsys, "journal", "--failed")
    assert [row["item"] for row in told["items"]] == ["x.jsonl:2", "new.pdf"]
    (tmp_path / "x.jsonl").write_text("\n".join([lines[3], lines[2], lines[1]]))
    shutil.copy(PDF, tmp_path / "new.pdf")
    monkeypatch.chdir(folder)
    again = run(folder, capsys, "add", "--retry")
    assert (again["added"], again["unchanged"], again["failed"]) == (2, 0, [])
    assert run(folder, capsys, "add", "--retry")["added"] == 0
    run(folder, capsys, "show", "2603.00002")
    assert run(folder, capsys, "journal", "--run", "99", status=2)["error"]["code"] == "unknown_run"
    assert run(folder, capsys, "add", "--retry", "x.jsonl", status=2)["error"]["code"] == "usage"


def test_lines_that_are_all_bad_end_with_the_reason(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_text('{"title": "no id"}\n' * 100)
    report = run(folder, capsys, "add", str(tmp_path / "x.jsonl"), status=1)
    assert (len(report["failed"]), report["not_tried"]) == (25, 75)
    assert report["stopped"]["reason"]
    assert run(folder, capsys, "journal")["runs"][0]["state"] == "stopped"


def test_reading_ahead_is_bounded_and_keeps_order() -> None:
    made: list[int] = []

    def values() -> Iterator[int]:
        for n in range(50):
            made.append(n)
            yield n
        raise ValueError("at the end")

    taken: list[int] = []

    def take() -> None:
        with Ahead(values(), threading.Event()) as some:
            for value in some:
                taken.append(value)
                assert len(made) - len(taken) <= 4

    with pytest.raises(ValueError, match="at the end"):
        take()
    assert taken == list(range(50))


def test_what_is_written_behind_keeps_order_and_tells_its_failure() -> None:
    done: list[int] = []
    with Behind() as behind:
        for n in range(20):
            behind.do(lambda n=n: done.append(n))  # type: ignore[misc]
    assert done == list(range(20))

    def fail() -> None:
        raise OSError("no")

    def give() -> None:
        with Behind() as behind:
            behind.do(fail)
            behind.do(lambda: done.append(99))

    with pytest.raises(OSError, match="no"):
        give()
    assert 99 not in done


def test_ctrl_c_keeps_what_was_kept(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    rows = [{"arxiv_id": f"2604.{n:05d}", "title": f"Dive {n}"} for n in range(300)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    calls: list[int] = []

    def encode(texts: Sequence[str]) -> Vector:
        calls.append(len(texts))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(texts)

    with pytest.raises(KeyboardInterrupt):
        add(library, [jsonl(file)], Options(encode=encode))
    run_ = last_runs(library)[0]
    assert run_["state"] == "stopped"
    assert run_["counts"]["added"] == 128
    report = add(library, [jsonl(file)], Options(encode=plain))
    assert (report.added, report.unchanged) == (172, 128)
