"""What undos leave in force of a log of decisions, on tags and on challenges alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Undoable(Protocol):
    """An entry of a log to which one only appends."""

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
