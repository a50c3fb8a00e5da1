"""The log of joined papers as it travels in a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.bundle_file import MERGES, BundleReader, BundleWriter, to_line
from kb.bundle_records import Check, identity, one_of, optional, record, text, whole, wrong
from kb.catalogue.joining import MACHINE, Merge, active, append_merge, merge_log, regroup
from kb.catalogue.reading import Reader
from kb.catalogue.writing import Writer

MOST = 1_000_000
"""Entries in one log."""

_CHECKS: dict[str, Check] = {
    "at": text,
    "who": text,
    "action": one_of(("same", "apart", "undo")),
    "kept": identity,
    "other": identity,
    "why": text,
    "undoes": optional(whole),
}
_MERGE = record(_CHECKS)


def write_merges(writer: BundleWriter, reader: Reader) -> None:
    """The log as a bundle's member, none where nothing was joined; lines count from 1."""
    log = merge_log(reader)
    line = {entry.n: at for at, entry in enumerate(log, 1)}
    if log:
        numbered = (
            replace(entry, undoes=line.get(entry.undoes)) if entry.undoes else entry
            for entry in log
        )
        writer.member(
            MERGES,
            (to_line({name: getattr(entry, name) for name in _CHECKS}) for entry in numbered),
        )


def read_merges(reader: BundleReader) -> list[Merge]:
    """The log that a bundle carries, checked; `n` is the line, from 1. Raises BundleError."""
    log: list[Merge] = []
    for value, where in reader.records(MERGES) if reader.holds(MERGES) else ():
        entry = Merge(**_MERGE(value, where), n=len(log) + 1)
        if entry.n > MOST:
            raise wrong(where, f"among the first {MOST} entries")
        if len(entry.pair) < 2:
            raise wrong(where, "about two papers")
        if (entry.action == "undo") != (entry.undoes is not None):
            raise wrong(f"{where}.undoes", "a line where the action is undo, else null")
        if entry.undoes is not None and not _undoes(entry, log):
            raise wrong(f"{where}.undoes", "an earlier line on the same papers")
        log.append(entry)
    return log


def _undoes(entry: Merge, log: Sequence[Merge]) -> bool:
    if not entry.undoes or entry.undoes > len(log):
        return False
    earlier = log[entry.undoes - 1]
    return earlier.action != "undo" and earlier.pair == entry.pair


def keep_merges(writer: Writer, carried: Sequence[Merge]) -> int:
    """Append what is new of a log, and group papers by it. Returns how many entries.

    What people here have said of a pair stands: nothing is added on it.
    """
    here = merge_log(writer)
    same = {_mark(entry): entry.n for entry in here}
    settled = {entry.pair for entry in active(here) if entry.who != MACHINE}
    number: dict[int, int] = {}
    added = 0
    for entry in carried:
        if _mark(entry) in same:
            number[entry.n] = same[_mark(entry)]
            continue
        if entry.pair in settled or (entry.undoes and entry.undoes not in number):
            continue
        undoes = number[entry.undoes] if entry.undoes else None
        number[entry.n] = append_merge(writer, replace(entry, undoes=undoes))
        added += 1
    if here or carried:
        regroup(writer)
    return added


def _mark(entry: Merge) -> tuple[str, ...]:
    return (entry.at, entry.who, entry.action, entry.kept, entry.other, entry.why)
