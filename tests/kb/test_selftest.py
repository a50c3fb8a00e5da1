"""The self-test names what an index has lost, and raises no false alarm."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tantivy

from ingest.sources import jsonl
from kb import selftest, text_index
from kb.adding import add
from kb.catalogue.values import IndexRow
from kb.catalogue.writing import Writer
from kb.cli import main
from kb.doctor import check, mend
from kb.embed import Embedder
from kb.indexes import _rows
from kb.known_items import known_items
from kb.library import Library
from kb.selftest import FILE, gate, keep_self_test, kept_self_test, self_test
from kb.vector_index import VectorIndex

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


def held(library: Library) -> list[IndexRow]:
    """What the indexes of a library should hold."""
    with library.catalogue.read() as reader:
        return [row for rows in _rows(reader, reader.changed_since(-1)) for row in rows]


def in_chroma(library: Library, change: Callable[[list[IndexRow]], list[IndexRow]]) -> None:
    """Put other rows into Chroma than the catalogue holds."""
    rows = held(library)
    index = library.indexes.vector
    index.drop([row.paper.n for row in rows])
    index.put(change(rows))


def in_tantivy(library: Library, change: Callable[[list[IndexRow]], list[IndexRow]]) -> None:
    """The same for the text index."""
    rows = held(library)
    index = library.indexes.text
    index.put([], [row.paper.n for row in rows])
    index.put(change(rows))


def moved_on(rows: list[IndexRow]) -> list[IndexRow]:
    """Each paper with the vectors of the next."""
    vectors = [row.vectors for row in rows]
    return [
        replace(row, vectors=np.repeat(other[:1], len(row.vectors), axis=0))
        for row, other in zip(rows, [*vectors[1:], vectors[0]], strict=True)
    ]


def swapped(library: Library) -> None:
    in_chroma(library, moved_on)


def cut_short(library: Library) -> None:
    in_chroma(library, lambda rows: rows[: len(rows) // 2])


def emptied(library: Library) -> None:
    in_chroma(library, lambda rows: [])


def noise(library: Library) -> None:
    draw = np.random.default_rng(1)

    def drawn(rows: list[IndexRow]) -> list[IndexRow]:
        made = [draw.standard_normal(row.vectors.shape).astype(np.float32) for row in rows]
        return [replace(row, vectors=one) for row, one in zip(rows, made, strict=True)]

    in_chroma(library, drawn)


def zeros(library: Library) -> None:
    in_chroma(library, lambda rows: [replace(r, vectors=0 * r.vectors) for r in rows])


def half_the_texts(library: Library) -> None:
    in_tantivy(library, lambda rows: rows[::2])


def empty_fields(library: Library) -> None:
    def bare(row: IndexRow) -> IndexRow:
        passages = tuple(replace(one, text="", section="") for one in row.passages)
        return replace(
            row, paper=replace(row.paper, title="", abstract="", digest=None), passages=passages
        )

    in_tantivy(library, lambda rows: [bare(row) for row in rows])
    library.indexes.lexical.mark()  # as the index itself would have it


def other_tokenizer(library: Library) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_index, "_analyzer", _unstemmed)
        library.indexes.rebuild(library.catalogue, library.indexes.lexical)
    library.indexes._text = None  # opened anew, by our own analyzer


def _unstemmed() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return builder.filter(tantivy.Filter.lowercase()).build()


def put_vector(writer: Writer, table: str, n: int, vector: bytes) -> None:
    """Another vector, written as our own code does: with its sum."""
    writer.connection.exec_driver_sql(
        f"UPDATE {table} SET vector = ?, vector_sum = ? WHERE n = ?",
        (vector, zlib.crc32(vector), n),
    )


def another_models(library: Library) -> None:
    """Vectors turned by one rotation: as good among themselves, and of no model here."""
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((384, 384)))[0]
    with library.catalogue.write() as writer:
        for table in ("passages", "sentences"):
            rows = writer.connection.exec_driver_sql(f"SELECT n, vector FROM {table}").all()
            for n, blob in rows:
                vector = np.frombuffer(blob, "<f2").astype(np.float32) @ turn
                put_vector(writer, table, n, vector.astype("<f2").tobytes())
    library.indexes.discard()
    library.indexes.follow(library.catalogue)


def catalogue_scrambled(library: Library) -> None:
    with library.catalogue.write() as writer:
        rows = writer.connection.exec_driver_sql("SELECT n, vector FROM passages").all()
        for (n, _), (_, other) in zip(rows, [*rows[3:], *rows[:3]], strict=True):
            put_vector(writer, "passages", n, other)
    library.indexes.discard()
    library.indexes.follow(library.catalogue)


CHROMA = "Chroma gives"
TEXTS = "the text index has"
DAMAGE: dict[Callable[[Library], None], str] = {
    swapped: CHROMA,
    cut_short: CHROMA,
    emptied: CHROMA,
    noise: CHROMA,
    zeros: CHROMA,
    half_the_texts: TEXTS,
    empty_fields: TEXTS,
    other_tokenizer: TEXTS,
    another_models: "are what the model makes",
    catalogue_scrambled: "near their own paper",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda one: one.__name__)
def test_the_gate_catches(damage: Callable[[Library], None], library: Library) -> None:
    assert gate(library) == []
    damage(library)
    weak = gate(library)
    assert any(DAMAGE[damage] in one.detail for one in weak)
    assert all(one.remedy.startswith("kb ") for one in weak)


@pytest.mark.parametrize("damage", [empty_fields, other_tokenizer])
def test_the_doctor_names_and_mends_what_is_complete_and_wrong(
    damage: Callable[[Library], None], library: Library
) -> None:
    assert check(library) == []
    damage(library)
    faults = check(library)
    assert {fault.code for fault in faults} == {"weak_retrieval"}
    mend(library, faults)
    assert check(library) == []


def test_vectors_of_another_model_are_told_to_be_made_anew(library: Library) -> None:
    another_models(library)
    (fault,) = check(library)
    assert fault.code == "weak_retrieval"
    assert "kb reindex --embed" in fault.remedy


def sound(folder: Path, records: list[dict[str, object]], embedder: Embedder) -> Library:
    source = folder / "papers.jsonl"
    source.write_text("\n".join(json.dumps(one) for one in records), encoding="utf-8")
    library = Library.create(folder / "sound")
    library.embedder = embedder
    assert add(library, [jsonl(source)]).failed == []
    return library


def some(count: int) -> list[dict[str, object]]:
    lines = PAPERS.read_text(encoding="utf-8").splitlines()[:count]
    return [json.loads(line) for line in lines]


def titles(count: int) -> list[dict[str, object]]:
    return [record | {"abstract": ""} for record in some(count)]


def copies(count: int) -> list[dict[str, object]]:
    """One text under many ids, beside others: none of them can be told from the rest."""
    record = some(1)[0]
    same = [record | {"arxiv_id": f"2401.{i:05}", "authors": [f"Name {i}"]} for i in range(count)]
    return [*same, *some(12)[1:6]]


@pytest.mark.parametrize(
    "records",
    [some(0), some(1), some(3), some(12), titles(1), titles(12), copies(2), copies(40)],
    ids=["none", "one", "three", "twelve", "a title", "titles", "two copies", "forty copies"],
)
def test_no_false_alarm(
    records: list[dict[str, object]], tmp_path: Path, embedder: Embedder
) -> None:
    library = sound(tmp_path, records, embedder)
    assert keep_self_test(library).weak == []
    assert gate(library) == []
    assert check(library) == []
    library.close()


def test_figures_are_whole_and_the_same_each_time(library: Library) -> None:
    first, again = self_test(library).to_json(), self_test(library).to_json()
    assert {**first, "ms": 0} == {**again, "ms": 0}
    assert first["n"] == first["papers"] == 12
    assert first["checks"] == {"agreement": 1.0, "spelled": 1.0, "near": 1.0, "same_model": 1.0}
    for mode in ("dense", "dense_exact", "lexical", "hybrid"):
        one = first["modes"][mode]
        low, high = one["intervals"]["recall@10"]
        assert low <= one["recall@10"] <= high
        assert one["mrr@10"] <= one["recall@10"]
    assert first["modes"]["hybrid"]["mrr@10"] >= 0.9
    phases = first["phases"]
    assert sum(one["lexical"]["n"] for one in phases.values()) >= 12
    assert set(first["kinds"]) == {"abstract", "title"}


def test_queries_leave_out_the_rarest_words_and_are_the_papers_own(library: Library) -> None:
    snapshot = library.snapshot()
    items = known_items(library, snapshot, 100)
    assert len({item.row for item in items}) == len(items) == 12
    for item in items:
        asked = item.query.split()
        if item.kind == "title":
            assert sorted(asked) == sorted(text_index.words(item.paper.title))
        else:
            assert item.sentence in item.passage.text
            assert set(asked) < set(text_index.words(item.sentence))
    assert known_items(library, snapshot, 5) != []
    assert len(known_items(library, snapshot, 5)) == 5


def test_what_was_found_and_is_lost_is_told(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_self_test(library)
    assert gate(library) == []
    # As if fusing went wrong: both legs and all checks are as they were.
    monkeypatch.setattr(selftest, "_rank", lambda *_: 0)
    monkeypatch.setattr(selftest, "_COMPARABLE", 4)
    assert [one.detail.split()[0] for one in gate(library)] == ["lexical", "hybrid"]


def test_a_weak_library_is_not_what_later_ones_are_held_against(library: Library) -> None:
    kept = keep_self_test(library)
    assert kept_self_test(library.folder) is not None
    before = (library.folder / FILE).read_text()
    swapped(library)
    assert keep_self_test(library).weak
    assert (library.folder / FILE).read_text() == before
    assert kept.weak == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"ranks": 3}'])
def test_a_file_that_cannot_be_read_is_as_none(library: Library, content: str) -> None:
    (library.folder / FILE).write_text(content)
    assert gate(library) == []


def test_commands_make_and_show_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--library", str(folder), "--json", "reindex"]) == 0
    made = json.loads(capsys.readouterr().out)["selftest"]
    assert made["n"] == 12
    assert kept_self_test(folder)["papers"] == 12  # type: ignore[index]
    assert main(["--library", str(folder), "eval", "self", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"modes", "phases", "checks", "weak", "n"} <= set(told)
    assert main(["--library", str(folder), "eval", "self"]) == 0
    assert "hybrid" in capsys.readouterr().out


def test_the_command_fails_where_papers_are_not_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library.open(folder)
    empty_fields(library)
    library.close()
    assert main(["--library", str(folder), "eval", "self", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["weak"]


def test_a_lost_segment_is_caught(folder: Path) -> None:
    library = Library.open(folder)
    path = library.indexes.chroma.path
    assert isinstance(path, Path)
    library.close()
    for segment in path.iterdir():
        if segment.is_dir():
            shutil.rmtree(segment)
    again = Library.open(folder)
    found = VectorIndex(path).query(np.ones(384, dtype=np.float32), 5)
    assert gate(again) or len(found[0]) == 5  # a small library lives in Chroma's own log
    again.close()
