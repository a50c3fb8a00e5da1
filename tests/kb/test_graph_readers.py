"""Graph files read by others: GraphML by igraph, GEXF by the rules of its published schema."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import igraph
import pytest

from kb.exports import export
from kb.map_network import graph
from kb.maps import ChallengeMap
from tests.kb.test_exports import HOSTILE, chart

# Element -> (attributes it must have, attributes it may have, elements it may hold), as in
# `gexf.xsd`, `data.xsd` and `dynamics.xsd` of version 1.2 at github.com/gephi/gexf, folder 1.2.
# What colours, spells and hierarchies need is left out: no export has any.
_TIMES = "start startopen end endopen"
_RULES = {
    name: tuple(set(part.split()) for part in parts)
    for name, parts in {
        "gexf": ("version", "variant", "meta graph"),
        "meta": ("", "lastmodifieddate", "creator keywords description"),
        "creator": ("", "", ""),
        "keywords": ("", "", ""),
        "description": ("", "", ""),
        "graph": (
            "",
            f"timeformat defaultedgetype idtype mode {_TIMES}",
            "attributes nodes edges",
        ),
        "attributes": ("class", f"mode {_TIMES}", "attribute"),
        "attribute": ("id title type", "", "default options"),
        "default": ("", "", ""),
        "nodes": ("", "count", "node"),
        "node": ("id", f"pid label {_TIMES}", "attvalues"),
        "edges": ("", "count", "edge"),
        "edge": ("id source target", f"type label weight {_TIMES}", "attvalues"),
        "attvalues": ("", "", "attvalue"),
        "attvalue": ("for value", _TIMES, ""),
    }.items()
}
_VALUES = {
    ("gexf", "version"): {"1.2"},
    ("graph", "defaultedgetype"): {"directed", "undirected", "mutual"},
    ("graph", "mode"): {"static", "dynamic"},
    ("attributes", "mode"): {"static", "dynamic"},
    ("attributes", "class"): {"node", "edge"},
    ("edge", "type"): {"directed", "undirected", "mutual"},
    ("attribute", "type"): set(
        "integer long double float boolean liststring string anyURI".split()
    ),
}
_READERS = ("A quote.", *HOSTILE)


def faults(root: ET.Element) -> list[str]:
    """What a GEXF document has that the schema does not, or lacks that it asks for."""
    found = []
    for one in root.iter():
        namespace, _, name = one.tag[1:].partition("}")
        if namespace != "http://www.gexf.net/1.2draft" or name not in _RULES:
            found.append(f"element {one.tag}")
            continue
        needed, allowed, inside = _RULES[name]
        plain = {key for key in one.attrib if not key.startswith("{")}  # xsi: is not GEXF's
        found += [f"{name} lacks {key}" for key in sorted(needed - plain)]
        found += [f"{name} may not have {key}" for key in sorted(plain - needed - allowed)]
        held = {child.tag.partition("}")[2] for child in one}
        found += [f"{name} may not hold {child}" for child in sorted(held - inside)]
        for key in plain:
            if one.attrib[key] not in _VALUES.get((name, key), {one.attrib[key]}):
                found.append(f"{name} {key} {one.attrib[key]}")
        if plain & set(_TIMES.split()):
            found.append(f"{name} has a time")  # no export is dynamic
    if [part.tag.partition("}")[2] for part in root] != ["meta", "graph"]:
        found.append("order of parts")
    return found


@pytest.mark.parametrize("text", _READERS)
def test_gexf_keeps_to_the_published_schema(text: str) -> None:
    made, papers = chart(text, text)
    assert faults(ET.fromstring(export(made, "gexf", papers))) == []


def test_the_check_of_the_schema_finds_faults() -> None:
    made, papers = chart()
    data = export(made, "gexf", papers)
    for old, new, told in (
        (b"<graph ", b'<graph name="" ', "graph may not have name"),
        (b'type="long"', b'type="number"', "attribute type number"),
        (b' target="', b' to="', "edge lacks target"),
        (b"<attvalue ", b'<attvalue start="2" ', "attvalue has a time"),
        (b"<nodes>", b"<nodes><edge/>", "nodes may not hold edge"),
        (b"<creator>", b"<creator><maker/>", "element {http://www.gexf.net/1.2draft}maker"),
    ):
        changed = data.replace(old, new, 1).replace(b"<maker/>", b"<maker></maker>")
        assert told in faults(ET.fromstring(changed)), told


def _read(made: ChallengeMap, data: bytes, file: Path) -> Any:
    file.write_bytes(data)
    drawn = igraph.Graph.Read_GraphML(str(file))
    assert json.loads(drawn["manifest"]) == made.meta
    return drawn


def _told(held: dict[str, Any]) -> dict[str, Any]:
    """Attributes without those that igraph fills in where a node or an edge has none."""
    return {
        key: value
        for key, value in held.items()
        if value != "" and not (isinstance(value, float) and math.isnan(value))
    }


def _rows(pairs: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[Any, ...]]:
    return sorted(((a, b, sorted(values.items())) for a, b, values in pairs), key=repr)


@pytest.mark.parametrize("human", [True, False])
@pytest.mark.parametrize("text", _READERS)
def test_igraph_reads_every_node_edge_and_attribute(text: str, human: bool, tmp_path: Path) -> None:
    made, papers = chart(text, text, score=0.25)
    made = replace(made, edges=tuple(replace(one, human=human) for one in made.edges))
    wanted = graph(made.nodes, made.edges)
    drawn = _read(made, export(made, "graphml", papers), tmp_path / "map.graphml")
    assert drawn.is_directed()
    nodes = {one["id"]: _told(one.attributes()) for one in drawn.vs}
    assert nodes == {key: {"id": key, **_told(held)} for key, held in wanted.nodes(data=True)}
    names = drawn.vs["id"]
    # The `id` that igraph gives an edge is another's: only its attributes are compared.
    edges = [
        (names[one.source], names[one.target], _told(one.attributes()) | {"id": ""})
        for one in drawn.es
    ]
    asked = [(a, b, _told(held) | {"id": ""}) for a, b, held in wanted.edges(data=True)]
    assert _rows(edges) == _rows(asked)


def test_igraph_and_the_map_differ_where_an_edge_is_lost(tmp_path: Path) -> None:
    made, papers = chart()
    data = export(made, "graphml", papers)
    start, end = data.index(b"<edge "), data.index(b"</edge>") + len(b"</edge>")
    drawn = _read(made, data[:start] + data[end:], tmp_path / "map.graphml")
    assert drawn.ecount() == len(made.edges) - 1
