from __future__ import annotations

import pytest

from ingest.layout import Line
from ingest.paragraphs import Hyphens
from ingest.references import bare_list, read_reference, read_references


def line(text: str, x0: float = 72.0, baseline: float = 100.0, **facts: object) -> Line:
    whole: dict[str, object] = {
        "page": 1,
        "y0": baseline - 9,
        "x1": 500.0,
        "y1": baseline + 2,
        "size": 10.0,
    }
    whole |= {"font": "Times", "bold": False, "italic": False} | facts
    return Line(x0=x0, baseline=baseline, text=text, **whole)  # type: ignore[arg-type]


def column(*texts: tuple[float, str]) -> list[Line]:
    return [line(text, x0, 100.0 + 12 * at) for at, (x0, text) in enumerate(texts)]


@pytest.mark.parametrize(
    ("raw", "title", "year", "doi", "arxiv"),
    [
        (
            (
                "[3] A. Smith and B. Jones, “Testing generated code,” IEEE Softw., vol. 3, 2021, "
                "doi: 10.1109/MS.2021.123."
            ),
            "Testing generated code",
            2021,
            "10.1109/ms.2021.123",
            "",
        ),
        (
            (
                "Smith, A., & Jones, B. (2019b, May). Testing generated code. Journal, 2(16), 21. "
                "https://doi.org/10.1016/0009-2614(80)80396-4"
            ),
            "Testing generated code",
            2019,
            "10.1016/0009-2614(80)80396-4",
            "",
        ),
        (
            (
                "Ada Smith, Bo Jones, and Cy Lee. Testing generated code. arXiv preprint "
                "arXiv:2107.03374v2, 2021."
            ),
            "Testing generated code",
            2021,
            "",
            "2107.03374",
        ),
        (
            (
                "Ada Smith. 2023. Testing generated code: why? In Proc. of Tests. "
                "https://arxiv.org/abs/2301.00001"
            ),
            "Testing generated code: why?",
            2023,
            "",
            "2301.00001",
        ),
        ("12. Smith A. Something without a date.", "Something without a date", None, "", ""),
        (
            "Smith. (2020). Two words. https://doi.org/10.48550/arXiv.2001.00001",
            "Two words",
            2020,
            "10.48550/arxiv.2001.00001",
            "2001.00001",
        ),
    ],
)
def test_an_entry_tells_title_year_doi_and_arxiv_id(
    raw: str, title: str, year: int | None, doi: str, arxiv: str
) -> None:
    entry = read_reference(raw)
    assert (entry.title, entry.year, entry.doi, entry.arxiv_id) == (title, year, doi, arxiv)
    assert entry.raw == raw


def test_entries_begin_at_their_numbers() -> None:
    lines = column(
        (72, "[1] A. Smith, One work,"),
        (90, "2020."),
        (72, "[2] B. Lee, [3] is not"),
        (90, "a start, 2021."),
    )
    assert [entry.raw for entry in read_references(lines, Hyphens(lines))] == [
        "[1] A. Smith, One work, 2020.",
        "[2] B. Lee, [3] is not a start, 2021.",
    ]


def test_entries_begin_at_a_hanging_indent_also_where_a_page_holds_one_only() -> None:
    lines = column(
        (72, "Smith, A. (2020). One"),
        (86, "work. Journal."),
        (72, "Lee, B. (2021). Two more works."),
    )
    rest = [line(text, 86, 100.0 + 12 * at, page=2) for at, text in enumerate(("And so", "on."))]
    entries = read_references([*lines, *rest], Hyphens(lines))
    assert [entry.raw for entry in entries] == [
        "Smith, A. (2020). One work. Journal.",
        "Lee, B. (2021). Two more works. And so on.",
    ]


def test_entries_begin_after_white_space_where_nothing_hangs() -> None:
    lines = [
        line("Ada Smith. One work.", baseline=100),
        line("Journal, 2020.", baseline=111),
        line("Bo Lee. Two works.", baseline=128),
        line("Journal, 2021.", baseline=139),
    ]
    assert len(read_references(lines, Hyphens(lines))) == 2


def test_an_address_broken_between_lines_is_whole_again() -> None:
    lines = column(
        (72, "[1] A. Smith, Work, 2020, https://doi.org/10.1890/0012(2003)084%5B1412:"),
        (90, "TETTWU%5D2.0.CO;2"),
        (72, "[2] B. Lee, Another, arXiv:1706."),
        (90, "05689, 2017."),
    )
    one, two = read_references(lines, Hyphens(lines))
    assert one.doi == "10.1890/0012(2003)084[1412:tettwu]2.0.co;2"
    assert two.arxiv_id == "1706.05689"


def test_notes_and_lists_among_references_are_no_entries() -> None:
    lines = column(
        (72, "Smith, A. (2020). One"),
        (86, "work, 3."),
        (72, "• a list item without a date"),
        (72, "Lee, B. (2021). Two more works."),
    )
    small = line("1 A footnote of 2020 below.", baseline=700, size=8.0)
    assert len(read_references([*lines, small], Hyphens(lines))) == 2


def test_a_numbered_list_without_a_heading_is_found_late_in_a_paper_only() -> None:
    body = [line(f"Text {n}") for n in range(20)]
    entries = [line(f"[{n}] A. Smith, Work {n}, 20{n + 10}.") for n in range(1, 8)]
    assert bare_list([*body, *entries]) == 20
    assert bare_list([*entries, *body, *body]) is None
    assert bare_list(body) is None
