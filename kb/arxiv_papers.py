"""Papers of arXiv as a source: their PDFs, and queries that are asked again every week."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from ingest.arxiv_source import ArxivSource
from ingest.errors import IngestError, PdfError
from ingest.records import Paper, Parsed, ParseNote
from ingest.sources import Found, attach
from kb.errors import UsageError
from kb.library import PDFS, Library

LAST = "last"
"""`--since last`: since the query was last complete."""

FETCH_FAILED = "fetch_failed"
"""Code of the note on a record whose PDF could not be fetched for now."""

# Failures that may pass.
_FOR_NOW = frozenset({"unreachable", "rate_limited"})

# arXiv dates are of the day, and its index lags a little.
_OVERLAP = timedelta(days=1)

# Results given out that may still be on their way into the catalogue: three batches and more.
_IN_FLIGHT = 300
_NOTE_EVERY = 100

# The API gives no more of one query.
_MOST = 30_000

ReadPdf = Callable[[Path], Parsed]


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


def with_pdf(library: Library, source: ArxivSource, read: ReadPdf, record: Paper) -> Paper:
    """The record with its PDF's text; where that fails, the record with a note of why.

    A PDF fetched before is used again, and fetched anew where it cannot be read. What is
    held of this very version is not fetched. Raises SourceError where a newer version
    cannot be fetched for now: the text that is held stays until it can.
    """
    with library.catalogue.read() as reader:
        number = reader.numbers([record.paper_id]).get(record.paper_id)
        held = reader.papers([number])[number] if number is not None else None
    if held and held.full_text and held.version and held.version == record.version:
        return record
    name = re.sub(r"[^\w.-]", "_", record.paper_id) + record.version
    target = library.folder / PDFS / f"{name}.pdf"
    try:
        return attach(record, _parsed(source, read, record, target), target)
    except IngestError as error:
        for_now = error.code in _FOR_NOW
        if for_now and held and held.full_text:
            raise
        code = FETCH_FAILED if for_now else "no_pdf"
        note = ParseNote(code, f"{error.message} {error.remedy}".strip())
        return replace(record, warnings=(*record.warnings, note))


def _parsed(source: ArxivSource, read: ReadPdf, record: Paper, target: Path) -> Parsed:
    """What the PDF says: of the file fetched before where it can be read, else fetched."""
    if target.is_file():
        try:
            return read(target)
        except PdfError as error:
            if error.code == "not_started":
                raise
    source.fetch_pdf(record.paper_id + record.version, target)
    return read(target)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a query has been asked, as the library remembers it."""

    since: str = ""
    """The day from which it was asked."""
    complete: str = ""
    """The day on which all of it had come in; "" never."""
    begun: str = ""
    """The day on which a run began that did not come to the end."""
    taken: int = 0
    """Results that such a run had kept, counted from the newest."""


class Query:
    """A query of arXiv's in order of date, which goes on where it was.

    Takes the query, the most results to give, the first day (or `last`), and the last day of
    submission, if any. Raises UsageError for `last` where the query never was complete.
    """

    def __init__(
        self,
        library: Library,
        source: ArxivSource,
        query: str,
        maximum: int,
        since: str,
        until: date | None,
    ) -> None:
        self._library, self._source = library, source
        self._query, self._maximum, self._until = query, maximum, until
        told = f"{query}\0{until or ''}"
        self._key = f"arxiv-query:{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        with library.catalogue.read() as reader:
            self._before = Progress(**json.loads(reader.meta(self._key) or "{}"))
        if since == LAST and not self._before.complete:
            raise UsageError(
                f"this query was never asked to its end: {query}",
                item=query,
                remedy="give --since YYYY-MM-DD the first time; --max may have cut it short",
                code="never_complete",
            )
        self._since = self._before.since if since == LAST else since
        self._today = library.clock().date()
        self._exhausted = False
        self._cut: Progress | None = None

    def records(self) -> Iterator[Found]:
        """What is new or revised since it was last complete; then what a cut run left."""
        known = self._before if self._before.since <= self._since else Progress()
        floor = _later(self._since, known.complete)
        seen: set[str] = set()
        if known.taken:
            yield from self._fresh(0, _later(floor, known.begun), seen)
        begun = known.begun if known.taken else self._today.isoformat()
        at = start = known.taken
        for found in self._part(start, floor):
            at += 1
            if (at - start) % _NOTE_EVERY == 0 and at - _IN_FLIGHT > start:
                self._note(replace(known, since=self._since, begun=begun, taken=at - _IN_FLIGHT))
            if found.item in seen:
                continue
            if len(seen) >= self._maximum:
                self._cut = replace(known, since=self._since, begun=begun, taken=at - 1)
                return
            seen.add(found.item)
            yield found
        self._exhausted = True

    def _fresh(self, start: int, floor: str, seen: set[str]) -> Iterator[Found]:
        """What came since a cut run began. It counts towards the maximum."""
        for found in self._part(start, floor):
            if len(seen) >= self._maximum:
                return
            seen.add(found.item)
            yield found

    def _part(self, start: int, floor: str) -> Iterator[Found]:
        day = date.fromisoformat(floor)
        return self._source.by_query(self._query, start + _MOST, day, self._until, start)

    def finish(self) -> None:
        """Remember, once all that was given is kept, how far that was."""
        if self._exhausted:
            self._note(Progress(since=self._since, complete=self._today.isoformat()))
        elif self._cut:
            self._note(self._cut)

    def _note(self, progress: Progress) -> None:
        with self._library.catalogue.write(bump=False) as writer:
            writer.set_meta(self._key, json.dumps(asdict(progress)))


def _later(since: str, day: str) -> str:
    """The later of two days, the second one less the overlap; it may be ""."""
    if not day:
        return since
    return max(since, (date.fromisoformat(day) - _OVERLAP).isoformat())
