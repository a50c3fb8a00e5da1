"""The map as a network: groups of challenges, papers that bridge phases, the graph itself.

Everything follows from the edges; where chance would decide, the seed is fixed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations

import networkx as nx

from kb.map_parts import Bridge, Edge, Node, Shared, without_empty

_MOST_TOLD = 50
"""Challenges of one paper that are paired with each other: more come from a list, not a text."""
MOST = 20
"""Bridging papers, and challenges of several phases, that a map lists."""


def graph(nodes: Iterable[Node], edges: Iterable[Edge]) -> nx.MultiDiGraph[str]:
    """A networkx graph; attributes are plain text, numbers and truth values.

    Missing values are left out, as GraphML and GEXF have no word for them.
    """
    drawn: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in nodes:
        attributes = without_empty(asdict(node))
        drawn.add_node(attributes.pop("id"), **attributes)
    for number, edge in enumerate(edges):
        attributes = {k: v for k, v in asdict(edge).items() if v is not None}
        source, target = attributes.pop("source"), attributes.pop("target")
        drawn.add_edge(source, target, key=f"e{number}", **attributes)
    return drawn


def told_by_paper(edges: Iterable[Edge]) -> dict[str, set[str]]:
    """Paper id -> ids of the challenges that it states."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        if edge.kind == "stated_by":
            told[edge.paper_id].add(edge.source)
    return told


def communities(told: Mapping[str, set[str]], *, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """Groups of challenges that the same papers state, the largest first; singles left out.

    `told` is as `told_by_paper` gives it.
    """
    shared = Counter(
        pair
        for challenges in told.values()
        for pair in combinations(sorted(challenges)[:_MOST_TOLD], 2)
    )
    tied: nx.Graph[str] = nx.Graph()
    tied.add_weighted_edges_from((*pair, count) for pair, count in sorted(shared.items()))
    found = nx.community.louvain_communities(tied, seed=seed)
    # What a single paper lists is its list, and no community of challenges.
    groups = [tuple(sorted(group)) for group in found if len(group) > 1]
    of = {one: place for place, group in enumerate(groups) for one in group}
    tying = Counter(
        place
        for challenges in told.values()
        for place, count in Counter(of[one] for one in challenges if one in of).items()
        if count > 1
    )
    groups = [group for place, group in enumerate(groups) if tying[place] > 1]
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def phases_of(edges: Iterable[Edge]) -> dict[str, tuple[str, ...]]:
    """Challenge id -> keys of its phases, as it ranks them."""
    phases: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if edge.kind == "in_phase":
            phases[edge.target].append(edge.source.removeprefix("phase:"))
    return {one: tuple(keys) for one, keys in phases.items()}


def bridging(
    told: Mapping[str, set[str]], phases: Mapping[str, Sequence[str]], *, most: int | None = MOST
) -> tuple[Bridge, ...]:
    """Papers that tie phases together, those of the most phases first; all where `most` is None.

    Counted are the phases of the challenges that a paper states; papers of one phase are
    left out. `told` is as `told_by_paper` gives it, `phases` as `phases_of`.
    """
    counted = (
        Bridge(paper, len({key for one in stated for key in phases.get(one, ())}), len(stated))
        for paper, stated in told.items()
    )
    bridges = [one for one in counted if one.phases > 1]
    ranked = sorted(bridges, key=lambda one: (-one.phases, -one.challenges, one.paper_id))
    return tuple(ranked[:most])


def shared_challenges(
    phases: Mapping[str, Sequence[str]], papers: Mapping[str, int], *, most: int | None = MOST
) -> tuple[Shared, ...]:
    """Challenges of two phases or more that two papers or more state, the widest first.

    Takes: phases, as `phases_of` gives them; papers, how many support each challenge.
    """
    found = [
        Shared(one, tuple(keys), papers[one])
        for one, keys in phases.items()
        if len(keys) > 1 and papers.get(one, 0) > 1
    ]
    ranked = sorted(found, key=lambda one: (-len(one.phases), -one.papers, one.challenge_id))
    return tuple(ranked[:most])
