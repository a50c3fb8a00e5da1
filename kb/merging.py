"""Papers that are one work: joined, kept apart, undone; by people, or the machine where sure.

A joined paper stays whole in the catalogue but is no paper of its own: the one that
stands for it is counted, searched and shown. Every step is logged and can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.identity import arxiv_id
from kb.backup import require_meant
from kb.bounds import bounded
from kb.catalogue.joining import (
    MACHINE,
    Fold,
    Merge,
    Record,
    active,
    append_merge,
    candidates,
    fill_title_keys,
    fold,
    merge_log,
    records,
    regroup,
)
from kb.catalogue.reading import Reader
from kb.catalogue.writing import Writer
from kb.errors import UsageError
from kb.library import Library
from kb.titles import Facts, alike, same_text, same_work


@dataclass(frozen=True, slots=True)
class Version:
    """A paper that another stands for."""

    paper_id: str
    title: str
    year: int | None
    doi: str
    arxiv_id: str
    full_text: bool
    why: str
    by: str
    """Who joined it: `machine`, or a person's name."""
    at: str
    merge: int
    """Number of the entry of the log; undoing it takes the paper out."""

    def to_json(self) -> dict[str, Any]:
        """The version as the command line prints it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Group:
    """A paper and those that it stands for."""

    paper_id: str
    title: str
    versions: tuple[Version, ...]

    def to_json(self) -> dict[str, Any]:
        """The group as the command line prints it."""
        versions = [one.to_json() for one in self.versions]
        return {"paper_id": self.paper_id, "title": self.title, "versions": versions}


def join(
    library: Library,
    kept: str,
    others: Sequence[str],
    who: str,
    why: str = "",
    *,
    yes: bool = False,
) -> Group:
    """Make papers one. Gives the group, under the paper that stands for it now.

    That is one with full text, where there is any; of those the one named `kept`. Takes
    any ids that mean the papers. Raises UsageError for an unknown id, a paper joined with
    itself, papers that were kept apart, and for much of the library unless `yes`;
    LibraryLocked.
    """
    numbers = [library.number(kept), *(library.number(one, exact=True) for one in others)]
    if len(set(numbers)) < len(numbers):
        raise _itself(kept)
    _require_meant(library, len(others), yes)
    with library.writing(), library.catalogue.write() as writer:
        held = records(writer, numbers)
        first, *rest = (held[n] for n in numbers)
        for one in rest:
            found = _folded(writer)
            _must_not_be_parted(writer, found, first.paper_id, one.paper_id)
            if one.paper_id not in found.group(first.paper_id):
                _log(writer, library.now(), who, "same", first.paper_id, one.paper_id, why)
        regroup(writer)
        stands = records(writer, numbers[:1])[numbers[0]].stands
        return _group(writer, stands)


def _require_meant(library: Library, hidden: int, yes: bool) -> None:
    with library.catalogue.read() as reader:
        held = reader.counts()["papers"]
    require_meant(hidden, held, "hide behind another", yes=yes)


def join_pairs(
    library: Library,
    pairs: Sequence[tuple[Record, Record, str]],
    who: str,
    *,
    yes: bool = False,
) -> int:
    """Join pairs of papers, each with its reason. Returns how many were not one before.

    A pair that would bring together what was kept apart is passed over. Raises LibraryLocked;
    UsageError where much of the library would be joined, unless `yes`.
    """
    _require_meant(library, len({other.paper_id for _, other, _ in pairs}), yes)
    joined = 0
    with library.writing(), library.catalogue.write() as writer:
        found = _folded(writer)
        for one, other, why in pairs:
            apart = found.forbids(one.paper_id, other.paper_id)
            if apart or other.paper_id in found.group(one.paper_id):
                continue
            found.take(_log(writer, library.now(), who, "same", one.paper_id, other.paper_id, why))
            joined += 1
        regroup(writer)
    return joined


def part(library: Library, one: str, other: str, who: str, why: str = "") -> None:
    """Keep two papers apart: never joined by the machine, never proposed. Takes a group apart.

    Of a larger group `other` leaves alone. Raises UsageError for an unknown id or the same
    paper twice; LibraryLocked.
    """
    numbers = [library.number(name, exact=True) for name in (one, other)]
    if numbers[0] == numbers[1]:
        raise _itself(one)
    with library.writing(), library.catalogue.write() as writer:
        held = records(writer, numbers)
        first, second = (held[n].paper_id for n in numbers)
        if frozenset((first, second)) not in _folded(writer).apart:
            _log(writer, library.now(), who, "apart", first, second, why)
        regroup(writer)


def undo(library: Library, number: int | None, who: str, why: str = "") -> Merge:
    """Undo an entry of the log, the newest one in force without `number`. Gives that entry.

    The papers are as if it had never been. Raises UsageError where there is no such entry
    in force; LibraryLocked.
    """
    with library.writing(), library.catalogue.write() as writer:
        standing = active(merge_log(writer))
        chosen = [one for one in standing if number in (None, one.n)]
        if not chosen:
            known = ", ".join(str(one.n) for one in standing[-10:]) or "there are none"
            raise UsageError(
                f"nothing in force to undo{'' if number is None else f' under number {number}'}",
                item="" if number is None else str(number),
                remedy=f"kb same --list shows the numbers ({known})",
                code="unknown_merge",
            )
        last = chosen[-1]
        _log(writer, library.now(), who, "undo", last.kept, last.other, why, last.n)
        regroup(writer)
        return last


def groups(reader: Reader) -> list[Group]:
    """Every paper that stands for others, the oldest first."""
    found = _folded(reader)
    here = reader.numbers({one for group in found.groups.values() for one in group})
    held = records(reader, here.values())
    roots = sorted({one.stands for one in held.values() if one.same_as is not None})
    return [_group(reader, root) for root in roots]


def versions(reader: Reader, number: int) -> tuple[Version, ...]:
    """The papers that one paper stands for, the oldest first; () where there are none."""
    return _group(reader, number).versions


def _group(reader: Reader, number: int) -> Group:
    root = records(reader, [number])[number]
    log = active(merge_log(reader))
    whole = _folded(reader, log).group(root.paper_id)
    here = reader.numbers(whole)
    held = records(reader, here.values())
    found = []
    for n in sorted(held):
        one = held[n]
        if one.stands == number and n != number:
            entry = _entry(log, one.paper_id, whole)
            found.append(_version(one, entry))
    return Group(root.paper_id, root.title, tuple(found))


def _entry(log: Iterable[Merge], paper_id: str, group: set[str]) -> Merge:
    """The entry by which a paper came into its group."""
    joined = [one for one in log if one.action == "same" and one.pair <= group]
    own = [one for one in joined if paper_id in one.pair]
    return (sorted(own, key=lambda one: one.other != paper_id) or joined)[0]


def _version(one: Record, entry: Merge) -> Version:
    return Version(
        one.paper_id,
        one.title,
        one.year,
        one.doi,
        one.arxiv_id,
        one.full_text,
        entry.why,
        entry.who,
        entry.at,
        entry.n,
    )


def surely_one(one: Record, other: Record) -> str:
    """Why two records are one work beyond doubt, in words; "" where there is doubt.

    Two arXiv ids or two publishers' DOIs are never joined unasked.
    """
    if one.arxiv_id and other.arxiv_id and one.arxiv_id != other.arxiv_id:
        return ""
    if one.pdf_sha256 and one.pdf_sha256 == other.pdf_sha256:
        return "same file"
    if one.arxiv_id and one.arxiv_id == other.arxiv_id:
        return "same arXiv id"
    mine, others = (("" if arxiv_id(each.doi) else each.doi) for each in (one, other))
    if mine and mine == others and alike(one.title, other.title):
        return "same DOI"
    why = "" if mine and others else same_work(facts(one), facts(other))
    return why if why and same_text(one.abstract, other.abstract) else ""


def facts(one: Record) -> Facts:
    """What tells it from another work."""
    return Facts(one.title, one.authors, one.year)


def join_new(writer: Writer, paper_ids: Sequence[str], *, now: str) -> int:
    """Join papers just kept with those that are surely the same work. Returns how many.

    A pair on which anybody has said anything, undone or not, is left to people.
    """
    fill_title_keys(writer)
    log = merge_log(writer)
    found, said = _folded(writer, active(log)), {one.pair for one in log}
    fresh = records(writer, writer.numbers(paper_ids).values())
    named = {one for pair in said for one in pair}
    # A paper that has a full text now may have to stand for its group.
    changed = any(one.paper_id in named for one in fresh.values())
    joined = 0
    for _, record in sorted(fresh.items()):
        for other in candidates(writer, record):
            older, newer = sorted((record, other), key=lambda one: one.n)
            why = surely_one(older, newer)
            if not why or not _free(found, said, older.paper_id, newer.paper_id):
                continue
            entry = _log(writer, now, MACHINE, "same", older.paper_id, newer.paper_id, why)
            found.take(entry)
            said.add(entry.pair)
            joined += 1
    if joined or changed:
        regroup(writer)
    return joined


def _free(found: Fold, said: set[frozenset[str]], one: str, other: str) -> bool:
    """True where the machine may join two papers: nobody has spoken, and they are two."""
    if frozenset((one, other)) in said or other in found.group(one):
        return False
    return found.forbids(one, other) is None


def _folded(reader: Reader, log: Sequence[Merge] | None = None) -> Fold:
    entries = active(merge_log(reader)) if log is None else log
    here = reader.numbers({one for entry in entries for one in entry.pair})
    return fold(entries, set(here))


def _log(
    writer: Writer,
    at: str,
    who: str,
    action: str,
    kept: str,
    other: str,
    why: str,
    undoes: int | None = None,
) -> Merge:
    entry = Merge(0, at, who, action, kept, other, bounded(why), undoes)
    return replace(entry, n=append_merge(writer, entry))


def _must_not_be_parted(reader: Reader, found: Fold, one: str, other: str) -> None:
    pair = found.forbids(one, other)
    if pair is None:
        return
    said = [entry for entry in active(merge_log(reader)) if entry.pair == pair]
    parted = [entry.n for entry in said if entry.action == "apart"][-1]
    raise UsageError(
        f"{' and '.join(sorted(pair))} were kept apart",
        item=other,
        remedy=f"kb same --undo {parted} first, if they are one after all",
        code="kept_apart",
    )


def _itself(name: str) -> UsageError:
    return UsageError(
        f"{name} is named twice: these ids mean one and the same paper",
        item=name,
        remedy="name two papers; kb same --list shows what is joined already",
        code="same_paper",
    )
