"""What one click on a page does to a paper; what goes wrong is said, not raised."""

from __future__ import annotations

from kb import merging
from kb.library import Library
from kb.pages.parts import person
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _


def join(library: Library, kept: str, other: str) -> None:
    """Make two papers one."""
    told(lambda: merging.join(library, kept, [other], person.name(library)), _("Joined."))


def keep_apart(library: Library, one: str, other: str) -> None:
    """Never propose these two again."""
    told(lambda: merging.part(library, one, other, person.name(library)), _("Kept apart."))


def take_out(library: Library, entry: int) -> None:
    """Undo a joining."""
    told(lambda: merging.undo(library, entry, person.name(library)), _("Undone."))


def favour(library: Library, paper_id: str, *, member: bool) -> None:
    """Put a paper among the favourites, or take it out."""

    def act() -> None:
        """Write it."""
        with library.catalogue.write(bump=False) as writer:
            writer.set_collected(FAVOURITES, paper_id, member=member, now=library.now())

    told(act, _("In favourites.") if member else _("Taken out of the favourites."))
