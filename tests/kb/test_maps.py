"""The map: a quote on every edge, the same bytes every time, and what changed since."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb import kept_challenges, mapping, maps
from kb.catalogue import Filters
from kb.challenges import Statement, build, prominence
from kb.cli import main
from kb.exports import export
from kb.lattice import PaperFacts
from kb.library import Library
from kb.map_diff import diff
from kb.map_drawing import MOST_NODES, drawing
from kb.map_network import communities, graph
from kb.map_parts import Bridge, supported
from kb.map_reading import from_json
from kb.maps import ChallengeMap
from kb.verify import verify

QUOTES = (
    ("a", "challenge", "2023", "Kernel fuzzing harnesses lack sound oracles."),
    ("b", "challenge", "2024", "Sound oracles are lacking in kernel fuzzing harnesses."),
    ("b", "challenge", "2024", "Smart contract auditors miss delegated storage."),
    ("c", "contribution", "2025", "We propose sound oracles for kernel fuzzing harnesses."),
    ("c", "direction", "2025", "Kernel fuzzing harnesses deserve sound oracles from users."),
)


def statement(number: int, paper: str, label: str, published: str, quote: str) -> Statement:
    return Statement(
        number,
        paper,
        f"{paper}#0",
        None if paper == "a" else 3,
        "Abstract",
        quote,
        label,
        0.8,
        "rule",
        "1",
        paper == "b",
        published,
        int(published),
        (f"Author {paper}",),
        ("testing",) if paper != "b" else ("testing", "operations"),
        ("synthesis",),
        4,
        9,
    )


STATEMENTS = tuple(statement(n, *row) for n, row in enumerate(QUOTES))
PAPERS = tuple(
    PaperFacts(
        key,
        f"Title of {key}",
        (f"Author {key}",),
        year,
        str(year),
        ("cs.SE",),
        ("testing",) if key != "b" else ("testing", "operations"),
        ("synthesis",),
        f"https://arxiv.org/abs/{key}",
    )
    for key, year in (("a", 2023), ("b", 2024), ("c", 2025))
)
TEXTS = {
    f"{paper}#0": " ".join(quote for other, _, _, quote in QUOTES if other == paper)
    for paper in "abc"
}


def vectors() -> Any:
    rows = np.array([[1, 0], [1, 0.1], [0, 1], [1, 0.05], [1, 0.02]], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def chart(papers: tuple[PaperFacts, ...] = PAPERS, **options: Any) -> ChallengeMap:
    directions = [said for said in STATEMENTS if said.label == "direction"]
    options = {"generation": 7, "filters": {"year": "2023-2025"}, **options}
    return maps.build_map(papers, build(STATEMENTS, vectors()), directions, **options)


def encoded(of: ChallengeMap) -> bytes:
    return json.dumps(of.to_json()).encode()


def test_every_edge_has_its_evidence() -> None:
    made = chart()
    nodes = {node.id: node for node in made.nodes}
    assert {node.kind for node in made.nodes} == set(maps.NODE_KINDS)
    assert {edge.kind for edge in made.edges} == set(maps.EDGE_KINDS)
    for edge in made.edges:
        assert edge.source in nodes
        assert edge.target in nodes
        assert edge.quote in TEXTS[edge.passage_id]
        assert edge.paper_id == edge.passage_id.removesuffix("#0")
        assert edge.basis == ("stated" if edge.kind in ("stated_by", "proposes") else "inferred")
    assert {(e.page, e.human, e.start, e.end) for e in made.edges if e.paper_id == "b"} == {
        (3, True, 4, 9)
    }


def test_the_paths_run_from_phase_to_direction() -> None:
    made = chart()
    drawn = graph(made.nodes, made.edges)
    (direction,) = (node.id for node in made.nodes if node.kind == "direction")
    (oracle,) = (node.id for node in made.nodes if node.kind == "challenge" and node.papers == 2)
    assert drawn.has_edge("phase:testing", oracle)
    assert drawn.has_edge(oracle, "paper:a")
    assert drawn.has_edge(oracle, direction)
    assert drawn.has_edge("paper:c", direction)


def test_json_has_the_contract_keys() -> None:
    shown = chart().to_json()
    assert {"meta", "rows", "columns", "cells", "nodes", "edges"} <= shown.keys()
    assert {"row", "column", "papers", "challenges", "directions", "denominator", "state"} <= (
        shown["cells"][0].keys()
    )
    assert {
        "source",
        "target",
        "kind",
        "paper_id",
        "passage_id",
        "page",
        "quote",
        "score",
        "method",
        "version",
        "human",
    } <= shown["edges"][0].keys()
    assert shown["years"][0] == {
        "year": 2023,
        "papers": 1,
        "challenges": 1,
        "new": 1,
        "directions": 0,
    }


def test_the_same_library_gives_the_same_bytes_and_reads_back() -> None:
    made = chart()
    assert encoded(made) == encoded(chart())
    assert from_json(json.loads(encoded(made))) == made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meta": {}}, "meta.format"),
        ({"meta": {"format": "sixfold-map", "schema": 99}}, "schema 99"),
        ({"cells": [{"row": "x"}]}, "not a complete map"),
        ({"nodes": None}, "not a complete map"),
        ({"nodes": []}, "which is no node"),
        ({"nodes": [{"id": ["x"], "kind": "phase", "label": "X"}]}, "node.id is"),
        (
            {"years": [{"year": "2024", "papers": 1, "challenges": 1, "new": 1, "directions": 0}]},
            "year.year is",
        ),
    ],
)
def test_other_json_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json({**chart().to_json(), **change})


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        "[" * 100_000,
        '{"a":' * 100_000,
        "{}",
        '{"elements": 1}',
        '{"edges": 1}',
        '{"edges": [1]}',
        '{"elements": {"edges": [{}]}}',
        "\x00",
    ],
)
def test_what_is_no_map_is_named_and_nothing_else_happens(
    text: str, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "old.json"
    file.write_text(text)
    for asked in (
        ["diff", str(file), str(file)],
        ["map", "--against", str(file)],
        ["verify", str(file)],
    ):
        assert main(["--json", "--library", str(folder), *asked]) == 1
        error = json.loads(capsys.readouterr().out)["error"]
        assert (error["code"], error["item"]) == ("items_failed", str(file))


def test_json_is_one_document_whatever_the_format(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb = ["--json", "--library", str(folder), "map"]
    assert main([*kb, "--format", "csv"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_output"
    assert main([*kb, "--format", "cytoscape"]) == 0
    assert json.loads(capsys.readouterr().out)["elements"]
    for target, code in ((tmp_path, 2), (tmp_path / "none" / "map.csv", 2)):
        assert main([*kb, "--format", "csv", "-o", str(target)]) == code
        assert json.loads(capsys.readouterr().out)["error"]["item"] == str(target)
    assert not list(tmp_path.glob("*.part"))


def test_a_filter_leaves_no_trace_of_other_papers() -> None:
    made = chart(PAPERS[:1])
    assert {edge.paper_id for edge in made.edges} == {"a"}
    assert {node.status for node in made.nodes if node.kind == "challenge"} == {"open"}
    assert made.meta["challenges"] == 1


def test_bridging_papers_and_communities() -> None:
    made = chart()
    assert made.bridges[0] == Bridge("b", 2, 2)
    (shared,) = made.shared
    assert shared.phases == ("testing", "operations")
    # One paper that states two challenges is a list; two papers tie a community.
    assert made.communities == ()
    told = {"a": {"c1", "c2"}, "b": {"c1", "c2"}, "c": {"c3", "c4"}}
    assert communities(told) == (("c1", "c2"),)


def test_trends_follow_phases_and_challenges_through_the_years() -> None:
    told = {(one.of, one.year): (one.papers, one.challenges) for one in chart().trends}
    assert told["phase:testing", 2023] == (1, 1)
    assert told["phase:testing", 2025] == (1, 0)
    assert told["phase:operations", 2024] == (1, 2)
    (oracle,) = (one.id for one in chart().nodes if one.kind == "challenge" and one.papers == 2)
    assert [told[oracle, year] for year in (2023, 2024)] == [(1, 1), (1, 1)]


def test_verify_finds_every_kind_of_fault() -> None:
    whole = verify(encoded(chart()), TEXTS.get)
    assert whole.to_json() == {"edges": whole.edges, "verified": whole.edges, "failed": []}
    data = chart().to_json()
    data["edges"][0]["quote"] = "Nobody wrote this."
    data["edges"][1]["passage_id"] = "z#0"
    data["edges"][2]["quote"] = " "
    verdict = verify(json.dumps(data).encode(), TEXTS.get)
    assert verdict.verified == verdict.edges - 3
    assert [one.reason for one in verdict.failed] == [
        "not_in_passage",
        "unknown_passage",
        "no_quote",
    ]


def test_what_changed_since() -> None:
    changes = diff(chart(PAPERS[:1]), chart())
    assert changes.new_papers == ("b", "c")
    assert [node.label for node in changes.new_challenges] == [
        "Smart contract auditors miss delegated storage"
    ]
    (grown,) = changes.grown_challenges
    assert (grown.new_papers, grown.before, grown.after) == (("b",), "open", "addressed")
    assert len(changes.directions_taken_up) == 1
    assert changes.to_json()["gone_challenges"] == []
    backwards = diff(chart(), chart(PAPERS[:1]))
    assert len(backwards.gone_challenges) == 1


def test_a_comparison_is_told_as_json_and_as_markdown(tmp_path: Path, folder: Path) -> None:
    kb = ["--library", str(folder)]
    old, new, report = (tmp_path / name for name in ("old.json", "new.json", "report.md"))
    assert main([*kb, "map", "--year", "2020-2024", "-o", str(old)]) == 0
    assert main([*kb, "map", "-o", str(new)]) == 0
    assert main([*kb, "diff", str(old), str(new), "-o", str(report)]) == 0
    told = report.read_text()
    assert "## New challenges: " in told
    assert "## New papers: 0" not in told
    again = tmp_path / "against.json"
    assert main([*kb, "map", "--against", str(old), "-o", str(again)]) == 0
    made = json.loads(again.read_text())
    assert made["meta"]["earlier"]["filters"] == {"year_from": 2020, "year_to": 2024}
    assert made["new_papers"]
    assert made["gone_challenges"] == []
    assert main([*kb, "map", "--against", str(report)]) == 1


def test_since_tells_what_its_papers_brought(folder: Path, tmp_path: Path) -> None:
    kb = ["--library", str(folder), "map", "--since", "2025"]
    target = tmp_path / "since.json"
    assert main([*kb, "-o", str(target)]) == 0
    made = json.loads(target.read_text())
    assert from_json(made).meta["filters"] == {"since": "2025"}
    assert {edge["paper_id"] for edge in made["edges"]} >= set(made["changes"]["new_papers"])
    assert main([*kb, "--format", "markdown", "-o", str(target)]) == 0
    assert "## New challenges: " in target.read_text()


def test_a_drawing_is_the_same_each_time_and_within_its_bounds() -> None:
    found = build(STATEMENTS, vectors())
    phases = {"testing": "Testing", "operations": "Operations"}
    made = drawing(found, phases, {}, most=5, with_papers=True)
    assert made == drawing(found, phases, {}, most=5, with_papers=True)
    ids = [dot.id for dot in made.dots]
    assert len(ids) == len(set(ids))
    assert {end for line in made.lines for end in line} <= set(ids)
    many = [replace(found[0], challenge_id=f"c{n:010x}") for n in range(5_000)]
    large = drawing(many, phases, {}, most=5_000)
    assert len(large.dots) == MOST_NODES
    places = {(round(dot.x), round(dot.y)) for dot in large.dots}
    assert len(places) == MOST_NODES


def test_a_filtered_map_tells_what_it_leaves_out_from_what_nobody_searched(
    folder: Path, tmp_path: Path
) -> None:
    kb, target = ["--library", str(folder), "map"], tmp_path / "map.json"
    assert main([*kb, "-o", str(target)]) == 0
    whole = {(c["row"], c["column"]): c for c in json.loads(target.read_text())["cells"]}
    assert main([*kb, "--year", "2024", "-o", str(target)]) == 0
    made = json.loads(target.read_text())
    left_out = 0
    for cell in made["cells"]:
        held = whole[cell["row"], cell["column"]]["papers"]
        if not cell["papers"]:
            left_out += bool(held)
            assert (cell["state"] == "no_papers") or not held
    assert left_out
    for axis in ("row", "column"):
        named = {f"{made['meta'][axis + 's']}:{cell[axis]}" for cell in made["cells"]}
        assert named <= made["meta"]["names"].keys()
    read = from_json(made)
    for form, many in (("svg", 1), ("markdown", 0), ("latex", 0), ("html", 0)):
        assert export(read, form, {}).decode().count("none pass") > many
    assert main([*kb, "--year", "2024", "--rows", "year", "--columns", "layer"]) == 0


def test_a_row_without_a_challenge_has_its_name(folder: Path) -> None:
    with closing(Library.open(folder)) as library:
        made = mapping.challenge_map(library, Filters(author="nobody of this name"), columns="year")
        names = {one.key: one.name for one in library.codebook.facet("phase").categories}
    assert made.meta["challenges"] == 0
    assert {key: made.meta["names"][f"phase:{key}"] for key in made.lattice.rows} == names


@pytest.mark.parametrize("day", ["2026-13", "2026-02-30", "2026-13-40", "26", "2026-1-1"])
def test_a_day_that_is_in_no_calendar_is_refused(
    day: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "--library", str(folder), "map", "--since", day]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["item"] == day


def test_one_axis_twice_gets_a_way_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kb = ["--json", "--library", str(folder), "map"]
    assert main([*kb, "--rows", "phase", "--columns", "phase"]) == 2
    assert "layer" in json.loads(capsys.readouterr().out)["error"]["remedy"]


def test_maps_of_other_filters_are_compared_with_a_warning(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb = ["--library", str(folder)]
    whole, some, report = (tmp_path / name for name in ("a.json", "b.json", "diff.md"))
    assert main([*kb, "map", "-o", str(whole)]) == 0
    assert main([*kb, "map", "--year", "2024", "-o", str(some)]) == 0
    capsys.readouterr()
    assert main([*kb, "diff", str(some), str(whole), "-o", str(report)]) == 0
    assert "different filters" in capsys.readouterr().err
    text = report.read_text()
    assert "different filters" in text
    manifests = json.loads(text.split("```json\n")[1].partition("\n```")[0])
    assert manifests["earlier"]["filters"] == {"year_from": 2024, "year_to": 2024}
    assert text.index("## New papers") < text.index("## Manifests")
    assert main([*kb, "diff", str(whole), str(whole), "-o", str(report)]) == 0
    assert "different filters" not in capsys.readouterr().err + report.read_text()


def test_a_figure_is_told_that_it_cannot_be_verified(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "map.svg"
    figure.write_bytes(export(chart(), "svg", {}))
    assert main(["--json", "--library", str(folder), "verify", str(figure)]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert "cannot be verified" in error["message"]
    assert "graphml" in error["remedy"]


def test_challenges_of_a_filter_come_best_supported_first(folder: Path) -> None:
    with closing(Library.open(folder)) as library:
        found = mapping.challenges(library, Filters(year_from=2024))
    assert len(found) > 1
    assert list(found) == sorted(found, key=prominence)


def test_papers_and_those_of_different_authors_are_told_apart() -> None:
    assert supported(139, 107) == "139 papers, 107 of them by different authors"
    assert [supported(1, 1), supported(2, 2)] == ["1 paper", "2 papers"]
    assert supported(3, 1) == "3 papers, with authors in common"


def test_a_change_of_any_rule_makes_the_kept_challenges_stale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Library.open(folder)) as library:
        before = kept_challenges.stamp(library)
        kept_challenges.code.cache_clear()
        monkeypatch.setattr(kept_challenges, "_PARTS", kept_challenges._PARTS[:-1])
        assert kept_challenges.stamp(library) != before
    kept_challenges.code.cache_clear()
    parts = {Path(name).stem for name in kept_challenges._PARTS}
    assert {"challenges", "likeness", "linkage", "trouble"} <= parts


def test_several_who_want_the_map_at_once_wait_for_one_merging(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge, merged = kept_challenges.merged, list[str]()

    def slow(library: Library, found: Any, *, apart: bool) -> Any:
        merged.append(threading.current_thread().name)
        time.sleep(0.3)
        return merge(library, found, apart=apart)

    monkeypatch.setattr(mapping, "_memory", {})
    monkeypatch.setattr(kept_challenges, "merged", slow)
    with closing(Library.open(folder)) as library, ThreadPoolExecutor(4) as people:
        asked = [people.submit(mapping.mapped, library) for _ in range(4)]
        got = [one.result() for one in asked]
    assert len(merged) == 1
    assert all(one is got[0] for one in got)
