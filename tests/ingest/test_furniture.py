"""What stands on every page of a paper and belongs to none of its text."""

from __future__ import annotations

from ingest.furniture import _line_numbers
from ingest.layout import Line, PageLines


def line(text: str, y: float) -> Line:
    return Line(0, 20, y, 30, y + 8, y + 7, text, 7, "Serif", bold=False, italic=False)


def page(texts: list[str]) -> PageLines:
    return PageLines(0, 600, 800, tuple(line(text, 20.0 * i) for i, text in enumerate(texts)))


def test_a_rising_column_of_numbers_is_no_text() -> None:
    numbered = page([str(n) for n in range(1, 12)])
    assert _line_numbers(numbered) == set(numbered.lines)


def test_raised_and_circled_digits_are_no_numbers_of_lines() -> None:
    # Python calls them digits, and cannot read them as a number.
    assert _line_numbers(page(["¹", "²", "③", "⁴", "5", "6", "7", "8", "9"])) == set()
