"""Notes that people write about papers: added, changed, taken away, all of it kept in a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ingest.sources import encodable
from kb.catalogue.remarks import RemarkEntry, append_remark, remark_log
from kb.catalogue.standing import group_ids
from kb.decisions import coder
from kb.errors import UsageError
from kb.library import Library

LONGEST = 10_000
"""Characters of a note: a long page of text."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One note as it stands now."""

    n: int
    """Its number, which stays when it is changed."""
    paper_id: str
    text: str
    """As it was typed: never Markdown, never HTML."""
    who: str
    """Who wrote it first."""
    at: str
    """When that was, ISO time, UTC."""
    changed_by: str = ""
    """Who changed it last; "" where nobody did."""
    changed_at: str = ""

    def to_json(self) -> dict[str, Any]:
        """The note as the command line prints it."""
        return asdict(self)


def remarks(library: Library, paper: str = "") -> list[Remark]:
    """The notes on a paper (and on those joined to it), on all without one; the oldest first.

    Raises UsageError for an unknown paper.
    """
    number = library.number(paper) if paper else None
    with library.catalogue.read() as reader:
        ids = None
        if number is not None:
            ids = group_ids(reader.connection, reader.papers([number])[number].paper_id)
        log = remark_log(reader.connection, ids)
    return [one for one in _standing(log).values() if one.text]


def add(library: Library, paper: str, text: str, who: str = "") -> Remark:
    """Write a note on a paper. Raises UsageError for an unknown paper, no text or too much."""
    number = library.number(paper)
    with library.catalogue.read() as reader:
        paper_id = reader.papers([number])[number].paper_id
    return _keep(library, RemarkEntry(0, "", coder(library, who), paper_id, _checked(text)))


def edit(library: Library, n: int, text: str, who: str = "") -> Remark:
    """Put another text in a note's place; one that was removed comes back.

    Raises UsageError as `add` does, and where there is no note `n`.
    """
    held = _held(library, n)
    entry = RemarkEntry(0, "", coder(library, who), held.paper_id, _checked(text), held.n)
    return replace(held, text=entry.text) if held.text == entry.text else _keep(library, entry)


def remove(library: Library, n: int, who: str = "") -> Remark:
    """Take a note away; gives it as it was. Raises UsageError where there is none."""
    held = _held(library, n)
    if not held.text:
        raise _none(library, n)
    _keep(library, RemarkEntry(0, "", coder(library, who), held.paper_id, "", held.n))
    return held


def _keep(library: Library, entry: RemarkEntry) -> Remark:
    with library.writing_beside(follow=False), library.catalogue.write(bump=False) as writer:
        log = remark_log(writer.connection, [entry.paper_id])
        # Never before what it follows: a clock may go wrong.
        entry = replace(entry, at=max([library.now(), *(one.at for one in log)]))
        n = append_remark(writer.connection, entry)
        log = remark_log(writer.connection, [entry.paper_id])
    return _standing(log)[entry.replaces or n]


def _standing(log: Iterable[RemarkEntry]) -> dict[int, Remark]:
    """Every note by its number, as its last entry left it; removed ones have no text.

    The last one in time: a bundle may have brought an earlier one later.
    """
    found: dict[int, Remark] = {}
    for one in sorted(log, key=lambda one: (one.replaces is not None, one.at, one.n)):
        if one.replaces is None:
            found[one.n] = Remark(one.n, one.paper_id, one.text, one.who, one.at)
        elif one.replaces in found:
            held = found[one.replaces]
            found[held.n] = replace(held, text=one.text, changed_by=one.who, changed_at=one.at)
    return found


def _held(library: Library, n: int) -> Remark:
    with library.catalogue.read() as reader:
        found = _standing(remark_log(reader.connection)).get(n)
    if found is None:
        raise _none(library, n)
    return found


def _none(library: Library, n: int) -> UsageError:
    known = ", ".join(str(one.n) for one in remarks(library)[-10:])
    return UsageError(
        f"there is no note {n}",
        item=str(n),
        remedy=f"kb note --list shows them: {known}" if known else "none yet: kb note ID TEXT",
        code="unknown_note",
    )


def _checked(text: str) -> str:
    # SQLite's functions take NUL for the end of a text.
    plain = encodable(text).replace("\0", " ").replace("\r\n", "\n").strip()
    if not plain or len(plain) > LONGEST:
        raise UsageError(
            "the note has no text" if not plain else f"the note has {len(plain):,} characters",
            remedy=f"give 1 to {LONGEST:,} characters",
            code="bad_note",
        )
    return plain
