"""What is new to somebody: papers added since they last looked at the library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.catalogue.own_work import highest_paper, seen_by, set_visit
from kb.errors import CatalogueUnwritable
from kb.library import LOG_PATIENCE, Library

PAUSE = timedelta(minutes=30)
"""A page that is loaded again within this time belongs to the visit before."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody looking at the library."""

    at: str
    """When it was last heard of, ISO time."""
    since: int | None
    """Highest paper number there was at the visit before; None at the first visit."""


def begin(library: Library, who: str, going_on: Visit | None = None) -> Visit:
    """Somebody opens the library; kept, so that the next visit knows what is new.

    Takes: going_on, a visit of theirs that may still last. A library that cannot be written
    tells what is new all the same, from the last visit that was kept.
    """
    now = library.now()
    with library.catalogue.read() as reader:
        before, highest = seen_by(reader.connection, who), highest_paper(reader.connection)
    lasts = going_on and datetime.fromisoformat(now) - datetime.fromisoformat(going_on.at) < PAUSE
    since = going_on.since if going_on and lasts else before
    try:
        with library.catalogue.write(bump=False, patience=LOG_PATIENCE) as writer:
            set_visit(writer.connection, who, highest, now)
    except CatalogueUnwritable:
        pass  # the next visit tells the same as new once more
    return Visit(now, since)
