"""The lattice: papers, challenges and directions in every cell of two facets.

A cell always says out of how many papers, and tells three kinds of emptiness apart:
nothing stated by the papers that are there, no papers found by a search that was made,
and no search made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from kb.challenges import Challenge
from kb.evidence import Statement

STATES = ("stated", "none_stated", "no_papers", "never_searched")
AXES = ("phase", "layer", "year", "category")
"""Axes that every paper has; further ones come from `PaperFacts.facets`."""
UNKNOWN_YEAR = "unknown"


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What a map and its bibliography need to know of a paper."""

    paper_id: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    published: str = ""
    """ISO date, as precise as known."""
    categories: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    """Effective keys."""
    layers: tuple[str, ...] = ()
    url: str = ""
    doi: str = ""
    arxiv_id: str = ""
    examined: bool = True
    """True where its sentences have been judged: only then is silence a finding."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further axes, e.g. `{"venue": ("ICSE",)}`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the lattice."""

    row: str
    column: str
    papers: int
    """Papers filed under both keys."""
    challenges: int
    """Challenges that at least one of these papers states."""
    directions: int
    """Direction statements of these papers."""
    denominator: int
    """Those of the papers whose text was examined for statements."""
    state: str
    """`stated`: a challenge is. `none_stated`: none in `denominator` papers. `no_papers`:
    none, though a search for the cell is logged or the filter leaves out those that the
    library has there. `never_searched`: none, and no search."""

    def to_json(self) -> dict[str, object]:
        """Keys of the contract."""
        return {
            "row": self.row,
            "column": self.column,
            "papers": self.papers,
            "challenges": self.challenges,
            "directions": self.directions,
            "denominator": self.denominator,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell with less work than its row and column let expect."""

    row: str
    column: str
    score: float
    """How far below expectation, in Poisson standard deviations; larger is emptier."""
    expected: float
    """Papers expected if row and column were independent."""
    reason: str
    """One sentence with the figures, for a person."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """All cells of two axes."""

    row_axis: str
    column_axis: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    """Row by row."""
    filtered: bool = False
    """True where the papers are not all that the library has."""

    def cell(self, row: str, column: str) -> Cell:
        """The cell of two keys. Raises KeyError for keys that are not on the axes."""
        if row not in self.rows or column not in self.columns:
            raise KeyError(f"no cell ({row}, {column})")
        return self.cells[self.rows.index(row) * len(self.columns) + self.columns.index(column)]

    def emptiness(self, cell: Cell) -> str:
        """Why no challenge is in the cell, in a few words; "" where one is."""
        return {
            "none_stated": f"none in {cell.denominator:,}",
            "no_papers": "none pass" if self.filtered else "no papers",
            "never_searched": "not searched",
        }.get(cell.state, "")


Searched = Collection[tuple[str | None, str | None]]
"""Cells that logged searches covered; None on one side stands for every key there."""


def build(
    papers: Sequence[PaperFacts],
    challenges: Sequence[Challenge],
    directions: Sequence[Statement],
    *,
    rows: str = "phase",
    columns: str = "layer",
    row_keys: Sequence[str] = (),
    column_keys: Sequence[str] = (),
    searched: Searched = (),
    filtered: bool = False,
) -> Lattice:
    """The lattice of `papers` over the axes `rows` and `columns`.

    `searched` are cells that are known to be empty where no paper is in them; `filtered`:
    whether `papers` are not all that the library has.

    `row_keys` and `column_keys` fix which keys an axis has and in what order (a codebook's
    order, so that empty categories show); where empty, the keys that occur, sorted.
    Raises ValueError for an axis without given keys that is neither in `AXES` nor a facet
    of any paper, and for one axis twice.
    """
    if rows == columns:
        raise ValueError(f"rows and columns are both {rows!r}")
    filed = {p.paper_id: (_on_axis(p, rows), _on_axis(p, columns)) for p in papers}
    for axis, keys in ((rows, row_keys), (columns, column_keys)):
        if not keys:  # keys that are given make an axis, though no paper has any of them
            _check_axis(axis, papers)
    across = tuple(row_keys) or _occurring(keys for keys, _ in filed.values())
    down = tuple(column_keys) or _occurring(keys for _, keys in filed.values())
    in_cell: Counter[tuple[str, str]] = Counter()
    examined: Counter[tuple[str, str]] = Counter()
    for paper in papers:
        for pair in _pairs(filed[paper.paper_id]):
            in_cell[pair] += 1
            examined[pair] += paper.examined
    stated = Counter(
        pair
        for challenge in challenges
        for pair in {p for key in challenge.paper_ids for p in _pairs(filed.get(key, ((), ())))}
    )
    directed = Counter(
        pair for said in directions for pair in _pairs(filed.get(said.paper_id, ((), ())))
    )
    cells = [
        _cell((row, column), in_cell, stated, directed, examined, searched)
        for row in across
        for column in down
    ]
    return Lattice(rows, columns, across, down, tuple(cells), filtered)


def filled(papers: Iterable[PaperFacts], rows: str, columns: str) -> set[tuple[str, str]]:
    """Cells in which any of the papers is."""
    places = (_pairs((_on_axis(one, rows), _on_axis(one, columns))) for one in papers)
    return {pair for pairs in places for pair in pairs}


def under_explored(lattice: Lattice, *, most: int = 10) -> tuple[Gap, ...]:
    """The emptiest cells first, each with the reason.

    A cell is compared with what its row and column would give if they were independent.
    Cells that were never searched are left out: nothing is known of them. Ties go to the
    cell with fewer challenges, then in the axes' order.
    """
    per_row: Counter[str] = Counter()
    per_column: Counter[str] = Counter()
    for cell in lattice.cells:
        per_row[cell.row] += cell.papers
        per_column[cell.column] += cell.papers
    total = sum(per_row.values())
    gaps = []
    for cell in lattice.cells:
        expected = per_row[cell.row] * per_column[cell.column] / total if total else 0.0
        if cell.state != "never_searched" and expected > cell.papers:
            score = round((expected - cell.papers) / sqrt(expected), 4)
            reason = _reason(cell, expected, lattice.filtered)
            gap = Gap(cell.row, cell.column, score, round(expected, 2), reason)
            gaps.append((-score, cell.challenges, gap))
    ranked = sorted(enumerate(gaps), key=lambda item: (item[1][0], item[1][1], item[0]))
    return tuple(gap for _, (_, _, gap) in ranked[:most])


def _reason(cell: Cell, expected: float, filtered: bool) -> str:
    papers = f"{cell.papers or 'no'} paper" + ("s" if cell.papers > 1 else "")
    said = f"{papers} where its row and column let expect {expected:.1f}"
    if cell.state == "no_papers":
        return said if filtered else f"{said}, though it was searched"
    if cell.state == "none_stated":
        return f"{said}; no challenge stated in {cell.denominator} examined"
    return f"{said}; {cell.challenges} challenges, {cell.directions} directions stated"


def _on_axis(paper: PaperFacts, axis: str) -> tuple[str, ...]:
    if axis == "phase":
        return paper.phases
    if axis == "layer":
        return paper.layers
    if axis == "year":
        return (str(paper.year) if paper.year is not None else UNKNOWN_YEAR,)
    if axis == "category":
        return paper.categories
    return paper.facets.get(axis, ())


def _check_axis(axis: str, papers: Sequence[PaperFacts]) -> None:
    if axis in AXES:
        return
    facets = sorted({name for paper in papers for name in paper.facets})
    if axis not in facets:
        raise ValueError(f"unknown axis {axis!r}; known: {', '.join([*AXES, *facets])}")


def _occurring(keys: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({key for some in keys for key in some}))


def _pairs(filed: tuple[tuple[str, ...], tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(row, column) for row in filed[0] for column in filed[1]}


def _cell(
    pair: tuple[str, str],
    papers: Mapping[tuple[str, str], int],
    stated: Mapping[tuple[str, str], int],
    directed: Mapping[tuple[str, str], int],
    examined: Mapping[tuple[str, str], int],
    searched: Searched,
) -> Cell:
    row, column = pair
    count, challenges = papers.get(pair, 0), stated.get(pair, 0)
    covered = {(row, column), (row, None), (None, column), (None, None)}
    if challenges:
        state = "stated"
    elif count:
        state = "none_stated"
    else:
        state = "no_papers" if covered.intersection(searched) else "never_searched"
    return Cell(row, column, count, challenges, directed.get(pair, 0), examined.get(pair, 0), state)
