"""The map by years: what was published and stated when, overall and of each phase and layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kb.challenges import Challenge
from kb.evidence import Statement
from kb.lattice import PaperFacts
from kb.map_parts import Trend, Year

MOST_CHALLENGES = 50
"""Challenges, the best supported ones, that a map follows through the years."""


def years(
    papers: Sequence[PaperFacts], challenges: Sequence[Challenge], directions: Sequence[Statement]
) -> tuple[Year, ...]:
    """One entry for each year in which a paper was published."""
    published = Counter(paper.year for paper in papers if paper.year is not None)
    stated = Counter(
        year
        for challenge in challenges
        for year in {item.statement.year for item in challenge.evidence}
    )
    new = Counter(challenge.first_year for challenge in challenges)
    directed = Counter(said.year for said in directions)
    return tuple(
        Year(year, published[year], stated[year], new[year], directed[year])
        for year in sorted(published)
    )


def trends(papers: Mapping[str, PaperFacts], challenges: Sequence[Challenge]) -> tuple[Trend, ...]:
    """Phases, layers and the best supported challenges, each year by year.

    A year in which there is nothing has no entry.
    """
    filed: Counter[tuple[str, int]] = Counter()
    for paper in papers.values():
        filed.update(_places(paper))
    stated: Counter[tuple[str, int]] = Counter()
    for one in challenges:
        stated.update({place for key in one.paper_ids for place in _places(papers[key])})
    found = [
        Trend(of, year, count, stated[of, year]) for (of, year), count in sorted(filed.items())
    ]
    for one in challenges[:MOST_CHALLENGES]:
        of_year = Counter(papers[key].year for key in one.paper_ids)
        found += [
            Trend(one.challenge_id, year, count, 1)
            for year, count in sorted((y, n) for y, n in of_year.items() if y is not None)
        ]
    return tuple(found)


def _places(paper: PaperFacts) -> Iterable[tuple[str, int]]:
    if paper.year is None:
        return ()
    keys = [*(f"phase:{key}" for key in paper.phases), *(f"layer:{key}" for key in paper.layers)]
    return [(key, paper.year) for key in keys]
