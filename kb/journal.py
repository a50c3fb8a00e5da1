"""The journal of adding: runs, and how far each item came. Cheap enough for any source.

An item that was fetched or parsed has a row from then on (`parsed`, `embedded`, `tagged`,
at last `kept`): one small transaction a batch and step. A record of a file of records costs
nothing to read again: its one row is written with the paper itself. What is unchanged is
only counted. A failure is written within `FLUSH` seconds, so that a killed run has it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kb.batches import Item
from kb.catalogue.runs import (
    RunRow,
    fail_entry,
    newest_runs,
    put_entries,
    set_entries,
    set_run,
    start_run,
)
from kb.catalogue.writing import Writer
from kb.errors import CatalogueUnwritable, LibraryLocked
from kb.library import Library

FLUSH = 1.0
"""Seconds that a failure waits for others before it is written."""

INTERRUPTED = "interrupted"
"""State of a run that says `running` and whose process is gone."""

Entries = tuple[int, int]
"""First and last number of a batch's rows; (1, 0) where it has none."""

_NONE: Entries = (1, 0)


class Journal:
    """One run's part of the journal. All but `failed` is called by the one writing thread."""

    def __init__(self, library: Library, sources: Mapping[str, Any]) -> None:
        self._library = library
        self._guard = threading.Lock()
        self._pending: list[dict[str, Any]] = []
        self._flushed = 0.0
        with library.catalogue.write(bump=False) as writer:
            self.run = start_run(writer, library.now(), sources)

    def failed(self, item: str, step: str, error: str) -> bool:
        """Note a failure, from any thread. True where it is time to `flush`."""
        row = {"item": item, "state": "failed", "step": step, "error": error}
        with self._guard:
            self._pending.append(self._row(row))
            return time.monotonic() - self._flushed >= FLUSH

    def _row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"at": self._library.now(), "run": self.run, **values}

    def flush(self, counts: Mapping[str, int]) -> None:
        """Write the failures noted and the counts so far."""
        with self._library.catalogue.write(bump=False) as writer:
            self.put(writer, counts)

    def put(self, writer: Writer, counts: Mapping[str, int]) -> None:
        """The same within a transaction that writes more."""
        with self._guard:
            rows, self._pending = self._pending, []
            self._flushed = time.monotonic()
        put_entries(writer, rows)
        set_run(writer, self.run, counts=dict(counts))

    def handed_on(self, batch: Sequence[Item]) -> Entries:
        """Note a batch that took work to read. Its rows; none for mere records."""
        if all(item.state == "found" for item in batch):
            return _NONE
        with self._library.catalogue.write(bump=False) as writer:
            return put_entries(writer, [self._of(item, item.state) for item in batch])

    def _of(self, item: Item, state: str) -> dict[str, Any]:
        return self._row({"item": item.item, "state": state, "paper_id": item.paper.paper_id})

    def reached(self, entries: Entries, state: str) -> None:
        """Note that a batch's items are `embedded` or `tagged`."""
        if entries != _NONE:
            with self._library.catalogue.write(bump=False) as writer:
                set_entries(writer, entries, state)

    def fell(self, entries: Entries, at: int, step: str, error: str) -> None:
        """Note that an item of a batch, by its place in it, failed later on."""
        if entries != _NONE:
            with self._library.catalogue.write(bump=False) as writer:
                fail_entry(writer, entries[0] + at, step, error)

    def kept(self, writer: Writer, batch: Sequence[Item], entries: Entries) -> None:
        """Note a batch as kept, in the transaction that keeps it."""
        if entries == _NONE:
            put_entries(writer, [self._of(item, "kept") for item in batch])
        else:
            set_entries(writer, entries, "kept")

    def ended(self, state: str, why: str, counts: Mapping[str, int]) -> None:
        """Close the run; where the disk takes no more, it is told as interrupted later."""
        try:
            with self._library.catalogue.write(bump=False) as writer:
                self.put(writer, counts)
                set_run(writer, self.run, state=state, why=why, ended=self._library.now())
        except CatalogueUnwritable:
            return


def last_runs(library: Library, limit: int = 20) -> list[dict[str, Any]]:
    """The newest runs as JSON, newest first; one whose process is gone is `interrupted`."""
    with library.catalogue.read() as reader:
        found = newest_runs(reader, limit)
    return [told(library, one) for one in found]


def told(library: Library, run: RunRow) -> dict[str, Any]:
    """A run as JSON; `interrupted` where it says `running` and nobody writes."""
    values = run.to_json()
    if run.state == "running" and not _somebody_writes(library):
        why = "its process is gone; the same command again goes on where it was"
        values |= {"state": INTERRUPTED, "why": why}
    return values


def _somebody_writes(library: Library) -> bool:
    """Whether the write lock is held; the system frees it when its holder dies."""
    try:
        with library.lock.held():
            return False
    except LibraryLocked:
        return True
    except CatalogueUnwritable:  # nobody can ask the lock: its note has to do
        return library.lock.holder() is not None
