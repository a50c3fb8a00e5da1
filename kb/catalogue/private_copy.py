"""An older catalogue that nobody here can write, brought up to date in a copy of our own.

The copy is what the catalogue held when it was opened; it is gone when nobody holds it.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from kb.catalogue.frozen import frozen, too_old
from kb.catalogue.migrating import migrate
from kb.catalogue.places import Place
from kb.catalogue.sqlite_file import SqliteFile


def read_from_copy(place: Place, version: int) -> None:
    """Have a place that cannot be written read from a migrated copy; its name and path stay.

    Raises ReadOnly where it could be written, so that whoever may does; where it is no file;
    and where the copy fails. DamagedCatalogue where the catalogue is not sound, and
    CatalogueUnwritable where there is no room for a copy.
    """
    if not isinstance(place, SqliteFile) or not frozen(place.path):
        raise too_old(place.path, version)
    folder = Path(tempfile.mkdtemp(prefix="sixfold-"))
    gone = weakref.finalize(place, shutil.rmtree, folder, ignore_errors=True)
    copy = SqliteFile(folder / place.path.name)
    try:
        place.backup(copy.path)
        migrate(copy)
    except BaseException as error:
        copy.engine.dispose()
        gone()
        if isinstance(error, DBAPIError | OSError):
            raise too_old(place.path, version) from error
        raise
    place.engine.dispose()
    place.engine = copy.engine
