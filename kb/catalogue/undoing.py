"""What undos leave in force of a log of decisions, on tags and on challenges alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar


class Undoable(Protocol):
    """An entry of a log to which one only appends: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def n(self) -> int:
        """Its number."""
        ...

    @property
    def order(self) -> tuple[str, str, int]:
        """Sorts a log by time."""
        ...

    @property
    def is_undo(self) -> bool:
        """True where it says nothing but that another one does not count."""
        ...

    @property
    def undoes(self) -> int | None:
        """Number of that other one, an earlier one; None where it is not in this log."""
        ...


Entry = TypeVar("Entry", bound=Undoable)


class Entered:
    """What the entries of every such log tell."""

    __slots__ = ()

    at: str
    who: str
    n: int

    @property
    def order(self) -> tuple[str, str, int]:
        """Sorts a log by time, the same way in every library that holds the entry."""
        return self.at, self.who, self.n


class Judged(Entered):
    """An entry with a verdict, of which `undo` is one."""

    __slots__ = ()

    verdict: str

    @property
    def is_undo(self) -> bool:
        """True where it only says that another entry does not count."""
        return self.verdict == "undo"


def undone_by(log: Iterable[Undoable]) -> dict[int, int]:
    """Number of each entry that is undone -> number of the undo in force that undid it."""
    found: dict[int, int] = {}
    for one in sorted(log, key=lambda one: one.order, reverse=True):
        if one.is_undo and one.undoes and one.n not in found:
            found.setdefault(one.undoes, one.n)
    return found


def in_force(log: Iterable[Entry]) -> list[Entry]:
    """The entries, undos aside, that no undo in force names, in order of time."""
    ordered = sorted(log, key=lambda one: one.order)
    undone = undone_by(ordered)
    return [one for one in ordered if not one.is_undo and one.n not in undone]


def in_line(log: Iterable[Entry]) -> list[Entry]:
    """The log in order of time, numbered from 1, ready to travel: undos name those numbers."""
    ordered = sorted(log, key=lambda one: one.order)
    place = {one.n: at for at, one in enumerate(ordered, 1)}
    return [_renumbered(one, at, place) for at, one in enumerate(ordered, 1)]


def new_here(
    here: Mapping[int, str], carried: Sequence[Entry], named: Mapping[int, str], last: int
) -> list[Entry]:
    """The entries of another log (as `in_line` makes it) that are new here, numbered after `last`.

    Takes: here and named, number -> the entry's name in every library, of this log and of that.
    """
    known = {name: n for n, name in here.items()}
    place: dict[int, int] = {}
    fresh: list[Entry] = []
    for one in carried:
        n = known.get(named[one.n])
        if n is None:
            n = known[named[one.n]] = last + len(fresh) + 1
            fresh.append(_renumbered(one, n, place))
        place[one.n] = n
    return fresh


def _renumbered(one: Entry, n: int, place: Mapping[int, int]) -> Entry:
    changed: dict[str, Any] = {"n": n, "undoes": place.get(one.undoes or 0)}
    return replace(one, **changed)
