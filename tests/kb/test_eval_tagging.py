"""`kb eval tagging` measures on coded files, on the library's people, and by simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.cli import main
from kb.decisions import Verdict, record
from kb.eval_tagging import eval_decisions
from kb.library import Library
from taxonomy.codebook import load
from taxonomy.simulation import Plan, _reached, simulate
from taxonomy.tagger import Tagger
from taxonomy.tagger_training import Examples, Language

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"
KEYS = [key for facet in load().facets for key in facet.keys]


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main(["eval", "tagging", *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def coded(tmp_path: Path) -> Path:
    """The invented papers, coded by what their titles say."""
    file = tmp_path / "papers.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        for text in PAPERS.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            words = line["title"].lower()
            phases = ["testing-and-evaluation"] if "test" in words or "bench" in words else []
            kept = {
                "id": line.get("arxiv_id") or line["doi"],
                "title": line["title"],
                "abstract": line["abstract"],
            }
            stream.write(json.dumps({**kept, "phases": phases, "layers": []}) + "\n")
    return file


def test_papers_that_the_weights_have_not_seen(
    coded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(capsys, "--papers", str(coded))["papers"]
    assert (found["n"], found["refitted"]) == (12, False)
    assert list(found["categories"]) == KEYS
    one = found["categories"]["testing-and-evaluation"]
    for name in ("precision", "recall", "f1"):
        assert one[name]["low"] <= one[name]["value"] <= one[name]["high"]
    assert set(found["baselines"]) == {"keywords", "definitions", "majority"}
    assert set(found["facets"]) == {"phases", "layers"}


def test_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        "a": ("It remains an open challenge to test code that models have written.", "challenge"),
        "b": ("Future work should study how developers read generated patches.", "direction"),
        "c": ("We propose a tool that repairs failing builds on its own.", "contribution"),
        "d": ("The rest of this paper is structured as follows, section by section.", "other"),
    }
    file = tmp_path / "sentences.jsonl"
    lines = [{"id": key, "text": text, "label": label} for key, (text, label) in said.items()]
    file.write_text("\n".join(map(json.dumps, lines)))
    found = run(capsys, "--sentences", str(file))["sentences"]
    assert (found["n"], found["refitted"]) == (4, False)
    assert found["labels"]["direction"]["positives"] == 1
    assert found["baselines"]["majority"]["other"] < 1


@pytest.mark.parametrize(
    "line",
    ["{", "{}", '{"id": "a", "title": "b", "abstract": "c", "phases": ["x"], "layers": []}', ""],
)
def test_a_bad_file_is_named(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(line)
    error = run(capsys, "--papers", str(file), status=2)["error"]
    assert error["code"] == "bad_gold"
    assert "gold.jsonl" in error["message"]


def test_a_simulation_needs_papers(coded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--simulate", status=2)["error"]["code"] == "usage"
    few = run(capsys, "--simulate", "--papers", str(coded), status=2)["error"]
    assert few["code"] == "too_few"


def test_people_and_machine_are_compared(library: Library) -> None:
    assert eval_decisions(library)["papers"] == 0
    table = library.snapshot().table
    facet, key = "phase", "testing-and-evaluation"
    has = table.has_tags[facet, key]
    # People agree with all that the machine says, but for one paper that it has tagged.
    wrong = table.paper_id[int(np.flatnonzero(has)[0])]
    said = [
        Verdict(paper, facet, key, "yes" if mine and paper != wrong else "no")
        for paper, mine in zip(table.paper_id, has, strict=True)
    ]
    record(library, said, who="ada")
    found = eval_decisions(library)
    assert (found["papers"], found["verdicts"]) == (12, 12)
    count = int(has.sum())
    assert found["categories"][key]["precision"]["value"] == pytest.approx(
        (count - 1) / count, abs=1e-3
    )
    assert found["agreement"] == pytest.approx(11 / 12, abs=1e-4)


def test_without_files_the_library_and_the_record_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(capsys, "--library", str(folder))
    assert found["library"]["papers"] == 0
    assert found["recorded"]["tagger"]["version"] == Tagger.load().version


def test_a_goal_is_reached_between_two_points() -> None:
    sizes, curve = [10, 20, 30], np.array([0.2, 0.4, 0.5])
    assert _reached(sizes, curve, 0.3) == pytest.approx(15)
    assert _reached(sizes, curve, 0.1) == 10
    assert _reached(sizes, curve, 0.6) is None


def test_a_simulation_reveals_what_it_is_told_to() -> None:
    """Two kinds of invented papers: after some have been revealed the others are told apart."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(2, 384))
    kind = np.arange(90) % 2
    vectors = middles[kind] + 0.4 * rng.normal(size=(90, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    truth = np.zeros((90, 12), dtype=bool)
    truth[kind == 1, 0] = True
    texts = [("A paper", ("It tests code." if one else "It mends cars.")) for one in kind]
    facet_of = np.repeat([0, 1], 6)
    everyone = np.ones(90, dtype=bool)
    examples = Examples(
        tuple(map(str, range(90))),
        tuple(texts),
        vectors.astype(np.float32),
        truth,
        everyone,
        ~everyone,
        facet_of,
    )
    parts = Tagger.load().parts
    language = Language(parts.vocabulary, parts.dense.topics)
    plan = Plan(seeds=10, step=15, last=40, repeats=1)
    found = simulate(examples, np.arange(30), language, plan)
    assert [one["papers"] for one in found["curve"]] == [10, 25, 40]
    assert found["curve"][0]["queue"] == found["curve"][0]["random"]
    assert found["curve"][-1]["queue"] == pytest.approx(1 / 12, abs=1e-3)  # one key of twelve
    assert found == simulate(examples, np.arange(30), language, plan)
    with pytest.raises(ValueError, match="too few"):
        simulate(examples, np.arange(85), language, plan)
