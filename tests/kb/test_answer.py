"""Answers on a small library: quotes that stand, refusals with reasons, exact counts."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.sources import jsonl
from kb.adding import add
from kb.answer import Answer, ask
from kb.catalogue import Filters
from kb.citations import cite
from kb.collecting import collect
from kb.counting import read_count
from kb.covered import papers_behind
from kb.errors import UsageError
from kb.library import Library
from kb.question import chunks, read_question, without
from kb.quotes import contains
from kb.refusal import fit, load_refusal
from kb.support import NAMES, Signs
from kb.telling import telling

ASKED = "How much does asking one clarifying question raise the acceptance of generated code?"


def test_answers_from_the_paper_that_is_meant(library: Library) -> None:
    answer = ask(library, ASKED)
    assert answer.answered
    assert answer.citations[0].paper_id == "2405.00005"
    assert "42% to 61%" in answer.sentences[0].text
    assert answer.sentences[0].citations == (1,)


@pytest.mark.parametrize(
    "question",
    [ASKED, "What remains unsolved about judges of code?", "How can a model forget licensed code?"],
)
def test_every_quote_stands_in_its_passage_and_on_its_page(library: Library, question: str) -> None:
    answer = ask(library, question)
    assert answer.citations
    with library.catalogue.read() as reader:
        numbers = reader.passage_numbers(one.passage_id for one in answer.citations)
        stored = reader.passages(numbers.values())
        for one in answer.citations:
            passage = stored[numbers[one.passage_id]]
            assert contains(passage.text, one.quote)
            assert contains(reader.page_text(passage.paper, passage.page), one.quote)
            assert passage.paper_id == one.paper_id


def test_citation_numbers_run_from_1_and_each_is_used(library: Library) -> None:
    answer = ask(library, ASKED)
    used = [n for one in answer.sentences for n in one.citations]
    assert sorted(used) == [one.n for one in answer.citations] == list(range(1, len(used) + 1))


def test_the_gate_lets_no_changed_quote_pass(library: Library) -> None:
    with library.catalogue.read() as reader:
        number = reader.numbers(["2405.00005"])["2405.00005"]
        paper, passage = reader.papers([number])[number], reader.passages_of([number])[number][0]
        quote = "Asking one question raises acceptance of the generated code from 42% to 61%."
        made = cite(reader, 1, paper, passage, quote)
        assert made
        assert made.quote == quote
        assert cite(reader, 1, paper, passage, quote.replace("61", "91")) is None
        assert cite(reader, 1, paper, passage, " ") is None
        assert cite(reader, 1, paper, None, quote) is None
        # In the passage, but not in the page as stored: the page wins.
        claimed = dataclasses.replace(passage, page=7)
        assert cite(reader, 1, paper, claimed, quote) is None


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (
            "What is the boiling point of tungsten?",
            "None of the 12 papers searched speaks of “boiling",
        ),
        ("How does grammar constrained decoding affect COBOL?", "COBOL"),
        ("What did RepoTrace find in 2031?", "2031"),
    ],
)
def test_refuses_and_says_why(library: Library, question: str, told: str) -> None:
    answer = ask(library, question)
    assert not answer.answered
    assert told in answer.reason
    assert "Searched 12 papers" in answer.reason
    assert not answer.sentences
    assert not answer.citations
    assert not answer.coverage.cited
    assert len(answer.to_json()["nearest"]) == 5
    assert "Nearest papers" in answer.to_text()


def test_filters_are_obeyed_and_shown(library: Library) -> None:
    answer = ask(library, ASKED, Filters(year_from=2025))
    assert answer.coverage.tagged == 6
    assert all((one.year or 0) >= 2025 for one in answer.citations)
    assert answer.to_json()["filters"] == {"year_from": 2025}
    nothing = ask(library, ASKED, Filters(author="nobody"))
    assert not nothing.answered
    assert "No paper passes the filters" in nothing.reason


def test_a_refusal_names_the_filters_in_words(library: Library) -> None:
    phases = ("testing-and-evaluation", "dataset-construction")
    refused = ask(library, "Who won the football match?", Filters(phases=phases))
    assert "(phases testing-and-evaluation or dataset-construction)" in refused.reason


def test_an_empty_library_refuses(
    tmp_path_factory: pytest.TempPathFactory, library: Library
) -> None:
    empty = Library.create(tmp_path_factory.mktemp("empty") / "library")
    empty.heal()
    empty.embedder = library.embedder
    answer = ask(empty, ASKED)
    assert not answer.answered
    assert "empty" in answer.reason
    empty.close()


def test_json_has_the_keys_of_the_contract(library: Library) -> None:
    found = json.loads(json.dumps(ask(library, ASKED).to_json()))
    assert {
        "question", "answered", "reason", "sentences", "citations", "coverage", "took_ms"
    } <= set(found)  # fmt: skip
    assert set(found["sentences"][0]) == {"text", "citations"}
    assert {
        "n", "paper_id", "title", "year", "page", "section", "passage_id", "quote"
    } <= set(found["citations"][0])  # fmt: skip
    assert set(found["coverage"]) == {"tagged", "retrieved", "cited", "without_full_text"}
    assert {"understood", "groups", "coverage_ids", "filters"} <= set(found)
    held = [i for group in found["groups"] for i in group["sentences"]]
    assert sorted(held) == list(range(len(found["sentences"])))
    assert found["coverage"]["tagged"] == 12


def test_time_is_taken_from_the_clock(library: Library) -> None:
    ticks = iter([1.0, 1.25])
    assert ask(library, ASKED, clock=lambda: next(ticks)).took_ms == pytest.approx(250)


def test_the_same_question_has_the_same_answer(library: Library) -> None:
    def without_time(answer: Answer) -> Answer:
        return dataclasses.replace(answer, took_ms=0.0)

    assert without_time(ask(library, ASKED)) == without_time(ask(library, ASKED))


def test_writers(library: Library) -> None:
    with pytest.raises(UsageError, match="no language model is set up"):
        ask(library, ASKED, writer="llm")
    with pytest.raises(UsageError) as error:
        ask(library, ASKED, writer="poet")
    assert "extractive" in error.value.remedy
    with pytest.raises(UsageError):
        ask(library, "  ")


@pytest.mark.parametrize(
    ("question", "papers", "filters", "words"),
    [
        ("How many papers are there in this library?", 12, {}, ""),
        ("How many papers in 2025?", 6, {"year_from": 2025, "year_to": 2025}, ""),
        ("How many papers since 2025?", 6, {"year_from": 2025}, ""),
        ("how many studies before 2024?", 2, {"year_to": 2023}, ""),
        ("How many papers after 2023?", 10, {"year_from": 2024}, ""),
        (
            "How many papers were published between 2023 and 2024?", 6,
            {"year_from": 2023, "year_to": 2024}, "",
        ),
        ("How many papers on unlearning since 2025?", 1, {"year_from": 2025}, "unlearning"),
        ("How many papers on unlearning before 2024?", 0, {"year_to": 2023}, "unlearning"),
        ("Number of papers in cs.LG", None, {}, ""),
        ("How many papers in cs.LG?", 2, {"category": "cs.LG"}, ""),
    ],
)  # fmt: skip
def test_counts_are_exact(
    library: Library, question: str, papers: int | None, filters: dict[str, object], words: str
) -> None:
    if papers is None:
        assert read_count(question, library.codebook) is None
        return
    answer = ask(library, question)
    assert answer.counted is not None
    assert answer.counted.papers == papers
    assert answer.counted.filters.to_json() == filters
    assert answer.counted.words == words
    assert answer.sentences[0].text.startswith(f"{papers} paper")
    assert answer.answered
    assert not answer.citations


def test_a_count_of_a_category_of_the_codebook_uses_its_tags(library: Library) -> None:
    for facet, field in (("phase", "phases"), ("layer", "layers")):
        category = library.codebook.facet(facet).categories[0]
        wanted = read_count(f"How many papers on {category.name}?", library.codebook)
        assert wanted
        assert not wanted.words
        assert getattr(wanted.filters, field) == (category.key,)
        answer = ask(library, f"How many papers on {category.name}?")
        table = library.snapshot().table
        held = table.has_tags.get((facet, category.key))
        assert answer.counted
        assert answer.counted.papers == (int(held.sum()) if held is not None else 0)


@pytest.mark.parametrize(
    ("question", "filters", "words"),
    [
        ("How many papers on deployment?", {"phases": ["deployment-and-operations"]}, ""),
        (
            "How many papers in the testing phase since 2024?",
            {"phases": ["testing-and-evaluation"], "year_from": 2024}, "",
        ),
        (
            "How many studies on flaky tests in the synthesis layer?",
            {"layers": ["synthesis"]}, "flaky tests",
        ),
        (
            "How many papers are in the dataset construction phase and the synthesis layer?",
            {"phases": ["dataset-construction"], "layers": ["synthesis"]}, "",
        ),
        ("How many papers on deployment of agents?", {}, "deployment agents"),
        ("How many papers by Ada Lovelace?", {"author": "Ada Lovelace"}, ""),
        (
            "How many papers on repair by Li before 2024?",
            {"author": "Li", "year_to": 2023}, "repair",
        ),
        ("How many papers by 2023?", {"year_to": 2023}, ""),
        ('How many papers in my collection "Reading List"?', {"collection": "reading list"}, ""),
        (
            "How many papers of the collection reading list since 2025?",
            {"collection": "reading list", "year_from": 2025}, "",
        ),
    ],
)  # fmt: skip
def test_counts_by_what_is_named(
    library: Library, question: str, filters: dict[str, object], words: str
) -> None:
    wanted = read_count(question, library.codebook, ["reading", "reading list"])
    assert wanted
    assert (wanted.filters.to_json(), wanted.words) == (filters, words)


def test_counts_are_those_of_a_query_by_hand(library: Library) -> None:
    def by_hand(where: str) -> set[str]:
        with sqlite3.connect(library.folder / "catalogue.sqlite") as connection:
            found = connection.execute(f"select paper_id from papers where {where}")
            return {str(row[0]) for row in found}

    author = library.snapshot().table.authors[0].split("\n")[0].title()
    collect(library, "reading list", sorted(by_hand("year >= 2025"))[:3])
    for question, where in (
        ("How many papers since 2025?", "year >= 2025"),
        ("How many papers between 2023 and 2024?", "year between 2023 and 2024"),
        ("How many papers on unlearning?", "title || abstract like '%unlearn%'"),
        (f"How many papers by {author}?", f"lower(authors) like '%{author.lower()}%'"),
        (
            "How many papers in the collection reading list?",
            "paper_id in (select paper_id from collections where name = 'reading list')",
        ),
    ):
        answer = ask(library, question)
        assert answer.counted, question
        assert set(answer.retrieved_ids) == by_hand(where), question
        assert answer.counted.papers == len(by_hand(where))
        first = answer.to_json()["count"]["first"]
        assert [one["paper_id"] for one in first] == list(answer.retrieved_ids[: len(first)])
        assert all(one["title"] in answer.to_text() for one in first)


def test_an_unknown_collection_is_named(library: Library) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        ask(library, "How many papers in the collection nowhere?")


def test_each_count_of_the_coverage_has_its_papers(library: Library) -> None:
    answer = ask(library, ASKED, Filters(year_from=2024))
    behind = papers_behind(library, json.loads(json.dumps(answer.to_json())))
    counts = answer.coverage.to_json()
    assert {name: len(ids) for name, ids in behind.items()} == counts
    assert behind["retrieved"] == answer.retrieved_ids
    assert behind["cited"] == answer.cited_ids
    assert set(behind["cited"]) <= set(behind["retrieved"]) <= set(behind["tagged"])
    asked_again = papers_behind(library, {"filters": {"year_from": 2024}, "coverage_ids": {}})
    assert asked_again["tagged"] == behind["tagged"]


def test_other_questions_are_not_counted(library: Library) -> None:
    for question in ("How many developers took part?", "How much code is there in papers?"):
        assert read_count(question, library.codebook) is None


def test_a_question_is_taken_apart(library: Library) -> None:
    question = read_question(
        "How often do COBOL agents use self-repair in 2025?", library.indexes.text, 12
    )
    terms = {term.text: term for term in question.terms}
    assert set(terms) == {"COBOL", "agents", "self-repair"}
    assert terms["COBOL"].name
    assert not terms["agents"].name
    assert terms["COBOL"].papers == 0
    assert terms["COBOL"].weight == question.ceiling
    assert terms["agents"].weight < terms["COBOL"].weight
    assert question.years == (2025,)
    assert question.quantity
    assert chunks(question) == ["COBOL agents", "self-repair"]
    assert without(question)[0] == "How often do agents use self-repair in 2025?"


def test_findings_tell_more_than_the_opening() -> None:
    def told(text: str, index: int, *, quantity: bool = False) -> float:
        return telling(text, 0.5, 0.5, quantity=quantity, place=(index, 6))

    opening, finding = "Unit tests matter to everyone.", "We find that 41% of tests are flaky now."
    assert told(finding, 3) > told(opening, 0)
    assert told(finding, 3, quantity=True) > told(finding, 3)
    assert telling(finding, 0.9, 0.5, quantity=False, place=None) > telling(
        finding, 0.1, 0.5, quantity=False, place=None
    )


@pytest.mark.parametrize(
    "line",
    [
        "Keywords: program repair, large language models.",
        "Index Terms—testing, agents",
        "CCS Concepts: Software and its engineering",
        "We thank the reviewers of this paper.",
        "https://example.org/artifact",
    ],
)
def test_a_line_beside_the_text_is_never_the_most_telling(line: str) -> None:
    def told(text: str, cosine: float) -> float:
        return telling(text, cosine, 0.0, quantity=False, place=None)

    assert told(line, 1.0) < told("Repair is hard.", 0.0)
    assert told("Keywords in prompts change what a model writes.", 0.5) > told(line, 1.0)


def test_the_shipped_model_says_what_it_was_fitted_on() -> None:
    model = load_refusal()
    assert len(model.weights) == len(NAMES)
    assert 0 < model.threshold < 1
    assert model.fitted["own_answerable_n"] >= 100
    assert model.fitted["own_unanswerable_n"] >= 100
    middle = Signs(*model.mean)
    worse = dataclasses.replace(middle, near=middle.near - 0.2, name_missing=1.0)
    assert [one["threshold"] for one in model.curve] == sorted(o["threshold"] for o in model.curve)
    here = min(model.curve, key=lambda one: abs(one["threshold"] - model.threshold))
    assert here["answered"] >= 0.9
    assert here["recall"] >= 0.75
    assert model.chance(worse) < model.chance(middle)


def test_what_is_far_from_every_paper_is_refused_whatever_words_it_shares() -> None:
    model = load_refusal()
    # As "What is the weather?" to 7,912 abstracts, four of which have the word.
    shared = dataclasses.replace(
        Signs(*model.mean), kin=1.0, weakest=1.0, covered=1.0, together=0.0, name_missing=0.0,
        sweeping=0.0, unhelpful=0.2, second_rarest=0.0,
    )  # fmt: skip
    assert model.chance(dataclasses.replace(shared, near=0.13, sentence=0.3)) == 0.0
    # Near in one respect, it is judged by all the signs.
    for near, sentence in ((0.31, 0.3), (0.13, 0.5)):
        one = dataclasses.replace(shared, near=near, sentence=sentence)
        assert model.chance(one) > model.threshold


def test_an_answer_says_a_sentence_without_the_number_of_its_list(tmp_path: Path) -> None:
    said = "Each short lesson of a failed repair is kept for the next attempt of the agent."
    record = {
        "id": "2501.07777",
        "title": "Lessons of Failed Repairs",
        "abstract": f"3. We study repair agents over many attempts. 4. {said}",
        "published": "2025-01-05",
    }
    path = tmp_path / "papers.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    with closing(Library.create(tmp_path / "library")) as library:
        assert add(library, [jsonl(path)]).added == 1
        answer = ask(library, "Which short lesson of a failed repair does the agent keep?")
        assert [one.text for one in answer.sentences] == [said]
        assert [one.quote for one in answer.citations] == [said]
        assert [one.sentences for one in answer.groups] == [(0,)]
        assert answer.dropped == 0


def test_the_fit_finds_weights_that_were_put_in() -> None:
    import numpy as np

    generator = np.random.default_rng(3)
    table = generator.normal(size=(4000, len(NAMES))).astype(np.float32)
    odds = 2.0 * table[:, 0] - 1.0 * table[:, 1] + 0.5
    answerable = (generator.random(4000) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    model = fit(table, answerable, np.ones(4000, dtype=np.float32), penalty=1e-3)
    assert model.weights[0] == pytest.approx(2.0, abs=0.2)
    assert model.weights[1] == pytest.approx(-1.0, abs=0.15)
    assert max(abs(weight) for weight in model.weights[2:]) < 0.15
    assert model.bias == pytest.approx(0.5, abs=0.15)
