"""`Parsed` as JSON and back: how the child process hands it over."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ingest.records import PageText, Parsed, ParseNote, Reference, Section


def to_json(parsed: Parsed) -> dict[str, Any]:
    """A parsed paper as what JSON can hold."""
    return asdict(parsed)


def from_json(record: dict[str, Any]) -> Parsed:
    """The parsed paper that `to_json` wrote. Raises KeyError or TypeError on anything else."""
    sections = tuple(
        Section(**{**one, "parts": tuple(PageText(**part) for part in one["parts"])})
        for one in record["sections"]
    )
    return Parsed(
        **{
            **record,
            "authors": tuple(record["authors"]),
            "sections": sections,
            "references": tuple(Reference(**one) for one in record["references"]),
            "warnings": tuple(ParseNote(**one) for one in record["warnings"]),
        }
    )
