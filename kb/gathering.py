"""Gathering: items of the sources read, known ones passed over, the rest cut into passages."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.errors import IngestError, PdfError
from ingest.identity import file_sha256
from ingest.records import Paper
from ingest.sources import Found, Source, encodable
from ingest.split import split
from kb.arxiv_papers import FETCH_FAILED, ArxivPapers
from kb.batches import Item
from kb.catalogue import StoredPaper
from kb.catalogue.runs import all_hashes, file_hash
from kb.catalogue.writing import content_hash
from kb.errors import KbError
from kb.held import keeps_text, taken_facts, with_held
from kb.identified import identified
from kb.library import Library
from kb.merging import join_new
from kb.repeats import Repeats
from kb.report import Options, Outcome, Report

# What came in with these has no text of its own, and the person can do something about it.
_TOLD = frozenset({"no_pdf", "no_text"})

# What shows when a file is opened, before anything is parsed.
_AT_SIGHT = frozenset({"not_found", "empty", "not_a_pdf", "too_large", "unopenable", "encrypted"})


@dataclass
class InFlight:
    """Papers handed on and not yet kept, by what identifies them."""

    closed: threading.Event = field(default_factory=threading.Event)
    """Set when the run ends: nobody waits any longer."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _keys: Counter[str] = field(default_factory=Counter)
    _items: list[Item] = field(default_factory=list)

    def start(self, item: Item) -> None:
        """Note a paper as handed on."""
        with self._changed:
            self._keys.update(item.keys)
            self._items.append(item)

    def land(self, items: Iterable[Item]) -> None:
        """Note papers as kept, or as failed for good."""
        with self._changed:
            for item in items:
                self._keys.subtract(item.keys)
                self._items = [one for one in self._items if one is not item]
            self._keys = +self._keys
            self._changed.notify_all()

    def meets(self, keys: frozenset[str]) -> bool:
        """True where one of the keys is that of a paper in flight."""
        with self._changed:
            return any(key in self._keys for key in keys)

    def wait(self, keys: frozenset[str]) -> None:
        """Wait until no paper in flight has one of the keys."""
        while self.meets(keys) and not self.closed.is_set():
            with self._changed:
                self._changed.wait(0.1)

    def items(self) -> list[Item]:
        """What is in flight, in order."""
        with self._changed:
            return list(self._items)


@dataclass
class Gathering:
    """Reads items one after the other, passing over what is held unchanged."""

    library: Library
    report: Report
    options: Options
    flight: InFlight
    repeats: Repeats
    on_failure: Callable[[str, str, str], None] | None = None
    """Told (item, step, reason) of each failure as it happens."""
    _seen: Counter[int] = field(default_factory=Counter)
    _given: set[str] = field(default_factory=set)
    _hashes: dict[str, str] | None = None

    def items(self, sources: Sequence[Source]) -> Iterator[Item | None]:
        """What has to be embedded, in order; None where all before must be kept first.

        A paper that comes twice is merged with what is then held of it.
        """
        for number, source in enumerate(sources):
            try:
                for found in source.items():
                    if self.options.stop and self.options.stop.is_set():
                        self.report.stop_asked()
                        return
                    self._seen[number] += 1
                    self.report.found += 1
                    if self.options.on_found:
                        self.options.on_found()
                    yield from self._item(source, found)
                    if self.report.stopped:
                        return
            except (IngestError, KbError) as error:
                step = "fetch" if isinstance(source, ArxivPapers) else "read"
                self.report.broken = True
                self._fail(source.name, step, error)

    def not_tried(self, sources: Sequence[Source]) -> int:
        """How many items of the sources on this machine had no turn."""
        left = 0
        for number, source in enumerate(sources):
            if not isinstance(source, ArxivPapers):
                try:
                    left += sum(1 for _ in source.items()) - self._seen[number]
                except (IngestError, KbError):
                    continue  # nothing to count; the run that gets to it says why
        return max(left, 0)

    def _item(self, source: Source, found: Found) -> Iterator[Item | None]:
        paper = self._load(source, found)
        if paper is None:
            return
        if paper.paper_id not in self._given and self._as_before(paper):
            self._unchanged(found, paper.paper_id)
            return
        keys = _keys(paper)
        if self.flight.meets(keys):
            yield None
            self.flight.wait(keys)
        item = self._cut(source, found, paper, keys)
        if item is not None:
            self._given |= {paper.paper_id, item.paper.paper_id}
            self.repeats.passed()
            self.flight.start(item)
            yield item

    def _load(self, source: Source, found: Found) -> Paper | None:
        file = _file_facts(found)
        if file and (known := self._known(found, file)):
            self._unchanged(found, known)
            return None
        remote = isinstance(source, ArxivPapers)
        try:
            paper = found.read()
        except (IngestError, KbError) as error:
            parsing = isinstance(error, PdfError) and error.code not in _AT_SIGHT
            self._fail(found.item, "fetch" if remote else "parse" if parsing else "read", error)
            return None
        except OSError as error:  # e.g. the file is gone or the disk full: the rest goes on
            reason = f"{error.strerror or error} {error.filename or ''}".strip()
            alike = str(error.strerror or type(error).__name__)
            step = "fetch" if remote else "read"
            self._failed(found.item, step, reason, alike, f"os:{error.errno}")
            return None
        for note in paper.warnings:
            if note.code == FETCH_FAILED:
                self._failed(found.item, "fetch", note.detail, note.detail, "unreachable")
            elif note.code in _TOLD:
                self.report.note(found.item, note.code, note.detail)
        since = "" if remote else self.options.since
        early = paper.published and paper.published < since[: len(paper.published)]
        return None if early else paper

    def _cut(self, source: Source, found: Found, paper: Paper, keys: frozenset[str]) -> Item | None:
        paper, held = self._with_held(paper)
        if held == content_hash(paper):
            self._unchanged(found, paper.paper_id)
            return None
        try:
            cut = split(
                paper, self.library.embedder.count_tokens, self.library.settings.passage_tokens
            )
        except ValueError as error:
            self._failed(found.item, "split", str(error), str(error))
            return None
        fetched = "fetched" if isinstance(source, ArxivPapers) else "found"
        state = "parsed" if paper.has_full_text else fetched
        file = _file_facts(found)
        return Item(encodable(found.item), paper, cut, file, keys | _keys(paper), state)

    def _as_before(self, paper: Paper) -> bool:
        """True where the very same was held when the run began: most of a file added again."""
        if self._hashes is None:
            with self.library.catalogue.read() as reader:
                self._hashes = all_hashes(reader)
        held = self._hashes.get(paper.paper_id)
        return held is not None and held == content_hash(paper)

    def _unchanged(self, found: Found, paper_id: str) -> None:
        self.report.unchanged += 1
        if self.options.on_outcome:
            self.options.on_outcome(Outcome(encodable(found.item), "unchanged", paper_id))
        self.repeats.passed()

    def _known(self, found: Found, file: tuple[str, int, int]) -> str:
        """The paper of a file read before, else "". Where only its time differs, its content
        decides.
        """
        path, size, mtime_ns = file
        with self.library.catalogue.read() as reader:
            known = reader.known_file(path, size, None)
            if not known or reader.known_file(path, size, mtime_ns):
                return known
            held = file_hash(reader, known)
        try:
            same = bool(held) and found.path is not None and file_sha256(found.path) == held
        except OSError:
            return ""  # reading it will say why
        if same and not self.options.dry_run:
            with self.library.catalogue.write(bump=False) as writer:
                writer.remember_file(path, size, mtime_ns, known)
        return known if same else ""

    def _with_held(self, paper: Paper) -> tuple[Paper, str]:
        """The paper with what only the held record has, and the held content hash."""
        paper = identified(self.library.catalogue, paper)
        with self.library.catalogue.read() as reader:
            number = reader.numbers([paper.paper_id]).get(paper.paper_id)
            if number is None:
                return paper, ""
            held = reader.papers([number])[number]
            held_hash = reader.hashes([paper.paper_id])[paper.paper_id]
        if keeps_text(paper, held):
            # A bare record of a paper whose full text is here brings facts at most.
            self._take_facts(paper, held)
            return paper, content_hash(paper)
        return with_held(paper, held), held_hash

    def _take_facts(self, paper: Paper, held: StoredPaper) -> None:
        """Keep what the record says better than what is held; the text stays."""
        facts = taken_facts(paper, held)
        if not facts or self.options.dry_run:
            return
        with self.library.catalogue.write() as writer:
            writer.set_facts(held.n, facts)
            join_new(writer, [held.paper_id], now=self.library.now())
        self.report.keep(held.paper_id, 0, fresh=False)
        self.report.unchanged -= 1  # as which its text is counted

    def _fail(self, item: str, step: str, error: IngestError | KbError) -> None:
        why = f"{error.message} {error.remedy}".strip()
        self._failed(item, step, why, error.message, error.code)

    def _failed(self, item: str, step: str, why: str, alike: str, code: str = "") -> None:
        """Note a failure; `alike` is the part of the reason that others would share."""
        if self.flight.closed.is_set():
            return  # the run is over: what fails now failed by that
        self.report.fail(item, step, why)
        if self.on_failure:
            self.on_failure(encodable(item), step, encodable(why))
        if self.options.on_outcome:
            told = Outcome(encodable(item), "failed", "", step, encodable(why))
            self.options.on_outcome(told)
        row = self.repeats.failed(step, alike, code)
        if row:
            self.report.stop_alike(row, step, why)


def _keys(paper: Paper) -> frozenset[str]:
    """What another record of the same paper would share with this one."""
    named = {paper.paper_id, paper.arxiv_id, paper.doi and f"doi:{paper.doi}", paper.pdf_sha256}
    return frozenset(named - {""})


def _file_facts(found: Found) -> tuple[str, int, int] | None:
    if found.path is None:
        return None
    try:
        facts = found.path.stat()
    except OSError:
        return None  # reading it will say why
    return encodable(str(found.path.resolve())), facts.st_size, facts.st_mtime_ns
