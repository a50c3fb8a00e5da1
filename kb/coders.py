"""How far the coders of one library agree, and on what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from kb.catalogue.decisions import Decision, effective, read_log
from kb.catalogue.today import Place, as_of_today, by_coder_today, stand_ins
from kb.catalogue.undoing import in_force
from kb.errors import UsageError, unknown
from kb.library import Library
from taxonomy.agreement import bootstrap_interval, cohen_kappa, krippendorff_alpha
from taxonomy.set_agreement import set_alpha

ALPHA = "Krippendorff's alpha, MASI distance over the sets of categories"

ROUNDS = 1000
_SEED = 20260101


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One category of one paper on which coders differ."""

    paper_id: str
    facet: str
    key: str
    said: dict[str, str]
    """Coder -> yes or no."""
    settled_by: str
    """Who ended it, "" where nobody has."""
    verdict: str
    """What holds now."""

    def to_json(self) -> dict[str, Any]:
        """The disagreement as the command line prints it."""
        return {
            "paper_id": self.paper_id,
            "facet": self.facet,
            "key": self.key,
            "said": self.said,
            "settled_by": self.settled_by or None,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Codings:
    """The decisions of a library, taken apart by coder; settling ones left out.

    All of them under the papers and the categories of today.
    """

    coders: dict[str, dict[Place, Decision]]
    """Coder -> what holds of their own yes and no."""
    done: dict[str, frozenset[tuple[str, str]]]
    """Coder -> (paper id, facet) that they have been through."""
    holds: dict[Place, Decision]
    """What holds of all, settling ones too."""
    settling: dict[Place, Decision]
    """The latest settling decision in force."""


def codings(library: Library) -> Codings:
    """What each coder of the library says."""
    with library.catalogue.read() as reader:
        log, filing = read_log(reader.connection), reader.filing
        stands = stand_ins(reader.connection)
    undone = in_force(log)
    own = [one for one in undone if not one.settles]
    done: dict[str, set[tuple[str, str]]] = {}
    for one in own:
        if one.verdict == "done":
            paper = stands.get(one.paper_id, one.paper_id)
            done.setdefault(one.who, set()).add((paper, one.facet))
    settling = {one.place: one for one in undone if one.settles and one.verdict != "done"}
    return Codings(
        by_coder_today(own, stands, filing),
        {who: frozenset(some) for who, some in done.items()},
        as_of_today(effective(log), stands, filing),
        as_of_today(settling, stands, filing),
    )


def chosen_coders(held: Codings, who: Sequence[str]) -> list[str]:
    """The coders named, or all; the machine is none. Raises UsageError for an unknown one."""
    known = sorted(held.coders)
    for name in who:
        if name not in known:
            raise unknown("coder", name, known or ["nobody has decided anything yet"])
    chosen = list(dict.fromkeys(who)) or known
    if len(chosen) < 2:
        raise UsageError(
            f"agreement takes two coders; here {', '.join(chosen) or 'nobody'} has decided",
            item=", ".join(chosen),
            remedy="have somebody else decide with --who NAME, or load their codings or bundle",
            code="one_coder",
        )
    return chosen


def agreement(library: Library, *, facet: str = "", who: Sequence[str] = ()) -> dict[str, Any]:
    """Kappa a category and pair, alpha a facet, percent agreement; what the command prints.

    Only verdicts on which both coders have spoken count, and for a facet's alpha only
    papers that two coders have been through. Raises UsageError for an unknown coder or
    facet, and where fewer than two have decided.
    """
    held = codings(library)
    names = chosen_coders(held, who)
    facets = [one for one in library.codebook.facets if facet in ("", one.key)]
    if not facets:
        raise unknown("facet", facet, library.codebook.keys)
    out: dict[str, Any] = {"coders": names, "alpha_method": ALPHA, "facets": {}}
    for one in facets:
        out["facets"][one.key] = {
            **_overall(held, names, one.key, one.keys),
            "pairs": [
                {"coders": list(pair), **_pair(held, pair, one.key, one.keys)}
                for pair in combinations(names, 2)
            ],
        }
    found = disagreements(library, facet=facet, who=names, held=held)
    out["disagreements"] = len(found)
    out["to_settle"] = sum(not one.settled_by for one in found)
    return out


def _overall(
    held: Codings, names: Sequence[str], facet: str, keys: Sequence[str]
) -> dict[str, Any]:
    """Alpha of the sets, over papers that two coders have been through."""
    papers = sorted({paper for who in names for paper, f in held.done.get(who, ()) if f == facet})
    tables = [
        [
            _labels(held, who, paper, facet, keys)
            if (paper, facet) in held.done.get(who, ())
            else None
            for paper in papers
        ]
        for who in names
    ]
    twice = [at for at in range(len(papers)) if sum(t[at] is not None for t in tables) > 1]
    if not twice:
        return {"alpha": None, "papers": 0}
    tables = [[table[at] for at in twice] for table in tables]

    def measure(rows: Any) -> float:
        """Alpha of a sample of the papers, by their places."""
        return set_alpha([[table[at] for at in rows] for table in tables])

    low, high = bootstrap_interval(measure, len(twice), np.random.default_rng(_SEED), 200)
    value = set_alpha(tables)
    return {"alpha": _figure(value, low, high, len(twice)), "papers": len(twice)}


def _labels(held: Codings, who: str, paper: str, facet: str, keys: Sequence[str]) -> frozenset[str]:
    mine = held.coders.get(who, {})
    said = ((key, mine.get((paper, facet, key))) for key in keys)
    return frozenset(key for key, one in said if one is not None and one.verdict == "yes")


def _pair(held: Codings, pair: tuple[str, str], facet: str, keys: Sequence[str]) -> dict[str, Any]:
    """Kappa and agreement of two coders, category by category and pooled."""
    one, other = (held.coders[who] for who in pair)
    categories: dict[str, Any] = {}
    agreed = asked = 0
    for key in keys:
        both = sorted(place for place in one.keys() & other.keys() if place[1:] == (facet, key))
        first = [one[place].verdict for place in both]
        second = [other[place].verdict for place in both]
        same = sum(a == b for a, b in zip(first, second, strict=True))
        agreed, asked = agreed + same, asked + len(both)
        categories[key] = {"n": len(both), **_category(first, second)}
    return {
        "n": asked,
        "agreement": round(agreed / asked, 4) if asked else None,
        "categories": categories,
    }


def _category(first: list[str], second: list[str]) -> dict[str, Any]:
    if not first:
        return {"kappa": None, "alpha": None, "agreement": None, "both_yes": 0}
    rng = np.random.default_rng(_SEED)

    def measure(rows: Any) -> float:
        """Kappa of a sample of the papers, by their places."""
        return cohen_kappa([first[at] for at in rows], [second[at] for at in rows])

    low, high = bootstrap_interval(measure, len(first), rng, ROUNDS)
    pairs = list(zip(first, second, strict=True))
    return {
        "kappa": _figure(cohen_kappa(first, second), low, high, len(first)),
        "alpha": round(krippendorff_alpha([first, second]), 4),
        "agreement": round(sum(a == b for a, b in pairs) / len(pairs), 4),
        "both_yes": sum(a == b == "yes" for a, b in pairs),
    }


def _figure(value: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4), "n": n}


def disagreements(
    library: Library,
    *,
    facet: str = "",
    who: Sequence[str] = (),
    held: Codings | None = None,
) -> list[Disagreement]:
    """Every category of a paper on which coders differ; those to settle first.

    Settled is what a settling decision in force says that is later than what they said.
    """
    held = codings(library) if held is None else held
    said: dict[Place, dict[str, Decision]] = {}
    for name, mine in held.coders.items():
        if who and name not in who:
            continue
        for place, one in mine.items():
            if facet in ("", place[1]):
                said.setdefault(place, {})[name] = one
    found = []
    for place, some in said.items():
        if len({one.verdict for one in some.values()}) > 1:
            settling = held.settling.get(place)
            ended = settling is not None and all(
                one.order < settling.order for one in some.values()
            )
            verdicts = {name: one.verdict for name, one in sorted(some.items())}
            by = settling.who if settling is not None and ended else ""
            # Of a merged category, what all said of its parts may come to no word at all.
            holds = held.holds.get(place) or max(some.values(), key=lambda one: one.order)
            found.append(Disagreement(*place, verdicts, by, holds.verdict))
    return sorted(found, key=lambda d: (bool(d.settled_by), d.paper_id, d.facet, d.key))


def check_settling(library: Library, places: Sequence[Place], who: str) -> None:
    """Raise UsageError where `who` cannot settle: no disagreement, or a party to it."""
    open_ = {(d.paper_id, d.facet, d.key): d for d in disagreements(library)}
    for place in places:
        found = open_.get(place)
        if found is None:
            raise UsageError(
                f"nobody differs on {place[2]} of {place[0]}",
                item=place[2],
                remedy="kb agreement --disagreements lists what there is to settle",
                code="nothing_to_settle",
            )
        if who in found.said:
            raise UsageError(
                f"{who} is a party to this disagreement",
                item=place[2],
                remedy="a third coder settles: --who NAME; or decide anew without --settle",
                code="own_disagreement",
            )
