"""Does every value have the type that its column declares? SQLite itself does not mind."""

from __future__ import annotations

from sqlalchemy import Connection, text

# Declared type -> what a value that is not null must be; {0} is the column.
_WANTED = {
    "TEXT": "typeof({0}) = 'text'",
    "VARCHAR": "typeof({0}) = 'text'",
    "INTEGER": "typeof({0}) = 'integer'",
    "BIGINT": "typeof({0}) = 'integer'",
    "FLOAT": "typeof({0}) IN ('real', 'integer')",
    "BOOLEAN": "({0} IN (0, 1) AND typeof({0}) = 'integer')",
    "BLOB": "typeof({0}) = 'blob'",
    "JSON": "(typeof({0}) = 'text' AND json_valid({0}))",
}


def mistyped(connection: Connection) -> str:
    """The first column of an SQLite catalogue that holds what cannot be in it; "" for none."""
    names = text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    for (table,) in connection.execute(names).all():
        wrong = _wrong(connection, str(table))
        if not wrong:
            continue
        counted = ", ".join(f"sum({one})" for one in wrong.values())
        row = connection.execute(text(f'SELECT {counted} FROM "{table}"')).one()  # noqa: S608 - names of its own schema
        found = [(name, count) for name, count in zip(wrong, row, strict=True) if count]
        if found:
            name, count = found[0]
            return f"{table}.{name} holds {count} values that do not belong there"
    return ""


def _wrong(connection: Connection, table: str) -> dict[str, str]:
    """Column -> the condition under which its value is wrong."""
    rows = connection.execute(text("SELECT name, type FROM pragma_table_info(:t)"), {"t": table})
    found = {}
    for name, declared in rows.all():
        wanted = _WANTED.get(str(declared).split("(")[0].upper())
        if wanted:
            fits = wanted.format(f'"{name}"')
            found[str(name)] = f'NOT coalesce("{name}" IS NULL OR {fits}, 0)'
    return found
