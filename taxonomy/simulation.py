"""How many decisions the queue saves: coded papers are revealed in its order, and at random.

A tagger that knows nothing but a few papers learns from one more batch at a time; after
each it is judged on papers of which none is ever revealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.agreement import macro_f1
from taxonomy.features import read as read_words
from taxonomy.informative import choose, worth
from taxonomy.tagger_file import TaggerParts
from taxonomy.tagger_training import Examples, Language, Recipe, fit_tagger

Rows = NDArray[np.intp]

ORDERS = ("queue", "random")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to simulate."""

    seeds: int = 60
    """Papers known at the start."""
    step: int = 40
    """Papers revealed between two refits."""
    last: int = 700
    """Papers known at the end."""
    repeats: int = 5
    """Times the whole is done, each with other seeds."""


def simulate(
    examples: Examples,
    judged: Rows,
    language: Language,
    plan: Plan,
    recipe: Recipe | None = None,
    on_step: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Learning curves of both orders, and the decisions saved.

    Takes: judged, positions of the papers that judge; all others may be revealed. Gives
    `curve` (papers known -> macro-F1 over all categories, mean of the repeats, in each
    order) and `saved`: for each point of the random curve from the middle on, after how
    many papers the queue's curve is as good. Raises ValueError where there are too few.
    """
    pool = np.setdiff1d(np.arange(len(examples.ids)), judged)
    last = min(plan.last, len(pool))
    if plan.seeds >= last or not len(judged):
        raise ValueError(
            f"{len(pool)} papers to reveal and {len(judged)} to judge by are too few for "
            f"{plan.seeds} at the start"
        )
    sizes = [*range(plan.seeds, last, plan.step), last]
    curves = {order: np.zeros((plan.repeats, len(sizes))) for order in ORDERS}
    for repeat in range(plan.repeats):
        for order in ORDERS:
            run = _run(examples, judged, language, recipe or Recipe(), order, sizes, repeat)
            for at, value in enumerate(run):
                curves[order][repeat, at] = value
                if on_step:
                    on_step()
    return _told(sizes, curves, plan, len(judged))


def _run(
    examples: Examples,
    judged: Rows,
    language: Language,
    recipe: Recipe,
    order: str,
    sizes: list[int],
    repeat: int,
) -> Iterator[float]:
    """Macro-F1 after each step of one run."""
    pool = np.setdiff1d(np.arange(len(examples.ids)), judged)
    start = np.random.default_rng(repeat).permutation(pool)
    known, rest = start[: sizes[0]], start[sizes[0] :]
    for next_size in [*sizes[1:], sizes[-1]]:
        rng = np.random.default_rng(repeat)
        parts = fit_tagger(examples.take(known), language, recipe, rng)
        yield macro_f1(examples.truth[judged], judge(parts, examples.take(judged))[1])
        if next_size > len(known):
            picked = _pick(order, examples, parts, known, rest, next_size - len(known))
            known = np.concatenate([known, rest[picked]])
            rest = np.delete(rest, picked)


def judge(parts: TaggerParts, examples: Examples) -> tuple[Any, Any]:
    """(probabilities of categories, tags) that a tagger's parts give."""
    index = {word: at for at, word in enumerate(parts.vocabulary, 1)}
    words = read_words(examples.texts, index)
    points = parts.dense.points(examples.vectors, parts.dense.places(words))
    chances, tags = parts.heads.second_step(
        parts.heads.first_step(points, parts.space.matrix(words))
    )
    return chances[:, : tags.shape[1]], tags


def _pick(
    order: str, examples: Examples, parts: TaggerParts, known: Rows, rest: Rows, count: int
) -> Rows:
    """Positions within `rest` of what is revealed next; at random `rest` is mixed already."""
    if order == "random":
        return np.arange(count)
    chances, tags = judge(parts, examples.take(rest))
    value = worth(chances, parts.heads.thresholds, np.ones_like(tags))
    picked = choose(value, examples.vectors[rest], examples.vectors[known], count)
    others = np.setdiff1d(np.arange(len(rest)), picked)
    return np.concatenate([picked, others[: count - len(picked)]])


def _told(
    sizes: list[int], curves: dict[str, NDArray[np.float64]], plan: Plan, judged: int
) -> dict[str, Any]:
    mean = {order: curve.mean(axis=0) for order, curve in curves.items()}
    saved = []
    for at in range(len(sizes) // 2, len(sizes)):
        needed = _reached(sizes, mean["queue"], float(mean["random"][at]))
        share = None if needed is None else round(1 - needed / sizes[at], 3)
        saved.append(
            {
                "random": sizes[at],
                "macro_f1": round(float(mean["random"][at]), 4),
                "queue": None if needed is None else round(needed),
                "saved": share,
            }
        )
    shares = [one["saved"] for one in saved if one["saved"] is not None]
    return {
        "judged": judged,
        "seeds": plan.seeds,
        "repeats": plan.repeats,
        "curve": [
            {
                "papers": size,
                **{order: round(float(mean[order][at]), 4) for order in ORDERS},
                **{
                    f"{order}_spread": round(float(curves[order][:, at].std()), 4)
                    for order in ORDERS
                },
            }
            for at, size in enumerate(sizes)
        ],
        "saved": saved,
        "mean_saved": round(float(np.mean(shares)), 3) if shares else None,
    }


def _reached(sizes: list[int], curve: NDArray[np.float64], goal: float) -> float | None:
    """Papers after which a curve first reaches a goal, between points on a line."""
    for at, value in enumerate(curve.tolist()):
        if value >= goal:
            if at == 0:
                return float(sizes[0])
            before = float(curve[at - 1])
            part = (goal - before) / (float(value) - before)
            return float(sizes[at - 1]) + part * (sizes[at] - sizes[at - 1])
    return None
