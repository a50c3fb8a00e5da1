"""Both legs under filters, phrases and load: the same papers, however they are looked for."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from ingest.sources import jsonl
from kb import feedback, ranking
from kb.adding import add
from kb.catalogue import Filters
from kb.cli import main
from kb.embed import load_reranker
from kb.library import Library
from kb.merging import join
from kb.model_files import DEFAULT_MODEL, find_model
from kb.query import parse
from kb.ranking import MODES
from kb.search import related, search
from kb.text_index import Among
from kb.why import reasons

QUERY = "language models code benchmark of agents"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("by", ["papers", "passages"])
def test_being_told_what_passes_changes_nothing_but_time(
    library: Library, mode: ranking.Mode, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = Filters(year_from=2024, year_to=2024)
    found = []
    for narrow in (0, 10**6):  # always told, never told
        monkeypatch.setattr(ranking, "NARROW", narrow)
        results = search(library, QUERY, filters, mode=mode, by=by)  # type: ignore[arg-type]
        hits = [(hit.passage.passage_id, hit.score) for hit in results.hits]
        found.append((results.total, hits))
    assert found[0] == found[1]


def test_the_text_index_leaves_out_what_it_is_told(library: Library) -> None:
    index = library.indexes.text
    (every, scores), matched = index.search_papers(QUERY, 50)
    some = every[::2].tolist()
    for inside in (True, False):
        (numbers, told), count = index.search_papers(QUERY, 50, Among(some, inside))
        wanted = [i for i, n in enumerate(every.tolist()) if (n in some) == inside]
        assert numbers.tolist() == every[wanted].tolist()
        assert told == pytest.approx(scores[wanted])
        assert count == len(wanted) < matched
        (_, _), passages = index.search_passages(QUERY, 50, Among(some, inside))
        assert passages >= count


def test_a_phrase_is_in_every_passage_found(library: Library) -> None:
    phrase = "licensed code"
    for mode in MODES:
        asked = parse(f'"{phrase}" audits', library.edition)
        hits = search(library, asked, by="passages", mode=mode, limit=50).hits
        assert hits
        assert all(phrase in hit.passage.text.lower() for hit in hits)
    both = parse(f'"{phrase}" "birds fly"', library.edition)
    assert search(library, both, by="passages").hits == ()


def test_a_phrase_of_a_title_alone_has_no_passage_but_titles(
    library: Library, tmp_path: Path
) -> None:
    asked = parse('"forgetting on request"', library.edition)
    assert [hit.paper.paper_id for hit in search(library, asked).hits] == ["2502.00002"]
    held = search(library, asked, by="passages").hits
    assert all("forgetting on request" in hit.passage.text.lower() for hit in held)
    source = tmp_path / "bare.jsonl"
    source.write_text(json.dumps({"arxiv_id": "2501.09999", "title": "Zebras Never Request"}))
    add(library, [jsonl(source)])
    asked = parse('"zebras never request"', library.edition)
    (hit,) = search(library, asked, by="passages").hits
    assert hit.passage.section == "Title"


def test_the_way_vectors_went_is_told(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    assert search(library, QUERY).route.path == "exact"
    assert search(library, QUERY, mode="lexical").route.path is None
    filtered = search(library, QUERY, Filters(year_from=2025)).route
    assert filtered.path == "exact"
    assert filtered.scored < search(library, QUERY).route.scored
    monkeypatch.setattr(ranking, "EXACT_BELOW", 0)
    assert search(library, QUERY).route.path == "chroma"
    assert search(library, QUERY, Filters(year_from=2025)).route.path == "exact"


def test_reasons_are_told_in_words(library: Library) -> None:
    found = search(library, "birds unlearning licensed")
    told = reasons(library, found)
    assert len(told) == len(found.hits)
    at = next(i for i, hit in enumerate(found.hits) if hit.paper.paper_id == "2502.00002")
    assert any("words (unlearning, licensed)" in one for one in told[at])
    words_only = search(library, "radar", mode="lexical")
    (reason,) = reasons(library, words_only)[0]
    assert reason == "first by words: 1 of 1 words (radar)"
    bare = search(library, parse("year:2025", library.edition))
    assert all(
        one == ["passes the filters; there was nothing to rank by"]
        for one in reasons(library, bare)
    )


def test_explain_prints_it_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--library", str(folder), "search", QUERY, "--explain"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"load", "filter", "encode", "dense", "lexical", "fuse", "fetch"} <= set(told["steps"])
    assert told["dense_path"]["path"] == "exact"
    assert all(hit["why"]["reasons"] for hit in told["hits"])
    assert {"dense_rank", "lexical_rank"} <= set(told["hits"][0]["why"])
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "in meaning" in out
    assert "vectors: exact" in out


def test_unranked_hits_go_by_id(library: Library) -> None:
    asked = parse("year:2020..", library.edition)
    hits = search(library, asked, limit=5).hits
    ids = [hit.paper.paper_id for hit in hits]
    assert ids == sorted(ids)
    assert len(ids) == 5
    assert search(library, asked, limit=5).total == 12
    assert search(library, asked, by="passages", limit=50).hits


def test_related_leaves_joined_duplicates_out(library: Library, tmp_path: Path) -> None:
    record = {
        "doi": "10.1000/same",
        "title": "Forgetting on Request: Unlearning Licensed Code",
        "abstract": "Language models memorise licensed code; we remove chosen snippets.",
    }
    source = tmp_path / "same.jsonl"
    source.write_text(json.dumps(record))
    add(library, [jsonl(source)])
    near = {hit.paper.paper_id for hit in related(library, "2502.00002").hits}
    assert "doi:10.1000/same" in near
    join(library, "2502.00002", ["doi:10.1000/same"], "somebody")
    near = {hit.paper.paper_id for hit in related(library, "2502.00002").hits}
    assert not {"2502.00002", "doi:10.1000/same"} & near
    again = related(library, "doi:10.1000/same").hits
    assert {hit.paper.paper_id for hit in again} == near


def test_many_search_while_one_adds(library: Library, tmp_path: Path) -> None:
    """No error, and every answer is of one state: nothing twice, nothing out of order."""
    errors: list[BaseException] = []
    answers: list[tuple[int, int]] = []
    done = threading.Event()

    def ask(turn: int) -> None:
        mode = MODES[turn % 3]
        try:
            while not done.is_set():
                filters = Filters(year_from=2024) if turn % 2 else Filters()
                results = search(library, QUERY, filters, mode=mode, limit=30)
                ids = [hit.paper.paper_id for hit in results.hits]
                scores = [hit.score for hit in results.hits]
                assert len(set(ids)) == len(ids)
                assert scores == sorted(scores, reverse=True)
                answers.append((turn, results.total))
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(3):
            records = [
                {"arxiv_id": f"2601.{turn}{i:04}", "title": f"Agents of code {turn} {i}"}
                for i in range(4)
            ]
            source = tmp_path / f"{turn}.jsonl"
            source.write_text("\n".join(json.dumps(one) for one in records))
            assert add(library, [jsonl(source)]).added == 4
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    assert errors == []
    assert {turn for turn, _ in answers} == set(range(8))
    assert search(library, QUERY, mode="dense", limit=50).total == 24
    found = search(library, "agents of code 2 3", mode="lexical", limit=50).hits
    assert sum(hit.paper.paper_id.startswith("2601.") for hit in found) == 12


def test_chroma_is_asked_by_many_at_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = [hit.paper.paper_id for hit in search(library, QUERY, mode="dense").hits]
    monkeypatch.setattr(ranking, "EXACT_BELOW", 0)
    found: list[list[str]] = []

    def ask() -> None:
        for _ in range(5):
            hits = search(library, QUERY, mode="dense").hits
            found.append([hit.paper.paper_id for hit in hits])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [exact] * 20


def test_many_vectors_are_asked_as_each_alone(library: Library) -> None:
    vectors = np.stack([library.snapshot().matrix.vectors[i] for i in (0, 3, 5)])
    index = library.indexes.vector
    together = index.query_many(vectors, 4)
    for vector, (numbers, cosines) in zip(vectors, together, strict=True):
        alone = index.query(vector, 4)
        assert numbers.tolist() == alone[0].tolist()
        assert cosines == pytest.approx(alone[1])
    assert index.query_many(vectors[:0], 4) == []


def test_what_the_first_hits_share_moves_only_what_the_question_brought(library: Library) -> None:
    """The same papers in another order, with both legs' own scores as they were."""
    snapshot = library.snapshot()
    vector = library.embedder.encode_query([QUERY])[0]
    passing = np.ones(len(snapshot.table.n), dtype=bool)
    searcher = ranking.Searcher(library, snapshot, passing, filtered=False, clock=ranking.Clock())
    plain = searcher.rank(QUERY, vector, "hybrid", "papers", 10)
    again = feedback.ask_again(library, snapshot, plain, vector)
    assert plain.before is None
    assert again.before is not None
    for before, after in ((plain.dense, again.dense), (plain.lexical, again.lexical)):
        assert dict(zip(plain.rows.tolist(), before.tolist(), strict=True)) == dict(
            zip(again.rows.tolist(), after.tolist(), strict=True)
        )
    assert again.score.tolist() == sorted(again.score.tolist(), reverse=True)
    assert (again.score != again.before).any()
    words_only = searcher.rank(QUERY, None, "lexical", "papers", 10)
    assert feedback.ask_again(library, snapshot, words_only, vector) is words_only


def test_words_that_only_one_of_the_first_hits_has_are_not_added(library: Library) -> None:
    texts = ["Kestrels hover over benchmarks", "Benchmarks of code", "Code and kestrelry"]
    words = feedback.telling_words(library.indexes.text, texts, np.array([0.5, 0.3, 0.2]))
    assert set(words) == {"benchmark", "code"}
    assert sum(words.values()) == pytest.approx(1)
    assert feedback.telling_words(library.indexes.text, ["", "alone"], np.array([0.5, 0.5])) == {}


def test_what_only_vectors_brought_is_scored_by_words_too(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = {h.paper.paper_id: h.why.lexical for h in search(library, QUERY, limit=50).hits}
    monkeypatch.setattr(ranking, "POOL", 4)
    found = search(library, QUERY, limit=2).hits
    assert found
    assert all(hit.why.lexical == pytest.approx(every[hit.paper.paper_id]) for hit in found)


def test_an_index_of_an_older_layout_is_made_anew(folder: Path) -> None:
    before = [hit.paper.paper_id for hit in search(Library.open(folder), QUERY).hits]
    note = folder / "lexical.json"
    held = json.loads(note.read_text())
    note.write_text(json.dumps(held | {"format": held["format"] - 1}))
    (folder / held["folder"] / "papers" / "meta.json").write_text("{")
    again = Library.open(folder)
    assert [hit.paper.paper_id for hit in search(again, QUERY).hits] == before
    assert json.loads(note.read_text())["format"] == held["format"]


@pytest.fixture
def cross_encoder(tmp_path: Path) -> Path:
    """A CrossEncoder of 40,000 random weights, with the default model's tokenizer."""
    from sentence_transformers import CrossEncoder
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    plain, made = tmp_path / "plain", tmp_path / "cross-encoder"
    tokenizer = AutoTokenizer.from_pretrained(find_model(DEFAULT_MODEL).path)
    shape = BertConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        initializer_range=5.0,
    )
    shape.num_labels = 1
    BertForSequenceClassification(shape).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    CrossEncoder(str(plain), device="cpu").save_pretrained(str(made))
    return made


def test_a_reranker_reads_the_first_hits_again(
    folder: Path, library: Library, cross_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = search(library, QUERY, limit=12)
    found = search(library, QUERY, limit=12, reranker=str(cross_encoder))
    ids = [hit.paper.paper_id for hit in found.hits]
    assert sorted(ids) == sorted(hit.paper.paper_id for hit in plain.hits)
    wanted = load_reranker(str(cross_encoder), library.settings.threads).scores(
        QUERY, [f"{hit.paper.title}. {hit.paper.abstract}" for hit in found.hits]
    )
    assert [hit.score for hit in found.hits] == pytest.approx(wanted.tolist(), rel=1e-3, abs=1e-3)
    assert wanted.tolist() == sorted(wanted.tolist(), reverse=True)
    assert all(f"before {cross_encoder} read it" in one[-1] for one in reasons(library, found))
    for mode in ("dense", "lexical"):
        alone = search(library, QUERY, mode=mode, reranker=str(cross_encoder))
        assert alone.reranker == ""
    (folder / "settings.toml").write_text(f'reranker = "{cross_encoder}"\n')
    assert search(Library.open(folder), QUERY).reranker == str(cross_encoder)
    passages = search(Library.open(folder), QUERY, by="passages", limit=50).hits
    assert [one.score for one in passages] == sorted((h.score for h in passages), reverse=True)
    command = ["--library", str(folder), "search", QUERY, "--reranker", "", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert [hit["paper_id"] for hit in told["hits"]] == [h.paper.paper_id for h in plain.hits][:10]


def test_a_reranker_that_is_not_here_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--library", str(folder), "search", QUERY, "--reranker", "nobody/none", "--json"]
    assert main(command) != 0
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["item"] == "nobody/none"
    assert "reranker" in error["remedy"]
