"""Papers come into a review: from a search, a collection, the library, or by name.

Each source is kept with how many records it identified. A paper for which the library has
joined several records as one is one paper to screen and that many records identified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.catalogue import Filters
from kb.catalogue.screening import (
    Source,
    add_source,
    drop_source,
    facts_of,
    read_held,
    read_reviews,
    read_sources,
)
from kb.collecting import require as require_collection
from kb.decisions import coder
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.query import parse
from kb.ranking import Mode
from kb.screening import require
from kb.search import search
from kb.search_log import LoggedSearch, log

ALL = 1_000_000
"""More papers than any library holds: all that match."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a source brought, as soon as it is kept."""

    source: int
    found: int
    """Records identified."""
    papers: int
    """Different papers among them."""
    new: int
    """Of these, the ones that no earlier source had brought."""

    def to_json(self) -> dict[str, int]:
        """The counts as the command line prints them."""
        duplicates = self.found - self.new
        return {
            "source": self.source,
            "found": self.found,
            "new": self.new,
            "duplicates": duplicates,
        }


def from_search(
    library: Library,
    review: str,
    query: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    mode: Mode = "hybrid",
    most: int = ALL,
    who: str = "",
) -> Added:
    """What a search finds: its first `most` papers, or all that match and pass.

    By meaning every paper that passes the filters is ranked; `most` or a lexical search sets
    the bound. The search goes into the log. Raises UsageError as `parse` and `search` do.
    """
    require(library, review)
    asked = parse(query, library.edition)
    found = search(library, asked, filters, limit=most, mode=mode)
    ids = [hit.paper.paper_id for hit in found.hits]
    log(library, asked, filters, mode, found.total, ids)
    details = {
        "query": query,
        "filters": filters.to_json(),
        "mode": mode,
        "total": found.total,
        "most": None if most >= ALL else most,
    }
    return _bring(library, review, "search", details, ids, who)


def from_log(library: Library, review: str, logged: LoggedSearch, who: str = "") -> Added:
    """The hits that a logged search showed, in their order; those since removed are left out."""
    details = {
        "query": logged.query,
        "filters": logged.filters,
        "mode": logged.mode,
        "total": logged.total,
        "searched": logged.at,
        "logged": logged.n,
    }
    return _bring(library, review, "search", details, logged.hits, who)


def from_collection(library: Library, review: str, name: str, who: str = "") -> Added:
    """The papers of a collection. Raises UsageError where there is none of this name."""
    require_collection(library, name)
    with library.catalogue.read() as reader:
        members = sorted(reader.collection(name))
    return _bring(library, review, "collection", {"name": name}, members, who)


def from_library(
    library: Library,
    review: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    who: str = "",
) -> Added:
    """All papers that pass the filters; the whole library without any."""
    snapshot = library.snapshot()
    rows = np.flatnonzero(snapshot.mask(filters)).tolist()
    ids = [snapshot.table.paper_id[row] for row in rows]
    return _bring(library, review, "library", {"filters": filters.to_json()}, ids, who)


def from_ids(library: Library, review: str, names: Sequence[str], who: str = "") -> Added:
    """Papers by id, URL or DOI. Raises UsageError for one that the library does not have."""
    numbers = list(dict.fromkeys(library.number(name) for name in names))
    with library.catalogue.read() as reader:
        held = reader.papers(numbers)
    ids = [held[number].paper_id for number in numbers]
    return _bring(library, review, "papers", {"named": len(names)}, ids, who)


def take_out(library: Library, review: str, n: int) -> int:
    """Take a source out of a review, with the papers that no other source brought; how many.

    What was said of them stays in the log, and counts again when they come back. Raises
    UsageError where there is no such source.
    """
    require(library, review)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        known = [str(one.n) for one in read_sources(writer.connection, review)]
        if str(n) not in known:
            raise unknown("source", str(n), known or ["none yet"])
        before = {one.paper_id for one in read_held(writer.connection, review)}
        drop_source(writer.connection, n)
        after = {one.paper_id for one in read_held(writer.connection, review)}
    return len(before - after)


def _bring(
    library: Library, review: str, kind: str, details: dict[str, Any], ids: Sequence[str], who: str
) -> Added:
    name = coder(library, who)
    wanted = list(dict.fromkeys(ids))
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        if review not in read_reviews(writer.connection):
            require(library, review)
        facts = facts_of(writer.connection, wanted)
        here = [(one, facts[one][0]) for one in wanted if one in facts]
        if not here:
            raise UsageError(
                "no paper was found to bring in",
                item=review,
                remedy="search for something else, or take a filter away",
                code="nothing_found",
            )
        records = sum(facts[one][1] for one, _ in here)
        known = {one.paper_id for one in read_held(writer.connection, review)}
        source = Source(0, library.now(), name, kind, details, records)
        n = add_source(writer.connection, review, source, here)
    new = sum(one not in known for one, _ in here)
    return Added(n, records, len(here), new)
