"""What was decided, as it bears on the papers and the categories of today.

The log names papers by their own ids and categories by the keys of their time. Since then a
paper may have been joined with another, and a category renamed or merged. The rules are
those by which tags are read, in `standing` and `filing`: the word on the standing paper, or
on the present key, outweighs those lent to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, select

from kb.catalogue.decisions import Decision, by_coder
from kb.catalogue.filing import Filing
from kb.catalogue.standing import OWN
from kb.catalogue.tables import papers

Place = tuple[str, str, str]
"""(paper id, facet, key)."""


def stand_ins(connection: Connection) -> dict[str, str]:
    """Id of each joined paper -> id of the one that stands for it, the newest paper first."""
    kept = papers.alias()
    query = select(papers.c.paper_id, kept.c.paper_id.label("kept"))
    query = query.join(kept, kept.c.n == papers.c.same_as).where(~OWN)
    query = query.order_by(papers.c.n.desc())
    return {row.paper_id: row.kept for row in connection.execute(query)}


def own_and_lent(
    said: Mapping[Place, Decision], stands: Mapping[str, str]
) -> dict[Place, Decision]:
    """What was said of papers, moved to those that stand for them.

    Takes: stands, as `stand_ins` orders it: of two papers lent to one, the older has the say,
    as with their tags.
    """
    rank = {paper: at for at, paper in enumerate(stands)}
    lent = sorted(
        (one for one in said.values() if one.paper_id in rank), key=lambda one: rank[one.paper_id]
    )
    moved = [replace(one, paper_id=stands[one.paper_id]) for one in lent]
    own = {place: one for place, one in said.items() if place[0] not in stands}
    return {one.place: one for one in moved} | own


def as_of_today(
    said: Mapping[Place, Decision], stands: Mapping[str, str], filing: Filing | None
) -> dict[Place, Decision]:
    """What was said, under the papers and categories of today; of retired ones nothing.

    Takes: said, at most one yes or no a place; filing, None for the shipped codebook. Of a
    merged category a yes to any part is a yes; a no must have been said to every part.
    """
    found = own_and_lent(said, stands)
    if filing is None:
        return found
    target = filing.target
    wanted = {
        (paper, facet, target[facet, key]) for paper, facet, key in found if (facet, key) in target
    }
    resolved = {place: _resolved(place, found, filing) for place in wanted}
    return {place: one for place, one in resolved.items() if one is not None}


def _resolved(place: Place, said: Mapping[Place, Decision], filing: Filing) -> Decision | None:
    """What was said of a category: of its own key, else of those that came into it."""
    paper, facet, key = place
    own = said.get(place)
    parts = filing.parts.get((facet, key), ())
    if own is not None or not parts:
        return own
    below = [_resolved((paper, facet, part), said, filing) for part in parts]
    told = [one for one in below if one is not None]
    yes = [one for one in told if one.verdict == "yes"]
    some = yes or (told if len(told) == len(parts) else [])
    return replace(max(some, key=lambda one: one.order), key=key) if some else None


def by_coder_today(
    log: Iterable[Decision], stands: Mapping[str, str], filing: Filing | None
) -> dict[str, dict[Place, Decision]]:
    """Coder -> what holds of their own yes and no, under today's papers and categories."""
    return {who: as_of_today(said, stands, filing) for who, said in by_coder(log).items()}
