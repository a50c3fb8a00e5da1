"""Every export, read back by a second reader, with strings that mean harm."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.spreadsheet import guarded, unguarded
from kb import maps
from kb.challenges import Challenge, Evidence, Statement
from kb.errors import UsageError
from kb.evidence import statement_id
from kb.exports import FORMATS, SHADES, export
from kb.exports.latex import escaped
from kb.exports.reading import READABLE, quoted_edges
from kb.lattice import PaperFacts
from kb.map_network import graph
from kb.map_reading import from_json
from kb.maps import ChallengeMap
from kb.verify import verify

HOSTILE = (
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "'=1+1",
    "-->]]> <!-- x --!>",
    "\x00\x08\ud800 kept \ufffe\x1b[31m",
    "\\input{/etc/passwd} $%&_#{}~^ [x]``''--",
    "line\r\nbreak\ttab\u2028sep\x85nel",
    "naïve 漢字 🜚 e\u0301 \u202eright",
    "@article{x, title={y}}",
    "| a | b |\n|---|\n# head",
    "@DATA@ @SCRIPT_HASH@",
    '{"edges": []}',
)
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=[]), max_size=30),
).map(lambda text: f"{text} lacks oracles")


def statement(quote: str, label: str, paper: str, score: float = 0.5) -> Statement:
    return Statement(
        1,
        paper,
        f"{paper}#0",
        2,
        "Abstract",
        quote,
        label,
        score,
        "m;1",
        'v"1',
        False,
        "2024-01",
        2024,
        ('O\'Neil, "X" & Y and Z',),
        ("testing",),
        ("synthesis",),
    )


def chart(
    quote: str = "A quote.", title: str = "A title", score: float = 0.5
) -> tuple[ChallengeMap, dict[str, PaperFacts]]:
    said = statement(quote, "challenge", "a/1", score)
    direction = statement(quote, "direction", "b", score)
    challenge = Challenge(
        "c0123456789",
        quote,
        "open",
        ("testing",),
        ("synthesis",),
        1,
        ("a/1",),
        2024,
        2024,
        (Evidence(said, 1.0),),
        (),
        (Evidence(direction, score),),
    )
    papers = {
        key: PaperFacts(
            key,
            title,
            (title, 'O\'Neil, "X" & Y and Z'),
            2024,
            "2024-01",
            ("cs.SE",),
            ("testing",),
            ("synthesis",),
            f"https://x.org/{title}",
            "10.1/x_y",
            key,
        )
        for key in ("a/1", "b")
    }
    made = maps.build_map(
        list(papers.values()),
        [challenge],
        [direction],
        names={"phase:testing": title},
        filters={"author": title},
        generation=3,
        versions={"tagger": "tagger-7"},
    )
    return made, papers


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_map_gives_the_same_bytes(form: str) -> None:
    first = export(*_ordered(form, *chart()))
    assert first == export(*_ordered(form, *chart()))
    assert first


def _ordered(
    form: str, made: ChallengeMap, papers: dict[str, PaperFacts]
) -> tuple[ChallengeMap, str, dict[str, PaperFacts]]:
    return made, form, papers


def test_an_unknown_format_lists_the_known() -> None:
    with pytest.raises(UsageError) as raised:
        export(chart()[0], "docx", {})
    assert "graphml" in raised.value.remedy


@settings(max_examples=40, deadline=None)
@given(TEXT, TEXT)
@example(HOSTILE[4], HOSTILE[0])
@example(HOSTILE[6], HOSTILE[5])
@example(HOSTILE[3], HOSTILE[10])
def test_every_format_with_quotes_verifies(quote: str, title: str) -> None:
    made, papers = chart(quote, title)
    for form in READABLE:
        data = export(made, form, papers)
        verdict = verify(data, {"a/1#0": f"x {quote} y", "b#0": quote}.get)
        assert verdict.failed == (), form
        assert verdict.edges == len(made.edges), form
        for edge, read in zip(made.edges, _by_ends(data), strict=True):
            shown = (edge.source, edge.target, edge.kind, edge.paper_id, edge.quote)
            assert read == shown, form


def _by_ends(data: bytes) -> list[tuple[str, ...]]:
    order = {kind: place for place, kind in enumerate(maps.EDGE_KINDS)}
    rows = [(e.source, e.target, e.kind, e.paper_id, e.quote) for e in quoted_edges(data)]
    kept = {"in_phase": 0, "in_layer": 1, "stated_by": 2, "directed_by": 3, "proposes": 4}
    assert set(kept) <= set(order)
    return sorted(rows, key=lambda row: kept[row[2]])


@settings(max_examples=30, deadline=None)
@given(TEXT, TEXT, st.sampled_from([0.25, float("nan"), float("inf"), -0.0]))
def test_graphs_read_back_equal(quote: str, title: str, score: float) -> None:
    made, papers = chart(quote, title, score)
    expected = graph(made.nodes, made.edges)
    graphml = nx.parse_graphml(export(made, "graphml", papers).decode(), force_multigraph=True)
    assert _nodes(graphml) == _nodes(expected)
    assert _edges(graphml) == _edges(expected)
    gexf = nx.read_gexf(io.BytesIO(export(made, "gexf", papers)), version="1.2draft")
    assert _nodes(gexf) == _nodes(expected)
    assert _edges(gexf) == _edges(expected)
    assert json.loads(graphml.graph["manifest"]) == made.meta
    assert from_json(json.loads(export(made, "json", papers))) == made


def _nodes(drawn: Any) -> dict[str, dict[str, Any]]:
    return dict(drawn.nodes(data=True))


def _edges(drawn: Any) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    """Edges without what a format adds, in a comparable form."""
    rows = []
    for source, target, values in drawn.edges(data=True):
        named = {key.removeprefix("quote_"): value for key, value in values.items()}
        rows.append((source, target, sorted((k, v) for k, v in named.items() if k != "id")))
    return sorted(rows, key=repr)


def test_gexf_has_no_clock_and_the_manifest() -> None:
    made, papers = chart()
    data = export(made, "gexf", papers)
    assert b"lastmodified" not in data
    assert json.loads(ET.fromstring(data)[0].findtext("{*}description") or "") == made.meta


def test_cytoscape_elements() -> None:
    made, papers = chart()
    elements = json.loads(export(made, "cytoscape", papers))["elements"]
    drawn = nx.cytoscape_graph(
        {
            "data": [],
            "multigraph": True,
            "directed": True,
            "elements": {
                "nodes": [
                    {"data": {**n["data"], "value": n["data"]["id"], "name": ""}}
                    for n in elements["nodes"]
                ],
                "edges": elements["edges"],
            },
        }
    )
    assert drawn.number_of_edges() == len(made.edges)
    assert set(drawn) == {node.id for node in made.nodes}


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("'=+-@ \tx|%＝"), max_size=6))
def test_no_cell_is_a_formula(text: str) -> None:
    assert not re.match(r"[\s]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]", guarded(text))
    assert unguarded(guarded(text)) == text


def test_csv_is_what_a_spreadsheet_reads() -> None:
    made, papers = chart(HOSTILE[1], HOSTILE[2])
    data = export(made, "csv", papers)
    assert data.startswith(b'\xef\xbb\xbf"kind"')
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert all(not (v or "").startswith(("=", "+", "-", "@")) for row in rows for v in row.values())
    assert {row["quote"] for row in rows} == {f"'{HOSTILE[1]}"}


@settings(max_examples=40, deadline=None)
@given(TEXT)
@example(HOSTILE[0])
@example(HOSTILE[10])
def test_html_holds_the_data_and_one_script(text: str) -> None:
    made, papers = chart(text, text)
    page = export(made, "html", papers).decode()
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "src=" not in page
    held = re.search(r'id="sixfold-map">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    data = json.loads(held.group(1))
    assert {key: data[key] for key in made.to_json()} == json.loads(json.dumps(made.to_json()))
    assert all(re.fullmatch(r"(https?://\S+)?", p["url"]) for p in data["papers"].values())


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_tex_runs_nothing(text: str) -> None:
    shown = escaped(text)
    # A command that takes no argument here, or a brace: nothing else may be special.
    bare = re.sub(r"\\(?:text[a-z]+\{\}|[$&#%_])", "", shown)
    assert not re.search(r"[\\$&#%_~^]", bare)
    assert bare.replace("{[}", "").replace("{]}", "").replace("{}", "").count("{") == 0
    made, papers = chart(text, text)
    body = export(made, "latex", papers).decode()
    for line in body.splitlines():
        unescaped = re.sub(r"\\.", "", line)
        assert unescaped.startswith("%") or unescaped.count("{") == unescaped.count("}")


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_bibtex_and_ris_keep_their_entries(text: str) -> None:
    made, papers = chart("A quote.", text)
    entries = export(made, "bibtex", papers).decode()
    assert entries.startswith("% ")
    entries = entries.partition("\n")[2]
    assert entries.count("{") == entries.count("}")
    keys = re.findall(r"^@misc\{([a-z0-9-]+),$", entries, re.MULTILINE)
    assert len(set(keys)) == 2
    records = export(made, "ris", papers).decode().split("\r\n")
    assert sum(line.startswith("TY  - ") for line in records) == 2
    assert all(re.match(r"[A-Z][A-Z0-9]  - |$", line) for line in records)


def test_bibtex_reads_each_author_as_one() -> None:
    made, papers = chart()
    entries = export(made, "bibtex", papers).decode()
    assert r"author = {A title and {O'Neil, \textquotedbl{}X\textquotedbl{} \& Y and Z}}" in entries


@settings(max_examples=30, deadline=None)
@given(TEXT)
def test_figures_are_well_formed(text: str) -> None:
    made, papers = chart(text, text)
    drawing = ET.fromstring(export(made, "svg", papers))
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert {one.tag.rpartition("}")[2] for one in drawing.iter()} <= {
        "svg",
        "title",
        "desc",
        "metadata",
        "defs",
        "pattern",
        "line",
        "rect",
        "text",
    }
    assert json.loads(drawing.findtext("{*}metadata") or "")["generation"] == 3


def test_a_figure_is_shaded_as_the_map_of_the_app_is() -> None:
    made, papers = chart()
    plain = export(made, "svg", papers).decode()
    assert "Darker = more challenges." in plain
    assert "challenges stated; below" in plain
    for by in SHADES:
        drawn = export(made, "svg", papers, by=by).decode()
        assert f"Darker = more {by}." in drawn
        numbers = [f"{one.papers:,}" for one in made.lattice.cells if one.papers]
        assert re.findall(r'font-weight="bold"[^>]*>([\d,]+)<', drawn) == numbers
        assert export(made, "png", papers, by=by) != export(made, "png", papers)


def test_png_is_fit_for_print_and_shows_the_cells() -> None:
    made, papers = chart()
    with Image.open(io.BytesIO(export(made, "png", papers))) as image:
        image.load()
        assert round(image.info["dpi"][0]) == 288
        assert json.loads(image.info["Sixfold"]) == made.meta
        assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_markdown_runs_no_html_and_links_only_addresses() -> None:
    made, papers = chart(HOSTILE[0], "A [title](x)")
    odd = {key: replace(facts, url="javascript:alert(1)") for key, facts in papers.items()}
    report = export(made, "markdown", odd).decode()
    shown, _, held = report.partition("<!-- sixfold-map-edges")
    assert "<" not in shown
    assert "javascript" not in shown
    assert "--" not in held.removesuffix("-->\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "readable formats: json, graphml"),
        (b"\x89PNG", "readable formats"),
        (b"{", "damaged map"),
        (b'{"a": 1}', "no edges"),
        (b'{"edges": [1]}', "not an object"),
        (b"<graphml><a></graphml>", "damaged map"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><graphml/>', "document type"),
        (b"# A report\n", "no edges as data"),
        (b"<!doctype html><p>", "no edges as data"),
        (b'"kind"\xff', "damaged map"),
    ],
)
def test_files_that_are_no_maps(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quoted_edges(data)


GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
GEXF = "{http://www.gexf.net/1.2draft}"
_TYPES = {"boolean": {"true", "false", "True", "False"}}


def _graphml_faults(root: ET.Element) -> list[str]:
    """What breaks GraphML's own rules: declared keys, known types, unique ids, known ends."""
    keys = {(key.get("id"), key.get("for")): key for key in root.findall(f"{GRAPHML}key")}
    faults = [
        f"type of {k}"
        for k, key in keys.items()
        if key.get("attr.type") not in ("boolean", "int", "long", "float", "double", "string")
    ]
    (drawn,) = root.findall(f"{GRAPHML}graph")
    faults += [] if drawn.get("edgedefault") in ("directed", "undirected") else ["edgedefault"]
    nodes = [node.get("id") for node in drawn.findall(f"{GRAPHML}node")]
    faults += ["ids"] if len(nodes) != len(set(nodes)) or None in nodes else []
    for edge in drawn.findall(f"{GRAPHML}edge"):
        faults += [] if {edge.get("source"), edge.get("target")} <= set(nodes) else ["ends"]
    for kind in ("node", "edge", "graph"):
        for owner in drawn.iter(f"{GRAPHML}{kind}"):
            told = [data.get("key") for data in owner.findall(f"{GRAPHML}data")]
            faults += [
                f"key {key}" for key in told if not {(key, kind), (key, "all")} & keys.keys()
            ]
            faults += ["twice"] if len(told) != len(set(told)) else []
    return faults


def _gexf_faults(root: ET.Element) -> list[str]:
    """What breaks GEXF's own rules: order of parts, declared attributes, ids, ends, types."""
    faults = [] if [part.tag for part in root] == [f"{GEXF}meta", f"{GEXF}graph"] else ["parts"]
    faults += [] if root.get("version") in ("1.2", "1.3") else ["version"]
    drawn = root[1]
    types = {}
    for declared in drawn.findall(f"{GEXF}attributes"):
        for one in declared.findall(f"{GEXF}attribute"):
            types[declared.get("class"), one.get("id")] = one.get("type")
    known = {"integer", "long", "double", "float", "boolean", "string", "anyURI", "liststring"}
    faults += [f"type {kind}" for kind in types.values() if kind not in known]
    ids = {node.get("id") for node in drawn.iter(f"{GEXF}node")}
    edges = list(drawn.iter(f"{GEXF}edge"))
    faults += ["ids"] if len({edge.get("id") for edge in edges}) != len(edges) else []
    faults += ["ends" for edge in edges if not {edge.get("source"), edge.get("target")} <= ids]
    for kind in ("node", "edge"):
        for owner in drawn.iter(f"{GEXF}{kind}"):
            for value in owner.iter(f"{GEXF}attvalue"):
                of = types.get((kind, value.get("for")))
                faults += [] if of else ["undeclared"]
                if of in ("integer", "long", "double", "float"):
                    float(value.get("value") or "")
                elif of == "boolean":
                    faults += [] if value.get("value") in _TYPES["boolean"] else ["boolean"]
    return faults


@settings(max_examples=30, deadline=None)
@given(TEXT, TEXT)
def test_graph_files_keep_the_rules_of_their_formats(quote: str, title: str) -> None:
    made, papers = chart(quote, title)
    assert _graphml_faults(ET.fromstring(export(made, "graphml", papers))) == []
    assert _gexf_faults(ET.fromstring(export(made, "gexf", papers))) == []
    elements = json.loads(export(made, "cytoscape", papers))["elements"]
    ids = [one["data"]["id"] for part in ("nodes", "edges") for one in elements[part]]
    assert len(ids) == len(set(ids))
    ends = {one["data"][end] for one in elements["edges"] for end in ("source", "target")}
    assert ends <= {one["data"]["id"] for one in elements["nodes"]}


def test_the_checks_of_the_formats_find_faults() -> None:
    made, papers = chart()
    graphml = export(made, "graphml", papers)
    assert "ends" in _graphml_faults(ET.fromstring(graphml.replace(b'target="', b'target="x', 1)))
    gexf = export(made, "gexf", papers)
    assert "ends" in _gexf_faults(ET.fromstring(gexf.replace(b'target="', b'target="x', 1)))
    assert "undeclared" in _gexf_faults(ET.fromstring(gexf.replace(b'for="', b'for="9', 1)))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_carries_the_manifest(form: str) -> None:
    made, papers = chart()
    data = export(made, form, papers)
    if form == "png":
        with Image.open(io.BytesIO(data)) as image:
            data = str(image.info["Sixfold"]).encode()
    text = data.decode().replace("\\", "")
    for told in (*made.meta["hashes"].values(), "generation", "filters", "tagger-7"):
        assert told in text.lower() or told in text, (form, told)


_IN_A_PROCESS = """
import hashlib, sys
sys.path.insert(0, {folder!r})
import test_exports as t
made, papers = t.chart("A quote lacks oracles.", "A title")
for form in t.FORMATS:
    print(form, hashlib.sha256(t.export(made, form, papers)).hexdigest())
"""


def test_every_process_gives_the_same_bytes() -> None:
    code = _IN_A_PROCESS.format(folder=str(Path(__file__).parent))
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_ids_of_directions_are_stable() -> None:
    said = statement("A quote.", "direction", "b")
    assert statement_id(said) == statement_id(replace(said, quote=" A  quote. "))
