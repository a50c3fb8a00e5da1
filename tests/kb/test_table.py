"""The literature table: cells that can be checked or are empty, and its files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.spreadsheet import unguarded
from kb.catalogue import Filters, SentenceRow, StoredPassage
from kb.catalogue.values import Vector
from kb.cells import Chooser
from kb.cli import main
from kb.collecting import collect
from kb.commands import tabling
from kb.errors import UsageError
from kb.exporting import chosen
from kb.exports.literature import FORMATS, written
from kb.library import Library
from kb.literature_table import MOST_QUESTIONS, literature_table
from kb.prose import is_sentence
from kb.quotes import contains
from kb.sentences import StoredSentence
from taxonomy.named_data import names_data
from taxonomy.roles import LEARNT, LIMITATIONS, ROLES, Placed, RoleClassifier, owns_limit
from taxonomy.statements import StatementClassifier
from taxonomy.weights_file import load

QUESTION = "How are unit tests generated?"


def test_every_cell_is_a_sentence_of_its_paper_or_empty(library: Library) -> None:
    table = literature_table(library, chosen(library, Filters()), [QUESTION])
    assert table.columns == (QUESTION, *ROLES, "phase", "layer")
    assert len(table.rows) == 12
    filled = 0
    with library.catalogue.read() as reader:
        for row in table.rows:
            passages = {
                one.passage_id: one for one in reader.passages_of([row.paper.n])[row.paper.n]
            }
            for said in filter(None, row.cells.values()):
                held = passages[said.passage_id]
                assert contains(held.text, said.quote)
                assert (said.page, said.section) == (held.page, held.section)
                filled += 1
    assert filled >= 12
    assert all(set(row.cells) == {*ROLES, QUESTION} for row in table.rows)
    assert not table.dropped


def placed(n: int, text: str) -> StoredSentence:
    """A sentence of an abstract."""
    row = SentenceRow(n, 1, 0, len(text), "other", 0.5, np.zeros(384, dtype=np.float32))
    passage = StoredPassage(1, "a-1", 1, "a", "Abstract", None, 0, len(text), text, ())
    return StoredSentence(row, passage, Placed(text, n, 2), front=True)


def test_a_cell_of_data_tells_the_data(library: Library) -> None:
    table = literature_table(library, chosen(library, Filters()))
    told = [row.cells["data"] for row in table.rows]
    assert any(told)
    assert all(names_data(said.quote) for said in told if said)


Score = Callable[[dict[str, list[float]]], None]


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch) -> Score:
    """Says how surely the sentences play their roles; none where nothing is said."""

    def say(sure: dict[str, list[float]]) -> None:
        count = len(next(iter(sure.values())))
        scores = {role: np.array(sure.get(role, [0.0] * count), np.float32) for role in ROLES}
        monkeypatch.setattr(RoleClassifier, "scores", lambda *_: scores)

    return say


def chosen_texts(library: Library, texts: list[str]) -> dict[str, str | None]:
    """Role -> the sentence chosen among those of one abstract."""
    [cells] = Chooser.of(library).cells([[placed(n, text) for n, text in enumerate(texts)]])
    return {role: one.place.text if one else None for role, one in cells.items()}


def test_a_sentence_on_the_data_goes_before_a_result_got_on_them(
    library: Library, score: Score
) -> None:
    score({"data": [0.9, 0.8], "findings": [0.9, 0.1]})
    texts = ["Quill reaches 41% on FrogBench.", "FrogBench is a dataset of 204 ponds."]
    picked = chosen_texts(library, texts)
    assert (picked["data"], picked["findings"]) == (texts[1], texts[0])
    vague = ["It does well on several benchmarks."] * 2
    assert chosen_texts(library, vague)["data"] is None


@pytest.mark.parametrize(
    ("sure", "filled"),
    [
        # The method has another that is nearly as sure, so the data keep theirs.
        ({"method": [0.9, 0.8], "data": [0.7, 0.0]}, {"method": 1, "data": 0}),
        # What is left to the method is less likely than not: the surer column keeps it.
        ({"method": [0.9, 0.4], "data": [0.7, 0.0]}, {"method": 0}),
        ({"method": [0.7, 0.4], "data": [0.9, 0.0]}, {"data": 0}),
        ({"method": [0.9, 0.6], "data": [0.8, 0.7]}, {"method": 0, "data": 1}),
        ({"limitations": [1.0, 0.0], "problem": [0.9, 0.8]}, {"limitations": 0, "problem": 1}),
    ],
)
def test_no_sentence_stands_in_two_cells(
    library: Library, score: Score, sure: dict[str, list[float]], filled: dict[str, int]
) -> None:
    score(sure)
    texts = ["We built FrogBench of 204 ponds.", "PondBench holds 31 lakes that we drained."]
    told = {role: texts[at] for role, at in filled.items()}
    assert {role: one for role, one in chosen_texts(library, texts).items() if one} == told


def test_one_text_said_twice_is_one_sentence(library: Library, score: Score) -> None:
    score({"method": [0.9, 0.8], "data": [0.7, 0.0]})
    picked = chosen_texts(library, ["We built FrogBench of 204 ponds."] * 2)
    assert [role for role, one in picked.items() if one] == ["method"]


def test_papers_together_get_the_cells_that_each_gets_alone(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = chosen(library, Filters())
    alone = [literature_table(library, [one], [QUESTION]).rows[0] for one in papers]
    calls: list[int] = []
    weigh = StatementClassifier.probabilities

    def counted(self: StatementClassifier, texts: Sequence[str], vectors: Vector) -> Vector:
        calls.append(len(texts))
        return weigh(self, texts, vectors)

    monkeypatch.setattr(StatementClassifier, "probabilities", counted)
    together = literature_table(library, papers, [QUESTION])
    assert list(together.rows) == alone
    assert len(calls) == 1
    monkeypatch.setattr("kb.cells._AT_ONCE", 7)
    assert literature_table(library, papers, [QUESTION]) == together
    assert max(calls[1:]) == 7
    for row in together.rows:
        told = [said.quote for said in row.cells.values() if said]
        assert len(told) == len(set(told))


def test_a_paper_without_sentences_has_empty_cells(library: Library) -> None:
    assert Chooser.of(library).cells([(), ()]) == [dict.fromkeys(ROLES)] * 2


def test_a_question_off_the_subject_leaves_its_column_empty(library: Library) -> None:
    question = "How long do emperor penguins brood their eggs?"
    table = literature_table(library, chosen(library, Filters()), [question])
    assert [row.cells[question] for row in table.rows] == [None] * 12


def test_a_question_is_answered_by_the_papers_that_answer_it(library: Library) -> None:
    with library.catalogue.read() as reader:
        papers = reader.papers()
    paper = next(one for one in papers.values() if one.paper_id == "2501.00001")
    question = f"What is said about {paper.title}?"
    table = literature_table(library, chosen(library, Filters()), [question])
    cells = {row.paper.paper_id: row.cells[question] for row in table.rows}
    assert cells[paper.paper_id]
    assert sum(said is not None for said in cells.values()) < 12


@pytest.mark.parametrize(
    "text",
    [
        "Walltime Speedup 3.5",
        "Model Configuration.",
        "Figure 3: Speedup of all models on the benchmark.",
        "0.31 & 0.42 & 0.51 are the scores of all models .",
        "You are an expert programmer and should write tests for this function.",
        "RQ1 Results GPT-4 72.1 68.3 LLaMA 61.0 55.2 Mean 66.5.",
        "Results of the Ablation Study on Hidden Tests.",
    ],
)
def test_what_stands_beside_the_text_is_no_sentence(text: str) -> None:
    assert not is_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "Figure 3 shows that the speedup grows with the number of cores.",
        "We obtain a speedup of 3.5× over the baseline, at equal cost.",
        "Our approach repairs 54% of the bugs in Defects4J.",
    ],
)
def test_a_sentence_with_figures_is_one(text: str) -> None:
    assert is_sentence(text)


def test_two_questions_are_not_answered_by_one_sentence(library: Library) -> None:
    with library.catalogue.read() as reader:
        title = next(iter(reader.papers().values())).title
    questions = [f"What is said about {title}?", f"What is told about {title}?"]
    table = literature_table(library, chosen(library, Filters()), questions)
    both = [[row.cells[one] for one in questions] for row in table.rows]
    assert any(first for first, _ in both)
    assert not any(one and two and one.quote == two.quote for one, two in both)


@pytest.mark.parametrize(
    "questions",
    [["  "], ["method"], ["What?", "What?"], [f"Which {n}?" for n in range(MOST_QUESTIONS + 1)]],
)
def test_bad_questions_are_refused(library: Library, questions: list[str]) -> None:
    with pytest.raises(UsageError, match="question"):
        literature_table(library, chosen(library, Filters()), questions)


def test_no_papers_are_refused(library: Library) -> None:
    with pytest.raises(UsageError, match="no paper"):
        literature_table(library, [])


def test_the_spreadsheet_holds_what_the_table_holds(library: Library) -> None:
    table = literature_table(library, chosen(library, Filters()), ["=1+1 or what?"])
    content = written(table, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["paper_id"] for row in rows] == [row.paper.paper_id for row in table.rows]
    assert "'=1+1 or what?" in rows[0]
    for told, row in zip(rows, table.rows, strict=True):
        for role in ROLES:
            said = row.cells[role]
            assert unguarded(told[role]) == (" ".join(said.quote.split()) if said else "")
            assert told[f"{role} (passage_id)"] == (said.passage_id if said else "")
        assert told["phase"] == "; ".join(row.paper.keys("phase"))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_every_paper_and_is_the_same_twice(library: Library, form: str) -> None:
    table = literature_table(library, chosen(library, Filters()))
    content = written(table, form)
    assert content == written(table, form)
    assert len(content.decode("utf-8-sig").splitlines()) >= len(table.rows)


def test_the_command_line(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        status = main(["--library", str(folder), "table", *arguments])
        return status, capsys.readouterr().out

    library = Library.open(folder)
    collect(library, "reading", ["2501.00001", "2502.00002"])
    library.close()
    status, out = run("--collection", "reading", "--question", QUESTION, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["columns"] == [QUESTION, *ROLES, "phase", "layer"]
    row = found["rows"][0]
    assert {"paper_id", "title", "year", "authors", "cells"} <= set(row)
    for said in (row["cells"][role] for role in ROLES):
        assert said is None or set(said) == {"quote", "page", "section", "passage_id"}
    assert isinstance(row["cells"]["phase"], list)
    target = tmp_path / "table.md"
    status, out = run("2501.00001", "--format", "markdown", "-o", str(target), "--json")
    assert (status, json.loads(out)["papers"]) == (0, 1)
    assert target.read_text(encoding="utf-8").startswith("| Paper |")
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []
    assert run("2501.00001", "--format", "csv")[1].startswith("\ufeff")
    assert run("2501.00001")[1].startswith("2501.00001")
    assert len(json.loads(run("--json")[1])["rows"]) == 12
    monkeypatch.setattr(tabling, "MOST_UNNAMED", 11)
    assert run()[0] == 2
    assert run("2501.99999")[0] == 2
    assert run("--collection", "nothing")[0] == 2
    assert run("2501.00001", "--format", "docx")[0] == 2
    assert run("2501.00001", "-o", str(tmp_path / "none" / "table.csv"))[0] == 2


def test_the_shipped_roles_keep_their_measured_figures() -> None:
    """Of 208 sentences held out, coded before anything was fitted."""
    held = load(Path(__file__).parents[2] / "taxonomy" / "weights" / "roles.npz")
    assert set(RoleClassifier.from_weights(held).thresholds) == set(LEARNT)
    for role, least in (("problem", 0.8), ("method", 0.78), ("data", 0.62), ("findings", 0.75)):
        assert held.meta["figures"][role]["f1"] >= least
        assert (
            held.meta["figures"][role]["cells_right"]
            >= 0.9 * held.meta["figures"][role]["cells_filled"]
        )


@pytest.mark.parametrize(
    ("text", "section", "surely"),
    [
        ("Our evaluation is limited to Python projects.", "Abstract", 1.0),
        ("Existing methods face two key limitations.", "Abstract", 0.0),
        ("Our approach does not generalize to other languages.", "Discussion", 1.0),
        ("We did not consider closed models.", "Method", 1.0),
        ("Another limitation is the small sample.", "Discussion", 0.8),
        ("The sample is small.", "Threats to Validity", 0.5),
        ("We discuss related work.", "Related Work", 0.0),
    ],
)
def test_own_limits_are_told_from_those_of_others(text: str, section: str, surely: float) -> None:
    assert owns_limit(Placed(text, 0, 1, section)) == surely
    assert LIMITATIONS in ROLES
