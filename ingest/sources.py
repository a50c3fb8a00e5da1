"""Where papers come from: JSON lines, one PDF, a folder of PDFs."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ingest import pdf
from ingest.errors import SourceError
from ingest.identity import arxiv_id, arxiv_version, file_sha256, normal_doi, own_id, paper_id
from ingest.records import Paper, Parsed

ReadPdf = Callable[[Path], Parsed]
"""Reads one PDF, e.g. `pdf.parse` or the `parse` of a `pdf.Parser`. Raises PdfError."""

# What arXiv listings put where they cut an address out, with the TeX that held it.
_CUT_ADDRESS = re.compile(
    r"\s*(?:\\(?:url|href|footnote)\s*\{\s*)?\bthis (?:https? )?URL\b(?:\s*\})?(?:\s*\{\s*\})?"
)
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-\d{2})?)?")
MAX_LINE = 4_000_000
"""Characters of one line: the longest abstracts have 6,000; a line beyond is no record."""


@dataclass(frozen=True, slots=True)
class Found:
    """One item a source holds. Reading it is separate, so that one bad item costs only itself."""

    item: str
    """What to call it in messages: a path, or file:line."""
    load: Callable[[], Paper]
    path: Path | None = None
    """The PDF it is read from; None for a record. Lets a reader skip files it knows by hash."""

    def read(self) -> Paper:
        """The paper. Raises SourceError or PdfError."""
        return self.load()


class Source(Protocol):
    """Somewhere papers come from."""

    @property
    def name(self) -> str:
        """What to call it, e.g. `jsonl:papers.jsonl`."""

    def items(self) -> Iterator[Found]:
        """What it holds, in a stable order. Raises SourceError where it cannot be opened."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A source that is a file or folder."""

    name: str
    listing: Callable[[], Iterator[Found]]

    def items(self) -> Iterator[Found]:
        """What it holds, in a stable order. Raises SourceError where it cannot be opened."""
        return self.listing()


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold escaped, e.g. a file name in another encoding."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clean_text(text: str) -> str:
    """An abstract or title with scrape junk removed and white space normalised."""
    # SQLite's functions take NUL for the end of a text.
    text = _CUT_ADDRESS.sub("", encodable(text).replace("\u00ad", "").replace("\0", " "))
    return " ".join(re.sub(r"\s+([.,;:)])", r"\1", text).split())


def _names(value: Any) -> tuple[str, ...]:
    """Authors or categories as given: a list of strings or of {name}, or one string."""
    if isinstance(value, str):
        value = re.split(r";|\s+and\s+", value)
    if not isinstance(value, list):
        return ()
    names = [item.get("name", "") if isinstance(item, dict) else item for item in value]
    texts = [" ".join(encodable(name).split()) for name in names if isinstance(name, str)]
    return tuple(name for name in texts if name)


def _categories(value: Any) -> tuple[str, ...]:
    return tuple(encodable(value).split()) if isinstance(value, str) else _names(value)


def _published(record: dict[str, Any]) -> str:
    """The date of publication as precise as given; "" where none can be read."""
    for key in ("published", "year", "date"):
        found = _DATE.match(str(record.get(key) or "").strip())
        if found:
            return found[0]
    return ""


def _own_paper_id(record: dict[str, Any]) -> str:
    try:
        return paper_id(str(record.get("paper_id") or ""))
    except SourceError:
        return ""


def _identified(record: dict[str, Any]) -> tuple[str, str]:
    """(identifier as given, paper id) of a record. Raises SourceError.

    An `id` that is neither arXiv id, DOI nor hash is the source's own name for the paper.
    A `paper_id`, which Sixfold's own exports carry, is the id whatever else is given.
    """
    fixed = _own_paper_id(record)
    for key in ("arxiv_id", "doi", "id", "paper_id"):
        value = record.get(key)
        if isinstance(value, str | int) and str(value).strip():
            given = encodable(str(value)).strip()
            try:
                return given, fixed or paper_id(given)
            except SourceError:
                if key in ("arxiv_id", "doi"):
                    raise
                return given, fixed or own_id(given)
    raise SourceError(
        "missing_id", "The record has no arxiv_id, doi or id.", "", "Add one of them."
    )


def record_paper(record: dict[str, Any], source: str = "") -> Paper:
    """A paper from a record {arxiv_id or doi or id, title, abstract, authors?, categories?, …}.

    Takes the record and the name of its source. Raises SourceError `missing_id`,
    `missing_title` or `unknown_id`.
    """
    given, identity = _identified(record)
    title = clean_text(str(record.get("title") or ""))
    if not title:
        raise SourceError("missing_title", "The record has no title.", given, "Add its title.")
    return Paper(
        paper_id=identity,
        title=title,
        abstract=clean_text(str(record.get("abstract") or record.get("summary") or "")),
        authors=_names(record.get("authors")),
        categories=_categories(record.get("categories")),
        published=_published(record),
        doi=normal_doi(encodable(str(record.get("doi") or "")))
        or identity.removeprefix("doi:") * identity.startswith("doi:"),
        arxiv_id=arxiv_id(given),
        version=encodable(str(record.get("version") or "")) or arxiv_version(given),
        source=source,
    )


def _line_paper(line: str, item: str, source: str) -> Paper:
    """The paper on one line. Raises SourceError naming file and line."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise SourceError(
            "bad_line", f"The line is not JSON: {error}.", item, "Mend it."
        ) from error
    except RecursionError as error:
        raise SourceError("bad_line", "The line nests too deep.", item, "Mend it.") from error
    if not isinstance(record, dict):
        raise SourceError("bad_line", "The line is not a JSON object.", item, "Mend it.")
    try:
        return record_paper(record, source)
    except SourceError as error:
        detail = f"{error.message} ({error.item})" if error.item else error.message
        raise SourceError(error.code, detail, item, error.remedy) from error


def _line_items(path: Path, source: str) -> Iterator[Found]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, raw in enumerate(iter(partial(file.readline, MAX_LINE), b""), start=1):
            line = raw.decode("utf-8", errors="replace").lstrip("\ufeff").strip()
            if line:
                item = f"{path}:{number}"
                yield Found(item, partial(_line_paper, line, item, source))


def _jsonl_items(path: Path, source: str) -> Iterator[Found]:
    try:
        yield from _line_items(path, source)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            "unreadable", f"The file cannot be read: {error}.", str(path), "Check path and file."
        ) from error


def jsonl(path: Path) -> FileSource:
    """Papers of a `.jsonl` or `.jsonl.gz` file, one JSON object a line.

    A line that cannot be read is an item whose `read` raises SourceError naming file:line.
    """
    name = encodable(f"jsonl:{path.name}")
    return FileSource(name, partial(_jsonl_items, path, name))


def _id_in_name(path: Path) -> str:
    """The arXiv id a file name spells, e.g. 2506.23762v1.pdf; with version; else ""."""
    name = path.stem.replace("_", "/", 1) if re.match(r"[a-z-]+_\d{7}", path.stem) else path.stem
    return name if arxiv_id(name) else ""


def parsed_paper(parsed: Parsed, path: Path) -> Paper:
    """A paper known only by its PDF.

    Its id is the arXiv id in the file's name or on its first page, else the DOI printed
    there, else the file's hash. Raises OSError where the file cannot be read again.
    """
    digest = file_sha256(path)
    named = _id_in_name(path)
    arxiv = arxiv_id(named) or parsed.arxiv_id
    identity = arxiv or (f"doi:{parsed.doi}" if parsed.doi else f"sha256:{digest[:16]}")
    return Paper(
        paper_id=identity,
        title=parsed.title or encodable(path.stem),
        abstract=parsed.abstract,
        authors=parsed.authors,
        published=str(parsed.year or ""),
        doi=parsed.doi,
        arxiv_id=arxiv,
        version=arxiv_version(named),
        abstract_page=parsed.abstract_page,
        abstract_boxes=parsed.abstract_boxes,
        sections=parsed.sections,
        references=parsed.references,
        pages=parsed.pages,
        pdf_path=encodable(str(path)),
        pdf_sha256=digest,
        source=encodable(f"pdf:{path.name}"),
        warnings=parsed.warnings,
    )


def attach(record: Paper, parsed: Parsed, path: Path) -> Paper:
    """A record with its PDF's text: bibliographic facts of the record, text of the PDF.

    The PDF fills facts the record lacks. The abstract keeps the record's words, and has a
    page only where the record had no abstract. Raises OSError where the file is gone.
    """
    own_abstract = bool(record.abstract.strip())
    return replace(
        record,
        title=record.title or parsed.title,
        abstract=record.abstract if own_abstract else parsed.abstract,
        abstract_page=record.abstract_page if own_abstract else parsed.abstract_page,
        abstract_boxes=record.abstract_boxes if own_abstract else parsed.abstract_boxes,
        authors=record.authors or parsed.authors,
        published=record.published or str(parsed.year or ""),
        doi=record.doi or parsed.doi,
        arxiv_id=record.arxiv_id or parsed.arxiv_id,
        sections=parsed.sections,
        references=parsed.references,
        pages=parsed.pages,
        pdf_path=encodable(str(path)),
        pdf_sha256=file_sha256(path),
        warnings=record.warnings + parsed.warnings,
    )


def _read_pdf(path: Path, read: ReadPdf) -> Paper:
    return parsed_paper(read(path), path)


def _pdf_items(paths: Callable[[], list[Path]], read: ReadPdf) -> Iterator[Found]:
    for path in paths():
        yield Found(str(path), partial(_read_pdf, path, read), path)


def pdf_file(path: Path, read: ReadPdf = pdf.parse) -> FileSource:
    """The one paper of a PDF file; `read` reads it (`pdf.parse`, or a running `Parser`'s)."""
    return FileSource(f"pdf:{path.name}", partial(_pdf_items, lambda: [path], read))


def _pdfs_below(top: Path) -> list[Path]:
    """PDFs below a folder, sorted; symbolic links that lead out of it are left alone."""
    if not top.is_dir():
        raise SourceError("not_found", "There is no such folder.", str(top), "Check the path.")
    root = top.resolve()
    found = [path for path in top.rglob("*") if path.suffix.lower() == ".pdf" and path.is_file()]
    return sorted(path for path in found if path.resolve().is_relative_to(root))


def folder(path: Path, read: ReadPdf = pdf.parse) -> FileSource:
    """The PDFs of a folder and its sub-folders, sorted by path.

    Links that lead out of the folder are not followed. Give `read` a running `Parser`'s
    `parse` where speed matters. `items` raises SourceError where there is no such folder.
    """
    return FileSource(f"folder:{path.name}", partial(_pdf_items, partial(_pdfs_below, path), read))
