"""Several coders of one review: how far they agree, and where they are in conflict. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from kb.review_state import CONFLICT, Board, Case
from taxonomy.agreement import cohen_kappa


@dataclass(frozen=True, slots=True)
class Pair:
    """How far two coders said the same of the papers that both decided on."""

    who: tuple[str, str]
    n: int
    share: float
    """Said the same, 0 to 1."""
    kappa: float
    """Cohen's, over include, exclude, maybe and not retrieved."""

    def to_json(self) -> dict[str, Any]:
        """The figures as the command line prints them."""
        return {
            "who": list(self.who),
            "n": self.n,
            "share": round(self.share, 4),
            "kappa": round(self.kappa, 4),
        }


def pairs(now: Board, stage: str) -> list[Pair]:
    """Every two coders with papers in common, those with most in common first.

    What each said last counts, settlements apart.
    """
    said = {
        who: {
            case.paper_id: word.verdict
            for case in now.at(stage)
            if (word := case.outcomes[stage].of(who))
        }
        for who in now.coders
    }
    found = []
    for one, other in combinations(sorted(said), 2):
        both = sorted(said[one].keys() & said[other].keys())
        if both:
            first, second = ([said[who][paper] for paper in both] for who in (one, other))
            same = sum(a == b for a, b in zip(first, second, strict=True))
            kappa = cohen_kappa(first, second)
            found.append(Pair((one, other), len(both), same / len(both), kappa))
    return sorted(found, key=lambda pair: (-pair.n, pair.who))


def conflicts(now: Board, stage: str) -> list[Case]:
    """Papers on which coders differ and nobody has settled it, as found."""
    return [case for case in now.at(stage) if case.outcomes[stage].state == CONFLICT]
