"""Adding papers: read, cut, embed, tag, keep. What is kept is never half of a paper.

Three threads: one reads ahead (its PDFs are parsed by a process of their own), the caller's
runs the model, one writes. What comes out is the same as from one: order is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial

from ingest.sources import Source
from kb.batches import Built, Item, StepFailed, batches, build
from kb.errors import CatalogueUnwritable, KbError, LibraryError
from kb.gathering import Gathering, InFlight
from kb.journal import Entries, Journal
from kb.judging import tag_papers
from kb.library import Library
from kb.merging import join_new
from kb.pipeline import Ahead, Behind
from kb.repeats import Repeats
from kb.report import Options, Outcome, Report

__all__ = ["Options", "Report", "add", "tag_papers"]

# Papers committed between two updates of the indexes (and always at the end).
INDEX_EVERY = 2_048

PLAIN = Options()


def add(library: Library, sources: Iterable[Source], options: Options = PLAIN) -> Report:
    """Add what the sources hold. An item that fails is reported; the rest goes on.

    The same failure `stop_after` times in a row ends it, as does a disk that takes no more:
    `stopped` of the report says why. Raises LibraryLocked where another process writes,
    ModelMismatch where the library's vectors come from another model, UsageError where
    `passage_tokens` is more than it reads.
    """
    library.require_model()
    library.require_room()
    report, start = Report(), time.perf_counter()
    chosen = list(sources)
    flight = InFlight()
    repeats = Repeats(library.settings.stop_after)
    gathering = Gathering(library, report, options, flight, repeats)
    if options.dry_run:
        for batch in batches(gathering.items(chosen)):
            _count(library, batch, report)
            flight.land(batch)
    else:
        try:
            with library.writing(wait=options.wait):
                asked = options.asked or {"names": [source.name for source in chosen]}
                _Run(library, report, options, gathering, flight, asked).go(chosen)
        except (OSError, LibraryError, RuntimeError, ValueError):
            # A disk that ended the run takes no index either: healed at the next opening.
            if not report.disk_full:
                raise
    report.seconds = time.perf_counter() - start
    return report


class _Run:
    """One run: its journal, its writing thread, and what it does with each batch."""

    def __init__(
        self,
        library: Library,
        report: Report,
        options: Options,
        gathering: Gathering,
        flight: InFlight,
        asked: Mapping[str, object],
    ) -> None:
        self._library, self._report, self._options = library, report, options
        self._gathering, self._flight = gathering, flight
        self._journal = Journal(library, asked)
        report.run = self._journal.run
        self._behind = Behind()
        self._unindexed = 0
        self._doubts = Repeats(library.settings.stop_after)
        gathering.on_failure = self._note

    def go(self, sources: list[Source]) -> None:
        """Add all of them; the run is closed however it ends."""
        state, why = "stopped", "stopped by the person; what was kept is kept"
        try:
            self._flow(sources)
            if self._report.stopped:
                left = self._gathering.not_tried(sources)
                # Read ahead, and not gone on with when somebody wanted the run to end.
                left += len(self._flight.items()) if self._asked_to_stop else 0
                self._report.not_tried = left
            state, why = ("stopped", self._report.why) if self._report.stopped else ("done", "")
        except KbError as error:
            why = error.message
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._journal.ended(state, why, self._report.counts())

    def _flow(self, sources: list[Source]) -> None:
        try:
            items = batches(self._gathering.items(sources), self._options.share)
            with self._behind, Ahead(items, self._flight.closed) as ahead:
                for batch in ahead:
                    if self._asked_to_stop:
                        self._report.stop_asked()
                        break
                    self._add(batch)
        except CatalogueUnwritable as error:
            for item in self._flight.items():
                self._report.fail(item.item, "keep", error.message)
            self._report.disk_full = True
            self._report.stop(error.message, error.remedy)
        finally:
            self._flight.closed.set()

    def _add(self, batch: list[Item]) -> None:
        entries: list[Entries] = []
        self._behind.do(lambda: entries.append(self._journal.handed_on(batch)))
        try:
            built = self._built(batch, entries)
        except StepFailed:
            self._one_by_one(batch, entries)
            return
        self._behind.do(partial(self._keep, built, entries))

    def _built(self, batch: list[Item], entries: list[Entries]) -> list[Built]:
        """The batch with vectors and tags; its rows in the journal say so."""
        library, options = self._library, self._options
        built = build(
            library,
            batch,
            options.encode or library.embedder.encode,
            statements=options.statements,
            on_embedded=lambda: self._behind.do(
                lambda: self._journal.reached(entries[0], "embedded")
            ),
        )
        self._behind.do(lambda: self._journal.reached(entries[0], "tagged"))
        return built

    def _one_by_one(self, batch: list[Item], entries: list[Entries]) -> None:
        """A batch that failed as a whole: each of its papers alone."""
        for at, item in enumerate(batch):
            own: list[Entries] = []
            self._behind.do(partial(_narrow, entries, at, own))
            try:
                built = self._built([item], own)
            except StepFailed as error:
                self._fell(item, own, error)
                if self._report.stopped:
                    return
            else:
                self._doubts.passed()
                self._behind.do(partial(self._keep, built, own))

    def _fell(self, item: Item, entries: list[Entries], error: StepFailed) -> None:
        self._report.fail(item.item, error.step, error.why)
        if entries and entries[0][0] <= entries[0][1]:
            self._behind.do(lambda: self._journal.fell(entries[0], 0, error.step, error.why))
        else:
            self._note(item.item, error.step, error.why)
        self._flight.land([item])
        self._tell(Outcome(item.item, "failed", "", error.step, error.why))
        row = self._doubts.failed(error.step, error.why)
        if row:
            self._report.stop_alike(row, error.step, error.why)
            self._flight.closed.set()

    def _note(self, item: str, step: str, why: str) -> None:
        if self._journal.failed(item, step, why):
            self._behind.do(lambda: self._journal.flush(self._report.counts()))

    def _keep(self, built: list[Built], entries: list[Entries]) -> None:
        """One transaction for the batch; acknowledged once it is on the disk."""
        now = self._library.now()
        items = [one.item for one in built]
        with self._library.catalogue.write() as writer:
            known = writer.numbers(item.paper.paper_id for item in items)
            for one in built:
                item, (tags, scores) = one.item, one.tagged
                writer.put_paper(item.paper, item.cut.pages, one.passages, tags, scores, now=now)
                if item.file:
                    writer.remember_file(*item.file, item.paper.paper_id)
            join_new(writer, [item.paper.paper_id for item in items], now=now)
            self._journal.kept(writer, items, entries[0])
            fresh = sum(item.paper.paper_id not in known for item in items)
            self._journal.put(writer, self._report.counts(fresh, len(items) - fresh))
        self._flight.land(items)
        for item in items:
            new = item.paper.paper_id not in known
            self._report.keep(item.paper.paper_id, len(item.cut.passages), fresh=new)
            self._acknowledge(item, "added" if new else "updated")
        if self._options.on_progress:
            self._options.on_progress(len(items), sum(len(one.cut.passages) for one in items))
        self._unindexed += len(items)
        if self._unindexed >= INDEX_EVERY:
            self._library.indexes.follow(self._library.catalogue)
            self._unindexed = 0

    @property
    def _asked_to_stop(self) -> bool:
        return self._options.stop is not None and self._options.stop.is_set()

    def _tell(self, outcome: Outcome) -> None:
        if self._options.on_outcome:
            self._options.on_outcome(outcome)

    def _acknowledge(self, item: Item, state: str) -> None:
        self._tell(Outcome(item.item, state, item.paper.paper_id))
        if self._options.on_event:
            paper_id = item.paper.paper_id
            self._options.on_event({"item": item.item, "state": state, "paper_id": paper_id})


def _narrow(entries: list[Entries], at: int, own: list[Entries]) -> None:
    """The rows of one item of a batch."""
    first, last = entries[0]
    own.append((first + at, first + at) if first <= last else entries[0])


def _count(library: Library, batch: list[Item], report: Report) -> None:
    with library.catalogue.read() as reader:
        known = reader.numbers(item.paper.paper_id for item in batch)
    given = set(report.papers)
    for item in batch:
        if item.paper.paper_id in given:  # a second copy: one paper
            report.unchanged += 1
            continue
        given.add(item.paper.paper_id)
        fresh = item.paper.paper_id not in known
        report.keep(item.paper.paper_id, len(item.cut.passages), fresh=fresh)
