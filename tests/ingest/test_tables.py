from __future__ import annotations

from ingest.layout import Line
from ingest.tables import in_cells


def row(baseline: float, *cells: tuple[float, str]) -> list[Line]:
    return [
        Line(
            1,
            x,
            baseline - 9,
            x + 5.0 * len(text),
            baseline + 2,
            baseline,
            text,
            10.0,
            "F",
            False,
            False,
        )
        for x, text in cells
    ]


def texts(rows: list[list[Line]]) -> list[str]:
    return [" | ".join(line.text for line in one) for one in rows]


def test_cells_of_several_lines_are_read_one_after_the_other() -> None:
    rows = [
        row(100, (70, "Day"), (170, "Goals"), (300, "Topics")),
        row(120, (70, "Day 1: The"), (170, "Create a project with"), (300, "What is")),
        row(132, (70, "workbench"), (170, "a useful structure"), (300, "reproducible")),
        row(144, (300, "anyway?")),
        row(162, (70, "Day 2"), (170, "Use git"), (300, "Paths")),
    ]
    assert texts(in_cells(rows)) == [
        "Day | Goals | Topics",
        "Day 1: The",
        "workbench",
        "Create a project with",
        "a useful structure",
        "What is",
        "reproducible",
        "anyway?",
        "Day 2 | Use git | Paths",
    ]


def test_plain_tables_stay_in_rows() -> None:
    rows = [row(100, (70, "Model"), (170, "Pass"), (300, "Cost"))] + [
        row(118 + 12 * n, (70, f"Model {n}"), (170, "41.2"), (300, "3")) for n in range(6)
    ]
    assert in_cells(rows) == rows


def test_prose_around_a_table_stays_where_it_is() -> None:
    before = [
        row(60 + 12 * n, (70, "A line of running text that is long enough")) for n in range(3)
    ]
    after = [
        row(300 + 12 * n, (70, "Another line of running text, just as long")) for n in range(3)
    ]
    assert in_cells(before + after) == before + after
    assert in_cells([]) == []


def test_stretched_prose_is_no_table() -> None:
    rows = [
        row(100, (70, "A line that was stretched, e.g."), (250, "by its setting")),
        row(112, (70, "and a line below it that runs through the gap")),
        row(124, (70, "and one more that is stretched"), (251, "a little")),
        row(142, (70, "The next"), (120, "paragraph.")),
    ]
    assert in_cells(rows) == rows
