"""What a review has decided, as lists: a spreadsheet with reasons, bibliographies, a collection."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

from ingest.spreadsheet import guarded
from kb.catalogue import StoredPaper
from kb.catalogue.screening import STAGES
from kb.collecting import collect
from kb.errors import UsageError, unknown
from kb.exporting import exported
from kb.exports.prisma import as_csv, as_png, as_svg
from kb.library import Library
from kb.quotes import legible
from kb.review_flow import Flow, flow, label
from kb.review_state import UNDECIDED, Board, Case

WHICH: Mapping[str, Callable[[Case], bool]] = {
    "included": lambda one: one.stage == STAGES[1] and one.outcome.state == "include",
    "excluded": lambda one: one.outcome.state in ("exclude", "not_retrieved"),
    "undecided": lambda one: one.outcome.state in UNDECIDED,
    "sought": lambda one: one.stage == STAGES[1],
    "all": lambda _: True,
}
"""Which papers -> whether one is among them. `sought` were included by title and abstract."""

FORMATS = ("csv", "bibtex", "ris")
"""Of lists of papers."""

DRAWN: Mapping[str, Callable[[str, Flow], bytes]] = {"csv": as_csv, "svg": as_svg, "png": as_png}
"""Formats of the flow diagram."""

COLUMNS = (
    "paper_id",
    "title",
    "authors",
    "year",
    "stage",
    "state",
    "reason",
    "said",
    "settled_by",
    "decided_at",
    "sources",
    "in_library",
    "doi",
    "arxiv_id",
    "url",
)


def chosen(now: Board, which: str) -> list[Case]:
    """Some of a review's papers, as found. Raises UsageError for an unknown word."""
    if which not in WHICH:
        raise unknown("choice", which, WHICH)
    return [one for one in now.cases.values() if WHICH[which](one)]


def listed(library: Library, now: Board, which: str, form: str) -> bytes:
    """Some of a review's papers as a file; bibliographies leave out those that are gone.

    Raises UsageError for an unknown choice or format.
    """
    cases = chosen(now, which)
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    held = papers_of(library, cases)
    if form == "csv":
        return _sheet(now, cases, held)
    return exported(library, [held[one.paper_id] for one in cases if one.paper_id in held], form)


def drawn(now: Board, form: str) -> bytes:
    """The flow diagram as a file. Raises UsageError for an unknown format."""
    if form not in DRAWN:
        raise unknown("format", form, DRAWN)
    return DRAWN[form](now.review.name, flow(now))


def collect_included(library: Library, now: Board, name: str) -> int:
    """Put the included papers into a collection; how many are new to it.

    Raises UsageError where none is included, or the name is none.
    """
    ids = [one.paper_id for one in chosen(now, "included") if one.here]
    if not ids:
        raise UsageError(
            "nothing is included yet", item=now.review.name, remedy="decide at full text first"
        )
    return collect(library, name, ids)


def papers_of(library: Library, cases: list[Case]) -> dict[str, StoredPaper]:
    """The papers that the library has, by id."""
    with library.catalogue.read() as reader:
        numbers = reader.numbers(one.paper_id for one in cases)
        return {one.paper_id: one for one in reader.papers(numbers.values()).values()}


def _sheet(now: Board, cases: list[Case], held: Mapping[str, StoredPaper]) -> bytes:
    """One line a paper, with a mark for Excel; what it would run is made harmless."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    named = {source.n: label(source) for source in now.sources}
    for one in cases:
        row = _row(one, held.get(one.paper_id), named)
        writer.writerow([guarded(legible(text)) for text in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _row(one: Case, paper: StoredPaper | None, named: Mapping[int, str]) -> tuple[str, ...]:
    outcome = one.outcome
    said = [
        f"{word.who}: {word.verdict}" + (f" ({word.reason})" if word.reason else "")
        for word in outcome.said
    ]
    return (
        one.paper_id,
        paper.title if paper else one.title,
        "; ".join(paper.authors) if paper else "",
        str(paper.year or "") if paper else "",
        one.stage,
        outcome.state,
        outcome.reason,
        "; ".join(said),
        outcome.settled_by,
        max((word.at for word in outcome.said), default=""),
        "; ".join(named[n] for n in one.sources if n in named),
        "yes" if one.here else "no",
        paper.doi if paper else "",
        paper.arxiv_id if paper else "",
        paper.url if paper else "",
    )
