"""What was asked to be added: kept in the journal, so that what failed can be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ingest.identity import arxiv_id
from ingest.sources import Found, Source, encodable
from kb.catalogue.runs import entries, newest_runs, run_of
from kb.errors import UsageError
from kb.intake import ARXIV, Intake
from kb.library import Library

# More failures than this are a run to be given again as a whole.
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Only:
    """Those items of a source that have one of some names."""

    source: Source
    wanted: frozenset[str]

    @property
    def name(self) -> str:
        """The source's own name."""
        return self.source.name

    def items(self) -> Iterator[Found]:
        """The wanted items; all of them where the source itself had failed."""
        whole = encodable(self.name) in self.wanted
        for found in self.source.items():
            if whole or encodable(found.item) in self.wanted:
                yield found


@dataclass(frozen=True, slots=True)
class Failed:
    """What did not go through in a run."""

    asked: dict[str, Any]
    """The request, as `Options.asked` gave it."""
    items: frozenset[str]
    finished: bool = True
    """False where the run was cut off: then some of it was not even tried."""

    def path(self, name: str) -> str:
        """Where a file named in the request lies, from any folder."""
        return str(Path(str(self.asked["folder"])) / Path(name).expanduser())

    @property
    def paths(self) -> frozenset[str]:
        """The items by their whole paths."""
        return frozenset(encodable(self.path(item)) for item in self.items)

    @property
    def ids(self) -> list[str]:
        """The arXiv ids among the items; all that were asked where arXiv itself had failed."""
        asked = self.asked["names"] if ARXIV in self.items else ()
        return sorted(item for item in {*self.items, *asked} if arxiv_id(item))


def failed_of(library: Library, number: int | None = None) -> Failed:
    """What failed in a run, the last one without a number. Raises UsageError for no such run."""
    with library.catalogue.read() as reader:
        newest = newest_runs(reader, 1) if number is None else [run_of(reader, number)]
        run = newest[0] if newest else None
        if run is None:
            raise unknown_run(number)
        rows = entries(reader, run.n, failed=True, limit=_MOST)
    if "pdf" not in run.sources:  # begun by a program, with sources of its own
        raise UsageError(
            f"run {run.n} was no command's", item=str(run.n), remedy="kb add SOURCE… again"
        )
    return Failed(run.sources, frozenset(str(row["item"]) for row in rows), run.state == "done")


def unknown_run(number: int | None) -> UsageError:
    """The error for a run that is not in the journal."""
    return UsageError(
        "nothing has been added yet" if number is None else f"there is no run {number}",
        item=str(number or ""),
        remedy="kb journal lists the runs",
        code="unknown_run",
    )


def is_bundle(name: str) -> bool:
    """True for the name of a bundle."""
    return name.lower().endswith(".kbz")


def request(
    names: Sequence[str],
    query: str,
    maximum: int,
    days: tuple[str, str],
    *,
    with_pdf: bool,
    columns: Mapping[str, str],
) -> dict[str, Any]:
    """A request as the journal keeps it: enough to make it again from any folder.

    Takes names of sources, a query of arXiv's with the most of its results, and the days
    (since, until). Bundles are left out: each is one item of its own.
    """
    return {
        "names": [name for name in names if not is_bundle(name)],
        "folder": str(Path.cwd()),
        "query": query,
        "max": maximum,
        "since": days[0],
        "until": days[1],
        "pdf": with_pdf,
        "columns": dict(columns),
    }


def sources_of(
    intake: Intake, asked: Mapping[str, Any], failed: Failed | None = None
) -> list[Source]:
    """The sources that a request means; with `failed`, only what failed of it.

    Raises UsageError for a query since `last` that never was complete.
    """
    with_pdf, names, query = bool(asked["pdf"]), list(asked["names"]), str(asked["query"])
    if failed is not None:
        names = [failed.path(name) for name in names if not arxiv_id(name)] if failed.items else []
        query = query if f"arxiv:{query}" in failed.items else ""
    wanted = intake.sources(names, with_pdf=with_pdf, columns=asked["columns"]) if names else []
    if failed is not None:
        wanted = [Only(source, failed.items | failed.paths) for source in wanted]
        wanted += [intake.by_ids(failed.ids, with_pdf=with_pdf)] if failed.ids else []
    if query:
        until = date.fromisoformat(asked["until"]) if asked["until"] else None
        maximum, since = int(asked["max"]), str(asked["since"])
        wanted.append(intake.by_query(query, maximum, since, until, with_pdf=with_pdf))
    return wanted
