"""Adding papers in the background: pages stay quick, one job writes at a time.

Jobs belong to the library, not to a person: whoever opens the Library page sees them, as
they see the journal. Nothing here knows of the screen.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import IngestError
from kb.adding import Options, Report, add
from kb.errors import KbError
from kb.intake import Intake
from kb.library import Library
from kb.request import request

# Jobs remembered, finished ones included.
KEPT = 20

# Seconds a job waits for another process that writes.
_PATIENCE = 120.0

UPLOADS = ("pdf", "bib", "ris", "json", "csv", "tsv", "jsonl")
"""Endings of the files that can be uploaded: PDFs, bibliographies, JSON lines."""

_UNSAFE = re.compile(r"[^\w.-]+")
_log = logging.getLogger(__name__)


@dataclass
class Job:
    """One call of `add`, and how far it is."""

    names: tuple[str, ...]
    """What to add: arXiv ids, or paths of PDFs."""
    with_pdf: bool
    started: str
    state: str = "waiting"
    """`waiting`, `running`, `done` or `failed`."""
    total: int = 0
    """About how many papers it will add: a bibliography holds many; 0 while unknown."""
    papers: int = 0
    passages: int = 0
    report: Report | None = None
    message: str = ""
    """Why it failed, and what to do."""
    details: str = ""
    """The traceback of a failure that nobody foresaw."""

    @property
    def over(self) -> bool:
        """True once it will not change any more."""
        return self.state in ("done", "failed")


@dataclass
class Jobs:
    """The jobs of one library, the newest first."""

    jobs: list[Job] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(self, library: Library, names: Sequence[str], *, with_pdf: bool) -> Job:
        """Begin to add `names` in a thread of its own; it waits for the job before it."""
        job = Job(tuple(names), with_pdf, library.now())
        self.jobs.insert(0, job)
        del self.jobs[KEPT:]
        threading.Thread(target=self._run, args=(library, job), name="add", daemon=True).start()
        return job

    @property
    def active(self) -> bool:
        """True while a job waits or runs."""
        return any(not job.over for job in self.jobs)

    def _run(self, library: Library, job: Job) -> None:
        def step(papers: int, passages: int) -> None:
            job.papers += papers
            job.passages += passages

        with self._turn:
            job.state = "running"
            try:
                with Intake(library) as intake:
                    job.total = intake.size(job.names)
                    sources = intake.sources(job.names, with_pdf=job.with_pdf)
                    asked = request(job.names, "", 0, ("", ""), with_pdf=job.with_pdf, columns={})
                    options = Options(wait=_PATIENCE, on_progress=step, asked=asked)
                    job.report = add(library, sources, options)
                job.state = "done"
            except (KbError, IngestError) as error:
                job.message = f"{error.message} {error.remedy}".strip()
                job.state = "failed"
            except Exception as error:  # noqa: BLE001 - a thread's last stop: shown and logged
                _log.exception("adding %s", job.names)
                job.message = "Adding stopped on a fault of Sixfold; what was kept is kept."
                job.details = "".join(traceback.format_exception(error))
                job.state = "failed"


def keep_upload(folder: Path, name: str, data: bytes) -> Path:
    """Store an uploaded file in the library's folder, under a name that is safe on any disk.

    The same bytes get the same path, so that a second upload is known as unchanged. A file
    keeps its ending where that is one of `UPLOADS`, else it is taken for a PDF.
    """
    digest = hashlib.sha256(data).hexdigest()[:12]
    stem = _UNSAFE.sub("_", Path(name.replace("\\", "/")).stem).strip("._")[:60] or "paper"
    ending = Path(name).suffix.lower().removeprefix(".")
    ending = ending if ending in UPLOADS else "pdf"
    path = folder / ("pdf" if ending == "pdf" else "uploads") / f"{stem}-{digest}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
    return path
