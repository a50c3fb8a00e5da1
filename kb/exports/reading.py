"""Exported maps read back: the quoted edges of a file in any format that carries quotes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx

from ingest.spreadsheet import unguarded
from kb.exports.page import DATA
from kb.exports.report import MARK

READABLE = ("json", "graphml", "gexf", "csv", "markdown", "html", "cytoscape")
"""Formats that carry quotes."""
_HTML = re.compile(rf'<script type="application/json" id="{DATA}">(.*?)</script>', re.DOTALL)
_MARKDOWN = re.compile(rf"^<!-- {MARK}\n(.*)\n-->$", re.DOTALL | re.MULTILINE)
# A document type could name entities that grow without end; our files have none.
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_CSV_FIELD = 1_000_000
"""Longest cell read, in characters; Python's own limit of 131,072 is too small for none."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What can be checked of an edge."""

    source: str
    target: str
    kind: str
    paper_id: str
    passage_id: str
    quote: str


def quoted_edges(data: bytes) -> tuple[Quoted, ...]:
    """The edges of an exported map; the format is told from the content.

    Raises ValueError where the file is no map in a format of `READABLE`, or is damaged.
    """
    body = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        rows = _reader(body)(body)
    except (ET.ParseError, nx.NetworkXError, csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"damaged map: {error}") from error
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"damaged map: {error}") from error
    return tuple(_quoted(row) for row in rows)


def _reader(body: bytes) -> Callable[[bytes], list[Mapping[str, Any]]]:
    if body.startswith(b"{"):
        return _from_json
    if body[:200].lower().startswith(b"<!doctype html"):
        return _from_html
    if body.startswith(b"<"):
        if _DOCTYPE.search(body):
            raise ValueError("damaged map: XML with a document type")
        if b"<svg" in body[:1000]:
            raise ValueError("a figure holds no quotes")
        return _from_gexf if b"<gexf" in body[:1000] else _from_graphml
    if body.startswith(b"#"):
        return _from_markdown
    if body.startswith(b'"kind"'):
        return _from_csv
    raise ValueError(f"no map with quotes; readable formats: {', '.join(READABLE)}")


def _from_json(body: bytes) -> list[Mapping[str, Any]]:
    data = json.loads(body)
    if "elements" in data:
        return [_mapping(edge)["data"] for edge in data["elements"].get("edges", [])]
    if "edges" not in data:
        raise ValueError("no map: no edges")
    return list(data["edges"])


def _from_html(body: bytes) -> list[Mapping[str, Any]]:
    return _from_json(_held(_HTML, body).encode())


def _from_markdown(body: bytes) -> list[Mapping[str, Any]]:
    return list(json.loads(_held(_MARKDOWN, body)))


def _held(pattern: re.Pattern[str], body: bytes) -> str:
    found = pattern.search(body.decode())
    if found is None:
        raise ValueError("no map: the file holds no edges as data")
    return found.group(1)


def _from_graphml(body: bytes) -> list[Mapping[str, Any]]:
    return _of_graph(nx.parse_graphml(body.decode(), force_multigraph=True))


def _from_gexf(body: bytes) -> list[Mapping[str, Any]]:
    return _of_graph(nx.read_gexf(io.BytesIO(body), version="1.2draft"))


def _of_graph(drawn: Any) -> list[Mapping[str, Any]]:
    return [
        {"source": source, "target": target, **values}
        for source, target, values in drawn.edges(data=True)
    ]


def _from_csv(body: bytes) -> list[Mapping[str, Any]]:
    csv.field_size_limit(_CSV_FIELD)
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [{key: unguarded(value or "") for key, value in row.items() if key} for row in rows]


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        # Not a TypeError: the file is at fault, not the caller.
        raise ValueError("damaged map: an edge is not an object")
    return value


def _quoted(row: object) -> Quoted:
    values = _mapping(row)
    names = ("source", "target", "kind", "paper_id", "passage_id", "quote")
    return Quoted(*(str(values.get(name, "")) for name in names))
