"""RIS as reference managers and publishers write it: EndNote, Zotero, PubMed, Scopus, ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import rispy

from ingest.bibliography_record import Record, classes, published
from ingest.errors import SourceError
from ingest.names import people
from ingest.records import ParseNote

Read = Callable[[], Record]

_START = re.compile(r"^[ \t]*TY {1,2}-", re.MULTILINE)
_END = re.compile(r"^[ \t]*ER {1,2}-", re.MULTILINE)
# Some exports leave out one of the two spaces, or indent.
_LOOSE = re.compile(r"^[ \t]*([A-Z][A-Z0-9]) {1,2}-[ \t]?(?=[^ \t]|$)", re.MULTILINE)
_LISTS = ["A1", "A2", "A3", "A4", "AU", "KW", "N1", "UR", "L1", "L2", "L4"]
_MENTIONS = (
    "urls",
    "accession_number",
    "id",
    "type_of_work",
    "journal_name",
    "alternate_title3",
    "secondary_title",
    "note",
    "notes",
    "custom7",
    "publisher",
    "number",
)
_OWN = "Sixfold"
MAX_RECORD = 2_000_000
"""Characters of one record: the longest abstracts have 6,000."""


def records(text: str, name: str) -> Iterator[tuple[str, Read]]:
    """(what to call it, how to read it) of each record of a file's text.

    A record without its `ER` ends where the next one begins. Reading one raises SourceError
    that names file, line and id.
    """
    starts = [found.start() for found in _START.finditer(text)]
    line = at = 0
    for start, end in pairwise([*starts, len(text)]):
        line, at = line + text.count("\n", at, start), start
        chunk = text[start:end]
        named = re.search(r"^[ \t]*ID {1,2}-[ \t]*(\S{1,200})", chunk, re.MULTILINE)
        item = f"{name}:{line + 1}" + (f" ({named[1]})" if named else "")
        yield item, partial(_record, item, chunk)


def _record(item: str, chunk: str) -> Record:
    if len(chunk) > MAX_RECORD:
        raise SourceError(
            "too_long", f"The record has {len(chunk):,} characters.", item, "Shorten it."
        )
    ended = _END.search(chunk)
    whole = chunk[: ended.start()] if ended else chunk
    entries = rispy.loads(
        _LOOSE.sub(r"\1  - ", whole) + "\nER  - \n", list_tags=_LISTS, delimiter_tags_mapping={}
    )
    if not entries:
        raise SourceError("bad_entry", "The record cannot be read.", item, "Mend it.")
    notes = () if ended else (ParseNote("no_end", "Its RIS record has no end (ER)."),)
    return _read(entries[0], item, notes)


def _read(entry: dict[str, Any], item: str, notes: tuple[ParseNote, ...]) -> Record:
    def first(*names: str) -> str:
        """The first value of the first tag that has one; "" where none has."""
        return next((value for name in names for value in _texts(entry.get(name)) if value), "")

    own = first("name_of_database") == _OWN
    names = _texts(entry.get("authors")) or _texts(entry.get("first_authors"))
    urls = _texts(entry.get("urls"))
    files = (*_texts(entry.get("file_attachments1")), *_texts(entry.get("file_attachments2")))
    local = tuple(one for one in urls if one.lower().startswith("file:"))
    return Record(
        item=item,
        title=first("title", "primary_title", "translated_title", "short_title"),
        abstract=first("abstract", "notes_abstract"),
        authors=people(names),
        published=published(first("date"), first("year", "publication_year"))
        if _agree(first("date"), first("year", "publication_year"))
        else published(first("year", "publication_year")),
        doi=first("doi"),
        mentions=tuple(text for name in _MENTIONS for text in _texts(entry.get(name))),
        categories=classes(_texts(entry.get("keywords"))),
        files=(*local, *files),
        key=first("id"),
        own=first("id") if own else "",
        notes=notes,
    )


def _agree(date: str, year: str) -> bool:
    """False where DA is the day of an access or of a print: then it has another year than PY."""
    return not year[:4].isdigit() or year[:4] in date


def _texts(value: Any) -> tuple[str, ...]:
    """The values of a tag, each as text on one line."""
    values = value if isinstance(value, list) else [value]
    return tuple(" ".join(one.split()) for one in values if isinstance(one, str))
