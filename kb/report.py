"""How papers are added, and what adding did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.sources import encodable
from kb.batches import EncodeTexts


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one item."""

    item: str
    state: str
    """`added`, `updated`, `unchanged` or `failed`."""
    paper_id: str = ""
    """"" of one that failed."""
    step: str = ""
    """Where it failed: `fetch`, `read`, `parse`, `split`, `embed`, `tag` or `keep`."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How to add."""

    dry_run: bool = False
    """Read and report only."""
    since: str = ""
    """ISO date: papers published before it are passed over; those without a date are not.
    arXiv's sources go by their own date, which counts revisions."""
    statements: bool = True
    """Label and embed every sentence; off for corpora that are only searched."""
    wait: float = 0.0
    """Seconds to wait for another writer."""
    encode: EncodeTexts | None = None
    """Embeds texts; the library's model where None."""
    share: int = 1
    """Into how many parts a batch of the usual size is cut: more where others wait meanwhile."""
    on_event: Callable[[dict[str, str]], None] | None = None
    """Told {item, state, paper_id} after each commit: the acknowledgement."""
    on_progress: Callable[[int, int], None] | None = None
    """Told (papers, passages) done since the last call."""
    on_found: Callable[[], None] | None = None
    """Called for every item that a source holds, when its turn has come."""
    on_outcome: Callable[[Outcome], None] | None = None
    """Told what came of each item, from any of the run's threads."""
    stop: threading.Event | None = None
    """Set by whoever wants the run to end: what the present batch holds is still kept."""
    asked: Mapping[str, Any] | None = None
    """What the journal keeps of the request; the sources' names where None."""


@dataclass
class Report:
    """What adding did."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    """{item, step, error} of each item that failed."""
    passages: int = 0
    seconds: float = 0.0
    papers: list[str] = field(default_factory=list)
    """Ids of papers added or updated."""
    found: int = 0
    """Items that the sources were seen to hold."""
    run: int = 0
    """Number of the run in the journal; 0 of a dry run."""
    stopped: dict[str, str] = field(default_factory=dict)
    """{reason, remedy} where the run ended before its sources did."""
    not_tried: int = 0
    """Items that a stopped run left; arXiv's are not counted."""
    broken: bool = False
    """True where a source failed as a whole: it may hold more."""
    notes: list[dict[str, str]] = field(default_factory=list)
    """{item, code, detail} of what came in with something amiss, e.g. without its PDF."""
    disk_full: bool = False
    """True where the catalogue could not be written any more."""

    @property
    def why(self) -> str:
        """Why the run stopped, in one line; "" where it did not."""
        return " — ".join(self.stopped.values())

    def fail(self, item: str, step: str, why: str) -> None:
        """Note an item that failed."""
        told = {"item": encodable(item), "step": step, "error": encodable(why)}
        self.failed.append(told)

    def note(self, item: str, code: str, detail: str) -> None:
        """Note something amiss with an item that came in."""
        told = {"item": encodable(item), "code": code, "detail": encodable(detail)}
        self.notes.append(told)

    def keep(self, paper_id: str, passages: int, *, fresh: bool) -> None:
        """Note a paper as kept."""
        self.added += fresh
        self.updated += not fresh
        self.passages += passages
        self.papers.append(paper_id)

    def stop(self, reason: str, remedy: str) -> None:
        """Note why the run ends early."""
        self.stopped = {"reason": encodable(reason), "remedy": encodable(remedy)}

    def stop_alike(self, row: int, step: str, why: str) -> None:
        """Note that `row` items failed alike, one after the other."""
        self.stop(
            f"stopped: {row} items in a row failed at the same step ({step}): {why}",
            "mend the cause, then give the same command again: it goes on where it was; "
            "`stop_after` in settings.toml sets how many (0: never)",
        )

    def stop_asked(self) -> None:
        """Note that somebody wanted the run to end."""
        self.stop(
            "stopped by the person; what was kept is kept",
            "the same again goes on where it was",
        )

    def counts(self, added: int = 0, updated: int = 0) -> dict[str, int]:
        """The figures that the journal keeps of a run, with so many more papers."""
        return {
            "found": self.found,
            "added": self.added + added,
            "updated": self.updated + updated,
            "unchanged": self.unchanged,
            "failed": len(self.failed),
            "not_tried": self.not_tried,
            "passages": self.passages,
        }

    def to_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "passages": self.passages,
            "seconds": round(self.seconds, 2),
            "run": self.run,
            "stopped": self.stopped,
            "not_tried": self.not_tried,
            "notes": self.notes,
        }
