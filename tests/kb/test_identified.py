"""A paper is recognised whatever it comes as, and what is known of it is not lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.records import PageText, Paper, Section
from ingest.sources import FileSource, Found, jsonl
from kb.adding import Report, add
from kb.catalogue import StoredPaper
from kb.library import Library
from kb.merging import groups
from kb.titles import Facts, same_name, same_work, shared_names, title_key, told_apart

TITLE = "Catching Compiler Bugs with Language Models in the Wild"
NAMES = ("Wei Wang", "Ann-Marie Müller", "Jan van der Berg")
TEXT = "We test compilers with language models and find ninety bugs that nobody knew of."


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "empty")
    yield made
    made.close()


def pdf(text: str = TEXT, **facts: Any) -> Paper:
    """A paper as its PDF gives it."""
    known: dict[str, Any] = {
        "paper_id": "sha256:00112233aabbccdd",
        "title": TITLE,
        "authors": NAMES,
        "sections": (Section("Intro", 1, 1, (PageText(1, text),)),),
        "pages": 1,
        "pdf_sha256": "00112233aabbccdd" * 4,
        "source": "pdf:x.pdf",
    }
    return Paper(**known | facts)


def given(library: Library, *papers: Paper) -> Report:
    found = [Found(one.paper_id, lambda one=one: one) for one in papers]  # type: ignore[misc]
    return add(library, [FileSource("given", lambda: iter(found))])


def record(library: Library, tmp_path: Path, **values: Any) -> Report:
    file = tmp_path / "record.jsonl"
    file.write_text(json.dumps({"title": TITLE, "authors": list(NAMES), **values}))
    return add(library, [jsonl(file)])


def papers(library: Library) -> dict[str, StoredPaper]:
    with library.catalogue.read() as reader:
        return {one.paper_id: one for one in reader.papers().values()}


def test_an_arxiv_record_of_a_held_doi_is_that_paper(empty: Library, tmp_path: Path) -> None:
    record(empty, tmp_path, doi="10.1145/3597503", abstract="")
    report = record(empty, tmp_path, arxiv_id="2501.00001", doi="10.1145/3597503", abstract=TEXT)
    assert (report.added, report.updated) == (0, 1)
    (held,) = papers(empty).values()
    assert (held.arxiv_id, held.doi, held.abstract) == ("2501.00001", "10.1145/3597503", TEXT)
    assert empty.number("2501.00001v3") == empty.number("10.1145/3597503") == held.n


def test_a_doi_whose_arxiv_record_is_held_is_that_paper(empty: Library, tmp_path: Path) -> None:
    record(empty, tmp_path, arxiv_id="2501.00001", doi="10.1145/3597503", abstract=TEXT)
    report = record(empty, tmp_path, doi="10.1145/3597503", abstract="")
    assert report.added == 0
    assert list(papers(empty)) == ["2501.00001"]
    assert papers(empty)["2501.00001"].abstract == TEXT


def test_a_volumes_doi_makes_no_two_papers_one(empty: Library, tmp_path: Path) -> None:
    record(empty, tmp_path, arxiv_id="2501.00001", doi="10.4204/eptcs.1", abstract=TEXT)
    other = "Session Types for Quantum Channels"
    record(empty, tmp_path, doi="10.4204/eptcs.1", title=other, authors=["Zoe"], abstract="")
    record(empty, tmp_path, arxiv_id="2502.00002", doi="10.4204/eptcs.1", abstract=TEXT)
    assert len(papers(empty)) == 3


def test_a_file_attached_to_a_record_is_known_by_its_hash(empty: Library) -> None:
    given(empty, pdf(paper_id="doi:10.1145/3597503", doi="10.1145/3597503", source="bib:x"))
    given(empty, pdf(title="x.pdf", authors=()))
    (held,) = papers(empty).values()
    assert (held.paper_id, held.title) == ("doi:10.1145/3597503", TITLE)


def test_a_records_facts_stand_over_what_was_read_off_its_pdf(
    empty: Library, tmp_path: Path
) -> None:
    given(empty, pdf(paper_id="2501.00001", arxiv_id="2501.00001", title="CATCHING C0MPILER"))
    with empty.catalogue.read() as reader:
        before = reader.passages_of([1])[1]
    facts = {
        "arxiv_id": "2501.00001",
        "doi": "10.1145/3597503",
        "categories": ["cs.SE"],
        "published": "2025-01-02",
        "abstract": "The record's own abstract.",
    }
    assert record(empty, tmp_path, **facts).updated == 1
    held = papers(empty)["2501.00001"]
    assert (held.title, held.doi, held.categories) == (TITLE, "10.1145/3597503", ("cs.SE",))
    assert (held.published, held.year, held.abstract) == (
        "2025-01-02",
        2025,
        "The record's own abstract.",
    )
    assert held.full_text
    with empty.catalogue.read() as reader:
        assert reader.passages_of([1])[1] == before
    assert record(empty, tmp_path, **facts).unchanged == 1


def test_an_older_version_never_overwrites_a_newer(empty: Library) -> None:
    named: dict[str, Any] = {"paper_id": "2501.00001", "arxiv_id": "2501.00001"}
    given(empty, pdf("The first text says too little of what was done.", **named, version="v1"))
    with empty.catalogue.write() as writer:
        writer.set_collected("mine", "2501.00001", member=True, now="")
    newer = "The second text says it all, and nothing of the first one is left."
    given(empty, pdf(newer, **named, version="v2", pdf_sha256="b" * 64))
    with empty.catalogue.read() as reader:
        assert [one.text for one in reader.passages_of([1])[1]] == [newer]
        assert reader.papers([1])[1].version == "v2"
    older = pdf("The first text says too little of what was done.", **named, version="v1")
    for one in (Paper(title=TITLE, abstract="Old words.", version="v1", **named), older):
        given(empty, one)
    with empty.catalogue.read() as reader:
        assert [one.text for one in reader.passages_of([1])[1]] == [newer]
        assert reader.collection("mine") == {"2501.00001"}


def test_a_preprint_and_its_publication_are_grouped(empty: Library, tmp_path: Path) -> None:
    record(empty, tmp_path, arxiv_id="2501.00001", abstract=TEXT, published="2025-01")
    record(
        empty,
        tmp_path,
        doi="10.1145/3597503",
        title="Catching {Compiler} Bugs with Language-Models in the wild.",
        authors=["Wang, W.", "Müller, Ann-Marie"],
        published="2026",
        abstract="",
    )
    with empty.catalogue.read() as reader:
        (group,) = groups(reader)
        assert reader.counts()["papers"] == 1
    assert group.paper_id == "2501.00001"
    (version,) = group.versions
    assert (version.doi, version.by) == ("10.1145/3597503", "machine")
    assert "same title" in version.why


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "Catching Compiler Bugs with Language Models in the Wild, Part II"},
        {"title": "Catching Compiler Bugs with Language Models"},
        {"authors": ["Someone Else", "Nobody Known"]},
        {"authors": []},
        {"published": "2029"},
        {
            "abstract": "Birds sing at dawn in the far north of Norway, where winters last half "
            "a year; this report counts thrushes, finches and wrens heard over four seasons by "
            "volunteers walking along fixed paths between two lakes."
        },
    ],
)
def test_what_only_looks_alike_stays_two(
    empty: Library, tmp_path: Path, changed: Mapping[str, Any]
) -> None:
    words = "language models test compilers and find bugs in passes of the optimiser which were"
    abstract = f"{TEXT} Large {words} hidden for years; our method needs no oracle or grammar."
    facts = {"published": "2025-01", "abstract": abstract}
    record(empty, tmp_path, arxiv_id="2501.00001", **facts)
    record(empty, tmp_path, **{"doi": "10.1145/3597503", **facts, **changed})
    assert len(papers(empty)) == 2


@pytest.mark.parametrize(
    "title",
    ["Introduction", "Editorial", "Guest Editorial: Software Testing in the Age of Models",
     "Reply to the Comments on Our Paper on Compilers", "CodeBERT"],
)  # fmt: skip
def test_a_title_that_many_bear_joins_nothing(title: str) -> None:
    one = Facts(title, NAMES, 2025)
    assert same_work(one, one) == ""


def test_titles_are_one_however_they_are_set() -> None:
    forms = [
        "Über α-Conversion: LLMs & C++ in Practice",
        r"{\"U}ber $\alpha$-conversion — {LLM}s \& C++ in \emph{practice}",
        "UBER ALPHA CONVERSION. LLMs and C++ in practice",
    ]
    assert len({title_key(one) for one in forms}) == 1
    assert title_key("A Compiler for C") != title_key("A Compiler for C++")
    assert title_key("X-2") != title_key("X")


def test_names_agree_as_bibliographies_write_them() -> None:
    assert same_name("Wang, Wei", "Wei Wang")
    assert same_name("W. Wang", "Wei Wang")
    assert same_name("Wang Wei", "Wei Wang")
    assert same_name("van der Berg, J.", "Jan van der Berg")
    assert not same_name("Li Wang", "Wei Wang")
    assert shared_names(["Wei Wang", "Ann Bee"], ["Bee, A.", "Cee, C.", "Wang, W."]) == 1.0
    assert told_apart("Types, Part I", "Types, Part II")
    assert told_apart("Llama 2", "Llama 3")
