from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import PdfError, SourceError
from ingest.identity import own_id, sha_id
from ingest.records import PageText, Paper, Parsed, Section
from ingest.sources import attach, clean_text, folder, jsonl, parsed_paper, pdf_file, record_paper

BODY = (Section("Introduction", 1, 1, (PageText(1, "Text."),)),)
PARSED = Parsed("A printed title", ("Ada L.",), "Printed.", 1, BODY, (), 3, year=2024)


def record(**facts: Any) -> dict[str, Any]:
    return {"arxiv_id": "2506.23762v2", "title": " A  title ", "abstract": "An abstract.", **facts}


def written(path: Path, *lines: Any) -> Path:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_a_record_becomes_a_paper() -> None:
    paper = record_paper(
        record(authors=["A  B", {"name": "C D"}], categories="cs.SE cs.AI", published="2025-06")
    )
    assert paper == Paper(
        "2506.23762",
        "A title",
        "An abstract.",
        ("A B", "C D"),
        ("cs.SE", "cs.AI"),
        "2025-06",
        arxiv_id="2506.23762",
        version="v2",
    )


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"published": "2025-06-30T12:00:00Z"}, "2025-06-30"),
        ({"published": "June"}, ""),
        ({"year": 2024}, "2024"),
        ({"published": None, "year": "2024"}, "2024"),
        ({"published": "2025-13"}, "2025"),
    ],
)
def test_dates_are_as_precise_as_given(facts: dict[str, Any], wanted: str) -> None:
    assert record_paper(record(**facts)).published == wanted


def test_a_doi_is_an_id_too_and_stays_a_doi() -> None:
    paper = record_paper({"doi": "https://doi.org/10.1145/ABC.1", "title": "T"})
    assert (paper.paper_id, paper.doi, paper.arxiv_id) == ("doi:10.1145/abc.1", "10.1145/abc.1", "")
    paper = record_paper({"id": "doi:10.1145/abc.1", "title": "T"})
    assert (paper.paper_id, paper.doi) == ("doi:10.1145/abc.1", "10.1145/abc.1")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Code is at this URL .", "Code is at."),
        ("Code: \\url{ this URL } and more", "Code: and more"),
        ("See this https URL for\nit", "See for it"),
        ("soft\u00adhyphen", "softhyphen"),
    ],
)
def test_scrape_junk_is_taken_out(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize("name", ["papers.jsonl", "papers.jsonl.gz"])
def test_a_bad_line_costs_itself_and_is_named(tmp_path: Path, name: str) -> None:
    path = written(
        tmp_path / name,
        record(),
        "",
        "{broken",
        "[1]",
        {"title": "no id"},
        record(title=""),
        record(arxiv_id="nonsense"),
        {"id": "10.1145/1", "title": "Last"},
    )
    source = jsonl(path)
    assert source.name == f"jsonl:{name}"
    items = {int(found.item.rsplit(":", 1)[1]): found for found in source.items()}
    codes = {}
    for line in (3, 4, 5, 6, 7):
        with pytest.raises(SourceError) as caught:
            items[line].read()
        codes[line] = caught.value.code
        assert caught.value.item == items[line].item == f"{path}:{line}"
    papers = [items[line].read() for line in (1, 8)]
    assert [paper.paper_id for paper in papers] == ["2506.23762", "doi:10.1145/1"]
    assert codes == {
        3: "bad_line",
        4: "bad_line",
        5: "missing_id",
        6: "missing_title",
        7: "unknown_id",
    }
    assert papers[0].source == source.name


@pytest.mark.parametrize("content", [b"\x1f\x8b broken", gzip.compress(b"{}" * 900, mtime=0)[:30]])
def test_a_file_that_cannot_be_opened_or_unpacked_is_one_error(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(jsonl(path).items())
    assert (caught.value.code, caught.value.item) == ("unreadable", str(path))
    with pytest.raises(SourceError):
        list(jsonl(tmp_path / "missing.jsonl").items())


def test_a_folder_gives_its_pdfs_sorted_and_follows_no_link_out(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "b").mkdir(parents=True)
    outside = tmp_path / "outside.pdf"
    for path in (top / "z.PDF", top / "b" / "a.pdf", top / "note.txt", outside):
        path.write_bytes(b"%PDF-1.4")
    (top / "link.pdf").symlink_to(outside)
    (top / "inner.pdf").symlink_to(top / "z.PDF")
    asked: list[Path] = []

    def read(path: Path) -> Parsed:
        asked.append(path)
        return PARSED

    found = list(folder(top, read).items())
    assert [one.path for one in found] == [top / "b" / "a.pdf", top / "inner.pdf", top / "z.PDF"]
    assert asked == []
    assert found[0].read().sections == BODY
    assert asked == [top / "b" / "a.pdf"]
    with pytest.raises(SourceError, match="no such folder"):
        list(folder(tmp_path / "none", read).items())


def test_a_pdf_that_cannot_be_read_is_an_error_of_its_item(tmp_path: Path) -> None:
    def read(path: Path) -> Parsed:
        raise PdfError("encrypted", "The file needs a password.", str(path))

    (found,) = pdf_file(tmp_path / "x.pdf", read).items()
    with pytest.raises(PdfError):
        found.read()


@pytest.mark.parametrize(
    ("name", "facts", "wanted"),
    [
        ("2506.23762v1.pdf", {"arxiv_id": "2401.00001", "doi": "10.1/x"}, "2506.23762"),
        ("quant-ph_0201082.pdf", {}, "quant-ph/0201082"),
        ("paper.pdf", {"arxiv_id": "2401.00001", "doi": "10.1/x"}, "2401.00001"),
        ("paper.pdf", {"doi": "10.1145/x"}, "doi:10.1145/x"),
        ("paper.pdf", {}, sha_id(b"bytes")),
    ],
)
def test_a_pdf_is_known_by_name_then_stamp_then_doi_then_hash(
    tmp_path: Path, name: str, facts: dict[str, str], wanted: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"bytes")
    parsed = Parsed("T", (), "", None, (), (), 1, **facts)  # type: ignore[arg-type]
    paper = parsed_paper(parsed, path)
    assert paper.paper_id == wanted
    assert paper.pdf_sha256.startswith(sha_id(b"bytes").removeprefix("sha256:"))
    assert paper.source == f"pdf:{name}"


def test_a_record_keeps_its_facts_and_takes_the_text_of_its_pdf(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"bytes")
    paper = attach(record_paper(record(published="2025")), PARSED, path)
    assert (paper.title, paper.abstract, paper.abstract_page) == ("A title", "An abstract.", None)
    assert (paper.published, paper.authors, paper.pages) == ("2025", ("Ada L.",), 3)
    assert paper.sections == BODY
    bare = attach(record_paper(record(abstract="")), PARSED, path)
    assert (bare.abstract, bare.abstract_page, bare.published) == ("Printed.", 1, "2024")


def test_a_sources_own_name_for_a_paper_is_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"id": "P-017", "title": "Own"}\n{"id": 17, "title": "Number"}\n')
    ids = [found.read().paper_id for found in jsonl(path).items()]
    assert ids == [own_id("P-017"), own_id("17")]
    assert ids[0].startswith("sha256:")


def test_a_paper_id_of_our_own_export_wins_over_the_other_ids() -> None:
    assert record_paper(record(paper_id="doi:10.5555/x")).paper_id == "doi:10.5555/x"
    assert record_paper(record(paper_id="P-017")).paper_id == "2506.23762"
