"""Search on a real library: real vectors, real Chroma, real tantivy."""

from __future__ import annotations

import numpy as np
import pytest

from kb import ranking
from kb.catalogue import Filters, StoredPaper
from kb.errors import ModelMismatch, UsageError
from kb.library import Library
from kb.ranking import MODES
from kb.search import related, search
from kb.vector_index import VectorIndex


@pytest.mark.parametrize("mode", MODES)
def test_finds_the_paper_that_is_meant(library: Library, mode: ranking.Mode) -> None:
    results = search(library, "quantization for serving", mode=mode)
    assert results.hits[0].paper.paper_id == "2403.00003"
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)


def test_meaning_without_shared_words(library: Library) -> None:
    results = search(library, "making a model delete what it has memorised", mode="dense")
    assert results.hits[0].paper.paper_id == "2502.00002"


def test_json_has_the_keys_of_the_contract(library: Library) -> None:
    found = search(library, "self-repair", limit=3).to_json()
    assert {"query", "mode", "took_ms", "total", "hits"} <= set(found)
    wanted = {
        "rank",
        "score",
        "paper_id",
        "title",
        "authors",
        "year",
        "url",
        "phases",
        "layers",
        "passage_id",
        "section",
        "page",
        "snippet",
        "why",
    }
    assert wanted <= set(found["hits"][0])
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]


def test_snippet_is_verbatim(library: Library) -> None:
    for hit in search(library, "judge agreement").hits:
        assert hit.snippet in hit.passage.text


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(year_from=2023, year_to=2023), {"2311.00011", "2312.00012"}),
        (Filters(author="ada ex"), {"2501.00001", "2403.00003"}),
        (Filters(category="cs.lg"), {"2502.00002", "2404.00004"}),
        (Filters(category="cs.LG", year_from=2025), {"2502.00002"}),
        (Filters(collection="nothing"), set()),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_filters_are_exact(
    library: Library, filters: Filters, expected: set[str], mode: ranking.Mode
) -> None:
    query = "language models code birds radar assistants corpora"
    results = search(library, query, filters, limit=50, mode=mode)
    assert {hit.paper.paper_id for hit in results.hits} <= expected
    if mode != "lexical":
        assert {hit.paper.paper_id for hit in results.hits} == expected
        assert results.total == len(expected)


def test_filter_by_tag_gives_all_and_only_the_tagged(library: Library) -> None:
    key = "testing-and-evaluation"
    tagged = {paper.paper_id for paper in _papers(library) if key in paper.keys("phase")}
    assert tagged  # the tagger finds benchmarks
    results = search(library, "birds", Filters(phases=(key,)), limit=50)
    assert {hit.paper.paper_id for hit in results.hits} == tagged


def test_chroma_and_exact_scoring_agree(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = search(library, "agents that plan", mode="dense", limit=5)
    monkeypatch.setattr(ranking, "EXACT_BELOW", 0)
    calls: list[int] = []
    query = VectorIndex.query

    def counted(self: VectorIndex, vector: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
        calls.append(limit)
        return query(self, vector, limit)

    monkeypatch.setattr(VectorIndex, "query", counted)
    by_chroma = search(library, "agents that plan", mode="dense", limit=5)
    assert calls
    assert [h.paper.paper_id for h in by_chroma.hits] == [h.paper.paper_id for h in exact.hits]
    assert by_chroma.hits[0].score == pytest.approx(exact.hits[0].score, abs=1e-5)


def test_lexical_total_counts_matching_papers(library: Library) -> None:
    assert search(library, "radar", mode="lexical").total == 1
    assert search(library, "zebra", mode="lexical").total == 0


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "AND OR NOT", "a:b^2~(", "'; DROP TABLE", "\x00"]
)
def test_odd_queries_do_not_break(library: Library, query: str) -> None:
    for mode in MODES:
        search(library, query, mode=mode)


def test_passages_are_hits_too(library: Library) -> None:
    results = search(library, "birds fly below 800 metres", by="passages")
    assert results.hits[0].passage.paper_id == "2311.00011"


def test_related_leaves_the_paper_itself_out(library: Library) -> None:
    hits = related(library, "https://arxiv.org/abs/2506.00006v1", limit=20).hits
    assert len(hits) == 11
    assert "2506.00006" not in {hit.paper.paper_id for hit in hits}


def test_unknown_mode_lists_the_known(library: Library) -> None:
    with pytest.raises(UsageError) as caught:
        search(library, "x", mode="fuzzy")  # type: ignore[arg-type]
    assert "hybrid, dense, lexical" in caught.value.remedy


def test_another_models_vectors_are_refused(library: Library) -> None:
    with library.catalogue.write() as writer:
        writer.set_meta("model", "some-other-model")
    with pytest.raises(ModelMismatch) as caught:
        search(library, "x")
    assert "some-other-model" in caught.value.message
    assert search(library, "radar", mode="lexical").total == 1  # needs no vectors


def test_a_removed_paper_is_found_no_more(library: Library) -> None:
    assert library.remove(["2311.00011"]) == 1
    for mode in MODES:
        found = {hit.paper.paper_id for hit in search(library, "birds radar", mode=mode).hits}
        assert "2311.00011" not in found


def _papers(library: Library) -> list[StoredPaper]:
    with library.catalogue.read() as reader:
        return list(reader.papers().values())
