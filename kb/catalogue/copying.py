"""All rows of one catalogue into another, whatever engines they lie in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Integer, func, insert, select, text

from kb.catalogue.migrating import migrate
from kb.catalogue.sqlite_file import BUSY_MILLISECONDS, SqliteFile, damaged
from kb.catalogue.tables import metadata

ROWS = 2_000
"""Rows in memory at once."""


def copy_tables(source: Connection, target: Connection) -> None:
    """Copy every row. The target holds none, and is in a transaction."""
    for table in metadata.sorted_tables:
        query = select(table).order_by(*table.primary_key)
        rows = source.execute(query.execution_options(yield_per=ROWS))
        for some in rows.mappings().partitions(ROWS):
            target.execute(insert(table), [dict(row) for row in some])
    _count_on(target)


def empty(target: Connection) -> None:
    """Delete every row, those that refer to others first."""
    for table in reversed(metadata.sorted_tables):
        target.execute(table.delete())


def write_file(source: Connection, target: Path) -> None:
    """Make the SQLite file `target` of a catalogue elsewhere; checked, atomic."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    made = SqliteFile(part)
    try:
        migrate(made)
        with made.engine.connect() as connection:
            made.begin_write(connection, BUSY_MILLISECONDS)
            copy_tables(source, connection)
            connection.exec_driver_sql("COMMIT")
        fault = made.integrity()
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        made.engine.dispose()
    if fault != "ok":
        part.unlink(missing_ok=True)
        raise damaged(target, fault)
    part.replace(target)


@contextmanager
def in_file(source: Path) -> Iterator[Connection]:
    """The rows of an SQLite file, of this schema."""
    place = SqliteFile(source)
    try:
        with place.engine.connect() as connection:
            place.begin_read(connection)
            yield connection
            connection.exec_driver_sql("ROLLBACK")
    finally:
        place.engine.dispose()


def _count_on(target: Connection) -> None:
    """Have PostgreSQL number new rows after those that came with a number."""
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        key = table.autoincrement_column
        if key is None or not isinstance(key.type, Integer):
            continue
        last = target.execute(select(func.max(key))).scalar()
        sequence = target.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": key.name},
        ).scalar()
        if sequence and last is not None:
            target.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": last})
