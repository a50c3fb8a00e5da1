"""Writes a migration that makes today's tables: `python -m kb.migrations.freeze`.

Only for the first migration, and only until it is released: from then on a change of
`kb/catalogue/tables.py` comes with a migration of its own, and this file's output stays.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateIndexOp, CreateTableOp, UpgradeOps
from sqlalchemy import create_engine

from kb.catalogue.tables import metadata

FIRST = Path(__file__).parent / "versions" / "0001_first.py"

_HEAD = '''"""The first schema, as `python -m kb.migrations.freeze` wrote it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make every table."""
'''


def first_migration() -> str:
    """The source of a migration that makes every table, one function a table."""
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection)
        upgrade = produce_migrations(context, metadata).upgrade_ops
    groups: dict[str, list[CreateTableOp | CreateIndexOp]] = {}
    for step in upgrade.ops if upgrade else []:
        # Indexes come grouped under "modify" steps, one a table.
        for part in getattr(step, "ops", [step]):
            groups.setdefault(part.table_name, []).append(part)
    calls = "".join(f"    _{name}()\n" for name in groups)
    bodies = [
        f"\n\ndef _{name}() -> None:\n    {_render(steps)}\n" for name, steps in groups.items()
    ]
    return _HEAD + calls + "".join(bodies)


def _render(steps: list[CreateTableOp | CreateIndexOp]) -> str:
    code = str(render_python_code(UpgradeOps(steps)))
    return re.sub(r"^\s*#.*$", "", code, flags=re.MULTILINE).strip()


def main() -> int:
    """Write the file."""
    FIRST.write_text(first_migration(), encoding="utf-8")
    sys.stdout.write(f"{FIRST}: written; now run `ruff format` on it\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
