"""One facet as a TOML file of a user's: read with faults named by line, and written."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from taxonomy.codebook import Category, CodebookError, Facet, facet_table, read_facet

# Bounds far above any codebook that people could code by.
MAX_FILE = 200_000
MAX_CATEGORIES = 60
MAX_LISTED = 60
MAX_TEXT = 2_000
MAX_KEY = 60

_HEADER = re.compile(r"^\s*\[\[\s*category\s*\]\]")
_QUOTED = re.compile(r"'([^']+)'")


def read(text: str, name: str) -> Facet:
    """The facet that a file's text gives.

    Takes: name, of the file, for messages. Raises CodebookError that names the line.
    """
    if len(text) > MAX_FILE:
        raise CodebookError(f"It is longer than {MAX_FILE:,} characters.", name, "Shorten it.")
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodebookError(f"It is not TOML: {error!s:.200}.", name) from error
    lines = text.splitlines()
    _check_each(table, lines, name)
    try:
        facet = read_facet(table, name)
        check_size(facet, name)
    except CodebookError as error:
        line = _line_of(error, lines, 0, len(lines))
        raise CodebookError(error.message, f"{name}, line {line}", error.remedy) from error
    return facet


def check_size(facet: Facet, item: str) -> None:
    """Raise CodebookError where a facet is larger than anybody could code by."""
    if len(facet.categories) > MAX_CATEGORIES:
        raise CodebookError(
            f"{len(facet.categories)} categories are too many.",
            item,
            f"At most {MAX_CATEGORIES}; make two facets of it.",
        )
    for category in facet.categories:
        check_category(category, item)
    for value in (facet.key, facet.plural):
        if len(value) > MAX_KEY:
            raise CodebookError(f"{value[:20]!r} … is too long.", item, f"At most {MAX_KEY}.")
    _check_text((facet.name, facet.question, facet.citation, facet.note), item)


def check_category(category: Category, item: str) -> None:
    """Raise CodebookError where an entry is too long."""
    if len(category.key) > MAX_KEY:
        raise CodebookError(f"{category.key[:20]!r} … is too long.", item, f"At most {MAX_KEY}.")
    listed = (category.include, category.exclude, category.cues)
    if max(map(len, listed)) > MAX_LISTED:
        raise CodebookError(
            f"{category.key!r} lists too many.", item, f"At most {MAX_LISTED} in each list."
        )
    texts = (category.name, category.definition, category.example, category.stage)
    _check_text((*texts, *(one for some in listed for one in some)), item)


def _check_text(texts: Sequence[str], item: str) -> None:
    for text in texts:
        if len(text) > MAX_TEXT:
            raise CodebookError(
                f"{text[:30]!r} … is too long.", item, f"At most {MAX_TEXT:,} characters."
            )


def _check_each(table: Mapping[str, Any], lines: Sequence[str], name: str) -> None:
    """Each category on its own, so that a fault is looked for among its own lines."""
    entries = table.get("category")
    if not isinstance(entries, list):
        return  # `read_facet` says so
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        whole = len(starts) == len(entries)
        start = starts[place] if whole else 0
        end = [*starts, len(lines)][place + 1] if whole else len(lines)
        # A facet of this one category: everything that is wrong within the entry shows.
        alone = {"key": "x", "plural": "xs", "name": "x", "version": "1"}
        bare = {**entry, "parent": ""} if isinstance(entry, dict) else entry
        try:
            made = read_facet({**alone, "category": [bare]}, name).categories[0]
            check_category(made, name)
        except CodebookError as error:
            line = _line_of(error, lines, start, end)
            raise CodebookError(error.message, f"{name}, line {line}", error.remedy) from error
        if made.key in seen:
            raise CodebookError(
                f"The key {made.key!r} occurs twice.",
                f"{name}, line {start + 1}",
                f"It is first in line {seen[made.key]}; rename one.",
            )
        seen[made.key] = start + 1


def _line_of(error: CodebookError, lines: Sequence[str], start: int, end: int) -> int:
    """The line that holds what the message quotes, from 1; else the first of the entry."""
    for quoted in _QUOTED.findall(error.message):
        for number in range(start, end):
            if re.match(rf"\s*\"?{re.escape(quoted)}\"?\s*=", lines[number]):
                return number + 1
        for number in range(start, end):
            if f'"{quoted}' in lines[number] or f"'{quoted}" in lines[number]:
                return number + 1
    return start + 1


def write(facet: Facet) -> str:
    """The facet as TOML that `read` gives back the same."""
    table = facet_table(facet)
    source, entries = table.pop("source"), table.pop("category")
    blocks = [_pairs(table)]
    if source:
        blocks.append("[source]\n" + _pairs(source))
    blocks += ["[[category]]\n" + _pairs(entry) for entry in entries]
    return "\n".join(blocks)


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        # TOML's basic strings escape as JSON's do, but for U+007F, which JSON lets stand.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_value(one) for one in value) + "]"
