"""The map as a graph that other tools open: JSON, Cytoscape, GraphML and GEXF."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx

from kb.map_diff import MapDiff
from kb.map_network import graph
from kb.maps import ChallengeMap

_GEXF = "http://www.gexf.net/1.2draft"


def as_json(chart: ChallengeMap, changes: MapDiff | None = None) -> bytes:
    """The map in the contract's shape; `kb.map_reading.from_json` reads it back."""
    return _dump(chart.to_json() | ({"changes": changes.to_json()} if changes else {}))


def as_cytoscape(chart: ChallengeMap) -> bytes:
    """Elements for Cytoscape and Cytoscape.js; the manifest is the network's data."""
    nodes = [{"data": _present(asdict(node))} for node in chart.nodes]
    edges = [
        {"data": {"id": f"e{number}", **_present(asdict(edge))}}
        for number, edge in enumerate(chart.edges)
    ]
    data = {"name": "Sixfold challenge map", "manifest": dict(chart.meta)}
    return _dump({"data": data, "elements": {"nodes": nodes, "edges": edges}})


def as_graphml(chart: ChallengeMap) -> bytes:
    """GraphML with every attribute of nodes and edges; the manifest as JSON on the graph."""
    drawn = graph(chart.nodes, chart.edges)
    drawn.graph["manifest"] = manifest(chart)
    held = io.BytesIO()
    # Named outright: `write_graphml` takes lxml where it is installed, and then the same
    # map would have other bytes on another machine.
    nx.write_graphml_xml(drawn, held, named_key_ids=False)
    return held.getvalue()


def as_gexf(chart: ChallengeMap) -> bytes:
    """GEXF 1.2 for Gephi with every attribute; the manifest is the description."""
    drawn = graph(chart.nodes, chart.edges)
    for _, _, key, values in drawn.edges(keys=True, data=True):
        # GEXF has its own `id`, and reads `start` and `end` as times.
        values["id"] = key
        for name in ("start", "end"):
            if name in values:
                values[f"quote_{name}"] = values.pop(name)
    ET.register_namespace("", _GEXF)
    root = ET.fromstring("".join(nx.generate_gexf(drawn, version="1.2draft")))  # noqa: S314 - our own output
    for drawing in root.iter(f"{{{_GEXF}}}graph"):
        drawing.attrib.pop("name", None)  # networkx writes it; the schema of GEXF has none
    described = root.find(f"{{{_GEXF}}}meta")
    if described is None:
        described = ET.Element(f"{{{_GEXF}}}meta")
        root.insert(0, described)
    # networkx writes today's date; the same map must have the same bytes tomorrow.
    described.attrib.clear()
    for child in list(described):
        described.remove(child)
    ET.SubElement(described, f"{{{_GEXF}}}creator").text = "Sixfold"
    ET.SubElement(described, f"{{{_GEXF}}}description").text = manifest(chart)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def manifest(chart: ChallengeMap) -> str:
    """The manifest as one line of ASCII JSON, safe in every text format."""
    return json.dumps(dict(chart.meta), ensure_ascii=True, sort_keys=True, allow_nan=False)


def _dump(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode("utf-8", errors="backslashreplace") + b"\n"


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != ""}
