"""Searches that people keep under a name: made again, with what is new in them since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kb.bounds import named
from kb.catalogue import Filters
from kb.catalogue.own_work import change_saved, drop_saved, highest_paper, put_saved, saved_of
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.naming import read_filters
from kb.query import Query, parse
from kb.ranking import MODES, Ints, Mode
from kb.search import Results, search
from taxonomy.edition import Edition

LONGEST_NAME = 80
"""Characters of a name: it has to fit on a button."""

FIRST = 100
"""Hits of a ranked search that are looked through for new papers."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search as somebody keeps it."""

    who: str
    name: str
    at: str
    """When it was saved, ISO time."""
    query: str
    """As it was typed."""
    filters: Filters
    mode: Mode
    seen: int
    """The highest paper number there was when it was last looked at."""

    def to_json(self) -> dict[str, Any]:
        """The search as the command line prints it."""
        held = {name: getattr(self, name) for name in self.__slots__}
        return held | {"filters": self.filters.to_json()}


def saved_searches(library: Library, who: str) -> list[SavedSearch]:
    """Somebody's saved searches, by name; filters by categories that are gone are left out."""
    edition = library.edition
    with library.catalogue.read() as reader:
        rows = saved_of(reader.connection, who)
    return [
        SavedSearch(**row | {"filters": _today(edition, read_filters(row["filters"]))})
        for row in rows
    ]


def saved_search(library: Library, who: str, name: str) -> SavedSearch:
    """Somebody's search of this name. Raises UsageError, with the known names, for none."""
    held = {one.name: one for one in saved_searches(library, who)}
    if name not in held:
        error = unknown("saved search", name, held)
        error.remedy = error.remedy if held else "there is none yet: kb saved add NAME QUERY"
        raise error
    return held[name]


def save(
    library: Library, who: str, name: str, query: str, filters: Filters, mode: str = "hybrid"
) -> SavedSearch:
    """Keep a search; what is in the library now counts as seen.

    Raises UsageError for a bad name, one that is taken, a bad query and an unknown mode.
    """
    name = named(name, "search", LONGEST_NAME)
    parse(query, library.edition)
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    if not query.strip() and not filters:
        raise UsageError(
            "there is nothing to search for", remedy="give words, or phase:KEY", code="bad_query"
        )
    values = {"who": who, "name": name, "query": query, "mode": mode, "at": library.now()}
    with library.catalogue.write(bump=False) as writer:
        _free(name, [row["name"] for row in saved_of(writer.connection, who)])
        seen = highest_paper(writer.connection)
        put_saved(writer.connection, values | {"filters": filters.to_json(), "seen": seen})
    return saved_search(library, who, name)


def rename(library: Library, who: str, name: str, to: str) -> str:
    """Give a saved search another name, which is returned. Raises UsageError."""
    saved_search(library, who, name)
    to = named(to, "search", LONGEST_NAME)
    with library.catalogue.write(bump=False) as writer:
        _free(to, [row["name"] for row in saved_of(writer.connection, who) if row["name"] != name])
        change_saved(writer.connection, who, name, name=to)
    return to


def forget(library: Library, who: str, name: str) -> None:
    """Keep a search no more. Raises UsageError where there is none of that name."""
    saved_search(library, who, name)
    with library.catalogue.write(bump=False) as writer:
        drop_saved(writer.connection, who, name)


def mark_seen(library: Library, who: str, name: str) -> None:
    """What is in the library now is new in this search no more."""
    saved_search(library, who, name)
    with library.catalogue.write(bump=False) as writer:
        change_saved(writer.connection, who, name, seen=highest_paper(writer.connection))


def news(library: Library, saved: SavedSearch) -> list[str]:
    """Ids of the papers that are new in a search since it was last looked at, best first.

    Where a search decides what matches (words alone, a phrase, conditions without words), all
    new papers that match; where words only rank, those among its first `FIRST` hits.
    """
    table = library.snapshot().table
    later: Ints = table.n[table.n > saved.seen]
    if not len(later):
        return []
    asked = parse(saved.query, library.edition)
    if decides(asked, saved.mode):
        hits = _made(library, saved, len(later), only=later).hits
    else:
        hits = _made(library, saved, FIRST).hits
    return [hit.paper.paper_id for hit in hits if hit.paper.n > saved.seen]


def decides(asked: Query, mode: str) -> bool:
    """Whether a search leaves out what does not match, rather than rank it low."""
    phrases = any(one.wanted for one in asked.conditions)
    return mode == "lexical" or phrases or not asked.text.strip()


def run(library: Library, saved: SavedSearch, limit: int) -> Results:
    """The search, made again."""
    return _made(library, saved, limit)


def _made(library: Library, saved: SavedSearch, limit: int, only: Ints | None = None) -> Results:
    asked = parse(saved.query, library.edition)
    return search(library, asked, saved.filters, limit=limit, mode=saved.mode, only=only)


def _today(edition: Edition, filters: Filters) -> Filters:
    """The filters with what their categories have become."""

    def now(facet: str, keys: tuple[str, ...]) -> tuple[str, ...]:
        """What the keys of a facet have become, each once."""
        found = (edition.current(facet, key) for key in keys)
        return tuple(dict.fromkeys(key for key in found if key))

    pairs = ((facet, key) for facet, old in filters.tags for key in now(facet, (old,)))
    return replace(
        filters,
        phases=now("phase", filters.phases),
        layers=now("layer", filters.layers),
        tags=tuple(dict.fromkeys(pairs)),
    )


def _free(name: str, taken: list[str]) -> None:
    if name in taken:
        raise UsageError(
            f"there is a saved search called {name} already",
            item=name,
            remedy="give another name, or remove that one first",
            code="name_taken",
        )
