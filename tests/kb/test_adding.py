"""Adding papers: nothing twice, nothing half, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import Options, add
from kb.catalogue.values import Vector
from kb.collecting import collect
from kb.decisions import decide
from kb.errors import LibraryLocked
from kb.library import Library

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


def _no_embedding(texts: Sequence[str]) -> Vector:
    raise AssertionError(f"{len(texts)} texts embedded")


def test_adding_again_embeds_nothing(library: Library) -> None:
    report = add(library, [jsonl(PAPERS)], Options(encode=_no_embedding))
    assert (report.added, report.updated, report.unchanged) == (0, 0, 12)


def test_a_changed_abstract_replaces_the_old(library: Library, tmp_path: Path) -> None:
    row = json.loads(PAPERS.read_text().splitlines()[0])
    row["abstract"] = "Nothing but a sentence on submarines and periscopes of the deep sea."
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(row))
    report = add(library, [jsonl(file)])
    assert (report.added, report.updated) == (0, 1)
    with library.catalogue.read() as reader:
        number = reader.numbers(["2501.00001"])["2501.00001"]
        texts = [passage.text for passage in reader.passages_of([number])[number]]
    assert texts == [row["abstract"]]
    assert library.indexes.vector.numbers() == library.indexes.text.passage_numbers()
    with library.catalogue.read() as reader:
        assert len(library.indexes.vector.numbers()) == reader.counts()["passages"]


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    lines = PAPERS.read_text().splitlines()[:2]
    file.write_text("\n".join([lines[0], "{not json", '{"title": "no id"}', lines[1]]))
    library = Library.create(tmp_path / "library")
    events: list[dict[str, str]] = []
    report = add(library, [jsonl(file)], Options(on_event=events.append))
    assert report.added == 2
    assert [one["item"] for one in report.failed] == [f"{file}:2", f"{file}:3"]
    assert [one["paper_id"] for one in events] == ["2501.00001", "2502.00002"]
    with library.catalogue.read() as reader:
        states = [row["state"] for row in reader.journal()]
    assert states.count("kept") == 2
    assert states.count("failed") == 2


def test_one_paper_twice_in_a_file_is_one_paper(tmp_path: Path) -> None:
    line = PAPERS.read_text().splitlines()[0]
    file = tmp_path / "twice.jsonl"
    file.write_text(f"{line}\n{line.replace('2501.00001', '2501.00001v2')}\n")
    library = Library.create(tmp_path / "library")
    add(library, [jsonl(file)])
    with library.catalogue.read() as reader:
        assert reader.counts()["papers"] == 1


def test_dry_run_changes_nothing(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    report = add(library, [jsonl(PAPERS)], Options(dry_run=True, encode=_no_embedding))
    assert report.added == 12
    with library.catalogue.read() as reader:
        assert reader.counts()["papers"] == 0


def test_every_passage_fits_the_model(library: Library) -> None:
    from ingest.split import embedding_text

    with library.catalogue.read() as reader:
        papers = reader.papers()
        texts = [
            embedding_text(papers[number].title, passage.text)
            for number, some in reader.passages_of(papers).items()
            for passage in some
        ]
    assert max(library.embedder.count_tokens(texts)) <= library.settings.passage_tokens


def test_passage_text_is_the_page_text(library: Library) -> None:
    with library.catalogue.read() as reader:
        for number, some in reader.passages_of(reader.papers()).items():
            for passage in some:
                page = reader.page_text(number, passage.page)
                assert page[passage.start : passage.end] == passage.text


_HOLD = """
import sys
from collections.abc import Sequence
from pathlib import Path
from kb.library import Library

with Library.open(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_is_told_who_writes(folder: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin
    assert other.stdout
    with other:
        assert other.stdout.readline().strip() == "held"
        library = Library.open(folder)
        # What people decide goes on beside a long write; the log and the tags are there.
        (said,) = decide(library, "2311.00011", "phase", "dataset-construction", "yes", "ada")
        assert collect(library, "reading", ["2311.00011"]) == 1
        with pytest.raises(LibraryLocked) as caught:
            library.remove(["2311.00011"])
        assert f"process {other.pid}" in caught.value.message
        assert "since 20" in caught.value.message
        other.stdin.write("\n")
        other.stdin.flush()
    with library.catalogue.read() as reader:
        (paper,) = reader.papers(reader.numbers([said.paper_id]).values()).values()
    assert "dataset-construction" in paper.keys("phase")
    assert library.remove(["2311.00011"]) == 1  # and free again afterwards
