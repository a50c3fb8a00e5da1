"""Follow-ups: what leans on the conversation is completed, what stands by itself is left."""

from __future__ import annotations

import json

import pytest

from kb.answer import ask
from kb.catalogue import Filters
from kb.followup import Resolved, Turn, resolve, topic, turn_of
from kb.library import Library
from kb.missing import IN_ENGLISH, unreadable
from kb.naming import places_in, years_in
from taxonomy.codebook import load

CODEBOOK = load()
TESTS = "How do models generate unit tests for Java?"
SPEED = "What speedup does Speculative Streaming achieve?"
MONITOR = "What makes monitoring deployed LLM applications hard?"
NAMED = "What does SWE-bench measure?"
REPAIR = "How well does GPT-4 repair bugs?"
COUNT = "How many papers on unlearning since 2023?"
ABOUT = "(about: models generate unit tests for Java)?"


def after(first: str, second: str, **filters: object) -> Resolved:
    turn = Turn(first, Filters(**filters), ("2401.00001", "2401.00002"))  # type: ignore[arg-type]
    return resolve(second, [turn], CODEBOOK)


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        (TESTS, "What about Rust?", "How do models generate unit tests for Rust?"),
        (TESTS, "and for C++?", "How do models generate unit tests for C++?"),
        (TESTS, "same for Go", "How do models generate unit tests for Go?"),
        (TESTS, "for Python instead?", "How do models generate unit tests for Python?"),
        (TESTS, "Rust?", "How do models generate unit tests for Rust?"),
        (TESTS, "but only for flaky tests", "How do models generate unit tests for flaky tests?"),
        (REPAIR, "and Gemini?", "How well does Gemini repair bugs?"),
        (REPAIR, "How about in industry?", "How well does GPT-4 repair bugs, in industry?"),
        (MONITOR, "what about privacy?", f"{MONITOR[:-1]}, for privacy?"),
        (MONITOR, "with small teams?", f"{MONITOR[:-1]}, with small teams?"),
        (COUNT, "and on watermarking?", "How many papers on watermarking since 2023?"),
        (TESTS, "why?", f"{TESTS[:-1]}, and why?"),
        (TESTS, "Why is that?", f"{TESTS[:-1]}, and why?"),
        (TESTS, "how come?", f"{TESTS[:-1]}, and why?"),
        (TESTS, "And by how much?", f"{TESTS[:-1]}, and by how much?"),
        (TESTS, "How often?", f"{TESTS[:-1]}, and how often?"),
        (TESTS, "tell me more", TESTS),
        (TESTS, "How is it measured?", f"How is it measured {ABOUT}"),
        (SPEED, "and its limitations?", "What are the limitations of Speculative Streaming?"),
        (SPEED, "what about the cost?", "What is the cost of Speculative Streaming?"),
        (SPEED, "What are its drawbacks?", "What are the drawbacks of Speculative Streaming?"),
        (TESTS, "and its evaluation?", f"What is the evaluation {ABOUT}"),
        (TESTS, "Does it scale to big projects?", f"Does it scale to big projects {ABOUT}"),
        (TESTS, "How do developers use them?", f"How do developers use them {ABOUT}"),
        (TESTS, "When does that fail?", f"When does that fail {ABOUT}"),
        (TESTS, "What are the limitations?", f"What are the limitations {ABOUT}"),
        (TESTS, "Are there any benchmarks?", f"Are there any benchmarks {ABOUT}"),
        (NAMED, "Which models solve it best?", "Which models solve SWE-bench best?"),
        (NAMED, "How do agents do on this?", "How do agents do on SWE-bench?"),
        (NAMED, "Is this method safe?", "Is this method safe (about: SWE-bench measure)?"),
        (NAMED, "Is it contaminated?", "Is SWE-bench contaminated?"),
        (NAMED, "Who solves it without retrieval?", "Who solves SWE-bench without retrieval?"),
        (TESTS, "Which tools support this?", f"Which tools support this {ABOUT}"),
        (REPAIR, "Does it fail?", "Does it fail (about: GPT-4 repair bugs)?"),
    ],
)  # fmt: skip
def test_what_leans_on_the_conversation_is_completed(
    first: str, second: str, question: str
) -> None:
    found = after(first, second)
    assert found.question == question
    assert found.told.startswith(question)
    assert not found.papers


@pytest.mark.parametrize(
    ("second", "filters", "question"),
    [
        ("and for deployment?", {"phases": ["deployment-and-operations"]}, TESTS),
        ("only in the testing phase", {"phases": ["testing-and-evaluation"]}, TESTS),
        ("what about maintenance and evolution?", {"phases": ["maintenance-and-evolution"]}, TESTS),
        ("deployment?", {"phases": ["deployment-and-operations"]}, TESTS),
        ("in the synthesis layer", {"layers": ["synthesis"]}, TESTS),
        ("and the requirements layer?", {"layers": ["requirements-and-user"]}, TESTS),
        ("and during dataset construction?", {"phases": ["dataset-construction"]}, TESTS),
        ("and since 2024?", {"year_from": 2024}, TESTS),
        ("before 2023?", {"year_to": 2022}, TESTS),
        ("2025?", {"year_from": 2025, "year_to": 2025}, TESTS),
        ("and between 2022 and 2024?", {"year_from": 2022, "year_to": 2024}, TESTS),
        (
            "and for testing since 2025?",
            {"phases": ["testing-and-evaluation"], "year_from": 2025}, TESTS,
        ),
        (
            "What about security in the deployment phase?",
            {"phases": ["deployment-and-operations"]}, f"{TESTS[:-1]}, for security?",
        ),
        (
            "what about Rust since 2024?", {"year_from": 2024},
            "How do models generate unit tests for Rust?",
        ),
    ],
)  # fmt: skip
def test_phases_layers_and_years_become_filters(
    second: str, filters: dict[str, object], question: str
) -> None:
    found = after(TESTS, second)
    assert (found.filters.to_json(), found.question) == (filters, question)
    assert str(next(iter(filters.values()))).strip("[]'") in found.told


@pytest.mark.parametrize(
    ("second", "question"),
    [
        ("those papers: which use mutation testing?", "Which papers use mutation testing?"),
        ("Which of these measure coverage?", "Which papers measure coverage?"),
        ("of these, which are about Python?", "Which papers are about Python?"),
        ("Among those papers, what dataset is used?", "What dataset is used?"),
        ("How many of them are from 2025?", "How many papers are from 2025?"),
        ("Do those papers use mutation testing?", "Do papers use mutation testing?"),
    ],
)
def test_those_papers_are_the_ones_cited_last(second: str, question: str) -> None:
    found = after(TESTS, second)
    assert found.question == question
    assert found.papers == ("2401.00001", "2401.00002")
    assert "2 papers cited before" in found.told


@pytest.mark.parametrize(
    "second",
    [
        "Which benchmarks test repository-level code completion?",
        "Do agents know when they fail?",
        "Is it possible to draw figures in TikZ from text?",
        "How long does it take to review a pull request of an agent?",
        "Is it worth letting a repair agent run the tests many times?",
        "What is the share of generated code that compiles?",
        "And how do agents fail?",
        "What happens to code quality when agents write most of it?",
        "How can models forget licensed code and still write theirs well?",
        "Why are pull requests written by coding agents turned down?",
        "What about the many studies that compare human and generated code and find no difference?",
        "If a model ports legacy code, will it notice that it changed what the program does?",
        "Are there benchmarks for Rust?",
        "How many papers on watermarking?",
        "How does it come that agents repeat themselves?",
        "Do agents find it hard to plan?",
        "How do agents test code by running it?",
        "How do agents learn that it fails?",
        "Which tests are those with most faults found?",
        "代码补全的延迟如何降低？",
        "Как агенты исправляют ошибки?",
    ],
)
def test_a_complete_question_is_left_alone(second: str) -> None:
    for first in (TESTS, NAMED):
        found = after(first, second, phases=("dataset-construction",))
        assert found == Resolved(second)


@pytest.mark.parametrize("typed", ["代码补全的延迟如何降低？", "Как агенты исправляют ошибки?"])
def test_a_question_in_another_script_is_refused(library: Library, typed: str) -> None:
    answer = ask(library, typed, earlier=[Turn(TESTS, cited=("2401.00001",))])
    assert (answer.answered, answer.reason) == (False, IN_ENGLISH)
    assert not answer.retrieved_ids
    said = turn_of(json.loads(json.dumps(answer.to_json())))
    assert resolve("What about Rust?", [Turn(TESTS), said], CODEBOOK).question.endswith("for Rust?")
    assert not unreadable(library, "How do agents write Überprüfungen, α and 代码?")


def test_they_and_the_second_one_are_papers_cited() -> None:
    both = ("2401.00001", "2401.00002")
    for typed in ("Do they find bugs?", "which datasets do they use?", "And what do they cost?"):
        assert after(TESTS, typed).papers == both
    turn = Turn(TESTS, Filters(), both, (*both[:1], *both))
    for typed, meant in (
        ("what about the second one?", both[0]),
        ("the third paper", both[1]),
        ("and the last one?", both[1]),
        ("tell me more about [1]", both[0]),
    ):
        found = resolve(typed, [turn], CODEBOOK)
        assert (found.question, found.papers) == (TESTS, (meant,)), typed
    inside = resolve("Which dataset does the third paper use?", [turn], CODEBOOK)
    assert inside == Resolved(
        "Which dataset does the paper use?", papers=both[1:], told=inside.told
    )
    beyond = resolve("what about the ninth one?", [turn], CODEBOOK)
    assert "3 citations, and no number 9" in beyond.refused


@pytest.mark.parametrize("typed", ["thanks", "OK, great!", "Thank you very much.", "hi", "nice"])
def test_small_talk_is_no_question_and_no_context(library: Library, typed: str) -> None:
    turn = Turn(TESTS, cited=("2401.00001",))
    answer = ask(library, typed, earlier=[turn])
    assert not answer.answered
    assert answer.reason.startswith("That is no question about papers.")
    assert not answer.retrieved_ids
    said = turn_of(json.loads(json.dumps(answer.to_json())))
    assert resolve("What about Rust?", [turn, said], CODEBOOK) == after(TESTS, "What about Rust?")


@pytest.mark.parametrize(
    "typed",
    ["?", "{};", "$$$", "<script>alert(1)</script>", "<style>p {color: red}</style>", "main()",
     "List<String>", "<img src=x onerror=go>hi"],
)  # fmt: skip
def test_signs_markup_and_code_are_no_question(library: Library, typed: str) -> None:
    answer = ask(library, typed)
    assert answer.reason.startswith("That is no question about papers.")


@pytest.mark.parametrize("typed", ["and by year?", "and for deployment?", "Which of those? why?"])
def test_a_follow_up_needs_a_question_before_it(typed: str) -> None:
    assert "Ask it whole" in resolve(typed, [], CODEBOOK).refused


@pytest.mark.parametrize(
    ("typed", "way"),
    [
        ("how many challenges are stated about deployment?", "kb challenges --phase deployment"),
        ("which years had most papers on agents?", "Map page"),
        ("How many papers on agents by year?", "one year at a time"),
    ],
)
def test_what_another_page_counts_is_pointed_to(library: Library, typed: str, way: str) -> None:
    answer = ask(library, typed)
    assert not answer.answered
    assert way in answer.reason


@pytest.mark.parametrize(
    "typed",
    [
        "Good tests: what makes them?",
        "Nice values of which parameters help?",
        "What about security of agents?",
        "Rust?",
        "How many papers on agents in 2025?",
        "In which phases are challenges stated?",
        "C++?",
        "Where do models misuse eval() in code?",
        "Do models prefer List<String> to arrays?",
    ],
)
def test_a_first_question_is_left_alone(typed: str) -> None:
    assert resolve(typed, [], CODEBOOK) == Resolved(typed)


def test_filters_of_the_conversation_last_until_replaced_or_freed() -> None:
    first = after(TESTS, "and for deployment?", year_from=2024)
    assert first.filters == Filters(phases=("deployment-and-operations",), year_from=2024)
    turn = Turn(first.question, first.filters)
    assert resolve("and for testing?", [turn], CODEBOOK).filters == Filters(
        phases=("testing-and-evaluation",), year_from=2024
    )
    assert resolve("and in all phases?", [turn], CODEBOOK).filters == Filters(year_from=2024)
    assert resolve("for all years?", [turn], CODEBOOK).filters == Filters(
        phases=("deployment-and-operations",)
    )


def test_a_second_follow_up_leans_on_the_first() -> None:
    first = after(TESTS, "What about Rust?")
    second = resolve("and Go?", [Turn(TESTS), Turn(first.question)], CODEBOOK)
    assert second.question == "How do models generate unit tests for Go?"
    asked = after(TESTS, "Does it find bugs?")
    again = resolve("Are they slow?", [Turn(asked.question)], CODEBOOK)
    assert again.question == f"Are they slow {ABOUT}"


def test_a_refusal_between_does_not_hide_the_papers_cited_before() -> None:
    turns = [Turn(TESTS, cited=("2401.00001",)), Turn(MONITOR)]
    assert resolve("Which of them use Java?", turns, CODEBOOK).papers == ("2401.00001",)
    assert not resolve("Which of them use Java?", [Turn(MONITOR)], CODEBOOK).papers


def test_names_of_categories() -> None:
    assert places_in("the deployment phase", CODEBOOK) == (("phase", "deployment-and-operations"),)
    assert places_in("Planning & Reasoning Layer", CODEBOOK) == (
        ("layer", "planning-and-reasoning"),
    )
    assert places_in("validation", CODEBOOK) == (("layer", "execution-verification-validation"),)
    assert not places_in("deployment of agents", CODEBOOK)
    assert not places_in("user", CODEBOOK)
    assert topic("How many developers use agents?") == "developers use agents"
    assert years_in("papers from 2023 to 2025 on x")[:2] == (2023, 2025)
    assert years_in("papers on C99 and 1024 tokens")[:2] == (None, None)


def test_ask_understands_a_conversation(library: Library) -> None:
    first = ask(
        library, "How much does asking one clarifying question raise the acceptance of code?"
    )
    assert first.answered
    assert first.understood == Resolved(first.question)
    turn = turn_of(json.loads(json.dumps(first.to_json())))
    assert turn == Turn(first.question, Filters(), first.cited_ids)
    second = ask(library, "and since 2025?", earlier=[turn])
    assert second.question == "and since 2025?"
    assert second.understood.question == first.question
    assert second.filters == Filters(year_from=2025)
    assert all((one.year or 0) >= 2025 for one in second.citations)
    assert second.to_text().startswith(f"Understood as: {first.question}; from 2025 on")
    third = turn_of(second.to_json())
    assert third.filters == Filters(year_from=2025)
    assert third.question == first.question


def test_ask_is_limited_to_the_papers_cited_before(library: Library) -> None:
    others = sorted(set(library.snapshot().table.paper_id) - {"2405.00005"})
    held = ("2405.00005", others[0])
    turn = Turn("How is code generated?", cited=held)
    answer = ask(library, "Which of these ask clarifying questions?", earlier=[turn])
    assert set(answer.retrieved_ids) <= set(held)
    assert answer.coverage.tagged == 2
    counted = ask(library, "How many of those papers?", earlier=[turn])
    assert counted.understood.papers == held
    assert counted.counted
    assert (counted.counted.papers, set(counted.retrieved_ids)) == (2, set(held))
    given = ask(library, "and for deployment?", Filters(year_from=2025), [turn])
    assert given.filters == Filters(phases=("deployment-and-operations",), year_from=2025)
