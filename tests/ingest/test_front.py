"""What a first page says the paper is, and what it only cites."""

from __future__ import annotations

import pytest

from ingest.front import stamp
from ingest.layout import Line, PageLines


def at(text: str, x: float, y: float) -> Line:
    return Line(1, x, y, x + 5 * len(text), y + 10, y + 8, text, 10, "Serif", False, False)


@pytest.mark.parametrize(
    ("lines", "turned", "arxiv"),
    [
        ([], ("arXiv:2401.00001v2  [cs.SE]  3 Jan 2024",), "2401.00001"),
        ([at("arXiv:2401.00001v2 [cs.SE] 3 Jan 2024", 150, 400)], (), "2401.00001"),
        ([at("Preprint. arXiv:2401.00001", 200, 770)], (), "2401.00001"),
        ([at("as others found (arXiv:2301.09999), models", 150, 400)], (), ""),
        (
            [at("as others found (arXiv:2301.09999), models", 150, 400)],
            ("arXiv:2401.00001",),
            "2401.00001",
        ),
    ],
)
def test_a_cited_id_is_not_the_papers_own(
    lines: list[Line], turned: tuple[str, ...], arxiv: str
) -> None:
    assert stamp(PageLines(1, 595, 842, tuple(lines), turned), "").arxiv_id == arxiv
