"""Rows know their checksums: a byte that a disk changes is found."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ROWS = 2_000
_written = json.JSONEncoder().encode

# Table -> its key, and sum -> the columns that it is of.
_SUMS: dict[str, tuple[str, dict[str, str]]] = {
    "papers": (
        "n",
        {
            "scores_sum": "scores",
            "row_sum": "paper_id title abstract authors categories published year doi arxiv_id"
            " version pages pdf_sha256 full_text digest sections refs notes source content_hash",
        },
    ),
    "page_texts": ("paper page", {"row_sum": "paper page text"}),
    "passages": (
        "n",
        {
            "vector_sum": "vector",
            "row_sum": "passage_id paper ordinal section page start stop text boxes",
        },
    ),
    "sentences": (
        "n",
        {"vector_sum": "vector", "row_sum": "passage start stop label score"},
    ),
    "tags": (
        "paper facet key by",
        {"row_sum": "paper facet key by present score evidence method version"},
    ),
    "decisions": (
        "n",
        {"row_sum": "at who paper_id facet key verdict why score version settles undoes"},
    ),
    "taxonomies": ("n", {"row_sum": "at who change codebook"}),
    "merges": ("n", {"row_sum": "at who action kept other why undoes"}),
    "chats": ("n", {"row_sum": "chat at question answer"}),
    "challenge_decisions": ("n", {"row_sum": "at who action details why undoes"}),
    "remarks": ("n", {"row_sum": "at who paper_id text replaces"}),
    "reviews": ("name", {"row_sum": "name at question criteria coders blind checks"}),
    "review_sources": ("n", {"row_sum": "review at who kind details found"}),
    "review_papers": ("review source place", {"row_sum": "review source place paper_id title"}),
    "screenings": (
        "n",
        {"row_sum": "at who review paper_id stage verdict reason settles undoes"},
    ),
}

# Columns that are neither text nor whole numbers.
_KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "score": sa.Float(),
    "vector": sa.LargeBinary(),
    **dict.fromkeys(("full_text", "present", "settles", "blind"), sa.Boolean()),
    **dict.fromkeys(
        "authors categories digest sections refs notes scores boxes evidence change codebook"
        " answer criteria checks".split(),
        sa.JSON(),
    ),
}


def upgrade() -> None:
    """Add the columns, and make the sums of what is held."""
    for name, (key, sums) in _SUMS.items():
        for column in sums:
            op.add_column(name, sa.Column(column, _LONG, nullable=False, server_default="0"))
        _fill(name, key.split(), {one: of.split() for one, of in sums.items()})


def _fill(name: str, key: list[str], sums: dict[str, list[str]]) -> None:
    named = list(dict.fromkeys([*key, *(one for some in sums.values() for one in some)]))
    at = {one: place for place, one in enumerate(named)}
    table = sa.table(name, *(sa.column(one, _kind(name, one)) for one in [*named, *sums]))
    where = sa.and_(*(table.c[one] == sa.bindparam(f"of_{one}") for one in key))
    change = table.update().where(where).values({one: sa.bindparam(f"to_{one}") for one in sums})
    query = sa.select(*(table.c[one] for one in named))
    for rows in _batches(query, [table.c[one] for one in key]):
        made: dict[str, list[Any]] = {f"of_{one}": [row[at[one]] for row in rows] for one in key}
        for one, parts in sums.items():
            made[f"to_{one}"] = [_sum([row[at[part]] for part in parts]) for row in rows]
        if not rows:
            continue
        op.get_bind().execute(
            change, [dict(zip(made, row, strict=True)) for row in zip(*made.values(), strict=True)]
        )


def _batches(query: sa.Select[Any], key: list[sa.ColumnClause[Any]]) -> Iterator[list[Any]]:
    """The rows by their key, which comes first, some at a time: they are changed meanwhile."""
    keys = sa.select(*key).order_by(*key).limit(_ROWS)
    some, last = keys, sa.tuple_(*key)
    while held := list(op.get_bind().execute(some).all()):
        at = sa.tuple_(*held[-1])
        among = sa.and_(last >= sa.tuple_(*held[0]), last <= at)
        try:
            rows = list(op.get_bind().execute(query.where(among)).all())
        except (sa.exc.OperationalError, ValueError) as error:
            _require_unreadable(error)
            rows = list(_sound(query, key, held))
        yield rows
        some = keys.where(last > at)


def _sound(
    query: sa.Select[Any], key: list[sa.ColumnClause[Any]], held: list[Any]
) -> Iterator[Any]:
    """The rows that can be read. One that a disk made unreadable keeps no sum: doctor names it."""
    for one in held:
        same = sa.and_(*(column == value for column, value in zip(key, one, strict=True)))
        try:
            yield op.get_bind().execute(query.where(same)).one()
        except (sa.exc.OperationalError, ValueError) as error:
            _require_unreadable(error)


def _require_unreadable(error: Exception) -> None:
    """Raise what is no fault of a value: text that is not UTF-8, or a column that is not JSON."""
    if not isinstance(error, ValueError) and "UTF-8" not in str(error):
        raise error


def _kind(table: str, column: str) -> sa.types.TypeEngine[Any]:
    # What a challenge's decision and a review's source tell of is an object.
    if column == "details" and table in ("challenge_decisions", "review_sources"):
        return sa.JSON()
    return _KINDS.get(column, sa.types.NullType())


def _sum(values: list[Any]) -> int:
    if len(values) == 1 and isinstance(values[0], bytes):
        return zlib.crc32(values[0])
    plain = [one + 0.0 if isinstance(one, float) else one for one in values]
    return zlib.crc32(_written(plain).encode())
