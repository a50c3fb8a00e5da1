"""The search log: what was looked for, inside what, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kb.catalogue import Filters
from kb.catalogue.searches import last_searches
from kb.library import Library
from kb.query import Query


@dataclass(frozen=True, slots=True)
class LoggedSearch:
    """One search, as it was made."""

    n: int
    at: str
    """ISO time, UTC."""
    query: str
    """As it was typed."""
    filters: dict[str, Any]
    """The filters that were set, typed ones included."""
    mode: str
    total: int
    hits: tuple[str, ...]
    """Ids of the papers shown, best first."""
    generation: int
    """Of the catalogue that was searched."""

    def to_json(self) -> dict[str, Any]:
        """The entry as the command line prints it."""
        return {
            "at": self.at,
            "query": self.query,
            "filters": self.filters,
            "mode": self.mode,
            "total": self.total,
            "generation": self.generation,
            "hits": list(self.hits),
        }


def log(
    library: Library, asked: Query, filters: Filters, mode: str, total: int, found: Sequence[str]
) -> None:
    """Keep a search: with the filters that were chosen, and those that were typed."""
    library.log_search(asked.typed, within(asked, filters), mode, total, found)


def within(asked: Query, filters: Filters) -> Filters:
    """The filters chosen, filled up by those typed in the query; where both are, the chosen.

    What is not wanted (`-phase:KEY`) narrows a search and says nothing of where it looked.
    """
    typed: dict[str, Any] = {}
    for some in (one for one, wanted in asked.filters if wanted):
        for name in Filters.__slots__:
            value = getattr(some, name)
            if isinstance(value, tuple):
                typed[name] = tuple(dict.fromkeys((*typed.get(name, ()), *value)))
            elif value not in ("", None):
                typed.setdefault(name, value)
    empty = ((), "", None)
    return replace(filters, **{k: v for k, v in typed.items() if getattr(filters, k) in empty})


def searches(library: Library, *, last: int | None = None) -> list[LoggedSearch]:
    """The log, the oldest first; only the `last` so many where given."""
    with library.catalogue.read() as reader:
        rows = last_searches(reader.connection, last)
    return [LoggedSearch(**row | {"hits": tuple(row["hits"])}) for row in rows]
