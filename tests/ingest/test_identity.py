from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, PdfError, SourceError
from ingest.identity import arxiv_id, arxiv_version, normal_doi, paper_id, sha_id


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2506.23762", "2506.23762"),
        ("2506.23762v2", "2506.23762"),
        ("arXiv:2506.23762V2", "2506.23762"),
        ("arXiv: 0704.0001 [cs.SE]", "0704.0001"),
        ("https://arxiv.org/abs/2506.23762v1", "2506.23762"),
        ("http://www.arxiv.org/pdf/2506.23762v1.pdf", "2506.23762"),
        ("https://export.arxiv.org/abs/2506.23762?context=cs", "2506.23762"),
        ("arxiv.org/html/2506.23762v1#S2", "2506.23762"),
        ("quant-ph/0201082v1", "quant-ph/0201082"),
        ("math.GT/0309136", "math/0309136"),
        ("https://arxiv.org/abs/math.GT/0309136", "math/0309136"),
        ("10.48550/arXiv.2506.23762", "2506.23762"),
        ("https://doi.org/10.48550/ARXIV.2506.23762", "2506.23762"),
        ("10.1145/3597503.3639187", "doi:10.1145/3597503.3639187"),
        ("DOI: 10.1145/ABC", "doi:10.1145/abc"),
        ("https://dx.doi.org/10.1016/0009-2614%2880%2980396-4", "doi:10.1016/0009-2614(80)80396-4"),
        ("sha256:0123456789ABCDEF", "sha256:0123456789abcdef"),
        ("sha256:" + "ab" * 32, "sha256:abababababababab"),
    ],
)
def test_every_dress_of_an_id_names_the_same_paper(text: str, wanted: str) -> None:
    assert paper_id(text) == wanted
    assert paper_id(f"  {text}\n") == wanted
    assert paper_id(wanted) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "hello", "2513.00001", "2506.237", "foo/0201082", "10.12/x", "sha256:12", "http://a"],
)
def test_what_is_no_id_is_refused_and_told_what_is(text: str) -> None:
    with pytest.raises(SourceError, match="Accepted forms") as caught:
        paper_id(text)
    assert caught.value.code == "unknown_id"
    assert caught.value.item == text


def test_versions_are_read_and_dois_are_no_arxiv_ids() -> None:
    assert arxiv_version("https://arxiv.org/pdf/2506.23762v12.pdf") == "v12"
    assert arxiv_version("2506.23762") == ""
    assert arxiv_id("10.1145/1") == ""
    assert normal_doi("not a doi") == ""


@given(st.text(max_size=60))
def test_an_id_once_normal_stays_as_it_is(text: str) -> None:
    try:
        known = paper_id(text)
    except SourceError:
        return
    assert paper_id(known) == known


def test_a_file_and_its_bytes_have_one_id(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert sha_id(path) == sha_id(b"abc") == "sha256:ba7816bf8f01cfea"


def test_errors_say_all_they_know_and_travel_between_processes() -> None:
    for error in (
        PdfError("encrypted", "The file needs a password.", "a.pdf"),
        SourceError("bad_line", "The line is not JSON.", "a.jsonl:3", "Mend it."),
        IngestError("x", "y"),
    ):
        back = pickle.loads(pickle.dumps(error))
        assert (back.code, back.message, back.item, back.remedy) == (
            error.code,
            error.message,
            error.item,
            error.remedy,
        )
        assert str(back) == str(error)
        assert error.item in str(error)
        assert error.remedy in str(error)
