"""`Parsed` as JSON and back: how the child process hands it over."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ingest.records import Box, PageText, Parsed, ParseNote, Reference, Section


def to_json(parsed: Parsed) -> dict[str, Any]:
    """A parsed paper as what JSON can hold."""
    # `asdict` would copy each number of each box by itself.
    record = asdict(replace(parsed, sections=(), abstract_boxes=()))
    record["abstract_boxes"] = parsed.abstract_boxes
    record["sections"] = [
        {
            "heading": section.heading,
            "level": section.level,
            "page": section.page,
            "parts": [(part.page, part.text, part.places) for part in section.parts],
        }
        for section in parsed.sections
    ]
    return record


def _box(value: list[float]) -> Box:
    x0, y0, x1, y1 = value
    return x0, y0, x1, y1


def _part(page: int | None, text: str, places: list[Any]) -> PageText:
    return PageText(page, text, tuple((at, _box(box) if box else None) for at, box in places))


def from_json(record: dict[str, Any]) -> Parsed:
    """The parsed paper that `to_json` wrote.

    Raises KeyError, TypeError or ValueError on anything else.
    """
    sections = tuple(
        Section(**{**one, "parts": tuple(_part(*part) for part in one["parts"])})
        for one in record["sections"]
    )
    return Parsed(
        **{
            **record,
            "authors": tuple(record["authors"]),
            "sections": sections,
            "references": tuple(Reference(**one) for one in record["references"]),
            "warnings": tuple(ParseNote(**one) for one in record["warnings"]),
            "abstract_boxes": tuple(_box(one) for one in record["abstract_boxes"]),
        }
    )
