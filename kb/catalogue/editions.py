"""The versions of a library's codebook, and the tags of its own categories, as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Text, cast, delete, select

from kb.catalogue.filing import Filing
from kb.catalogue.tables import tags, taxonomies
from kb.catalogue.values import StoredTag
from taxonomy.edition import Edition, Place, edition_json, read_edition


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the codebook and what made it."""

    n: int
    """0 is the shipped one."""
    at: str
    """ISO time, UTC."""
    who: str
    change: dict[str, Any]
    """{kind, …, why}, as JSON values."""
    edition: Edition


@lru_cache(maxsize=16)
def _read(text: str) -> Edition:
    return read_edition(json.loads(text), "the library's codebook")


@lru_cache(maxsize=16)
def _filing(text: str) -> Filing:
    return Filing(_read(text))


# The text as stored: reading it once a version is enough.
_TEXT = cast(taxonomies.c.codebook, Text).label("text")


def newest(connection: Connection) -> tuple[int, Filing] | None:
    """(version, how tags are read) of the codebook in force; None for the shipped one."""
    query = select(taxonomies.c.n, _TEXT).order_by(taxonomies.c.n.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.n, _filing(row.text))


def versions(connection: Connection) -> list[Version]:
    """All versions that are kept, the oldest first; empty where nothing was ever changed."""
    columns = (taxonomies.c.n, taxonomies.c.at, taxonomies.c.who, taxonomies.c.change, _TEXT)
    query = select(*columns).order_by(taxonomies.c.n)
    return [
        Version(row.n, row.at, row.who, dict(row.change), _read(row.text))
        for row in connection.execute(query)
    ]


def append(connection: Connection, version: Version) -> None:
    """Append a version; its number must be the next one."""
    values = {
        "n": version.n,
        "at": version.at,
        "who": version.who,
        "change": version.change,
        "codebook": edition_json(version.edition),
    }
    connection.execute(taxonomies.insert().values(**values))


def set_custom(connection: Connection, place: Place, rows: Mapping[int, StoredTag]) -> set[int]:
    """Make `rows` (paper -> tag) the machine's tags of one category. Gives papers changed."""
    where = (tags.c.facet == place[0], tags.c.key == place[1], tags.c.by == "machine")
    query = select(tags.c.paper, tags.c.score, tags.c.method, tags.c.version)
    held = {row.paper: row[1:] for row in connection.execute(query.where(*where))}
    wanted = {n: (tag.score, tag.method, tag.version) for n, tag in rows.items()}
    changed = {n for n in held.keys() | wanted.keys() if held.get(n) != wanted.get(n)}
    if changed:
        connection.execute(delete(tags).where(*where))
    if changed and rows:
        connection.execute(tags.insert(), [_row(n, tag) for n, tag in rows.items()])
    return changed


def custom_versions(connection: Connection, places: Sequence[Place]) -> dict[Place, set[str]]:
    """(facet, key) -> the versions of the machine's tags that are held of some categories."""
    query = (
        select(tags.c.facet, tags.c.key, tags.c.version).where(tags.c.by == "machine").distinct()
    )
    found: dict[Place, set[str]] = {place: set() for place in places}
    for row in connection.execute(query):
        if (row.facet, row.key) in found:
            found[row.facet, row.key].add(row.version)
    return found


def machine_keys(connection: Connection) -> set[Place]:
    """(facet, key) of all the machine's tags."""
    query = select(tags.c.facet, tags.c.key).where(tags.c.by == "machine").distinct()
    return {(row.facet, row.key) for row in connection.execute(query)}


def drop_keys(connection: Connection, places: Sequence[Place]) -> None:
    """Delete the machine's tags of some keys; what people said stays."""
    for facet, key in places:
        where = (tags.c.facet == facet, tags.c.key == key, tags.c.by == "machine")
        connection.execute(delete(tags).where(*where))


def people_said(connection: Connection, place: Place) -> dict[int, bool]:
    """Paper -> True where a person gave it a key, False where one removed it."""
    query = select(tags.c.paper, tags.c.present).where(
        tags.c.facet == place[0], tags.c.key == place[1], tags.c.by == "human"
    )
    return {row.paper: row.present for row in connection.execute(query)}


def _row(paper: int, tag: StoredTag) -> dict[str, Any]:
    return asdict(tag) | {"paper": paper, "evidence": list(tag.evidence)}
