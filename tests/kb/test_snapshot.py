"""The facts in memory: the same as one by one, and what making them leaves behind."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from ingest.sources import jsonl
from kb.adding import add
from kb.library import Library


def as_one_by_one(library: Library) -> None:
    matrix, table = library.snapshot().matrix, library.snapshot().table
    with library.catalogue.read() as reader:
        held = reader.passages_of(table.n.tolist())
        vectors = reader.vectors(matrix.passage.tolist())
    expected = [(row, one.n) for row, n in enumerate(table.n.tolist()) for one in held.get(n, ())]
    assert list(zip(matrix.paper_row.tolist(), matrix.passage.tolist(), strict=True)) == expected
    assert matrix.vectors.dtype == np.float32
    for position, number in enumerate(matrix.passage.tolist()):
        assert matrix.vectors[position].tolist() == vectors[number].tolist()
    counts = np.bincount(matrix.paper_row, minlength=len(table.n))
    assert np.diff(matrix.starts).tolist() == counts.tolist()


def test_the_matrix_holds_each_passage_beside_its_paper(library: Library, tmp_path: Path) -> None:
    as_one_by_one(library)
    # Read again, an old paper has younger passages than its neighbours: out of order.
    with library.catalogue.read() as reader:
        paper = reader.papers()[1]
    source = tmp_path / "again.jsonl"
    again = {"arxiv_id": paper.arxiv_id, "title": paper.title, "abstract": "Quite another text."}
    source.write_text(json.dumps(again))
    assert add(library, [jsonl(source)]).updated == 1
    numbers = library.snapshot().matrix.passage
    assert (np.diff(numbers) < 0).any()
    as_one_by_one(library)


def test_an_empty_library_has_an_empty_matrix(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "empty")
    matrix = library.snapshot().matrix
    assert (len(matrix.passage), matrix.starts.tolist()) == (0, [0])
    library.close()


def test_scoring_keeps_to_one_thread_and_the_collector_stays_on(library: Library) -> None:
    assert len(library.snapshot().matrix.vectors)
    threads = [one["num_threads"] for one in threadpool_info() if one["internal_api"] == "openblas"]
    assert set(threads) <= {1}
    assert gc.isenabled()
