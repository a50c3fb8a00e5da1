"""Tables of papers: Zotero's, Scopus's, Web of Science's, IEEE's, ASReview's, ours, any other."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from ingest.bibliography_columns import MAX_CELL, Table, table
from ingest.bibliography_files import file_paths
from ingest.bibliography_record import Record, published
from ingest.errors import SourceError
from ingest.identity import paper_id
from ingest.names import listed
from ingest.spreadsheet import unguarded

Read = Callable[[], Record]


def records(
    text: str, name: str, mapping: Mapping[str, str] | None = None
) -> Iterator[tuple[str, Read]]:
    """(what to call it, how to read it) of each row of a table's text.

    Raises SourceError as `table`; reading a row raises SourceError that names file and line.
    """
    known = table(text, name, mapping)
    csv.field_size_limit(MAX_CELL)
    lines = text.split("\n")
    for line, row in _rows(lines, known):
        item = f"{name}:{line}"
        if isinstance(row, csv.Error):
            yield item, partial(_unread, item, str(row))
        elif any(cell.strip() for cell in row):
            yield item, partial(_record, item, row, known)


def _rows(lines: Sequence[str], known: Table) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """(line from 1, cells) of each row; after a row that cannot be cut, the next line."""
    at, head = known.first_line, True
    while at < len(lines):
        rest = (f"{line}\n" for line in islice(lines, at, None))
        cutter = csv.reader(rest, delimiter=known.delimiter, strict=True)
        start = at
        try:
            for row in cutter:
                if not head:
                    yield start + 1, row
                head, start = False, at + cutter.line_num
            return
        except csv.Error as error:
            yield start + 1, error
            at, head = start + 1, False


def _unread(item: str, why: str) -> Record:
    raise SourceError(
        "bad_row", f"The row cannot be cut into cells: {why}.", item, "Mend its quotes."
    )


def _record(item: str, row: list[str], known: Table) -> Record:
    if [cell for cell in row[len(known.columns) :] if cell.strip()]:
        raise SourceError(
            "bad_row",
            f"The row has {len(row)} cells under {len(known.columns)} columns.",
            item,
            "Put cells that hold the delimiter in quotes.",
        )

    def cell(field: str) -> str:
        """The row's cell of a field, on one line; "" where there is no such column."""
        place = known.of_field.get(field, len(row))
        text = row[place] if place < len(row) else ""
        return " ".join((unguarded(text) if known.ours else text).split())

    names = cell("authors")
    ours = tuple(filter(None, names.split("; "))) if known.ours else listed(names)
    given = cell("paper_id")
    return Record(
        item=item,
        title=cell("title"),
        abstract=cell("abstract"),
        authors=ours,
        published=published(cell("published"), cell("year"), cell("month")),
        doi=cell("doi"),
        eprint=cell("arxiv_id"),
        mentions=(cell("url"), cell("note"), given),
        categories=tuple(cell("categories").replace(";", " ").split()),
        version=cell("version") if known.ours else "",
        files=file_paths(cell("file")),
        key=cell("key"),
        own=_identity(given) if known.ours or not cell("doi") + cell("arxiv_id") else "",
    )


def _identity(given: str) -> str:
    """The paper id in a column of ids; "" for a number that counts rows."""
    try:
        return paper_id(given)
    except SourceError:
        return ""
