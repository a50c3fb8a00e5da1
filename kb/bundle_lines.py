"""Members of one JSON value a line: checks they share, and logs that two libraries put together."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, count
from typing import Any, TypeVar

from kb.bundle_decisions import moment
from kb.bundle_file import BundleReader, BundleWriter, to_line
from kb.bundle_records import Check, listed, one_of, record, text, whole, wrong
from kb.catalogue.remarks import RemarkEntry
from kb.catalogue.screening import Screening

MOST = 1_000_000
"""Lines of one member."""

Entry = TypeVar("Entry", RemarkEntry, Screening)
Values = dict[str, Any]

FILTERS = record(
    {},
    dict.fromkeys(("phases", "layers", "tags"), listed(text))
    | dict.fromkeys(("year_from", "year_to"), whole)
    | dict.fromkeys(("author", "category", "collection"), text)
    | {"tag_status": one_of(("machine", "human"))},
)
"""Filters as `Filters.to_json` writes them."""


def when(value: Any, where: str) -> str:
    """A moment in UTC, to the second or finer."""
    told = text(value, where)
    if not moment(re.sub(r"(?<=:\d\d)(?=\+)", ".000000", told), where):
        raise wrong(where, "a time")
    return told


def title(most: int) -> Check:
    """A name: 1 to `most` printable characters on one line."""

    def check(value: Any, where: str) -> str:
        """The value, where it is such a name; else a BundleError that says where."""
        told = text(value, where)
        if not told or len(told) > most or not told.isprintable() or told != told.strip():
            raise wrong(where, f"1 to {most} printable characters")
        return told

    return check


def write_lines(writer: BundleWriter, member: str, values: Iterable[Values]) -> None:
    """A member of one JSON value a line; none where there is no value."""
    rest = iter(values)
    first = next(rest, None)
    if first is not None:
        writer.member(member, map(to_line, chain([first], rest)))


def lines(
    reader: BundleReader, member: str, checks: dict[str, Check], once: Sequence[str] = ()
) -> Iterator[tuple[Values, str]]:
    """(value, where it stands) of each line of a member, checked; none where it is not there.

    Takes: once, the keys that no two lines share all of. Raises BundleError.
    """
    check = record(checks)
    seen: set[tuple[Any, ...]] = set()
    records = reader.records(member) if reader.holds(member) else ()
    for number, (value, where) in enumerate(records, 1):
        if number > MOST:
            raise wrong(where, f"among the first {MOST} lines")
        checked = check(value, where)
        key = tuple(checked[name] for name in once) or (number,)
        if key in seen:
            raise wrong(where, f"the only line of this {' and '.join(once)}")
        seen.add(key)
        yield checked, where


def numbered_names(name: str, most: int) -> Iterator[str]:
    """The name, then `name (2)`, `name (3)` …, each of at most `most` characters."""
    yield name
    for n in count(2):
        end = f" ({n})"
        yield name[: most - len(end)].rstrip() + end


def in_line(log: Sequence[Entry], points: str) -> list[Entry]:
    """A log numbered from 1, ready to travel; `points` is the field that names another entry.

    What names an entry that is not there says nothing, and is left out.
    """
    place: dict[int, int] = {}
    found: list[Entry] = []
    for one in log:
        target = getattr(one, points)
        if target is None or target in place:
            place[one.n] = len(found) + 1
            changed: dict[str, Any] = {"n": place[one.n], points: place.get(target or 0)}
            found.append(replace(one, **changed))
    return found


def append_new(
    here: Sequence[Entry], carried: Sequence[Entry], points: str, append: Callable[[Entry], int]
) -> None:
    """Append the entries of a log (as `in_line` makes it) that are new here, each once.

    Takes: append, keeps an entry and gives its number.
    """
    known = {name: n for n, name in _marks(here, points).items()}
    named = _marks(carried, points)
    place: dict[int, int] = {}
    for one in carried:
        if named[one.n] not in known:
            target = getattr(one, points)
            changed: dict[str, Any] = {points: place.get(target or 0)}
            known[named[one.n]] = append(replace(one, **changed))
        place[one.n] = known[named[one.n]]


def mark(seen: Counter[str], facts: Any) -> str:
    """A name for these facts that is the same in every library; the same facts again get another.

    Takes: seen, the names already given.
    """
    told = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    seen[told] += 1
    return f"{told}.{seen[told]}"


def _marks(log: Iterable[Entry], points: str) -> dict[int, str]:
    """Number -> the entry's name by what it says, and by what it names."""
    named: dict[int, str] = {}
    seen: Counter[str] = Counter()
    for one in log:
        pointed = named.get(getattr(one, points) or 0, "")
        named[one.n] = mark(seen, asdict(one) | {"n": 0, points: pointed})
    return named
