"""Named collections of papers."""

from __future__ import annotations

from collections.abc import Sequence

from kb.bounds import named
from kb.errors import unknown
from kb.library import Library

MOST = 80
"""Characters of a name: it has to fit beside a box to tick."""


def collect(library: Library, name: str, papers: Sequence[str]) -> int:
    """Put papers into a collection, made where there is none. Returns how many are new to it.

    Raises UsageError for a bad name or an unknown paper; then none is put in.
    """
    name = named(name, "collection", MOST)
    wanted = _ids(library, papers)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        held = writer.collection(name)
        new = [one for one in wanted if one not in held]
        for one in new:
            writer.set_collected(name, one, member=True, now=library.now())
    return len(new)


def release(library: Library, name: str, papers: Sequence[str]) -> int:
    """Take papers out of a collection, all of them where none is named. Returns how many.

    A collection without papers is no more. The papers themselves stay in the library.
    Raises UsageError for an unknown collection or paper.
    """
    require(library, name)
    named = _ids(library, papers)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        held = writer.collection(name)
        doomed = [one for one in named if one in held] if papers else sorted(held)
        for one in doomed:
            writer.set_collected(name, one, member=False, now=library.now())
    return len(doomed)


def collections(library: Library) -> dict[str, int]:
    """How many papers each collection has, by name."""
    with library.catalogue.read() as reader:
        return reader.collections()


def require(library: Library, name: str) -> None:
    """Raise UsageError, with the known names, where there is no such collection."""
    known = collections(library)
    if name not in known:
        error = unknown("collection", name, known)
        error.remedy = error.remedy if known else "there is none yet: kb collection add NAME ID…"
        raise error


def _ids(library: Library, names: Sequence[str]) -> list[str]:
    numbers = [library.number(name) for name in names]
    with library.catalogue.read() as reader:
        return [one.paper_id for one in reader.papers(numbers).values()]
