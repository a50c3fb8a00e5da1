"""Runs of adding and the journal of their items, as the catalogue keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from kb.catalogue.reading import Reader
from kb.catalogue.tables import journal, papers, runs
from kb.catalogue.writing import Writer

GONE = "interrupted: its process is gone; the same command again goes on where it was"
"""Why a run stopped that could not say so itself."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of adding."""

    n: int
    at: str
    ended: str
    state: str
    """`running`, `done` or `stopped`."""
    why: str
    sources: dict[str, Any]
    """What was asked for, enough to ask for it again."""
    counts: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The run as `kb journal` prints it."""
        return {
            "run": self.n,
            "at": self.at,
            "ended": self.ended,
            "state": self.state,
            "why": self.why,
            "sources": self.sources,
            "counts": self.counts,
        }


def start_run(writer: Writer, at: str, sources: Mapping[str, Any]) -> int:
    """Note a run as begun; runs still open are closed: the lock was theirs. Its number."""
    gone = update(runs).where(runs.c.state == "running")
    writer.connection.execute(gone.values(state="stopped", ended=at, why=GONE))
    row = {"at": at, "state": "running", "sources": dict(sources), "counts": {}}
    result = writer.connection.execute(runs.insert().values(**row))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def set_run(writer: Writer, number: int, **values: Any) -> None:
    """Set columns of a run, e.g. `counts`, or `state`, `ended` and `why` at its end."""
    writer.connection.execute(update(runs).where(runs.c.n == number).values(**values))


def put_entries(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Append rows {at, item, state, run, step?, error?, paper_id?}. (first, last) number."""
    newest = select(func.coalesce(func.max(journal.c.n), 0))
    blank = {"step": "", "error": "", "paper_id": ""}
    if rows:
        writer.connection.execute(journal.insert(), [blank | dict(row) for row in rows])
    # Counted back from the last: PostgreSQL leaves out numbers that were rolled back.
    last = int(writer.connection.execute(newest).scalar_one())
    return last - len(rows) + 1, last


def set_entries(writer: Writer, entries: tuple[int, int], state: str) -> None:
    """Set the state of the rows from the first to the last number that has not failed."""
    here = journal.c.n.between(*entries) & (journal.c.state != "failed")
    writer.connection.execute(update(journal).where(here).values(state=state))


def fail_entry(writer: Writer, number: int, step: str, error: str) -> None:
    """Note that the item of a row failed after all."""
    values = {"state": "failed", "step": step, "error": error}
    writer.connection.execute(update(journal).where(journal.c.n == number).values(**values))


def newest_runs(reader: Reader, limit: int = 20) -> list[RunRow]:
    """The newest runs, newest first."""
    query = select(runs).order_by(runs.c.n.desc()).limit(limit)
    return [_run(row) for row in reader.connection.execute(query)]


def run_of(reader: Reader, number: int) -> RunRow | None:
    """A run by its number; None where there is none."""
    row = reader.connection.execute(select(runs).where(runs.c.n == number)).first()
    return _run(row) if row else None


def entries(
    reader: Reader, number: int, *, failed: bool = False, limit: int = 200
) -> list[dict[str, Any]]:
    """The rows of a run in order, at most `limit`; with `failed` those that failed."""
    query = select(journal).where(journal.c.run == number)
    if failed:
        query = query.where(journal.c.state == "failed")
    rows = reader.connection.execute(query.order_by(journal.c.n).limit(limit))
    return [dict(row._mapping) for row in rows]


def file_hash(reader: Reader, paper_id: str) -> str:
    """The SHA-256 of the PDF that a held paper was read from; "" where unknown."""
    query = select(papers.c.pdf_sha256).where(papers.c.paper_id == paper_id)
    return str(reader.connection.execute(query).scalar() or "")


def all_hashes(reader: Reader) -> dict[str, str]:
    """paper_id -> content hash, of all papers."""
    rows = reader.connection.execute(select(papers.c.paper_id, papers.c.content_hash))
    return {row.paper_id: row.content_hash for row in rows}


def _run(row: Any) -> RunRow:
    return RunRow(row.n, row.at, row.ended, row.state, row.why, dict(row.sources), dict(row.counts))
