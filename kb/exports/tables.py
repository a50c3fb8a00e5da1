"""Papers as a spreadsheet and as JSON lines, with their tags; `kb add` reads both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ingest.bibliography_columns import OURS
from ingest.spreadsheet import guarded
from kb.exports.entries import Entry
from kb.quotes import legible
from kb.shown import visible_json


def sheet(entries: Iterable[Entry]) -> str:
    """One row a paper under the columns `OURS`; UTF-8 with a byte order mark, CRLF lines.

    Lists are joined by `; `. A text that a spreadsheet would run gets an apostrophe.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(OURS)
    for one in entries:
        values = {
            "paper_id": one.paper_id,
            "title": one.title,
            "authors": "; ".join(one.authors),
            "year": one.year,
            "published": one.published,
            "abstract": one.abstract,
            "doi": one.doi,
            "arxiv_id": one.arxiv_id,
            "version": one.version,
            "categories": "; ".join(one.categories),
            "phases": "; ".join(one.phases),
            "layers": "; ".join(one.layers),
            "url": one.url,
        }
        writer.writerow([guarded(legible(values[column])) for column in OURS])
    return "\ufeff" + held.getvalue()


def json_lines(entries: Iterable[Entry]) -> str:
    """One object a line, as `kb add` reads it, with phases and layers besides."""
    return "".join(
        visible_json({key: value for key, value in _facts(one).items() if value}) + "\n"
        for one in entries
    )


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "paper_id": entry.paper_id,
        "arxiv_id": entry.arxiv_id,
        "doi": entry.doi,
        "title": entry.title,
        "abstract": entry.abstract,
        "authors": list(entry.authors),
        "categories": list(entry.categories),
        "published": entry.published,
        "version": entry.version,
        "phases": list(entry.phases),
        "layers": list(entry.layers),
        "url": entry.url,
    }
