"""All rows of one catalogue into another, whatever engines they lie in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Integer, column, func, insert, inspect, select, text
from sqlalchemy import table as bare

from kb.catalogue.migrating import migrate
from kb.catalogue.sidecar import publish
from kb.catalogue.sqlite_file import BUSY_MILLISECONDS, SqliteFile, damaged
from kb.catalogue.tables import metadata

ROWS = 2_000
"""Rows in memory at once."""


def copy_tables(source: Connection, target: Connection) -> None:
    """Copy every row. The target has the same schema, holds none, and is in a transaction."""
    found = inspect(source)
    held = set(found.get_table_names())
    for known in metadata.sorted_tables:
        if known.name not in held:
            continue  # of a later schema
        names = {one["name"] for one in found.get_columns(known.name)}
        # Without the defaults of the table as it is today.
        table = bare(known.name, *(column(c.name, c.type) for c in known.c if c.name in names))
        query = select(table).order_by(*(table.c[one.name] for one in known.primary_key))
        rows = source.execute(query.execution_options(yield_per=ROWS))
        for some in rows.mappings().partitions(ROWS):
            target.execute(insert(table), [dict(row) for row in some])
    _count_on(target, held)


def empty(target: Connection) -> None:
    """Delete every row, those that refer to others first."""
    for table in reversed(metadata.sorted_tables):
        target.execute(table.delete())


def write_file(source: Connection, target: Path) -> None:
    """Make the SQLite file `target`, of the same schema, of a catalogue elsewhere; atomic."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    made = SqliteFile(part)
    try:
        version = source.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        migrate(made, version=str(version))
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
    publish(part, target)


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


def _count_on(target: Connection, held: set[str]) -> None:
    """Have PostgreSQL number new rows after those that came with a number."""
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        key = table.autoincrement_column if table.name in held else None
        if key is None or not isinstance(key.type, Integer):
            continue
        last = target.execute(select(func.max(key))).scalar()
        sequence = target.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": key.name},
        ).scalar()
        if sequence and last is not None:
            target.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": last})
