"""The head of a table of papers: how it is cut, and which column holds what."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.errors import SourceError

OURS = (
    "paper_id",
    "title",
    "authors",
    "year",
    "published",
    "abstract",
    "doi",
    "arxiv_id",
    "version",
    "categories",
    "phases",
    "layers",
    "url",
)
"""The columns of the tables that Sixfold writes."""

FIELDS = (
    "title",
    "abstract",
    "authors",
    "published",
    "year",
    "month",
    "doi",
    "arxiv_id",
    "paper_id",
    "categories",
    "version",
    "url",
    "note",
    "file",
    "key",
)
"""What a column can hold; the left sides of a column mapping."""

# Names of columns in the exports of common services, compared without case and punctuation;
# the first one that a file has is taken.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "article title", "document title", "primary title", "paper title"),
    "abstract": ("abstract", "abstract note", "notes abstract", "summary"),
    "authors": ("author full names", "authors", "author", "author names", "first authors"),
    "published": ("published", "date", "publication date", "online date"),
    "year": ("year", "publication year", "pub year", "py"),
    "month": ("month",),
    "doi": ("doi", "document object identifier"),
    "arxiv_id": ("arxiv id", "arxiv", "eprint"),
    "paper_id": ("paper id", "id"),
    "categories": ("categories", "arxiv categories"),
    "version": ("version",),
    "url": ("url", "urls", "link", "pdf link", "doi link"),
    "note": ("extra", "note", "notes", "publication title", "source title", "journal"),
    "file": ("file attachments", "file", "pdf", "pdf path"),
    "key": ("key", "citation key", "record id", "eid"),
}
_DELIMITERS = ",;\t|"
MAX_CELL = 1_000_000
"""Characters of one cell: the longest abstracts have 6,000."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's head: how it is cut, and which column holds what."""

    columns: tuple[str, ...]
    delimiter: str
    first_line: int
    """The line of the head, from 0."""
    of_field: Mapping[str, int]
    """Field -> column."""
    ours: bool
    """True where Sixfold wrote it."""


def table(text: str, name: str, mapping: Mapping[str, str] | None = None) -> Table:
    """The head of a table's text; `mapping` says which column holds a field.

    Raises SourceError `unknown_column`, `no_title_column` or `empty`, with the columns.
    """
    lines = text.split("\n", 2)
    skipped = re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)  # Excel's own first line
    head = text.split("\n", 1)[1] if skipped and len(lines) > 1 else text
    cut = [(one, _first_row(head, one)) for one in (skipped[1] if skipped else _DELIMITERS)]
    delimiter, row = max(cut, key=lambda one: (len(_recognised(one[1])), len(one[1])))
    columns = tuple(cell.strip() for cell in row)
    if not any(columns):
        raise SourceError("empty", "The table has no head.", name, "Name its columns first.")
    of_field = _recognised(columns) | _mapped(columns, mapping or {}, name)
    if "title" not in of_field:
        raise SourceError(
            "no_title_column",
            f"No column is known to hold titles. Columns: {', '.join(columns)}.",
            name,
            "Say which: --columns title=NAME.",
        )
    return Table(columns, delimiter, bool(skipped), of_field, set(OURS) <= set(columns))


def _first_row(text: str, delimiter: str) -> list[str]:
    lines = (f"{line}\n" for line in text[:MAX_CELL].split("\n"))
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _plain(column: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", column.lower()))


def _recognised(columns: Sequence[str]) -> dict[str, int]:
    """Field -> column, of the columns whose names are known."""
    at = {_plain(column): place for place, column in reversed(list(enumerate(columns)))}
    return {
        field: next(at[name] for name in names if name in at)
        for field, names in _KNOWN.items()
        if any(name in at for name in names)
    }


def _mapped(columns: Sequence[str], mapping: Mapping[str, str], name: str) -> dict[str, int]:
    found = {}
    for field, column in mapping.items():
        if column not in columns:
            raise SourceError(
                "unknown_column",
                f"There is no column {column}.",
                name,
                f"Columns: {', '.join(columns)}.",
            )
        found[field] = columns.index(column)
    return found
