"""The versions of a library's codebook: what a change would do, making it, and going back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb import own_tags
from kb.bounds import bounded
from kb.catalogue.editions import Version, append, set_custom, versions
from kb.catalogue.filing import Filing
from kb.catalogue.values import StoredTag
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.snapshot import Snapshot
from taxonomy.codebook import CodebookError
from taxonomy.editing import Add, Change, Revert, apply, change_json
from taxonomy.edition import Edition, Place


@dataclass(frozen=True, slots=True)
class Plan:
    """A change and what it would do."""

    change: Change
    edition: Edition
    """The codebook after it."""
    version: int
    """Its number, if it is made."""
    before: dict[Place, int]
    """Papers of each category that changes or goes."""
    after: dict[Place, int]
    """Papers of each category that changes or comes."""
    papers: int
    """Papers whose tags differ after it."""
    judged: Mapping[Place, Mapping[int, StoredTag]]
    """(facet, key) -> paper number -> tag, of own categories that are new or reworded."""

    def to_json(self) -> dict[str, Any]:
        """The plan as the command line prints it."""

        def rows(counts: dict[Place, int]) -> list[dict[str, Any]]:
            """Counts of papers by category as rows of JSON."""
            return [
                {"facet": facet, "key": key, "papers": papers}
                for (facet, key), papers in counts.items()
            ]

        return {
            "change": change_json(self.change),
            "version": self.version,
            "codebook": self.edition.codebook.version,
            "before": rows(self.before),
            "after": rows(self.after),
            "papers": self.papers,
        }


def history(library: Library) -> list[Version]:
    """All versions of the codebook, the shipped one first."""
    with library.catalogue.read() as reader:
        found = versions(reader.connection)
        created = reader.meta("created")
    return found or [Version(0, created, "Sixfold", {"kind": "shipped"}, library.shipped_edition)]


def edition_at(library: Library, version: int) -> Edition:
    """The codebook of a version. Raises UsageError that lists the known."""
    held = {one.n: one.edition for one in history(library)}
    if version not in held:
        raise unknown("taxonomy version", str(version), map(str, held))
    return held[version]


def filing_at(library: Library, version: int) -> Filing:
    """How tags are read under a version. Raises UsageError."""
    edition = edition_at(library, version)
    return own_tags.filing_of(library, edition)


def revert_to(library: Library, version: int) -> Revert:
    """The change that brings back a version. Raises UsageError."""
    return Revert(version, edition_at(library, version))


def propose(library: Library, change: Change) -> Plan:
    """What a change would do; nothing is kept. Raises UsageError where it cannot be made."""
    held = history(library)
    used = {place for one in held for place in _places(one.edition)}
    try:
        edition = apply(held[-1].edition, change, used)
    except CodebookError as error:
        raise UsageError(
            error.message, item=error.item, remedy=error.remedy, code="taxonomy"
        ) from error
    now, filing = library.snapshot(), own_tags.filing_of(library, edition)
    then = Snapshot.take(library.catalogue, filing)
    old, new = now.table.has_tags, then.table.has_tags
    none = np.zeros(len(now.table.n), dtype=bool)
    touched = np.zeros(len(now.table.n), dtype=bool)
    before, after = {}, {}
    shown_before = _described(held[-1].edition)
    shown_after = _described(edition)
    for place in {**shown_before, **shown_after}:
        was, will = old.get(place, none), new.get(place, none)
        differs = was != will if len(was) == len(will) else none
        touched |= differs
        if differs.any() or shown_before.get(place) != shown_after.get(place):
            if place in shown_before:
                before[place] = int(was.sum())
            if place in shown_after:
                after[place] = int(will.sum())
    papers = int(touched.sum())
    return Plan(change, edition, held[-1].n + 1, before, after, papers, filing.given)


def commit(library: Library, change: Change, *, who: str, why: str = "") -> Plan:
    """Make a change: a new version, and tags that follow it.

    Raises UsageError where it cannot be made, LibraryLocked while another process writes.
    """
    why = bounded(why)
    with library.writing():
        plan = propose(library, change)
        first = history(library)
        with library.catalogue.write() as writer:
            if not versions(writer.connection):
                append(writer.connection, first[0])
            told = change_json(change) | {"why": why}
            if isinstance(change, Add):
                # A file may name what is there already: only the rest was added.
                live = first[-1].edition.live
                told["keys"] = [key for key in told["keys"] if (told["facet"], key) not in live]
            version = Version(plan.version, library.now(), who, told, plan.edition)
            append(writer.connection, version)
            for place, rows in plan.judged.items():
                set_custom(writer.connection, place, rows)
    return plan


def _places(edition: Edition) -> set[Place]:
    return set(edition.live) | set(edition.aliases) | set(edition.units)


def _described(edition: Edition) -> dict[Place, object]:
    return {
        (facet.key, category.key): category
        for facet in edition.facets
        for category in facet.categories
    }
