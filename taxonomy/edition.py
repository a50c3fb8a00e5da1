"""One version of a library's codebook, with its memory of older keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taxonomy.codebook import (
    Category,
    Codebook,
    CodebookError,
    Facet,
    category_table,
    facet_table,
    of_facets,
    read_category,
    read_facet,
)
from taxonomy.codebook_file import check_size

Place = tuple[str, str]
"""(facet key, category key)."""

LASTING = frozenset({"phase", "layer"})
"""Facets that every library has: the two surveys'."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a library's codebook."""

    facets: tuple[Facet, ...]
    aliases: Mapping[Place, str] = field(default_factory=dict)
    """(facet, an older key) -> the key that it was renamed to or merged into, one step."""
    units: Mapping[Place, Category] = field(default_factory=dict)
    """(facet, key under which tags are kept) -> the entry by which papers are judged, for
    all that no shipped weights know."""

    @property
    def codebook(self) -> Codebook:
        """The codebook that people see."""
        return of_facets(self.facets)

    def current(self, facet: str, key: str) -> str:
        """The key that `key` now goes by; "" where no category has come from it."""
        seen = {key}
        while (facet, key) in self.aliases:
            key = self.aliases[facet, key]
            if key in seen:
                return ""  # a circle: only a crafted file has one
            seen.add(key)
        return key if (facet, key) in self.live else ""

    @property
    def live(self) -> frozenset[Place]:
        """Every category there is."""
        return frozenset((one.key, key) for one in self.facets for key in one.keys)

    @property
    def parents(self) -> dict[Place, str]:
        """Every sub-area -> the key of its category."""
        return {
            (facet.key, one.key): one.parent
            for facet in self.facets
            for one in facet.categories
            if one.parent
        }

    def facet(self, key: str) -> Facet:
        """The facet of that key. Raises UnknownNameError."""
        return self.codebook.facet(key)


def edition_json(edition: Edition) -> dict[str, Any]:
    """An edition as JSON values."""
    return {
        "facets": [facet_table(facet) for facet in edition.facets],
        "aliases": [[*place, key] for place, key in edition.aliases.items()],
        "units": [
            [facet, key, category_table(one)] for (facet, key), one in sorted(edition.units.items())
        ],
    }


def read_edition(value: Any, item: str) -> Edition:
    """An edition from JSON values, checked. Raises CodebookError for anything else."""
    try:
        facets = tuple(read_facet(one, item) for one in value["facets"])
        aliases = {(str(f), str(k)): str(now) for f, k, now in value["aliases"]}
        units = {(str(f), str(k)): read_category(one, item) for f, k, one in value["units"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodebookError(f"It is no codebook: {error}.", item) from error
    for facet in facets:
        check_size(facet, item)
    if len({one.key for one in facets}) != len(facets):
        raise CodebookError("A facet occurs twice.", item)
    if not {one.key for one in facets} >= LASTING:
        raise CodebookError(f"It lacks one of {', '.join(sorted(LASTING))}.", item)
    return Edition(facets, aliases, units)
