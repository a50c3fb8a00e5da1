"""When to stop screening: what the last papers gave, and what a random sample says.

That the last papers were irrelevant proves nothing. A sample drawn at random from the papers
not screened yet does: from how many of it turn out relevant follows, with a stated sureness,
how many there can be among all that were left (hypergeometric, exact). The bounds hold for
whatever order the rest is screened in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from kb.catalogue.screening import STAGES, Check, put_review, read_reviews
from kb.decisions import coder
from kb.errors import UsageError
from kb.library import Library
from kb.review_state import Board, board
from kb.screening import require

LAST = 50
"""Papers looked back on."""

SURENESS = 0.95


@dataclass(frozen=True, slots=True)
class Found:
    """What screening by title and abstract has given so far."""

    screened: int
    relevant: int
    last: int
    """How many of the papers screened last are looked at."""
    relevant_last: int
    curve: tuple[int, ...]
    """Relevant papers after each one screened."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a random sample says of how many relevant papers there are."""

    check: Check
    decided: int
    """Papers of the sample that are included or excluded by now."""
    relevant: int
    """Of them included."""
    found: int
    """Included in the whole review by now."""
    low: float | None
    """Recall by now, lower bound; None while the sample is not screened, or nothing is found."""
    high: float | None
    most: int | None
    """Upper bound of the relevant papers not found yet; None while the sample is not screened."""

    @property
    def complete(self) -> bool:
        """True where the whole sample is screened."""
        return self.decided == len(self.check.papers)

    def to_json(self) -> dict[str, Any]:
        """The figures as the command line prints them."""
        return {
            "at": self.check.at,
            "who": self.check.who,
            "drawn": len(self.check.papers),
            "from": self.check.left,
            "decided": self.decided,
            "relevant": self.relevant,
            "found": self.found,
            "recall_low": self.low,
            "recall_high": self.high,
            "sureness": SURENESS,
            "most_left": self.most,
        }


def found(now: Board, last: int = LAST) -> Found:
    """What was found, in the order in which papers were decided."""
    done = [one.outcomes[STAGES[0]] for one in now.cases.values()]
    done = sorted((one for one in done if one.decided), key=lambda one: one.last)
    hits = [one.state == "include" for one in done]
    curve = tuple(np.cumsum(hits).tolist()) if hits else ()
    tail = hits[-last:]
    return Found(len(hits), sum(hits), len(tail), sum(tail), curve)


def draw(library: Library, name: str, size: int, *, who: str = "") -> Check:
    """Draw a random sample of the papers not decided by title and abstract, and keep it.

    Raises UsageError where one is under way, or there are too few papers left.
    """
    require(library, name)
    now = board(library, name)
    if any(not one.complete for one in estimates(now)):
        raise UsageError(
            "a sample is under way", item=name, remedy="screen the rest of it first", code="sample"
        )
    cases = now.at(STAGES[0])
    left = [one.paper_id for one in cases if not one.outcomes[STAGES[0]].decided]
    if not 1 <= size <= len(left):
        raise UsageError(
            f"a sample of {size} from {len(left)} papers", item=name, remedy="give a smaller one"
        )
    included = sum(one.outcomes[STAGES[0]].state == "include" for one in cases)
    at = library.clock().isoformat(timespec="microseconds")
    # Drawn anew each time: nobody can know it before.
    drawn = tuple(Random(f"{name} {at}").sample(left, size))  # noqa: S311 - a sample, no secret
    made = Check(at, coder(library, who), drawn, len(left), included)
    with library.writing_beside(), library.catalogue.write(bump=False) as writer:
        review = read_reviews(writer.connection)[name]
        put_review(writer.connection, replace(review, checks=(*review.checks, made)))
    return made


def pending(now: Board) -> list[str]:
    """Papers of samples that are not decided yet, in the order drawn."""
    drawn = [paper for check in now.review.checks for paper in check.papers]
    cases = (now.cases.get(paper) for paper in drawn)
    return [one.paper_id for one in cases if one and not one.outcomes[STAGES[0]].decided]


def estimates(now: Board) -> list[Estimate]:
    """What each sample says, the first one first."""
    return [_estimate(now, check) for check in now.review.checks]


def _estimate(now: Board, check: Check) -> Estimate:
    states = [_state(now, paper) for paper in check.papers]
    # "" = taken out of the review since: it is not waited for, but nothing follows any more.
    decided = sum(state in ("include", "exclude", "") for state in states)
    relevant = states.count("include")
    included = sum(one.outcomes[STAGES[0]].state == "include" for one in now.cases.values())
    if decided < len(states) or "" in states:
        return Estimate(check, decided, relevant, included, None, None, None)
    least, most = bounds(check.left, len(states), relevant)
    since = max(included - check.found, 0)
    least, most = max(least, since), max(most, since)
    low = included / (check.found + most) if included else None
    high = min(1.0, included / (check.found + least)) if included else None
    return Estimate(check, decided, relevant, included, low, high, most - since)


def _state(now: Board, paper: str) -> str:
    case = now.cases.get(paper)
    return case.outcomes[STAGES[0]].state if case else ""


def bounds(left: int, drawn: int, hits: int, sureness: float = SURENESS) -> tuple[int, int]:
    """(least, most) relevant papers among `left`, where `hits` of `drawn` at random are.

    The exact interval of the hypergeometric distribution: it holds in at least `sureness` of
    all samples.
    """
    alpha = (1 - sureness) / 2
    amounts = np.arange(hits, left - drawn + hits + 1)
    below = np.array([_at_most(hits, left, int(m), drawn) for m in amounts])
    above = np.array([1 - _at_most(hits - 1, left, int(m), drawn) for m in amounts])
    return int(amounts[np.argmax(above > alpha)]), int(amounts[np.flatnonzero(below > alpha)[-1]])


def _at_most(hits: int, left: int, relevant: int, drawn: int) -> float:
    """Chance of at most `hits` relevant papers in a sample."""
    possible: Sequence[int] = range(max(0, drawn - (left - relevant)), min(hits, relevant) + 1)
    logs = [_log_choose(relevant, k) + _log_choose(left - relevant, drawn - k) for k in possible]
    whole = _log_choose(left, drawn)
    return float(sum(np.exp(np.array(logs) - whole), 0.0)) if logs else 0.0


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
