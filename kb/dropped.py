"""Quotes that the gate did not let pass: recorded in the journal, shown nowhere.

That happens where the stored text changed while an answer was made, or where the catalogue is
not sound (`kb doctor`): a quote must never be shown on trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from kb.catalogue.store import Busy
from kb.errors import CatalogueUnwritable
from kb.library import LOG_PATIENCE, Library

STATE = "dropped"
"""State of the journal's rows on dropped quotes; their step is `quote`."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """One quote that does not stand where it was said to."""

    paper_id: str
    where: str
    """What it was built for: `answer`, `card`, `map`, or the column of a table."""
    quote: str

    def to_json(self) -> dict[str, str]:
        """The quote as the command line prints it."""
        return {"paper_id": self.paper_id, "column": self.where, "quote": self.quote}


def record(library: Library, dropped: Sequence[Dropped]) -> None:
    """Append them to the journal; a library that cannot be written goes without."""
    rows = [
        {
            "at": library.now(),
            "item": one.where,
            "state": STATE,
            "step": "quote",
            "error": one.quote,
            "paper_id": one.paper_id,
        }
        for one in dropped
    ]
    if rows:
        with (
            suppress(Busy, CatalogueUnwritable),
            library.catalogue.write(bump=False, patience=LOG_PATIENCE) as writer,
        ):
            writer.log(rows)
