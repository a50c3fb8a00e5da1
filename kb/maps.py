"""The challenge map: phase and layer → challenge → paper → direction, a quote on every edge.

A map is a value: the same library gives the same map and the same bytes. What authors
state and what the system infers are told apart on each edge (`basis`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kb import lattice
from kb.challenges import Challenge, prominence, within
from kb.evidence import Evidence, Statement, statement_id
from kb.lattice import Gap, Lattice, PaperFacts
from kb.map_network import bridging, communities, phases_of, shared_challenges, told_by_paper
from kb.map_parts import (
    EDGE_KINDS,
    NODE_KINDS,
    STATED,
    Bridge,
    Edge,
    Node,
    Shared,
    Trend,
    Year,
    without_empty,
)
from kb.map_trends import trends, years
from kb.quotes import exportable, legible

__all__ = [
    "EDGE_KINDS",
    "NODE_KINDS",
    "ChallengeMap",
    "Edge",
    "Node",
    "Year",
    "build_map",
    "digest",
]

FORMAT = "sixfold-map"
SCHEMA = 1


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
    trends: tuple[Trend, ...] = ()
    """Phases, layers and the best supported challenges, year by year."""
    communities: tuple[tuple[str, ...], ...] = ()
    """Ids of challenges that the same papers state, the largest group first."""
    bridges: tuple[Bridge, ...] = ()
    """Papers that state challenges of several phases, the widest first."""
    shared: tuple[Shared, ...] = ()
    """Challenges of several phases, the widest first."""

    def to_json(self) -> dict[str, Any]:
        """The map in the contract's shape, and what is worked out from it besides."""
        return {
            "meta": dict(self.meta),
            "rows": list(self.lattice.rows),
            "columns": list(self.lattice.columns),
            "cells": [cell.to_json() for cell in self.lattice.cells],
            "nodes": [without_empty(asdict(node)) for node in self.nodes],
            "edges": [asdict(edge) for edge in self.edges],
            "under_explored": [asdict(gap) for gap in self.gaps],
            "years": [asdict(year) for year in self.years],
            "trends": [asdict(one) for one in self.trends],
            "communities": [list(group) for group in self.communities],
            "bridging": [asdict(one) for one in self.bridges],
            "shared": [asdict(one) | {"phases": list(one.phases)} for one in self.shared],
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

    `challenges` and `directions` may be the whole library's: they are narrowed to the papers.
    `names`: how phases and layers are shown; for axes, keys and ValueError see `lattice.build`.
    """
    known = {paper.paper_id: paper for paper in papers}
    kept, stated = said = _of_papers(known, challenges, directions)
    grid = lattice.build(
        papers,
        *said,
        rows=rows,
        columns=columns,
        row_keys=row_keys,
        column_keys=column_keys,
        searched=searched,
        filtered=bool(filters),
    )
    edges = _edges(kept, stated)
    told, phases = told_by_paper(edges), phases_of(edges)
    groups = communities(told)
    nodes = _grouped(_nodes(edges, kept, stated, known, names or {}), groups)
    asked = {"filters": dict(filters or {}), "generation": generation}
    judged = {"versions": dict(sorted((versions or {}).items()))}
    return ChallengeMap(
        _manifest(grid, nodes, edges) | asked | judged | _counts(papers, kept, stated),
        grid,
        nodes,
        edges,
        lattice.under_explored(grid),
        years(papers, kept, stated),
        trends(known, kept),
        groups,
        bridging(told, phases),
        shared_challenges(phases, {one.challenge_id: one.papers for one in kept}),
    )


def _of_papers(
    known: Mapping[str, PaperFacts],
    challenges: Sequence[Challenge],
    directions: Sequence[Statement],
) -> tuple[list[Challenge], list[Statement]]:
    """What the known papers alone state: challenges by prominence, directions by paper."""
    narrowed = (within(challenge, known.keys()) for challenge in challenges)
    kept = sorted((part for part in narrowed if part is not None), key=prominence)
    stated = (said for said in directions if said.paper_id in known and exportable(said.quote))
    return kept, sorted(stated, key=lambda said: (said.paper_id, statement_id(said)))


def digest(value: object) -> str:
    """SHA-256, in hex, of `value` as canonical JSON."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _counts(
    papers: Sequence[PaperFacts], kept: Sequence[Challenge], stated: Sequence[Statement]
) -> dict[str, int]:
    return {"papers": len(papers), "challenges": len(kept), "directions": len(stated)}


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
        basis="stated" if kind in STATED else "inferred",
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
        human=said.human or bool(item.decided),
        decided=legible(item.decided),
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
        renamed=challenge.renamed,
    )


def _grouped(nodes: Sequence[Node], groups: Sequence[Sequence[str]]) -> tuple[Node, ...]:
    """`nodes`, each with the number of its group."""
    number = {one: place for place, group in enumerate(groups, 1) for one in group}
    return tuple(replace(node, community=number.get(node.id)) for node in nodes)


def _finite(value: float) -> float:
    """`value` to 4 digits; 0 where it is no number, which no file format could carry."""
    return round(float(value), 4) if abs(value) <= 1e6 else 0.0
