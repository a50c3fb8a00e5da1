"""Checksums of rows, kept beside what they are of: a byte that a disk changed is found.

A sum is made where a row is inserted, of the values as they come; whoever updates what a sum
is of makes it anew, with `summed`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Table,
    select,
)

Long = BigInteger().with_variant(Integer(), "sqlite")
"""For numbers beyond 2 billion: SQLite's INTEGER holds them, PostgreSQL's does not."""

# In the order that a value has: JSON keeps it.
_written = json.JSONEncoder().encode

_ROWS = 2_000
_COVERED = "covered"
_BUT = "but"


def sum_column(name: str, *covered: str, but: tuple[str, ...] = ()) -> Column[int]:
    """A column for the CRC-32 of other columns of its row: `covered`, or all but some.

    Left out are, beside those in `but`, other sums and a number that the engine gives.
    """

    def made(context: Any) -> int:
        """The sum of the row that is being written."""
        return sum_of(column, context.get_current_parameters())

    info = {_COVERED: covered, _BUT: but}
    column = Column(name, Long, nullable=False, server_default="0", default=made, info=info)
    return column


def sums(table: Table) -> list[Column[Any]]:
    """The columns of a table that hold a sum."""
    return [column for column in table.c if _COVERED in column.info]


def unsummed(table: Table) -> list[Column[Any]]:
    """The columns of a table that hold no sum."""
    return [column for column in table.c if _COVERED not in column.info]


@cache
def covered(column: Column[Any]) -> list[Column[Any]]:
    """The columns that a sum is of, in the order of the table."""
    names, but = column.info[_COVERED], column.info[_BUT]
    table = column.table
    if names:
        return [table.c[name] for name in names]
    own = table.autoincrement_column
    return [one for one in unsummed(table) if one.name not in but and one is not own]


def sum_of(column: Column[Any], values: Mapping[str, Any]) -> int:
    """What a sum column holds for a row of these values."""
    found = [_plain(one, values.get(one.name)) for one in covered(column)]
    if len(found) == 1 and isinstance(found[0], bytes):
        return zlib.crc32(found[0])
    return zlib.crc32(_written(found).encode())


def summed(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an update, with every sum that is of nothing but them."""
    made = {
        column.name: sum_of(column, values)
        for column in sums(table)
        if all(one.name in values for one in covered(column))
    }
    return {**values, **made}


def changed(connection: Connection, table: Table, *names: str) -> Iterator[Mapping[str, Any]]:
    """Rows that are not of one of their sums, of those named: with their key and what is summed."""
    wanted = [column for column in sums(table) if column.name in names]
    parts = [one for column in wanted for one in (column, *covered(column))]
    query = select(*dict.fromkeys([*table.primary_key, *parts]))
    found = connection.execute(query.execution_options(yield_per=_ROWS))
    for row in map(dict, found.mappings()):
        if any(row[column.name] != sum_of(column, row) for column in wanted):
            yield row


def _plain(column: Column[Any], value: Any) -> Any:
    """A value as it is read back."""
    if value is None or isinstance(column.type, LargeBinary):
        return value
    if isinstance(column.type, Float):
        return float(value) + 0.0  # SQLite keeps no minus of a zero
    return bool(value) if isinstance(column.type, Boolean) else value
