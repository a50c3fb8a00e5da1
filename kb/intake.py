"""What a person names on the command line or in the app, as sources to read."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from ingest import pdf
from ingest.arxiv_source import ArxivSource
from ingest.bibliography import bibliography, is_bibliography, size
from ingest.errors import SourceError
from ingest.identity import arxiv_id, normal_doi
from ingest.records import Paper, Parsed
from ingest.sources import FileSource, Found, Source, folder, jsonl, pdf_file
from kb.arxiv_papers import ArxivPapers, Query, with_pdf
from kb.errors import UsageError
from kb.library import Library

KINDS = (
    "arXiv ids or URLs, PDF files, folders, bibliographies (.bib, .ris, .json as CSL, .csv, .tsv), "
    ".jsonl or .jsonl.gz files, .kbz bundles"
)

ARXIV = "arxiv"
"""The name of the source that papers come from by id."""

ARXIV_BEGAN = "1991-08-01"
"""No paper of arXiv is older."""


def _fail(error: SourceError) -> Iterator[Found]:
    """A source that cannot be opened: the others go on."""
    raise error


class Intake:
    """Makes sources by a library's settings. One PDF parser serves them all; close it.

    `nice` is by how much its process lets others go first, of 19.
    """

    def __init__(self, library: Library, *, nice: int = 0) -> None:
        self._library, self._nice = library, nice
        self._parser: pdf.Parser | None = None
        self._queries: list[Query] = []

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
            allow=settings.allow_hosts,
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
            self._parser = pdf.Parser(limits, nice=self._nice)
        return self._parser.parse(path)

    def sources(
        self,
        names: Sequence[str],
        *,
        with_pdf: bool = True,
        columns: Mapping[str, str] | None = None,
    ) -> list[Source]:
        """The sources that `names` mean; one that means nothing fails when it is opened.

        `columns` says which column of a table holds a field of `bibliography_columns.FIELDS`.
        Raises UsageError for an empty name.
        """
        found: list[Source] = []
        ids: list[str] = []
        for name in names:
            if not name.strip():  # Path("") would be the folder one stands in
                raise UsageError("an empty name is no source", remedy="name a file, folder or id")
            path = Path(name).expanduser()
            if arxiv_id(name) and not path.exists():
                ids.append(name)
            else:
                found.append(self._file_or_failure(path, columns, with_pdf=with_pdf))
        if ids:
            found.insert(0, self.by_ids(ids, with_pdf=with_pdf))
        return found

    def size(self, names: Sequence[str]) -> int:
        """About how many items `names` hold, for a progress bar; what cannot be read is 0."""
        return sum(_size(Path(name).expanduser()) for name in names)

    def by_ids(self, ids: Sequence[str], *, with_pdf: bool) -> Source:
        """Papers of arXiv by id, 100 a request."""
        source = self.arxiv()
        return ArxivPapers(ARXIV, partial(source.by_ids, list(ids)), self._pdfs(source, with_pdf))

    def by_query(
        self,
        query: str,
        maximum: int,
        since: str = "",
        until: date | None = None,
        *,
        with_pdf: bool,
    ) -> Source:
        """Papers that a query of arXiv finds: with dates all of them, again and again.

        `since` is a day or `last`. Without dates it is arXiv's own ranking. Call `finish`
        when all have been kept. Raises UsageError for `last` of a query never complete.
        """
        source = self.arxiv()
        name, fetch = f"arxiv:{query}", self._pdfs(source, with_pdf)
        if not since and not until:
            return ArxivPapers(name, partial(source.by_query, query, maximum), fetch)
        asked = Query(self._library, source, query, maximum, since or ARXIV_BEGAN, until)
        self._queries.append(asked)
        return ArxivPapers(name, asked.records, fetch)

    def finish(self) -> None:
        """Remember how far the queries came, once all they gave has been kept."""
        for asked in self._queries:
            asked.finish()

    def _pdfs(self, source: ArxivSource, wanted: bool) -> Callable[[Paper], Paper] | None:
        return partial(with_pdf, self._library, source, self.read_pdf) if wanted else None

    def _file_or_failure(
        self, path: Path, columns: Mapping[str, str] | None, *, with_pdf: bool
    ) -> Source:
        try:
            if is_bibliography(path) and path.is_file():
                return bibliography(path, self.read_pdf if with_pdf else None, columns)
            return self._file(path)
        except SourceError as error:
            return FileSource(str(path), partial(_fail, error))

    def _file(self, path: Path) -> Source:
        if path.is_dir():
            return folder(path, self.read_pdf)
        if not path.exists():
            raise _nowhere(path)
        name = path.name.lower()
        if name.endswith((".jsonl", ".jsonl.gz")):
            return jsonl(path)
        if name.endswith(".pdf"):
            return pdf_file(path, self.read_pdf)
        raise SourceError(
            "unknown_kind", "This kind of file is not read.", str(path), f"Give {KINDS}."
        )


def _nowhere(path: Path) -> SourceError:
    """The error for a name that is neither a file nor a folder here."""
    if normal_doi(str(path)):
        return SourceError(
            "doi_alone",
            "A DOI cannot be looked up: only arXiv is asked.",
            str(path),
            "Export the paper's record from its page or your reference manager (.bib, .ris, "
            ".json) and add that file, or add the PDF.",
        )
    return SourceError(
        "not_found",
        "There is no such file or folder.",
        str(path),
        f"Check the spelling; what can be added: {KINDS}.",
    )


def _size(path: Path) -> int:
    """Entries of a bibliography, lines of a JSON Lines file, PDFs of a folder, else one."""
    if is_bibliography(path) and path.is_file():
        return size(path)
    if path.is_dir():
        return sum(1 for file in path.rglob("*") if file.suffix.lower() == ".pdf")
    if not path.name.lower().endswith((".jsonl", ".jsonl.gz")):
        return 1
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            return sum(1 for _ in lines)
    except (OSError, EOFError):
        return 0  # adding it will say why
