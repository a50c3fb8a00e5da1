"""What a person names on the command line or in the app, as sources to read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from ingest import pdf
from ingest.arxiv_source import ArxivSource
from ingest.errors import IngestError, SourceError
from ingest.identity import arxiv_id
from ingest.records import Paper, Parsed, ParseNote
from ingest.sources import FileSource, Found, Source, attach, folder, jsonl, pdf_file
from kb.library import Library

KINDS = "arXiv ids or URLs, PDF files, folders, .jsonl or .jsonl.gz files, .kbz bundles"

ReadPdf = Callable[[Path], Parsed]


def _fail(error: SourceError) -> Iterator[Found]:
    """A source that cannot be opened: the others go on."""
    raise error


@dataclass(frozen=True, slots=True)
class ArxivPapers:
    """Papers of arXiv, with or without their PDFs."""

    name: str
    records: Callable[[], Iterator[Found]]
    with_pdf: Callable[[Paper], Paper] | None

    def items(self) -> Iterator[Found]:
        """One item a paper; reading it fetches the PDF where that is wanted."""
        for found in self.records():
            yield Found(found.item, partial(self._read, found))

    def _read(self, found: Found) -> Paper:
        paper = found.read()
        return self.with_pdf(paper) if self.with_pdf else paper


class Intake:
    """Makes sources by a library's settings. One PDF parser serves them all; close it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._parser: pdf.Parser | None = None

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *_: object) -> None:
        if self._parser:
            self._parser.close()

    def arxiv(self) -> ArxivSource:
        """arXiv, at the addresses and with the manners of the settings."""
        settings = self._library.settings
        return ArxivSource(
            settings.arxiv_url,
            settings.arxiv_pdf_url,
            delay_seconds=settings.arxiv_delay,
            timeout=settings.arxiv_timeout,
        )

    def read_pdf(self, path: Path) -> Parsed:
        """Read a PDF in the child process. Raises PdfError."""
        if self._parser is None:
            settings = self._library.settings
            limits = pdf.Limits(
                seconds=settings.pdf_seconds,
                megabytes=settings.pdf_megabytes,
                pages=settings.pdf_pages,
            )
            self._parser = pdf.Parser(limits)
        return self._parser.parse(path)

    def sources(self, names: Sequence[str], *, with_pdf: bool = True) -> list[Source]:
        """The sources that `names` mean; one that means nothing fails when it is opened."""
        found: list[Source] = []
        ids: list[str] = []
        for name in names:
            path = Path(name).expanduser()
            if arxiv_id(name) and not path.exists():
                ids.append(name)
            else:
                found.append(self._file_or_failure(path))
        if ids:
            found.insert(0, self.by_ids(ids, with_pdf=with_pdf))
        return found

    def size(self, names: Sequence[str]) -> int:
        """About how many items `names` hold, for a progress bar; what cannot be read is 0."""
        return sum(_size(Path(name).expanduser()) for name in names)

    def by_ids(self, ids: Sequence[str], *, with_pdf: bool) -> Source:
        """Papers of arXiv by id, 100 a request."""
        source = self.arxiv()
        fetch = partial(self._with_pdf, source) if with_pdf else None
        return ArxivPapers("arxiv", partial(source.by_ids, list(ids)), fetch)

    def by_query(self, query: str, maximum: int, since: date | None, *, with_pdf: bool) -> Source:
        """Papers that a query of arXiv finds."""
        source = self.arxiv()
        fetch = partial(self._with_pdf, source) if with_pdf else None
        return ArxivPapers(f"arxiv:{query}", partial(source.by_query, query, maximum, since), fetch)

    def _file_or_failure(self, path: Path) -> Source:
        try:
            return self._file(path)
        except SourceError as error:
            return FileSource(str(path), partial(_fail, error))

    def _file(self, path: Path) -> Source:
        if path.is_dir():
            return folder(path, self.read_pdf)
        if not path.exists():
            raise SourceError("not_found", "There is no such file or folder.", str(path), KINDS)
        name = path.name.lower()
        if name.endswith((".jsonl", ".jsonl.gz")):
            return jsonl(path)
        if name.endswith(".pdf"):
            return pdf_file(path, self.read_pdf)
        raise SourceError(
            "unknown_kind", "This kind of file is not read.", str(path), f"Give {KINDS}."
        )

    def _with_pdf(self, source: ArxivSource, record: Paper) -> Paper:
        """The record with its PDF's text; where that fails, the record with a note of why."""
        name = re.sub(r"[^\w.-]", "_", record.paper_id) + record.version
        target = self._library.folder / "pdf" / f"{name}.pdf"
        try:
            if not target.is_file():
                source.fetch_pdf(record.paper_id + record.version, target)
            return attach(record, self.read_pdf(target), target)
        except IngestError as error:
            note = ParseNote("no_pdf", f"{error.message} {error.remedy}".strip())
            return replace(record, warnings=(*record.warnings, note))


def _size(path: Path) -> int:
    """Lines of a JSON Lines file, PDFs of a folder, else one."""
    if path.is_dir():
        return sum(1 for file in path.rglob("*") if file.suffix.lower() == ".pdf")
    if not path.name.lower().endswith((".jsonl", ".jsonl.gz")):
        return 1
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            return sum(1 for _ in lines)
    except (OSError, EOFError):
        return 0  # adding it will say why
