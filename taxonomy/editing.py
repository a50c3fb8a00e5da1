"""Changing a codebook: what may be changed, and what the change leaves of older keys.

An `Edition` is a codebook with its memory: which keys stood for a category before it was
renamed or merged. A change makes a new edition and leaves the old one as it was; nothing
here knows papers. A key that was ever used never comes to mean something else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from taxonomy.codebook import Category, CodebookError, Facet, facet_table, read_facet
from taxonomy.codebook_file import check_size
from taxonomy.edition import LASTING, Edition, Place

RESERVED = frozenset(
    "author category challenge chat collection column count direction from id mode n order page "
    "paper passage q row status tag tagged to version words year".split()
)
"""Names that a facet cannot have: maps and addresses mean something else by them."""


@dataclass(frozen=True, slots=True)
class Add:
    """A whole facet, or further categories of one that is there."""

    facet: Facet
    """Of a facet that is there, only the categories not yet in it count."""


@dataclass(frozen=True, slots=True)
class Rename:
    """A category gets another name, another key, or both; papers keep it."""

    facet: str
    key: str
    to: str
    """The new key; may be the old one."""
    name: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Several categories become one; a paper has it if it had any of them."""

    facet: str
    keys: tuple[str, ...]
    into: Category
    """Its key is a new one."""


@dataclass(frozen=True, slots=True)
class Split:
    """A category gets sub-areas; it stays as their parent."""

    facet: str
    key: str
    parts: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Retire:
    """A category goes, with its sub-areas; its tags are kept, for older versions."""

    facet: str
    key: str
    """"" for the whole facet."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A category's texts change; its key and its sub-areas stay."""

    facet: str
    category: Category


@dataclass(frozen=True, slots=True)
class Revert:
    """All of it as it was in an older version."""

    version: int
    edition: Edition


Change = Add | Rename | Merge | Split | Retire | Edit | Revert


def apply(edition: Edition, change: Change, used: Collection[Place] = ()) -> Edition:
    """The edition after a change.

    Takes: used, every key of every earlier version, none of which can be given to a new
    category. Raises CodebookError that names the fault and the way out.
    """
    taken = frozenset(used) | edition.live | frozenset(edition.aliases)
    made = _made(edition, change, taken)
    if made == edition:
        raise CodebookError("This changes nothing.", _subject(change), "Look at kb taxonomy show.")
    for facet in made.facets:
        # The same rules as for a file: names and keys once, sub-areas one level deep.
        read_facet(facet_table(facet), f"facet {facet.key!r}")
        check_size(facet, f"facet {facet.key!r}")
    return made


def _made(edition: Edition, change: Change, taken: frozenset[Place]) -> Edition:
    match change:
        case Add():
            return _add(edition, change.facet, taken)
        case Rename():
            return _rename(edition, change, taken)
        case Merge():
            return _merge(edition, change, taken)
        case Split():
            return _split(edition, change, taken)
        case Retire():
            return _retire(edition, change)
        case Edit():
            return _edit(edition, change)
        case Revert():
            return change.edition


def _subject(change: Change) -> str:
    match change:
        case Add():
            return f"facet {change.facet.key!r}"
        case Revert():
            return f"version {change.version}"
        case Edit():
            return f"{change.facet} {change.category.key!r}"
        case Merge():
            return f"{change.facet} {', '.join(change.keys)}"
        case _:
            return f"{change.facet} {change.key!r}"


def _fresh(place: Place, taken: frozenset[Place]) -> None:
    if place in taken:
        raise CodebookError(
            f"The key {place[1]!r} is or was in use.",
            f"facet {place[0]!r}",
            "Choose another key: older maps and decisions mean something by this one.",
        )


def _with_facet(edition: Edition, facet: Facet) -> tuple[Facet, ...]:
    return tuple(facet if one.key == facet.key else one for one in edition.facets)


def _add(edition: Edition, facet: Facet, taken: frozenset[Place]) -> Edition:
    known = {one.key: one for one in edition.facets}
    held = known.get(facet.key)
    have = held.keys if held else ()
    fresh = tuple(one for one in facet.categories if one.key not in have)
    for one in fresh:
        _fresh((facet.key, one.key), taken)
    if held is None:
        plurals = {one.plural for one in edition.facets} | set(known)
        if facet.key in RESERVED or {facet.key, facet.plural} & plurals:
            raise CodebookError(
                f"A facet cannot be named {facet.key!r}, {facet.plural!r}.",
                f"facet {facet.key!r}",
                f"In use or reserved: {', '.join(sorted(plurals | RESERVED))}.",
            )
        facets = (*edition.facets, facet)
    else:
        facets = _with_facet(edition, replace(held, categories=(*held.categories, *fresh)))
    units = {**edition.units, **{(facet.key, one.key): one for one in fresh}}
    return replace(edition, facets=facets, units=units)


def _rename(edition: Edition, change: Rename, taken: frozenset[Place]) -> Edition:
    facet = edition.facet(change.facet)
    held = facet.category(change.key)
    if change.to != change.key:
        _fresh((facet.key, change.to), taken)
    # A new name is no longer the survey's.
    source = held.source if change.name == held.name else "inferred"
    named = replace(held, key=change.to, name=change.name, source=source)
    categories = tuple(
        named
        if one.key == held.key
        else replace(one, parent=change.to)
        if one.parent == held.key
        else one
        for one in facet.categories
    )
    aliases = dict(edition.aliases)
    if change.to != held.key:
        aliases[facet.key, held.key] = change.to
    facets = _with_facet(edition, replace(facet, categories=categories))
    return replace(edition, facets=facets, aliases=aliases)


def _merge(edition: Edition, change: Merge, taken: frozenset[Place]) -> Edition:
    facet = edition.facet(change.facet)
    merged = [facet.category(key) for key in change.keys]
    if len(set(change.keys)) < 2 or len(set(change.keys)) < len(change.keys):
        raise CodebookError("A merge needs two or more keys.", facet.key, "Name each once.")
    into = change.into
    # A new key: what people said of an old one must not be taken for a word on all of it.
    _fresh((facet.key, into.key), taken)
    above = {one.parent for one in merged}
    # Sub-areas of one category stay its sub-areas; else the merged one stands on its own.
    into = replace(into, parent=above.pop() if len(above) == 1 else "")
    if into.parent in change.keys:
        into = replace(into, parent="")
    gone = set(change.keys)
    categories = []
    for one in facet.categories:
        if one.key == change.keys[0]:
            categories.append(into)
        elif one.key not in gone:
            parent = into.key if one.parent in gone else one.parent
            categories.append(replace(one, parent=parent))
    aliases = {**edition.aliases, **{(facet.key, key): into.key for key in change.keys}}
    facets = _with_facet(edition, replace(facet, categories=tuple(categories)))
    return replace(edition, facets=facets, aliases=aliases)


def _split(edition: Edition, change: Split, taken: frozenset[Place]) -> Edition:
    facet = edition.facet(change.facet)
    held = facet.category(change.key)
    if held.parent:
        raise CodebookError(
            f"{held.key!r} is a sub-area already.",
            facet.key,
            f"Sub-areas are one level deep; add it to {held.parent!r} instead.",
        )
    if not change.parts:
        raise CodebookError("A split needs at least one sub-area.", held.key, "Describe it.")
    for part in change.parts:
        _fresh((facet.key, part.key), taken)
    parts = tuple(replace(part, parent=held.key) for part in change.parts)
    at = max(i for i, one in enumerate(facet.categories) if held.key in (one.key, one.parent)) + 1
    categories = (*facet.categories[:at], *parts, *facet.categories[at:])
    units = {**edition.units, **{(facet.key, part.key): part for part in parts}}
    facets = _with_facet(edition, replace(facet, categories=categories))
    return replace(edition, facets=facets, units=units)


def _retire(edition: Edition, change: Retire) -> Edition:
    facet = edition.facet(change.facet)
    if not change.key:
        if facet.key in LASTING:
            raise CodebookError(
                f"The facet {facet.key!r} stays.", "", "Retire single categories instead."
            )
        gone = set(facet.keys)
        facets = tuple(one for one in edition.facets if one.key != facet.key)
    else:
        held = facet.category(change.key)
        gone = {held.key} | {one.key for one in facet.categories if one.parent == held.key}
        left = tuple(one for one in facet.categories if one.key not in gone)
        if not left:
            raise CodebookError(
                f"{held.key!r} is the last category of {facet.key!r}.", "", "Add another first."
            )
        facets = _with_facet(edition, replace(facet, categories=left))

    def goes(place: Place) -> bool:
        """Whether a category, or what it has become, is among those that go."""
        return place[0] == facet.key and edition.current(*place) in gone

    aliases = {place: key for place, key in edition.aliases.items() if not goes(place)}
    units = {place: one for place, one in edition.units.items() if not goes(place)}
    return Edition(facets, aliases, units)


def _edit(edition: Edition, change: Edit) -> Edition:
    facet = edition.facet(change.facet)
    held = facet.category(change.category.key)
    edited = replace(change.category, parent=held.parent)
    if edited.definition != held.definition:
        edited = replace(edited, definition_source="inferred")
    if edited.name != held.name:
        edited = replace(edited, source="inferred")
    categories = tuple(edited if one.key == held.key else one for one in facet.categories)
    mine = [
        place
        for place in edition.units
        if place[0] == facet.key and edition.current(*place) == held.key
    ]
    # Of a merged category each part is still judged by what it was merged from.
    units = {**edition.units, mine[0]: edited} if len(mine) == 1 else edition.units
    facets = _with_facet(edition, replace(facet, categories=categories))
    return replace(edition, facets=facets, units=units)


def change_json(change: Change) -> dict[str, Any]:
    """A change as JSON values, to be kept and shown: {kind, …}."""
    kind = {"kind": type(change).__name__.lower()}
    match change:
        case Add():
            return kind | {"facet": change.facet.key, "keys": list(change.facet.keys)}
        case Rename():
            return kind | {
                "facet": change.facet,
                "key": change.key,
                "to": change.to,
                "name": change.name,
            }
        case Merge():
            return kind | {"facet": change.facet, "keys": list(change.keys), "to": change.into.key}
        case Split():
            parts = [part.key for part in change.parts]
            return kind | {"facet": change.facet, "key": change.key, "parts": parts}
        case Retire():
            return kind | {"facet": change.facet, "key": change.key}
        case Edit():
            return kind | {"facet": change.facet, "key": change.category.key}
        case Revert():
            return kind | {"version": change.version}
