"""Faults that were found once and must not come back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest.records import PageText, Paper, Section
from ingest.sources import FileSource, Found, jsonl, record_paper
from kb import mapping, ranking
from kb.adding import Options, add
from kb.catalogue import Catalogue, Filters, StoredPaper
from kb.catalogue.store import Busy
from kb.catalogue.values import Vector
from kb.cli import main
from kb.doctor import check
from kb.errors import DamagedCatalogue, UsageError
from kb.index_state import IndexFolder
from kb.library import Library
from kb.search import search
from kb.settings import Settings

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
HELD = "2501.00001"
BODY = (Section("Introduction", 1, 1, (PageText(1, "We measure what nobody has measured."),)),)


def source(*papers: Paper) -> FileSource:
    def load(paper: Paper) -> Callable[[], Paper]:
        return lambda: paper

    return FileSource("given", lambda: iter([Found(one.paper_id, load(one)) for one in papers]))


def record(paper_id: str, title: str = "A title", **facts: str) -> Paper:
    return record_paper({"arxiv_id": paper_id, "title": title, **facts})


def full(paper_id: str, *, version: str = "", origin: str = "arxiv") -> Paper:
    return Paper(
        paper_id,
        "READ OFF THE PDF",
        sections=BODY,
        pages=1,
        arxiv_id=paper_id,
        version=version,
        pdf_sha256="0" * 64,
        source=origin,
    )


def stored(library: Library, paper_id: str) -> StoredPaper:
    with library.catalogue.read() as reader:
        number = reader.numbers([paper_id])[paper_id]
        return reader.papers([number])[number]


def test_a_bare_record_takes_nothing_away(library: Library) -> None:
    before = stored(library, HELD)
    report = add(library, [source(record(HELD, before.title))])
    assert report.unchanged == 1
    add(library, [source(record(HELD, "Another title"))])
    after = stored(library, HELD)
    assert after.title == "Another title"
    assert (after.abstract, after.authors, after.published) == (
        before.abstract,
        before.authors,
        before.published,
    )


def test_a_paper_twice_in_one_batch_is_merged(library: Library) -> None:
    told = record("2601.00001", abstract="An abstract that says what was done.")
    add(library, [source(told, record("2601.00001"))])
    assert stored(library, "2601.00001").abstract == told.abstract


def test_a_pdf_of_a_held_record_brings_text_and_leaves_its_facts(library: Library) -> None:
    before = stored(library, HELD)
    add(library, [source(full(HELD, origin="pdf:x.pdf"))])
    after = stored(library, HELD)
    assert after.full_text
    assert (after.title, after.abstract, after.categories) == (
        before.title,
        before.abstract,
        before.categories,
    )
    report = add(library, [source(full(HELD, origin="pdf:x.pdf"))])
    assert report.unchanged == 1


@pytest.mark.parametrize(
    ("held", "given", "stays"), [("v3", "v1", True), ("", "v2", True), ("v1", "v2", False)]
)
def test_only_a_newer_record_replaces_full_text(
    held: str, given: str, stays: bool, library: Library
) -> None:
    add(library, [source(full("2601.00001", version=held))])
    add(library, [source(record(f"2601.00001{given}", abstract="What the record says of it."))])
    assert stored(library, "2601.00001").full_text is stays


def test_odd_characters_cost_nothing(library: Library, tmp_path: Path) -> None:
    lines = [
        '{"arxiv_id": "2601.00001", "title": "Half a \\ud800 pair", "abstract": "x \\udfff y."}',
        '{"arxiv_id": "2601.00002", "title": "Nul", "abstract": "We show \\u0000 that it works."}',
        '{"id": "\\ud800", "title": "An id of half a pair"}',
    ]
    file = tmp_path / "odd.jsonl"
    file.write_text("\n".join(lines))
    report = add(library, [jsonl(file)])
    assert (report.added, report.failed) == (3, [])
    assert check(library) == []


def test_a_file_that_cannot_be_read_costs_only_itself(library: Library) -> None:
    def broken() -> Paper:
        raise PermissionError(13, "Permission denied", "x\udcff.pdf")

    items = [Found("x\udcff.pdf", broken), Found("y", lambda: record("2601.00001"))]
    report = add(library, [FileSource("given", lambda: iter(items))])
    assert report.added == 1
    assert [one["step"] for one in report.failed] == ["read"]


def test_since_passes_over_older_papers(library: Library) -> None:
    old, new = (record(f"2601.0000{n}", published=f"202{n}-06-01") for n in (1, 5))
    undated = record("2601.00009")
    report = add(library, [source(old, new, undated)], Options(since="2024-01-01"))
    assert report.papers == ["2601.00005", "2601.00009"]


def test_longer_passages_than_the_model_reads_are_refused(library: Library) -> None:
    library.settings = Settings(passage_tokens=512)
    with pytest.raises(UsageError, match="reads 256"):
        add(library, [jsonl(PAPERS)])


_ADD = """
import sys
from pathlib import Path
from ingest.sources import jsonl
from kb.adding import Options, add
from kb.library import Library
import numpy as np

def encode(texts):
    return np.tile(np.eye(1, 384, dtype=np.float32), (len(texts), 1))

library = Library.open(Path(sys.argv[1]))
assert add(library, [jsonl(Path(sys.argv[2]))], Options(encode=encode)).added == 1
library.close()
"""


def test_an_open_library_sees_what_another_process_adds(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode_query(texts: list[str]) -> Vector:
        return np.tile(np.eye(1, 384, dtype=np.float32), (len(texts), 1))

    monkeypatch.setattr(ranking, "EXACT_BELOW", 0)  # ask Chroma
    monkeypatch.setattr(library.embedder, "encode_query", encode_query)
    assert search(library, "anything", mode="dense").hits
    file = tmp_path / "one.jsonl"
    file.write_text('{"arxiv_id": "2601.00001", "title": "Periscopes"}')
    subprocess.run([sys.executable, "-c", _ADD, str(library.folder), str(file)], check=True)
    for mode in ("dense", "lexical"):
        hits = search(library, "periscopes", mode=mode).hits
        assert hits[0].paper.paper_id == "2601.00001"
    add(library, [source(record("2601.00002"))])
    monkeypatch.undo()  # the doctor asks the real model
    assert check(library) == []


def test_equal_scores_go_by_id(library: Library) -> None:
    same = "Zebra crossings and zebras."
    add(library, [source(*(record(f"2601.0000{n}", same, abstract=same) for n in (9, 3, 7)))])
    for by in ("papers", "passages"):
        hits = search(library, "zebra", mode="lexical", by=by).hits
        assert [one.paper.paper_id[-1] for one in hits] == ["3", "7", "9"]


def test_a_kept_map_of_another_library_is_not_used(library: Library) -> None:
    found = mapping.challenges(library)
    file = library.folder / "challenges.json"
    whole = file.read_text()

    def with_rows(**change: object) -> str:
        kept = json.loads(whole)
        for row in kept["rows"]:
            row.update(change)
        return json.dumps(kept)

    others = (
        with_rows(evidence=[[10**9, 0.5]]),
        with_rows(statement="What no paper says"),
        with_rows(papers="many", status=None),
        "[]",
        "[" * 100_000,
        "\ufffd",
        "",
    )
    for content in others:
        file.write_text(content)
        mapping._memory.clear()
        assert mapping.challenges(library) == found
        assert file.read_text() == whole


def test_a_making_cut_short_leaves_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kb.catalogue.store._migrate", killed)
        with pytest.raises(KeyboardInterrupt):
            Library.create(tmp_path)
    library = Library.create(tmp_path)
    library.require_model()
    with library.catalogue.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def _fill(catalogue: Catalogue) -> None:
    with catalogue.write() as writer:
        writer.connection.exec_driver_sql("PRAGMA max_page_count = 1")
        writer.set_meta("x", "y" * 10_000_000)


def test_what_sqlite_reports_is_told_in_one_line(folder: Path) -> None:
    catalogue = Catalogue.open(folder / "catalogue.sqlite")
    with pytest.raises(Busy, match="is full"):
        _fill(catalogue)
    catalogue.close()
    path = folder / "catalogue.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(DamagedCatalogue):
        Catalogue.open(path)


def test_a_broken_text_index_names_the_way_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meta = IndexFolder(folder, "lexical").path / "papers" / "meta.json"
    meta.write_text("{" * meta.stat().st_size)  # a file cut short is made anew at opening
    words = ["--library", str(folder), "search", "x", "--mode", "lexical", "--json"]
    assert main(words) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "damaged_index"
    assert "kb doctor --fix" in error["remedy"]


def test_removing_deletes_the_fetched_pdf_and_no_other(library: Library, tmp_path: Path) -> None:
    fetched = library.folder / "pdf" / "x.pdf"
    fetched.parent.mkdir()
    own = tmp_path / "own.pdf"
    for n, path in enumerate((fetched, own)):
        path.touch()
        paper = Paper(f"2601.0000{n}", "A title", sections=BODY, pdf_path=str(path))
        add(library, [source(paper)])
    library.remove(["2601.00000", "2601.00001"])
    assert (fetched.exists(), own.exists()) == (False, True)


def test_stages_take_null_and_odd_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_bytes(b'{"id":1,"title":null,"abstract":null}\n{"id":2,"title":"caf\xe9"}\n')
    assert main(["classify", "--input", str(given), "--output", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 2
    rows = [json.loads(line, parse_constant=pytest.fail) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == [1, 2]


def test_a_date_that_is_none_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--library", str(folder), "map", "--since", "lately", "--json"]) == 2
    assert "lately" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_search_does_not_wait_for_a_long_write(library: Library) -> None:
    started = time.monotonic()
    with library.catalogue.write(bump=False):
        library.log_search("x", Filters(), "lexical", 0, [])
    assert time.monotonic() - started < 5
    assert library.unlogged == 1
