"""The log of decisions as it travels: in a bundle, or as JSON lines of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from kb.bundle_file import DECISIONS, BundleReader, BundleWriter, to_line
from kb.bundle_records import (
    Check,
    flag,
    identity,
    matching,
    one_of,
    optional,
    record,
    share,
    text,
    whole,
    wrong,
)
from kb.catalogue.decisions import (
    VERDICTS,
    Decision,
    adopt,
    effective,
    merge,
    read_log,
    replay,
)
from kb.catalogue.reading import Reader
from kb.catalogue.undoing import in_line
from kb.catalogue.writing import Writer
from kb.decisions import LONGEST_NAME
from taxonomy.codebook import Codebook

MOST = 2_000_000
"""Entries in one log."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_LAST_YEAR = 9000  # a later time would leave none for what is decided next
_KEY = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*)?")


def coder_name(value: Any, where: str) -> str:
    """A coder's name."""
    name = text(value, where)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise wrong(where, "a coder's name")
    return name


def moment(value: Any, where: str) -> str:
    """A moment, in UTC; "" from before there was a log."""
    if value == "":
        return ""
    told = matching(_TIME, "a time as Sixfold writes it")(value, where)
    try:
        year = datetime.fromisoformat(told).year
    except ValueError as error:
        raise wrong(where, "a time that there is") from error
    if year > _LAST_YEAR:
        raise wrong(where, f"a time before the year {_LAST_YEAR}")
    return str(told)


_CHECKS: dict[str, Check] = {
    "at": moment,
    "who": coder_name,
    "paper_id": identity,
    "facet": matching(_KEY, "a facet's key"),
    "key": matching(_KEY, "a category's key"),
    "verdict": one_of(VERDICTS),
    "why": text,
    "score": optional(share),
    "version": text,
    "settles": flag,
    "undoes": optional(whole),
}
_DECISION = record(_CHECKS)


def to_values(log: Iterable[Decision]) -> Iterator[dict[str, Any]]:
    """Entries as JSON values, in order of time; an undo names the line, from 1, it undoes."""
    for one in in_line(log):
        yield {name: getattr(one, name) for name in _CHECKS}


def from_values(
    values: Iterable[tuple[Mapping[str, Any], str]], codebook: Codebook
) -> list[Decision]:
    """A log from JSON values, each with where it stands. Raises BundleError.

    What holds must name categories that the codebook has, as a paper's tags must.
    """
    log: list[Decision] = []
    for n, (value, where) in enumerate(values, 1):
        if n > MOST:
            raise wrong(where, f"among the first {MOST} decisions")
        one = Decision(**_DECISION(value, where), n=n)
        _check(one, log, where)
        log.append(one)
    for paper, facet, key in effective(log):
        if facet not in codebook.keys or key not in codebook.facet(facet).keys:
            raise wrong(f"decision on {paper}: {facet} {key}", "a category of this codebook")
    return log


def write_decisions(writer: BundleWriter, reader: Reader) -> None:
    """The log as a bundle's member; none where nothing was ever decided."""
    log = read_log(reader.connection)
    if log:
        writer.member(DECISIONS, (to_line(value) for value in to_values(log)))


def read_decisions(reader: BundleReader, codebook: Codebook) -> list[Decision]:
    """The log that a bundle carries, checked. Raises BundleError."""
    values = reader.records(DECISIONS) if reader.holds(DECISIONS) else ()
    return from_values(values, codebook)


def keep_log(
    writer: Writer, carried: Sequence[Decision], brought: Iterable[str] = ()
) -> tuple[int, int]:
    """Append what is new of a log, and make the tags follow. (entries, papers changed).

    Takes: brought, ids of papers that came or were given tags by people along with the log;
    the log here may have spoken on them.

    Tags by people that came without a log, from an older Sixfold, are logged too.
    """
    fresh = merge(writer.connection, carried)
    papers = {one.paper_id for one in fresh} | adopt(writer.connection) | set(brought)
    changed = replay(writer.connection, sorted(papers)) if papers else set()
    for paper in sorted(changed):
        writer.touch(paper)
    return len(fresh), len(changed)


def _check(one: Decision, before: list[Decision], where: str) -> None:
    if before and one.order[:2] < before[-1].order[:2]:
        raise wrong(where, "in order of time")
    if (one.verdict == "undo") != (one.undoes is not None):
        raise wrong(f"{where}.undoes", "a line where the verdict is undo, else null")
    if one.undoes is not None:
        if not 1 <= one.undoes <= len(before) or before[one.undoes - 1].place != one.place:
            raise wrong(f"{where}.undoes", "an earlier line on the same category")
    elif (one.verdict == "done") != (one.key == ""):
        raise wrong(f"{where}.key", "empty where the verdict is done, and only there")
