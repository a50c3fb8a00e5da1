"""Which tags are in force: a person's over the machine's, under one version of the codebook.

Rows of tags keep the key under which they were given. What a renamed, merged or retired
key means follows here from the codebook's version, so that no change rewrites a tag, and
an older version gives what it gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Row

from kb.catalogue.values import StoredTag
from taxonomy.codebook import Codebook
from taxonomy.edition import Edition, Place

SUB_AREA = "sub-area"
"""Method of a category that a paper has because a person gave it one of its sub-areas."""


@dataclass(frozen=True)
class Filing:
    """How rows of tags are read."""

    edition: Edition
    given: Mapping[Place, Mapping[int, StoredTag]] = field(default_factory=dict)
    """(facet, key) -> paper -> the machine's tag, in place of the rows held for that key."""

    @cached_property
    def codebook(self) -> Codebook:
        """The codebook that people see."""
        return self.edition.codebook

    @cached_property
    def parts(self) -> dict[Place, tuple[str, ...]]:
        """A category -> the keys that were renamed to or merged into it, one step."""
        found: dict[Place, tuple[str, ...]] = {}
        for (facet, key), now in self.edition.aliases.items():
            found[facet, now] = (*found.get((facet, now), ()), key)
        return found

    @cached_property
    def target(self) -> dict[Place, str]:
        """Every key that means something -> the category's present key."""
        live = self.edition.live
        known = {place: self.edition.current(*place) for place in self.edition.aliases}
        known |= {place: place[1] for place in live}
        return {place: key for place, key in known.items() if key}

    @cached_property
    def parents(self) -> dict[Place, str]:
        """Every sub-area -> the key of its category."""
        return self.edition.parents

    def origin(self, facet: str, key: str) -> str:
        """The first key of a category that was merely renamed: weights and scores know that."""
        while len(before := self.parts.get((facet, key), ())) == 1:
            key = before[0]
        return key


def effective(rows: Iterable[Row[Any]], filing: Filing | None) -> dict[int, tuple[StoredTag, ...]]:
    """Paper number -> its tags in force, the surest first in each facet.

    Takes: rows of `tags`; filing, None where the library's codebook is the shipped one.
    """
    decided: dict[tuple[int, str, str], StoredTag] = {}
    given = filing.given if filing else {}
    for place, of_paper in given.items():
        decided |= {(paper, *place): tag for paper, tag in of_paper.items()}
    for row in rows:
        where = (row.paper, row.facet, row.key)
        human = row.by == "human"
        if human or (where not in decided and where[1:] not in given):
            decided[where] = stored_tag(row)
    found: dict[int, list[StoredTag]] = {}
    for (paper, _, _), tag in decided.items():
        if tag.present or filing:
            found.setdefault(paper, []).append(tag)
    if filing:
        found = {paper: filed(some, filing) for paper, some in found.items()}
    return {
        n: tuple(sorted(some, key=lambda t: (t.facet, -t.score, t.key)))
        for n, some in found.items()
        if some
    }


def filed(tags: Iterable[StoredTag], filing: Filing) -> list[StoredTag]:
    """A paper's tags in force under a version of the codebook.

    Takes: tags, at most one a key, people's removals among them. A word by a person on a
    category outweighs what is said of the keys it was made from.
    """
    held = {(tag.facet, tag.key): tag for tag in tags}
    wanted = {
        (facet, filing.target[facet, key]) for facet, key in held if (facet, key) in filing.target
    }
    found: dict[Place, StoredTag] = {}
    for place in wanted:
        tag = _resolved(place, held, filing)
        if tag is not None:
            found[place] = tag
    return [tag for tag in _with_parents(found, filing).values() if tag.present]


def _resolved(place: Place, held: Mapping[Place, StoredTag], filing: Filing) -> StoredTag | None:
    """The tag that holds for a category, of its own key and all that came into it."""
    own = held.get(place)
    parts = filing.parts.get(place, ())
    if not parts or (own is not None and own.by == "human"):
        return own
    facet = place[0]
    below = [_resolved((facet, key), held, filing) for key in parts]
    every = [tag for tag in [own, *below] if tag is not None]
    some = [tag for tag in every if tag.present]
    if not some:
        return replace(every[0], key=place[1]) if every else None
    best = max(some, key=lambda tag: (tag.by == "human", tag.score))
    how = "renamed" if len(parts) == 1 else "merged"
    words = dict.fromkeys(word for tag in some for word in tag.evidence)
    whence = ", ".join(sorted({tag.key for tag in some}))
    method = best.method if best.by == "human" else f"{best.method}, {how} from {whence}"
    return replace(best, key=place[1], evidence=tuple(words), method=method)


def _with_parents(found: dict[Place, StoredTag], filing: Filing) -> dict[Place, StoredTag]:
    """A machine's sub-area holds only within its category; a person's brings it along."""
    made = dict(found)
    for place, tag in found.items():
        parent = filing.parents.get(place)
        if parent is None or not tag.present:
            continue
        above = made.get((place[0], parent))
        if above is not None and above.present:
            continue
        if tag.by == "human" and above is None:
            made[place[0], parent] = replace(tag, key=parent, method=SUB_AREA)
        else:
            del made[place]
    return made


def stored_tag(row: Row[Any]) -> StoredTag:
    """A row of the table of tags as a value."""
    return StoredTag(
        row.facet,
        row.key,
        row.score,
        tuple(row.evidence),
        row.by,
        row.method,
        row.version,
        row.present,
    )
