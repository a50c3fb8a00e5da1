"""What to decide next: the papers on which a decision teaches the tagger most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.catalogue.decisions import Decision, read_log
from kb.catalogue.fronts import Fronts, read_fronts
from kb.catalogue.reading import Reader
from kb.catalogue.today import Place, by_coder_today, stand_ins
from kb.decisions import check_category, coder
from kb.errors import unknown
from kb.library import Library
from taxonomy.informative import choose, worth

STRATEGIES = ("informative", "random")

UNSURE = 0.5
"""Threshold, and probability where the machine has none, of categories without weights."""

_SEED = 20260101

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Open:
    """One category on which the coder has not spoken yet."""

    facet: str
    key: str
    score: float | None
    """The machine's probability; None where it has none."""
    threshold: float
    """From which it would give the tag."""


@dataclass(frozen=True, slots=True)
class Question:
    """One paper to decide on."""

    number: int
    paper_id: str
    title: str
    worth: float
    """What a decision would teach, on no scale; only the order counts."""
    open: tuple[Open, ...]
    """The open categories, those first on which the machine wavers most."""

    def to_json(self) -> dict[str, Any]:
        """The question as the command line prints it."""
        return {
            "paper_id": self.paper_id,
            "title": self.title,
            "worth": round(self.worth, 4),
            "open": [
                {
                    "facet": one.facet,
                    "key": one.key,
                    "score": None if one.score is None else round(one.score, 4),
                    "threshold": round(one.threshold, 4),
                }
                for one in self.open
            ],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one coder has come."""

    who: str
    papers: int
    """In the library."""
    touched: int
    """On which this coder has decided anything."""
    complete: dict[str, int]
    """Facet -> papers of which this coder has decided every category."""
    verdicts: int

    def to_json(self) -> dict[str, Any]:
        """The figures as the command line prints them."""
        return {
            "who": self.who,
            "papers": self.papers,
            "touched": self.touched,
            "complete": self.complete,
            "verdicts": self.verdicts,
        }


def queue(
    library: Library,
    *,
    count: int = 10,
    who: str = "",
    facet: str = "",
    strategy: str = "informative",
) -> list[Question]:
    """The papers that this coder should decide on next, best first.

    Papers on which the coder has decided every category asked about are left out. The same
    library gives the same queue. Raises UsageError for an unknown facet or strategy.
    """
    if strategy not in STRATEGIES:
        raise unknown("strategy", strategy, STRATEGIES)
    if facet:
        check_category(library, facet)
    name = coder(library, who)
    pairs = pairs_of(library, facet)
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
        mine = _said(reader, name)
    undecided = np.array(
        [[(paper, *pair) not in mine for pair in pairs] for paper in fronts.ids], dtype=bool
    ).reshape(len(fronts.ids), len(pairs))
    chances, has = _chances(fronts, origins(library, pairs))
    limits = thresholds(library, pairs)
    if strategy == "random":
        open_rows = np.flatnonzero(undecided.any(axis=1))
        rows = np.random.default_rng(_SEED).permutation(open_rows)[:count]
        value = np.zeros(len(fronts.ids), dtype=np.float32)
    else:
        # Where no category has weights, nothing wavers more than anything else; elsewhere
        # a category without any would only add the same to every paper.
        counted = undecided & (has if has.any() else ~has)
        value = worth(chances, limits, counted)
        decided = [at for at, paper in enumerate(fronts.ids) if not undecided[at].all()]
        rows = choose(value, fronts.vectors, fronts.vectors[decided], count)
    return [
        _question(fronts, pairs, int(row), undecided, chances, has, limits, float(value[row]))
        for row in rows
    ]


def progress(library: Library, who: str = "") -> Progress:
    """How far a coder has come. Raises UsageError where nobody is named."""
    name = coder(library, who)
    with library.catalogue.read() as reader:
        mine = _said(reader, name)
    held = set(library.snapshot().table.paper_id)
    papers = {paper for paper, _, _ in mine} & held
    complete = {
        facet.key: sum(all((p, facet.key, key) in mine for key in facet.keys) for p in papers)
        for facet in library.codebook.facets
    }
    return Progress(name, len(held), len(papers), complete, len(mine))


def _said(reader: Reader, who: str) -> dict[Place, Decision]:
    """What a coder says of the papers and categories of today."""
    log, stands = read_log(reader.connection), stand_ins(reader.connection)
    return by_coder_today(log, stands, reader.filing).get(who, {})


def pairs_of(library: Library, facet: str) -> list[Pair]:
    """(facet, key) of every category of a facet, or of all for ""."""
    return [
        (one.key, key)
        for one in library.codebook.facets
        if facet in ("", one.key)
        for key in one.keys
    ]


def origins(library: Library, pairs: list[Pair]) -> list[Pair]:
    """The pairs under which scores are held and weights known: those before any renaming."""
    filing = library.taxonomy[1]
    return [(facet, filing.origin(facet, key)) for facet, key in pairs]


def _chances(
    fronts: Fronts, pairs: list[Pair]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(n, c) probabilities as stored, and where there is one."""
    held = np.array(
        [[scores.get(f, {}).get(key, np.nan) for f, key in pairs] for scores in fronts.scores],
        dtype=np.float32,
    ).reshape(len(fronts.scores), len(pairs))
    has = ~np.isnan(held)
    return np.where(has, held, np.float32(UNSURE)).astype(np.float32), has


def thresholds(library: Library, pairs: list[Pair]) -> npt.NDArray[np.float32]:
    """(c,) the probability from which the tagger gives each category's tag."""
    tagger = library.tagger
    known = [(facet, key) for facet, keys in tagger.facets.items() for key in keys]
    limits = dict(zip(known, tagger.parts.heads.thresholds.tolist(), strict=True))
    before = origins(library, pairs)
    return np.array([limits.get(pair, UNSURE) for pair in before], dtype=np.float32)


def _question(
    fronts: Fronts,
    pairs: list[Pair],
    row: int,
    undecided: npt.NDArray[np.bool_],
    chances: npt.NDArray[np.float32],
    has: npt.NDArray[np.bool_],
    limits: npt.NDArray[np.float32],
    value: float,
) -> Question:
    columns = [at for at in range(len(pairs)) if undecided[row, at]]
    columns.sort(key=lambda at: abs(float(chances[row, at] - limits[at])))
    return Question(
        int(fronts.numbers[row]),
        fronts.ids[row],
        fronts.texts[row][0],
        value,
        tuple(
            Open(
                *pairs[at],
                float(chances[row, at]) if has[row, at] else None,
                float(limits[at]),
            )
            for at in columns
        ),
    )
