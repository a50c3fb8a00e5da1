"""kb add, fetch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ingest.sources import Found, Source
from kb.adding import Options, Report, add
from kb.bundle import load_bundle, read_manifest
from kb.commands.common import Session, command, printable
from kb.errors import BundleError, UsageError
from kb.intake import Intake
from kb.library import Library

Bar = Any  # tqdm is generic over what it wraps; ours wraps nothing


@command
@click.argument("sources", nargs=-1)
@click.option("--no-pdf", is_flag=True, help="Records only; no PDF is fetched from arXiv.")
@click.option("--dry-run", is_flag=True, help="Say what would be added; change nothing.")
@click.option("--arxiv-query", metavar="Q", default="", help="A query of arXiv's, cat:cs.SE say.")
@click.option("--max", "maximum", type=click.IntRange(1, 30_000), default=100, help="Of a query.")
@click.option("--since", metavar="DATE", default="", help="Only papers new since YYYY-MM-DD.")
@click.option("--events", is_flag=True, help="A JSON line on standard error after each commit.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another writer.")
def add_command(
    session: Session,
    sources: tuple[str, ...],
    no_pdf: bool,
    dry_run: bool,
    arxiv_query: str,
    maximum: int,
    since: str,
    events: bool,
    wait: float,
) -> int:
    """Add papers: arXiv ids or URLs, PDF files, folders, .jsonl files, a bundle."""
    if not sources and not arxiv_query:
        raise UsageError("nothing to add", remedy="kb add 2506.23762, a PDF, a folder or a file")
    after = _date(since)
    library = session.open()
    bundles = [name for name in sources if name.lower().endswith(".kbz")]
    report = Report()
    for name in bundles:
        merge(report, _add_bundle(library, Path(name).expanduser(), dry_run=dry_run, events=events))
    names = [name for name in sources if name not in bundles]
    with Intake(library) as intake, _progress(events) as (options, bar):
        chosen = replace(options, dry_run=dry_run, wait=wait)
        if names:
            bar.reset(total=intake.size(names))
            wanted = [_Counted(one, bar) for one in intake.sources(names, with_pdf=not no_pdf)]
            merge(report, add(library, wanted, replace(chosen, since=since)))
        if arxiv_query:
            # Its own notion of since: papers revised later count too.
            asked = intake.by_query(arxiv_query, maximum, after, with_pdf=not no_pdf)
            merge(report, add(library, [_Counted(asked, bar)], chosen))
    return finish(session, report)


@command
@click.argument("papers", nargs=-1)
@click.option("--collection", metavar="C", default="", help="All papers of a collection.")
@click.option("--missing", is_flag=True, help="Abstracts of all papers that lack one.")
@click.option("--events", is_flag=True, help="A JSON line on standard error after each commit.")
def fetch_command(
    session: Session, papers: tuple[str, ...], collection: str, missing: bool, events: bool
) -> int:
    """Fetch full text (or --missing abstracts) of papers already held, from arXiv."""
    library = session.open()
    ids = _held(library, papers, collection, missing=missing)
    if not ids:
        session.say("nothing to fetch")
    with Intake(library) as intake, _progress(events) as (options, bar):
        bar.reset(total=len(ids))
        asked = [_Counted(intake.by_ids(ids, with_pdf=not missing), bar)] if ids else []
        report = add(library, asked, options)
    return finish(session, report)


def _held(library: Library, papers: Sequence[str], collection: str, *, missing: bool) -> list[str]:
    """ArXiv ids of the papers to fetch. Raises UsageError where none is named."""
    numbers = [library.number(one) for one in papers]
    with library.catalogue.read() as reader:
        if collection:
            numbers += reader.numbers(reader.collection(collection)).values()
        if not numbers and not missing:
            raise UsageError("nothing to fetch", remedy="kb fetch ID…, --collection C or --missing")
        held = reader.papers(None if missing and not numbers else numbers).values()
    return [one.arxiv_id for one in held if one.arxiv_id and not (missing and one.abstract)]


def merge(report: Report, other: Report) -> None:
    """Add another report's counts to this one."""
    report.added += other.added
    report.updated += other.updated
    report.unchanged += other.unchanged
    report.failed += other.failed
    report.passages += other.passages
    report.seconds += other.seconds
    report.papers += other.papers


def finish(session: Session, report: Report) -> int:
    """Print what was done. Returns the exit status: 1 where an item failed."""
    text = (
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{len(report.failed)} failed · {report.passages} passages · {report.seconds:.1f} s"
    )
    for one in report.failed:
        session.say(f"failed: {one['item']} ({one['step']}): {one['error']}")
    session.emit(report.to_json(), text)
    return 1 if report.failed else 0


@contextmanager
def _progress(events: bool) -> Iterator[tuple[Options, Bar]]:
    """Options and a bar with rate and time left, which shows on a terminal only."""
    bar: Bar = tqdm(unit=" papers", disable=None, file=sys.stderr, dynamic_ncols=True)

    def step(_: int, passages: int) -> None:
        bar.set_postfix(passages=passages)

    with bar:
        yield Options(on_progress=step, on_event=_event if events else None), bar


@dataclass(frozen=True, slots=True)
class _Counted:
    """A source whose items are counted on a bar as they are read."""

    source: Source
    bar: Bar

    @property
    def name(self) -> str:
        """The source's own name."""
        return self.source.name

    def items(self) -> Iterator[Found]:
        """The source's items."""
        for found in self.source.items():
            yield found
            self.bar.update(1)


def _event(facts: dict[str, str]) -> None:
    """Acknowledge one committed paper."""
    sys.stderr.write(printable(json.dumps(facts, ensure_ascii=False)) + "\n")
    sys.stderr.flush()


def _add_bundle(library: Library, path: Path, *, dry_run: bool, events: bool) -> Report:
    """Merge a bundle; one that cannot be used is an item that failed."""
    try:
        if dry_run:
            return Report(added=read_manifest(path).counts["papers"])
        report = load_bundle(library, path)
    except (BundleError, OSError) as error:
        told = f"{error.message} {error.remedy}" if isinstance(error, BundleError) else str(error)
        return Report(failed=[{"item": str(path), "step": "bundle", "error": told.strip()}])
    if events:
        for paper_id in report.papers:
            _event({"item": str(path), "state": "added", "paper_id": paper_id})
    return report


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UsageError(f"not a date: {text}", item=text, remedy="give YYYY-MM-DD") from None
