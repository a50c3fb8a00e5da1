"""Does the gate know a paraphrase from a distortion? On sentences written for this.

`data/support` has the sentences; the passages are the digests in `data` (held out) and the
abstracts of the shared data (on which thresholds and word lists were made).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ingest.records import Paper
from ingest.sources import FileSource, Found, record_paper
from kb.adding import add
from kb.embed import Embedder
from kb.library import Library
from kb.writing.given import Given, evidence_of
from kb.writing.support import Evidence, numbers, supports

DATA = Path(__file__).parents[2] / "data"
PARTS = ("problem", "contribution", "finding", "challenge", "direction")


def lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.decode().splitlines()]


def made(folder: Path, embedder: Embedder, records: list[dict[str, Any]]) -> Library:
    library = Library.create(folder / "library")
    library.embedder = embedder

    def papers() -> Iterator[Found]:
        for record in records:
            yield Found(str(record["arxiv_id"]), partial(_same, record_paper(record)), None)

    add(library, [FileSource("made", papers)])
    return library


def _same(paper: Paper) -> Paper:
    return paper


def evidence(library: Library) -> dict[str, list[Evidence]]:
    """paper id -> evidence of all its passages."""
    found: dict[str, list[Evidence]] = {}
    with library.catalogue.read() as reader:
        papers = reader.papers()
        for number, passages in reader.passages_of(papers).items():
            for passage in passages:
                given = Given(papers[number], passage, tuple(reader.sentences([passage.n])))
                found.setdefault(papers[number].paper_id, []).extend(evidence_of(library, given))
    return found


def passing(library: Library, pairs: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Sentences by kind, and how many of them pass; `other` are true ones, of another paper."""
    held = evidence(library)
    vectors = library.embedder.encode_query([one["text"] for one in pairs])
    asked: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for one, vector in zip(pairs, vectors, strict=True):
        for paper, some in held.items():
            own = paper == one["paper_id"]
            if not own and one["kind"] != "supported":
                continue
            kind = one["kind"] if own else "other"
            found = supports(library, one["text"], vector, some)
            asked[kind] += 1
            passed[kind] += bool(found) and found[0].holds
    return asked, passed


def check(asked: Counter[str], passed: Counter[str], *, recall: float, false: float) -> None:
    wrong = [kind for kind in asked if kind not in ("supported", "other")]
    assert passed["supported"] / asked["supported"] >= recall, passed
    assert sum(passed[kind] for kind in wrong) / sum(asked[kind] for kind in wrong) <= false, passed
    assert passed["other"] == 0
    assert asked["other"] >= 200


def test_on_sentences_held_out(
    tmp_path_factory: pytest.TempPathFactory, embedder: Embedder
) -> None:
    pairs = lines(DATA / "support" / "held_out.jsonl")
    wanted = {one["paper_id"] for one in pairs}
    records = [
        {
            "arxiv_id": one["id"],
            "title": f"A digest of {one['id']}",
            "abstract": " ".join(one[part] for part in PARTS if one[part]),
        }
        for one in lines(DATA / "digests.jsonl")
        if one["id"] in wanted
    ]
    library = made(tmp_path_factory.mktemp("held"), embedder, records)
    asked, passed = passing(library, pairs)
    library.close()
    check(asked, passed, recall=0.8, false=0.2)


def test_on_the_sentences_that_it_was_made_on(
    tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, shared_data: Path
) -> None:
    pairs = lines(DATA / "support" / "sentences.jsonl")
    wanted = {one["paper_id"] for one in pairs}
    every = lines(shared_data / "llm_se_papers.jsonl.gz")
    records = [one for one in every if one["arxiv_id"] in wanted]
    library = made(tmp_path_factory.mktemp("made"), embedder, records)
    asked, passed = passing(library, pairs)
    library.close()
    check(asked, passed, recall=0.9, false=0.05)


def test_numbers_are_read_alike() -> None:
    assert numbers("1,740 of 18.0% in two runs") == ["1740", "18", "2"]
    assert numbers("0.50 and .5 and 4.2-5.8x") == ["0.5", "0.5", "4.2", "5.8"]
    assert numbers("pass@1 of GPT-4") == ["1", "4"]
