"""Bibliographies as sources of papers: BibTeX, RIS, CSL-JSON and tables."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from ingest import bibliography_bibtex, bibliography_csl, bibliography_csv, bibliography_ris
from ingest.bibliography_columns import table
from ingest.bibliography_files import Shelf
from ingest.bibliography_record import Record, paper_of
from ingest.errors import SourceError
from ingest.records import Paper
from ingest.sources import FileSource, Found, ReadPdf, encodable

SUFFIXES = (".bib", ".bibtex", ".ris", ".json", ".csv", ".tsv")
"""Endings of the files that are read as bibliographies."""

Records = Callable[[str, str], Iterator[tuple[str, Callable[[], Record]]]]

MAX_BYTES = 500_000_000
"""Of one file: a library of 100,000 papers with abstracts has a third of it."""
_LOOKS_LIKE = (
    ("BibTeX", re.compile(r"^\s*@\w+\s*[{(]", re.MULTILINE)),
    ("RIS", re.compile(r"^[ \t]*TY {1,2}-", re.MULTILINE)),
    ("PubMed's own format (choose RIS there)", re.compile(r"^PMID- ", re.MULTILINE)),
    ("Web of Science's own format (choose RIS there)", re.compile(r"\AFN .*\nVR ")),
    ("EndNote's own format (choose RIS there)", re.compile(r"\A%0 ")),
    ("JSON", re.compile(r"\A\s*[\[{]")),
    ("a web page", re.compile(r"\A\s*<(?:!doctype|html)", re.IGNORECASE)),
    ("a PDF", re.compile(r"\A%PDF-")),
)


def is_bibliography(path: Path) -> bool:
    """True where the file's name ends as a bibliography's."""
    return path.name.lower().endswith(SUFFIXES)


def bibliography(
    path: Path, read: ReadPdf | None = None, columns: Mapping[str, str] | None = None
) -> FileSource:
    """The papers of a bibliography, by the ending of its name one of `SUFFIXES`.

    `read` reads the PDFs that entries name or that lie beside the file (in a folder of the
    same stem or `files`); None leaves them alone. `columns` says which column of a table
    holds a field. An entry that cannot be read is an item whose `read` raises SourceError
    naming file, line and key.
    """
    name = encodable(f"{path.suffix.lower().lstrip('.')}:{path.name}")
    return FileSource(name, partial(_items, path, name, read, columns))


def size(path: Path) -> int:
    """About how many entries a bibliography has, for a progress bar; 0 where it is unreadable."""
    try:
        text = text_of(path)
    except SourceError:
        return 0  # adding it will say why
    kind = path.suffix.lower()
    if kind == ".json":
        return len(re.findall(r'"title"\s*:', text))
    pattern = dict(_LOOKS_LIKE).get({".ris": "RIS"}.get(kind, "BibTeX"))
    found = len(pattern.findall(text)) if pattern and kind not in (".csv", ".tsv") else 0
    return found or text.count("\n")


def columns_of(path: Path, columns: Mapping[str, str]) -> None:
    """Look a table's columns up before it is read. Raises SourceError as `table`."""
    table(text_of(path), str(path), columns)


def text_of(path: Path) -> str:
    """A text file's content, whichever encoding and line ends it has. Raises SourceError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(
                "too_large", "The file is over 500 MB.", str(path), "Split it in parts."
            )
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(
            "unreadable", f"The file cannot be read: {error}.", str(path), "Check path and file."
        ) from error
    return _decoded(data).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass  # not UTF-8 throughout: its accents tell below what it is
    # One stray byte in a file of UTF-8 must not turn all its accents into two letters.
    text = data.decode("utf-8-sig", errors="replace")
    strays = text.count("\ufffd")
    accents = sum(char > "\x7f" for char in text) - strays
    return text if accents > strays else data.decode("cp1252", errors="replace")


def _items(
    path: Path, source: str, read: ReadPdf | None, columns: Mapping[str, str] | None
) -> Iterator[Found]:
    text, kind = text_of(path), path.suffix.lower()
    of_kind: dict[str, Records] = {
        ".ris": bibliography_ris.records,
        ".json": bibliography_csl.records,
        ".csv": partial(bibliography_csv.records, mapping=columns),
        ".tsv": partial(bibliography_csv.records, mapping=columns),
    }
    shelf = Shelf(path, read) if read else None
    found = 0
    for item, load in of_kind.get(kind, bibliography_bibtex.records)(text, str(path)):
        found += 1
        yield Found(encodable(item), partial(_paper, item, load, source, shelf))
    if not found:
        raise _holds_nothing(path, text, kind)


def _paper(item: str, load: Callable[[], Record], source: str, shelf: Shelf | None) -> Paper:
    try:
        record = load()
        paper = paper_of(record, source)
    except SourceError as error:
        if error.item == item:
            raise
        detail = f"{error.message} ({error.item})" if error.item else error.message
        raise SourceError(error.code, detail, item, error.remedy) from error
    return shelf.with_pdf(paper, record) if shelf else paper


def _holds_nothing(path: Path, text: str, kind: str) -> SourceError:
    """The error for a file without an entry, which says what it looks like instead."""
    wanted = {".ris": "RIS", ".json": "CSL-JSON", ".csv": "table", ".tsv": "table"}
    named = wanted.get(kind, "BibTeX")
    like = next((what for what, sign in _LOOKS_LIKE if sign.search(text[:100_000])), "")
    if not text.strip():
        return SourceError("empty", "The file is empty.", str(path), "Export it again.")
    looks = f" It looks like {like}." if like and like != named else ""
    return SourceError(
        "no_entries",
        f"The file holds no {named} entry.{looks}",
        str(path),
        "Give the file the ending of its kind: .bib, .ris, .json (CSL), .csv, .jsonl.",
    )
