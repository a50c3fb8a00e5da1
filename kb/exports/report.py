"""The map as a Markdown report: the lattice, the gaps, each challenge with its quotes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kb.lattice import Cell, Lattice, PaperFacts
from kb.map_parts import supported
from kb.maps import ChallengeMap, Edge, Node
from kb.quotes import legible

MARK = "sixfold-map-edges"
"""Opens the comment at the end that holds the edges as JSON, for `kb verify`."""
_MOST_QUOTES = 12
_MOST_GROUPS = 20
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|~$>=-])")
_HEADINGS = {
    "stated_by": "Stated by",
    "answered_by": "Answered by (inferred)",
    "directed_by": "Directions (inferred)",
}


def escaped(text: str) -> str:
    """`text` so that Markdown and HTML print it as it is."""
    plain = legible(text).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", plain)


def as_markdown(
    chart: ChallengeMap, papers: Mapping[str, PaperFacts], changes: Sequence[str] = ()
) -> bytes:
    """The whole map for a reader; at most 12 quotes of a kind are shown for a challenge.

    `changes`: lines on what is new. All edges stand in a comment at the end, so that the
    report can be verified like the other formats.
    """
    lines = ["# Challenge map", "", *_about(chart), "", "## Cells", "", *_matrix(chart)]
    lines += [*_gaps(chart), *_years(chart), *_network(chart, papers)]
    lines += ["", *changes] if changes else []
    lines += ["", "## Challenges", ""]
    told: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in chart.edges:
        told[edge.source].append(edge)
    for node in chart.nodes:
        if node.kind == "challenge":
            lines += _challenge(node, told[node.id], papers)
    lines += ["## Manifest", "", *in_code(dict(chart.meta)), ""]
    lines += [f"<!-- {MARK}", _held(chart), "-->"]
    return ("\n".join(lines) + "\n").encode()


def _gaps(chart: ChallengeMap) -> list[str]:
    if not chart.gaps:
        return []
    grid = chart.lattice
    rows = [
        f"{place}. {_name(chart, grid.row_axis, gap.row)} × "
        f"{_name(chart, grid.column_axis, gap.column)}: {escaped(gap.reason)}"
        for place, gap in enumerate(chart.gaps, start=1)
    ]
    return ["", "## Under\\-explored", "", *rows]


def _years(chart: ChallengeMap) -> list[str]:
    if not chart.years:
        return []
    rows = [
        f"| {y.year} | {y.papers} | {y.challenges} | {y.new} | {y.directions} |"
        for y in chart.years
    ]
    head = ["| Year | Papers | Challenges | New | Directions |", "|---|---:|---:|---:|---:|"]
    shown = [y.year for y in chart.years]
    of: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for one in chart.trends:
        if one.of.startswith("phase:"):
            of[one.of][one.year] = f"{one.challenges} / {one.papers}"
    table = [f"| Phase | {' | '.join(map(str, shown))} |", "|---|" + "---:|" * len(shown)]
    for key, cells in of.items():
        name = _name(chart, "phase", key.removeprefix("phase:"))
        table.append(f"| {name} | {' | '.join(cells.get(year, '–') for year in shown)} |")
    more = ["", *table, "", "Challenges stated / papers published."] if of else []
    return ["", "## Years", "", *head, *rows, *more]


def _network(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> list[str]:
    labels = {node.id: node.label for node in chart.nodes}
    groups = [
        f"{place}. {len(group)} challenges, among them: "
        + "; ".join(escaped(labels[one]) for one in group[:3])
        for place, group in enumerate(chart.communities[:_MOST_GROUPS], start=1)
    ]
    bridges = [
        f"- {escaped(papers[one.paper_id].title if one.paper_id in papers else one.paper_id)}: "
        f"{one.challenges} challenges of {one.phases} phases"
        for one in chart.bridges
    ]
    shared = [
        f"- {escaped(labels[one.challenge_id])}: {one.papers} papers, "
        + ", ".join(_name(chart, "phase", key) for key in one.phases)
        for one in chart.shared
    ]
    lines: list[str] = []
    for title, rows in (
        ("Challenges that the same papers state", groups),
        ("Papers that bridge phases", bridges),
        ("Challenges of several phases", shared),
    ):
        lines += ["", f"## {title}", "", *rows] if rows else []
    return lines


def _name(chart: ChallengeMap, axis: str, key: str) -> str:
    return escaped(chart.meta["names"].get(f"{axis}:{key}", key))


def _about(chart: ChallengeMap) -> list[str]:
    """What the map is of, in one line."""
    meta = chart.meta
    counts = ", ".join(f"{meta[name]:,} {name}" for name in ("papers", "challenges", "directions"))
    asked = f"{counts}; {told(meta)}; library generation {meta['generation']}"
    return [f"{escaped(asked)}. How it was made: “Manifest”, at the end."]


def told(meta: Mapping[str, Any]) -> str:
    """The filters of a map as a reader reads them: names of categories, not their keys."""
    names, axes = meta.get("names", {}), {"phases": "phase", "layers": "layer"}
    parts = []
    for name, value in sorted(meta.get("filters", {}).items()):
        values = value if isinstance(value, list | tuple) else [value]
        shown = [str(names.get(f"{axes.get(name, name)}:{one}", one)) for one in values]
        parts.append(f"{name.replace('_', ' ')}: {', '.join(shown)}")
    return "; ".join(parts) or "no filter"


def in_code(value: object) -> list[str]:
    """JSON as a block of code, in which nothing can end the block or be read as HTML."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, allow_nan=False, indent=1)
    return ["```json", *text.replace("<", "\\u003c").replace("`", "\\u0060").split("\n"), "```"]


def _matrix(chart: ChallengeMap) -> list[str]:
    grid, names = chart.lattice, chart.meta["names"]
    head = [escaped(names.get(f"{grid.column_axis}:{key}", key)) for key in grid.columns]
    lines = [f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    for row in grid.rows:
        cells = " | ".join(_cell(grid, grid.cell(row, column)) for column in grid.columns)
        lines.append(f"| {escaped(names.get(f'{grid.row_axis}:{row}', row))} | {cells} |")
    return [*lines, "", "Challenges stated / papers read for them."]


def _cell(grid: Lattice, cell: Cell) -> str:
    return grid.emptiness(cell) or f"{cell.challenges} / {cell.denominator}"


def _challenge(node: Node, edges: Sequence[Edge], papers: Mapping[str, PaperFacts]) -> list[str]:
    years = "–".join(str(y) for y in dict.fromkeys((node.first_year, node.last_year)) if y)
    whose = " *(a person's words)*" if node.renamed else ""
    lines = [
        f"### {escaped(node.label)}{whose}",
        "",
        f"`{node.id}` · {node.status} · {_counted(node, edges)} · {years or 'no date'}",
        "",
    ]
    for kind, heading in _HEADINGS.items():
        of_kind = [edge for edge in edges if edge.kind == kind]
        if not of_kind:
            continue
        lines += [f"**{heading}**", ""]
        lines += [_quoted(edge, papers) for edge in of_kind[:_MOST_QUOTES]]
        if len(of_kind) > _MOST_QUOTES:
            lines.append(f"- … and {len(of_kind) - _MOST_QUOTES} more")
        lines.append("")
    return lines


def _counted(node: Node, edges: Sequence[Edge]) -> str:
    papers = {edge.paper_id for edge in edges if edge.kind == "stated_by"}
    return supported(len(papers), node.papers or 0)


def _quoted(edge: Edge, papers: Mapping[str, PaperFacts]) -> str:
    facts = papers.get(edge.paper_id)
    title = escaped(facts.title if facts else edge.paper_id)
    url = legible(facts.url) if facts else ""
    # Only a plain address becomes a link: anything else could carry script or break out.
    linked = f"[{title}](<{url}>)" if re.fullmatch(r"https?://[^\s<>()\\]+", url) else title
    page = f", page {edge.page}" if edge.page else ""
    moved = f", {escaped(edge.decided)}" if edge.decided else ""
    return f"- “{escaped(edge.quote)}” ({linked}{page}{moved})"


def _held(chart: ChallengeMap) -> str:
    """The edges as JSON that cannot end the comment."""
    data = json.dumps(chart.to_json()["edges"], ensure_ascii=False, allow_nan=False)
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")
