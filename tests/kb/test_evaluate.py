"""Evaluation on small collections: files read and written, and the same code as add and search."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.sources import jsonl
from kb.adding import add
from kb.cli import kb, main
from kb.errors import UsageError
from kb.eval_retrieval import eval_questions, eval_retrieval
from kb.evaluate import eval_answers, read_questions
from kb.library import Library
from kb.ranking import MODES, Mode
from kb.search import search
from kb.trec import read_collection, read_run, write_run

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
QUERIES = {
    "10": ("quantization for serving", {"2403.00003": 2, "2312.00012": 1}),
    "q2": ("making a model delete what it has memorised", {"2502.00002": 1}),
    "q3": ("birds", {"2311.00011": 1, "2501.00001": 0}),
}


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented papers as a collection in BEIR layout."""
    folder = tmp_path_factory.mktemp("beir")
    (folder / "qrels").mkdir()
    rows = [json.loads(line) for line in PAPERS.read_text(encoding="utf-8").splitlines()]
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as stream:
        for row in rows:
            record = {"_id": row["arxiv_id"], "title": row["title"], "text": row["abstract"]}
            stream.write(json.dumps(record) + "\n")
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as stream:
        for query, (text, _) in QUERIES.items():
            stream.write(json.dumps({"_id": query, "text": text}) + "\n")
        stream.write(json.dumps({"_id": "unjudged", "text": "nobody has judged this"}) + "\n")
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"{q}\t{d}\t{g}" for q, (_, grades) in QUERIES.items() for d, g in grades.items()]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("mode", MODES)
def test_rankings_are_those_of_add_and_search(collection: Path, tmp_path: Path, mode: Mode) -> None:
    run = tmp_path / "runs" / "run.txt"
    found = eval_retrieval(collection, mode=mode, run=run, cache=tmp_path / "vectors.sqlite")
    ours = Library.create(tmp_path / "ours")
    add(ours, [jsonl(PAPERS)])
    for query, ranking in read_run(run).items():
        hits = search(ours, QUERIES[query][0], limit=100, mode=mode).hits
        assert [document for document, _ in ranking] == [hit.paper.paper_id for hit in hits]
        for (_, score), hit in zip(ranking, hits, strict=True):
            assert score == pytest.approx(hit.score, abs=2e-3)  # cached vectors are float16
    ours.close()
    assert found["queries"] == 3
    assert found["docs"] == 12
    assert {"ndcg@10", "recall@20", "recall@100", "mrr@10", "ms_per_query"} <= set(found)
    low, high = found["intervals"]["ndcg@10"]
    assert low <= found["ndcg@10"] <= high


def test_any_document_id_survives(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    ids = ["4983", "2107.05580", "WEB/é-1", "hep-th/9901001v2", "doc:1"]
    texts = [f"text about subject number{i} and nothing else" for i in range(len(ids))]
    corpus = [{"_id": ids[i], "title": "", "text": texts[i]} for i in range(len(ids))]
    write = "\n".join(json.dumps(row) for row in corpus)
    (tmp_path / "corpus.jsonl").write_text(write, encoding="utf-8")
    queries = [json.dumps({"_id": str(i), "text": f"number{i}"}) for i in range(len(ids))]
    (tmp_path / "queries.jsonl").write_text("\n".join(queries), encoding="utf-8")
    judged = [f"{i}\t{ids[i]}\t1" for i in range(len(ids))]
    (tmp_path / "qrels" / "test.tsv").write_text("\n".join(judged), encoding="utf-8")
    found = eval_retrieval(tmp_path, mode="lexical", run=tmp_path / "run.txt")
    assert found["mrr@10"] == 1.0
    assert {r[0][0] for r in read_run(tmp_path / "run.txt").values()} == set(ids)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    rankings = {"q1": [("b", 0.75), ("a", 0.5)], "q2": [("c", -1.0)]}
    write_run(tmp_path / "run.txt", rankings)
    assert (tmp_path / "run.txt").read_text().splitlines()[0] == "q1 Q0 b 1 0.750000 sixfold"
    assert read_run(tmp_path / "run.txt") == rankings
    with pytest.raises(UsageError, match="white space"):
        write_run(tmp_path / "bad.txt", {"q 1": [("a", 1.0)]})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("corpus.jsonl", None, "is missing"),
        ("queries.jsonl", "{nonsense", "queries.jsonl:1 is not JSON"),
        ("queries.jsonl", '{"text": "x"}', "has no _id"),
        ("queries.jsonl", '{"_id": "other", "text": "x"}', "no query"),
        ("qrels/test.tsv", "q\td\tgood", "no query"),
        ("qrels/test.tsv", "h\th\th\nq\td\tgood", "test.tsv:2"),
    ],
)
def test_a_bad_collection_is_named(
    collection: Path, tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    (tmp_path / "qrels").mkdir()
    for part in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        (tmp_path / part).write_text((collection / part).read_text(encoding="utf-8"))
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=told):
        read_collection(tmp_path)


def test_answers_are_measured(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    rows = [
        ("s1", "single", "How can a model forget licensed code?", ["2502.00002"]),
        ("m1", "multi", "What remains unsolved about judges?", ["2410.00010", "0000.00000"]),
        ("u1", "unanswerable", "What is the boiling point of tungsten?", []),
    ]
    lines = [
        json.dumps({"id": i, "type": t, "question": q, "gold_papers": g, "gold_quotes": []})
        for i, t, q, g in rows
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = eval_answers(library, read_questions(path))
    assert found["single"] == {"n": 1, "answered": 1.0, "cited_gold": 1.0}
    assert found["multi"] == {"n": 1, "answered": 1.0, "gold_recall": 0.5}
    assert found["unanswerable"] == {"n": 1, "refused": 1.0}
    assert found["refusal_precision"] == 1.0
    assert found["quote_exact"] == 1.0
    assert found["median_ms"] > 0


@pytest.mark.parametrize("line", ["{", '{"type": "riddle", "question": "?"}', '{"type": "single"}'])
def test_a_bad_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UsageError, match=r"questions\.jsonl:1"):
        read_questions(path)


@pytest.mark.parametrize("place", range(3))
def test_options_may_stand_before_or_after(
    made_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    questions = tmp_path / "q.jsonl"
    asked = {"id": "1", "type": "unanswerable", "question": "What is the boiling point of tin?"}
    questions.write_text(json.dumps(asked))
    common = ["--library", str(made_library), "--json"]
    words = [["eval"], ["answers"], ["--questions", str(questions)]]
    words.insert(place, common)
    assert main([word for some in words for word in some]) == 0
    assert json.loads(capsys.readouterr().out)["unanswerable"] == {"n": 1, "refused": 1.0}


def test_help_and_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert "retrieval" in CliRunner().invoke(kb, ["eval", "--help"]).output
    assert main(["eval", "answers", "--questions", "/nowhere.jsonl", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "not_found"
    assert main(["eval", "retrieval", "--dataset", "/nowhere", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_dataset"


def beir(folder: Path, corpus: list[object], queries: list[object], judged: str) -> Path:
    """A folder in BEIR layout."""
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(judged, encoding="utf-8")
    return folder


ODD_CORPUS: list[object] = [
    {"_id": 1, "text": "Radar shows where birds fly at night."},
    {"_id": 2, "title": None, "text": "Quantization makes serving cheap.", "metadata": {"x": [1]}},
    {"_id": "3", "title": "Unlearning of licensed code", "text": ""},
    {"_id": "4", "title": "", "text": ""},
]


def test_odd_collections_are_read(tmp_path: Path) -> None:
    folder = beir(
        tmp_path / "odd",
        ODD_CORPUS,
        [
            {"_id": 10, "text": "birds", "extra": None},
            {"_id": "11", "text": None},
            {"_id": "12", "text": "serving"},
            {"_id": "unjudged", "text": "x"},
        ],
        "query-id\tcorpus-id\tscore\n10\t1\t2\n10\t2\t0\n10\t3\t-1\n\n"
        "11\t2\t1\n12\t1\t0\nlost\t1\t1\n",
    )
    collection = read_collection(folder)
    # 12 has no relevant document; `lost` has no text.
    assert collection.queries == {"10": "birds", "11": ""}
    assert collection.missing == 1
    found = eval_retrieval(folder, mode="lexical")
    assert (found["queries"], found["docs"], found["queries_missing"]) == (2, 4, 1)
    assert found["ndcg@10"] >= 0.5  # birds are found; an empty query finds all, in some order


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_packed_files_are_read(collection: Path, tmp_path: Path, mark: str) -> None:
    (tmp_path / "qrels").mkdir()
    for part in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        text = mark + (collection / part).read_text(encoding="utf-8")
        (tmp_path / f"{part}.gz").write_bytes(gzip.compress(text.encode()))
    packed, plain = read_collection(tmp_path), read_collection(collection)
    assert packed.queries == plain.queries
    assert packed.grades == plain.grades
    assert len(list(packed.items())) == 12
    (tmp_path / "queries.jsonl.gz").write_bytes(b"not packed at all")
    with pytest.raises(UsageError, match=r"queries\.jsonl\.gz cannot be read"):
        read_collection(tmp_path)


def test_a_query_of_a_collection_is_plain_text(tmp_path: Path) -> None:
    asked = [
        'what is "radar shows" -birds title:serving year:2024?',
        'an open quote "birds',
        "-birds radar",
        "phase:nothing: C++ (a OR b) AND",
    ]
    queries: list[object] = [{"_id": f'q"{i}', "text": text} for i, text in enumerate(asked)]
    judged = "".join(f'q"{i}\t1\t1\n' for i in range(len(asked)))
    folder = beir(tmp_path / "plain", ODD_CORPUS, queries, judged)
    found = eval_retrieval(folder, mode="hybrid", run=tmp_path / "run.txt")
    ranked = read_run(tmp_path / "run.txt")
    assert set(ranked) == {f'q"{i}' for i in range(len(asked))}
    assert [ranked[f'q"{i}'][0][0] for i in range(3)] == ["1", "1", "1"]
    assert found["recall@20"] == 1.0


def test_other_modes_are_compared_and_phases_told(collection: Path, tmp_path: Path) -> None:
    cache = tmp_path / "vectors.sqlite"
    found = eval_retrieval(collection, compare=True, by_phase=True, cache=cache)
    assert set(found["compare"]) == {"dense", "lexical"}
    for mode in ("dense", "lexical"):
        alone = eval_retrieval(collection, mode=mode, cache=cache)
        for name, one in found["compare"][mode].items():
            assert one["value"] == alone[name]
            assert one["difference"] == pytest.approx(found[name] - alone[name], abs=1e-4)
            assert one["interval"][0] <= one["difference"] <= one["interval"][1]
    assert found["phases"]
    for one in found["phases"].values():
        assert 1 <= one["queries"] <= 3
        assert {"ndcg@10", "recall@20", "intervals"} <= set(one)
    json.dumps(found, allow_nan=False)


def test_questions_to_the_library_are_measured(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    rows: list[dict[str, object]] = [
        {"id": "a", "type": "single", "question": "birds on radar", "gold_papers": ["2311.00011"]},
        {
            "id": "b",
            "type": "multi",
            "question": "How are models made to forget licensed code?",
            "gold_papers": ["2502.00002", "0000.00000", "2311.00011"],
            "borderline": ["2311.00011"],
        },
        {"id": "c", "type": "unanswerable", "question": "tungsten?", "gold_papers": []},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = eval_questions(library, read_questions(path), run=tmp_path / "run.txt", compare=True)
    assert found["queries"] == 2
    # `a` has its one paper first; of `b` one of two is here, first too.
    assert found["mrr@10"] == 1.0
    assert found["recall@20"] == 0.75
    ranked = read_run(tmp_path / "run.txt")
    assert "2311.00011" not in {document for document, _ in ranked["b"]}
    with pytest.raises(UsageError, match="no question has a gold paper"):
        eval_questions(library, read_questions(path)[2:])


def test_the_command_wants_one_thing_to_measure_on(
    made_library: Path, collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "retrieval", "--json"]) == 2
    assert "--dataset" in json.loads(capsys.readouterr().out)["error"]["remedy"]
    path = tmp_path / "q.jsonl"
    asked = {"id": "a", "type": "single", "question": "birds", "gold_papers": ["2311.00011"]}
    path.write_text(json.dumps(asked))
    command = ["--library", str(made_library), "eval", "retrieval", "--questions", str(path)]
    assert main([*command, "--json", "--by-phase"]) == 0
    assert json.loads(capsys.readouterr().out)["recall@20"] == 1.0
    assert main([*command, "--compare", "--by-phase"]) == 0
    assert "ahead of lexical" in capsys.readouterr().out
    assert main([*command, "--dataset", str(collection)]) == 2
