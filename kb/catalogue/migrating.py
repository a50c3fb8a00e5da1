"""The tables of a catalogue: made, and brought to the newest schema, by Alembic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kb.catalogue.sqlite_file import BUSY_MILLISECONDS
from kb.catalogue.tables import meta

if TYPE_CHECKING:
    from kb.catalogue.places import Place


def migrate(place: Place, facts: Mapping[str, str] | None = None, *, version: str = "head") -> None:
    """Bring the tables to this schema, in one transaction; `facts` are a new catalogue's.

    With `version` to an earlier one, as for the copy of an older catalogue.
    """
    # Imported here: Alembic costs a quarter of a second, and only an old library needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    with place.engine.connect() as connection:
        place.begin_write(connection, BUSY_MILLISECONDS)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, version)
            place.migrated(connection)
            if facts:
                rows = [{"key": key, "value": value} for key, value in facts.items()]
                connection.execute(meta.insert(), rows)
        except BaseException:
            if place.in_transaction(connection):
                connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
