"""Long work in the background: pages stay quick, one job writes at a time.

Jobs belong to the library, not to a person: whoever opens the Library page sees them, as
they see the journal. Nothing here knows of the screen.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath

from ingest.errors import IngestError
from kb.doctor import Fault
from kb.errors import Cancelled, KbError, LibraryLocked
from kb.report import Outcome, Report
from kb.whole_file import write_whole

# Jobs remembered, finished ones included.
KEPT = 20

# Outcomes remembered of a job: the newest, and the first that failed.
KEPT_OUTCOMES = 200
KEPT_FAILURES = 500

# Seconds between two looks at whether it is a waiting job's turn.
_LOOK = 0.2

UPLOADS = ("pdf", "bib", "ris", "json", "csv", "tsv", "jsonl", "kbz")
"""Endings of the files that can be uploaded: PDFs, bibliographies, JSON lines, bundles."""

_UNSAFE = re.compile(r"[^\w.-]+")

# What `keep_upload` puts behind the name that a file came with.
_MARK = re.compile(r"-[0-9a-f]{12}(?=\.\w+$)")
_FOLDERS = ("pdf", "uploads")

# Of an entry of a bibliography: its line, and perhaps its key, which may hold a slash.
_ENTRY = re.compile(r":\d+(?: \(.*\))?$", re.DOTALL)
_log = logging.getLogger(__name__)


@dataclass
class Job:
    """One piece of work, and how far it is."""

    kind: str
    """`add`, `retry`, `resume`, `fetch`, `bundle`, `starter`, `check`, `repair`, `reindex`,
    `backup` or `restore`."""
    names: tuple[str, ...]
    """What it is about: arXiv ids, files, a query; may be empty."""
    started: str
    """ISO time."""
    by: str = ""
    """Who began it."""
    alone: bool = True
    """False where others may write meanwhile."""
    can_stop: bool = False
    """True where it can end before it is done: after its present batch, or keeping nothing."""
    state: str = "waiting"
    """`waiting`, `running`, `stopped`, `done` or `failed`."""
    held_by: str = ""
    """Which other process it waits for, as its lock tells."""
    total: int = 0
    """About how many items it has; 0 while unknown."""
    items: int = 0
    """Items done with."""
    passages: int = 0
    at: str = ""
    """The step it is on: `read`, `load`, `embed` or `keep`; "" where it has none."""
    texts: tuple[int, int] = (0, 0)
    """Passages and sentences embedded, of those of the present batch."""
    counts: Counter[str] = field(default_factory=Counter)
    """Items by their outcome."""
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)
    report: Report | None = None
    faults: list[Fault] | None = None
    """What is wrong with the library; None where it was not examined."""
    mended: list[Fault] = field(default_factory=list)
    file: Path | None = None
    """The file that it made, e.g. a backup."""
    message: str = ""
    """Why it failed, and what to do."""
    details: str = ""
    """The traceback of a failure that nobody foresaw."""
    stop: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def over(self) -> bool:
        """True once it will not change any more."""
        return self.state in ("done", "failed", "stopped")

    def note(self, outcome: Outcome) -> None:
        """Note what came of an item, from any thread."""
        with self._guard:
            self.items += 1
            self.counts[outcome.state] += 1
            self.outcomes.append(outcome)
            del self.outcomes[:-KEPT_OUTCOMES]
            if outcome.state == "failed" and len(self.failures) < KEPT_FAILURES:
                self.failures.append(outcome)

    def step(self, _: int, passages: int) -> None:
        """Note passages that were kept."""
        self.passages += passages
        if self.at == "keep":
            self.at = "read"

    def advance(self, done: int, total: int) -> None:
        """Note how far it is, where its items have no outcomes."""
        self.items, self.total = done, total


@dataclass
class Jobs:
    """The jobs of one library, the newest first."""

    jobs: list[Job] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def start(self, job: Job, work: Callable[[Job], None]) -> Job:
        """Begin in a thread of its own. It waits for the jobs before it, and for other
        processes: `work` is called again for as long as it raises LibraryLocked.
        """
        with self._guard:
            self.jobs.insert(0, job)
            spare = [one for one in self.jobs[KEPT:] if one.over]
            self.jobs[:] = [one for one in self.jobs if one not in spare]
        threading.Thread(target=self._run, args=(job, work), name=job.kind, daemon=True).start()
        return job

    @property
    def active(self) -> bool:
        """True while a job waits or runs."""
        return any(not job.over for job in self.jobs)

    def before(self, job: Job) -> Job | None:
        """The job that this one waits for; None where it is its turn."""
        if not job.alone:
            return None
        with self._guard:
            older = self.jobs[self.jobs.index(job) + 1 :]
        return next((one for one in reversed(older) if one.alone and not one.over), None)

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        while self.before(job):
            if job.stop.wait(_LOOK):
                job.state = "stopped"
                return
        try:
            _when_free(job, work)
        except (KbError, IngestError) as error:
            job.message = f"{error.message} {error.remedy}".strip()
            job.state = "failed"
        except Exception as error:  # noqa: BLE001 - a thread's last stop: shown and logged
            _log.exception("%s %s", job.kind, job.names)
            job.message = "It stopped on a fault of Sixfold; what was kept is kept."
            job.details = "".join(traceback.format_exception(error))
            job.state = "failed"


def _when_free(job: Job, work: Callable[[Job], None]) -> None:
    while not job.stop.is_set():
        try:
            job.state = "running"
            work(job)
        except LibraryLocked as error:
            job.state, job.held_by = "waiting", error.message
            job.stop.wait(_LOOK)
        except Cancelled:
            break
        else:
            stopped = job.report is not None and bool(job.report.stopped)
            job.state = "stopped" if stopped else "done"
            return
    job.state = "stopped"


def begin(kind: str, *names: str, at: datetime, by: str, alone: bool = True) -> Job:
    """A job that has not started."""
    can_stop = kind in ("add", "retry", "resume", "fetch", "bundle")
    return Job(kind, names, at.isoformat(timespec="seconds"), by, alone=alone, can_stop=can_stop)


def keep_upload(folder: Path, name: str, data: bytes) -> Path:
    """Store an uploaded file in the library's folder, under a name that is safe on any disk.

    The same bytes get the same path, so that a second upload is known as unchanged. A file
    keeps its ending where that is one of `UPLOADS`, else it is taken for a PDF.
    """
    digest = hashlib.sha256(data).hexdigest()[:12]
    stem = _UNSAFE.sub("_", Path(name.replace("\\", "/")).stem).strip("._")[:60] or "paper"
    ending = Path(name).suffix.lower().removeprefix(".")
    ending = ending if ending in UPLOADS else "pdf"
    path = folder / (_FOLDERS[ending != "pdf"]) / f"{stem}-{digest}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, data, ours=True)
    return path


def own_name(item: str) -> str:
    """What an item is called where it came from: of an upload the name of the file, of another
    path its last part; of an entry of a file with its line and key.
    """
    entry = found[0] if (found := _ENTRY.search(item)) else ""
    path = PurePath(item.removesuffix(entry))
    stored = path.parent.name in _FOLDERS
    name = _MARK.sub("", path.name) if stored else path.name
    return f"{name}{entry}" if name else item
