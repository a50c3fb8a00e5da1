"""The challenge map: phase and layer → challenge → paper → direction, a quote on every edge.

A map is a value: the same library gives the same map and the same bytes. What authors
state and what the system infers are told apart on each edge (`basis`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import Any

import networkx as nx

from kb import lattice
from kb.challenges import Challenge, prominence, within
from kb.evidence import Evidence, Statement, statement_id
from kb.lattice import Cell, Gap, Lattice, PaperFacts
from kb.quotes import exportable, legible

FORMAT = "sixfold-map"
SCHEMA = 1
NODE_KINDS = ("phase", "layer", "challenge", "direction", "paper")
EDGE_KINDS = ("in_phase", "in_layer", "stated_by", "answered_by", "directed_by", "proposes")
"""phase/layer → challenge; challenge → the paper that states it; challenge → a paper that
claims to answer it; challenge → a direction like it; paper → a direction that it states."""
_STATED = frozenset({"stated_by", "proposes"})


@dataclass(frozen=True, slots=True)
class Node:
    """A phase, layer, challenge, direction or paper."""

    id: str
    """`phase:KEY`, `layer:KEY`, a challenge's or direction's id, or `paper:ID`."""
    kind: str
    label: str
    status: str = ""
    """Of a challenge: `open`, `addressed` or `contested`."""
    papers: int | None = None
    """Of a challenge: supporting papers, those that share an author counted once."""
    first_year: int | None = None
    last_year: int | None = None
    year: int | None = None
    """Of a paper."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation, and the quote that shows it."""

    source: str
    target: str
    kind: str
    basis: str
    """`stated`: the quote itself says it. `inferred`: the system related them."""
    paper_id: str
    passage_id: str
    page: int | None
    quote: str
    start: int | None
    """First character of the quote in the passage; None where not recorded."""
    end: int | None
    score: float
    """The extractor's confidence in the quote's label, 0 to 1."""
    likeness: float
    """How like the challenge the quote is, 0 to 1; 1 where nothing was inferred."""
    method: str
    version: str
    human: bool


@dataclass(frozen=True, slots=True)
class Year:
    """What happened in one year."""

    year: int
    papers: int
    challenges: int
    """Challenges stated in it."""
    new: int
    """Challenges stated for the first time."""
    directions: int


@dataclass(frozen=True, slots=True)
class ChallengeMap:
    """Nodes, edges and the lattice over them."""

    meta: Mapping[str, Any]
    """Manifest: format, schema, filters, generation, versions, counts, hashes. No clock."""
    lattice: Lattice
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    gaps: tuple[Gap, ...] = ()
    """Under-explored cells, the emptiest first."""
    years: tuple[Year, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The map in the contract's shape, with `under_explored` and `years` besides."""
        return {
            "meta": dict(self.meta),
            "rows": list(self.lattice.rows),
            "columns": list(self.lattice.columns),
            "cells": [cell.to_json() for cell in self.lattice.cells],
            "nodes": [_without_empty(asdict(node)) for node in self.nodes],
            "edges": [asdict(edge) for edge in self.edges],
            "under_explored": [asdict(gap) for gap in self.gaps],
            "years": [asdict(year) for year in self.years],
        }


def build_map(
    papers: Sequence[PaperFacts],
    challenges: Sequence[Challenge],
    directions: Sequence[Statement],
    *,
    rows: str = "phase",
    columns: str = "layer",
    row_keys: Sequence[str] = (),
    column_keys: Sequence[str] = (),
    searched: lattice.Searched = (),
    names: Mapping[str, str] | None = None,
    filters: Mapping[str, Any] | None = None,
    generation: int = 0,
    versions: Mapping[str, str] | None = None,
) -> ChallengeMap:
    """The map of `papers`, those that pass the caller's filters.

    `challenges` may be of the whole library: each is narrowed to the given papers.
    `directions` are the library's direction statements. `names` gives phases and layers
    their display names. `filters`, `generation` and `versions` go into the manifest as
    they are. For axes and their keys see `kb.lattice.build`, also for ValueError.
    """
    known = {paper.paper_id: paper for paper in papers}
    narrowed = (within(challenge, known.keys()) for challenge in challenges)
    kept = sorted((part for part in narrowed if part is not None), key=prominence)
    stated = sorted(
        (said for said in directions if said.paper_id in known and exportable(said.quote)),
        key=lambda said: (said.paper_id, statement_id(said)),
    )
    grid = lattice.build(
        papers,
        kept,
        stated,
        rows=rows,
        columns=columns,
        row_keys=row_keys,
        column_keys=column_keys,
        searched=searched,
    )
    edges = _edges(kept, stated)
    nodes = _nodes(edges, kept, stated, known, names or {})
    asked = {"filters": dict(filters or {}), "generation": generation}
    counts = {"papers": len(papers), "challenges": len(kept), "directions": len(stated)}
    made_by = {"versions": dict(sorted((versions or {}).items()))}
    meta = _manifest(grid, nodes, edges) | asked | made_by | counts
    gaps = lattice.under_explored(grid)
    return ChallengeMap(meta, grid, nodes, edges, gaps, _years(papers, kept, stated))


def from_json(data: Mapping[str, Any]) -> ChallengeMap:
    """The map that `to_json` gave. Raises ValueError for anything else, naming what is wrong."""
    meta = data.get("meta")
    if not isinstance(meta, Mapping) or meta.get("format") != FORMAT:
        raise ValueError(f"not a map: meta.format is not {FORMAT!r}")
    if meta.get("schema") != SCHEMA:
        raise ValueError(f"map of schema {meta.get('schema')!r}; this version reads {SCHEMA}")
    try:
        grid = Lattice(
            meta["rows"],
            meta["columns"],
            tuple(data["rows"]),
            tuple(data["columns"]),
            tuple(Cell(**_only(Cell, cell)) for cell in data["cells"]),
        )
        return ChallengeMap(
            dict(meta),
            grid,
            tuple(Node(**_only(Node, node)) for node in data["nodes"]),
            tuple(Edge(**_only(Edge, edge)) for edge in data["edges"]),
            tuple(Gap(**_only(Gap, gap)) for gap in data.get("under_explored", ())),
            tuple(Year(**_only(Year, year)) for year in data.get("years", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a complete map: {error}") from error


def graph(chart: ChallengeMap) -> nx.MultiDiGraph[str]:
    """The map as a networkx graph; attributes are plain text, numbers and truth values.

    Missing values are left out, as GraphML and GEXF have no word for them.
    """
    drawn: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in chart.nodes:
        attributes = _without_empty(asdict(node))
        drawn.add_node(attributes.pop("id"), **attributes)
    for number, edge in enumerate(chart.edges):
        attributes = {k: v for k, v in asdict(edge).items() if v is not None}
        source, target = attributes.pop("source"), attributes.pop("target")
        drawn.add_edge(source, target, key=f"e{number}", **attributes)
    return drawn


def communities(chart: ChallengeMap, *, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """Groups of challenges that the same papers state, the largest first; singles left out."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    for edge in chart.edges:
        if edge.kind == "stated_by":
            told[edge.target].add(edge.source)
    shared = Counter(
        pair for challenges in told.values() for pair in combinations(sorted(challenges), 2)
    )
    tied: nx.Graph[str] = nx.Graph()
    tied.add_weighted_edges_from((*pair, count) for pair, count in sorted(shared.items()))
    found = nx.community.louvain_communities(tied, seed=seed)
    groups = [tuple(sorted(group)) for group in found if len(group) > 1]
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def bridging(chart: ChallengeMap, *, most: int = 10) -> tuple[tuple[str, int, int], ...]:
    """Papers that tie phases together: (paper id, phases, challenges), the most phases first.

    Counted are the phases of the challenges that a paper states; papers of one phase are
    left out.
    """
    phases: defaultdict[str, set[str]] = defaultdict(set)
    for edge in chart.edges:
        if edge.kind == "in_phase":
            phases[edge.target].add(edge.source)
    stated: defaultdict[str, set[str]] = defaultdict(set)
    for edge in chart.edges:
        if edge.kind == "stated_by":
            stated[edge.paper_id].add(edge.source)
    counted = (
        (paper, len(set().union(*(phases[one] for one in told))), len(told))
        for paper, told in stated.items()
    )
    bridges = [item for item in counted if item[1] > 1]
    return tuple(sorted(bridges, key=lambda item: (-item[1], -item[2], item[0]))[:most])


def digest(value: object) -> str:
    """SHA-256, in hex, of `value` as canonical JSON."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(grid: Lattice, nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Any]:
    """What the map's own parts tell of it."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "rows": grid.row_axis,
        "columns": grid.column_axis,
        "names": {node.id: node.label for node in nodes if node.kind in ("phase", "layer")},
        "hashes": {
            "cells": digest([cell.to_json() for cell in grid.cells]),
            "nodes": digest([asdict(node) for node in nodes]),
            "edges": digest([asdict(edge) for edge in edges]),
        },
    }


def _edges(challenges: Sequence[Challenge], directions: Sequence[Statement]) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    for challenge in challenges:
        own = challenge.challenge_id
        told = [item for item in challenge.evidence if exportable(item.statement.quote)]
        for key in challenge.phases:
            shown = [item for item in told if key in item.statement.phases][:1]
            edges.extend(_edge(f"phase:{key}", own, "in_phase", item) for item in shown)
        for key in challenge.layers:
            shown = [item for item in told if key in item.statement.layers][:1]
            edges.extend(_edge(f"layer:{key}", own, "in_layer", item) for item in shown)
        edges.extend(_edge(own, _paper(item), "stated_by", item) for item in told)
        for kind, items in (
            ("answered_by", challenge.answers),
            ("directed_by", challenge.directions),
        ):
            for item in items:
                if exportable(item.statement.quote):
                    target = _paper(item) if kind == "answered_by" else statement_id(item.statement)
                    edges.append(_edge(own, target, kind, item))
    for said in directions:
        item = Evidence(said, 1.0)
        edges.append(_edge(_paper(item), statement_id(said), "proposes", item))
    return tuple(edges)


def _paper(item: Evidence) -> str:
    return f"paper:{item.statement.paper_id}"


def _edge(source: str, target: str, kind: str, item: Evidence) -> Edge:
    said = item.statement
    quote = exportable(said.quote)
    whole = quote == said.quote
    return Edge(
        source=source,
        target=target,
        kind=kind,
        basis="stated" if kind in _STATED else "inferred",
        paper_id=said.paper_id,
        passage_id=said.passage_id,
        page=said.page,
        quote=quote,
        start=said.start if whole else None,
        end=said.end if whole else None,
        score=_finite(said.score),
        likeness=_finite(item.likeness),
        method=said.method,
        version=said.version,
        human=said.human,
    )


def _nodes(
    edges: Sequence[Edge],
    challenges: Sequence[Challenge],
    directions: Sequence[Statement],
    papers: Mapping[str, PaperFacts],
    names: Mapping[str, str],
) -> tuple[Node, ...]:
    """Every node that an edge touches, in the order of `NODE_KINDS`, then of the edges."""
    touched = dict.fromkeys(end for edge in edges for end in (edge.source, edge.target))
    of_challenge = {item.challenge_id: item for item in challenges}
    of_direction = {statement_id(said): said for said in directions}
    for challenge in challenges:
        for item in challenge.directions:
            of_direction.setdefault(statement_id(item.statement), item.statement)
    nodes = []
    for end in touched:
        kind, _, key = end.partition(":")
        if end in of_challenge:
            nodes.append(_challenge_node(of_challenge[end]))
        elif end in of_direction:
            nodes.append(Node(end, "direction", exportable(of_direction[end].quote)))
        elif kind == "paper":
            facts = papers[key]
            title = legible(facts.title) or key
            nodes.append(Node(end, kind, title, year=facts.year, url=legible(facts.url)))
        else:
            nodes.append(Node(end, kind, legible(names.get(end, key))))
    return tuple(sorted(nodes, key=lambda node: NODE_KINDS.index(node.kind)))


def _challenge_node(challenge: Challenge) -> Node:
    return Node(
        challenge.challenge_id,
        "challenge",
        exportable(challenge.statement) or challenge.challenge_id,
        status=challenge.status,
        papers=challenge.papers,
        first_year=challenge.first_year,
        last_year=challenge.last_year,
    )


def _years(
    papers: Sequence[PaperFacts], challenges: Sequence[Challenge], directions: Sequence[Statement]
) -> tuple[Year, ...]:
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


def _finite(value: float) -> float:
    """`value` to 4 digits; 0 where it is no number, which no file format could carry."""
    return round(float(value), 4) if abs(value) <= 1e6 else 0.0


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """`values` without None and "", but with what every node has."""
    always = ("id", "kind", "label")
    return {k: v for k, v in values.items() if k in always or v not in (None, "")}


def _only(of: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `values` that are fields of the dataclass `of`."""
    names = {field.name for field in fields(of)}
    return {key: value for key, value in values.items() if key in names}
