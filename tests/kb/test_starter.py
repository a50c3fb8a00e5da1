"""The starter library: current, without a word of an abstract, and loaded without torch."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import jsonl
from kb.answer import ask
from kb.bundle import check_bundle, load_bundle, read_manifest
from kb.errors import UsageError
from kb.library import Library
from kb.model_files import DEFAULT_MODEL, find_model
from kb.starter import BUNDLE, build, read_digests, starter_path
from taxonomy import codebook
from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger

PAPERS = 7_912
MEGABYTES = 15
SECONDS = 20


def records() -> list[dict[str, Any]]:
    with zipfile.ZipFile(BUNDLE) as archive:
        return [json.loads(line) for line in archive.read("papers.jsonl").splitlines()]


def test_the_starter_was_made_by_this_code() -> None:
    manifest = read_manifest(starter_path())
    tagger = Tagger.load()
    remedy = "the starter lags the code: make starter"
    assert manifest.model == find_model(DEFAULT_MODEL).model_id, remedy
    assert manifest.tagger == tagger.version, remedy
    assert manifest.tag_versions == (f"{tagger.method} {tagger.version}",), remedy
    assert manifest.statements == StatementClassifier.load().version, remedy
    assert manifest.codebook == codebook.load().version, remedy


def test_the_starter_is_whole_and_small() -> None:
    manifest = check_bundle(starter_path(), codebook.load())
    assert manifest.counts["papers"] == manifest.counts["passages"] == PAPERS
    assert BUNDLE.stat().st_size < MEGABYTES * 1e6


def test_the_starter_holds_no_abstract() -> None:
    for paper in records():
        title = paper["title"].lower()
        assert paper["abstract"] == ""
        assert paper["sections"] == []
        assert {one["section"] for one in paper["passages"]} <= {"Title", "Digest"}
        told = " ".join(text for text in (paper["digest"] or {}).values() if text)
        assert all(text in (paper["title"], told) for _, text in paper["page_texts"])
        for tag in paper["tags"]:
            assert all(words.lower() in title for words in tag["evidence"])


def shingles(text: str, size: int = 7) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def test_no_digest_copies_its_abstract(shared_data: Path) -> None:
    digests = read_digests()
    for found in jsonl(shared_data / "llm_se_papers.jsonl.gz").items():
        paper = found.read()
        if paper.paper_id in digests:
            told = " ".join(text for _, text in digests[paper.paper_id].sentences())
            assert not shingles(told) & shingles(paper.abstract), paper.paper_id


def test_digests_are_spread_over_all_categories() -> None:
    held = [paper for paper in records() if paper["digest"]]
    assert len(held) >= 300
    tagged = Counter((tag["facet"], tag["key"]) for paper in held for tag in paper["tags"])
    for facet in codebook.load().facets:
        for key in facet.keys:
            assert tagged[facet.key, key] >= 5, key


def test_the_starter_loads_quickly_and_without_torch(tmp_path: Path) -> None:
    script = (
        "import sys; from kb.cli import main; code = main(['init', '--starter', '--json']);"
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["papers"], told["passages"]) == (PAPERS, PAPERS)
    # Processor time, which other work on the machine does not lengthen.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= SECONDS


DIGEST = {
    "id": "2501.00001",
    "problem": "Developers test late, and what is tested late stays broken longer than it must.",
    "contribution": "The authors write tests with a model while the tea is drawing, and keep those "
    "which compile and which fail for a reason that a person would accept as a good one.",
    "finding": "Three cups of tea were enough for sixty tests of twelve small programs.",
    "challenge": "Nobody can tell a wrong test from a wrong program without reading both of them.",
    "direction": "Larger pots should be tried, and other drinks that take their time.",
}
RECORDS = (
    {
        "arxiv_id": "2501.00001",
        "title": "Kettle: Unit Test Generation While the Tea Is Drawing",
        "abstract": "We generate unit tests with zymurgical patience and measure test coverage.",
    },
    {
        "arxiv_id": "2501.00002",
        "title": "A Ledger",
        "abstract": "Automated program repair of broken builds by a language model, quokka style.",
    },
)


def test_the_questions_of_the_readme_and_the_app_are_answered(tmp_path: Path) -> None:
    readme = (BUNDLE.parents[1] / "README.md").read_text(encoding="utf-8")
    (typed,) = re.findall(r'kb ask "([^"]+)"', readme)
    page = (BUNDLE.parents[1] / "kb" / "pages" / "ask.py").read_text(encoding="utf-8")
    offered = re.findall(r'^ {4}"([^"]+\?)": "[^"]+",$', page, flags=re.MULTILINE)
    assert len(offered) == 3
    library = Library.create(tmp_path / "library")
    load_bundle(library, BUNDLE)
    for question in (typed, *offered):
        assert ask(library, question).answered, question
    library.close()


def write_lines(path: Path, *values: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def test_building_keeps_no_word_of_an_abstract_and_is_repeatable(tmp_path: Path) -> None:
    texts = write_lines(tmp_path / "texts.jsonl", *RECORDS)
    digests = write_lines(tmp_path / "digests.jsonl", DIGEST)
    first = build(texts, tmp_path / "first.kbz", digests)
    build(texts, tmp_path / "second.kbz", digests)
    assert (tmp_path / "first.kbz").read_bytes() == (tmp_path / "second.kbz").read_bytes()
    assert (first.counts["papers"], first.counts["sentences"]) == (2, 5)
    with zipfile.ZipFile(tmp_path / "first.kbz") as archive:
        written = archive.read("papers.jsonl").decode()
    assert "zymurgical" not in written
    assert "quokka" not in written
    labels = [s[2] for s in json.loads(written.splitlines()[0])["passages"][0]["sentences"]]
    assert labels == ["other", "contribution", "contribution", "challenge", "direction"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"direction": ""}, ""),
        ({"mood": "gay"}, "the keys are"),
        ({"finding": "Short.", "contribution": "Short."}, "words, not 60 to 120"),
    ],
)
def test_digests_are_checked(change: dict[str, str], fault: str, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "digests.jsonl", DIGEST | change)
    if not fault:
        assert set(read_digests(path)) == {"2501.00001"}
        return
    with pytest.raises(UsageError, match=f"digests.jsonl:1: .*{fault}"):
        read_digests(path)


def test_a_digest_twice_or_of_no_record_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "digests.jsonl", DIGEST, DIGEST)
    with pytest.raises(UsageError, match="ids ascend"):
        read_digests(path)
    texts = write_lines(tmp_path / "texts.jsonl", RECORDS[1])
    path = write_lines(tmp_path / "digests.jsonl", DIGEST)
    with pytest.raises(UsageError, match="not among the records"):
        build(texts, tmp_path / "out.kbz", path)
