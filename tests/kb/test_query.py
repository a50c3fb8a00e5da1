"""What a person types is read as meant, and the search keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.catalogue import Filters
from kb.cli import main
from kb.errors import UsageError
from kb.library import Library
from kb.query import Condition, Query, parse
from kb.search import search
from taxonomy.codebook import load
from taxonomy.edition import Edition

BOOK = Edition(load().facets)


@pytest.mark.parametrize(
    ("typed", "text", "conditions", "filters"),
    [
        ("unlearning licensed code", "unlearning licensed code", (), ()),
        ('"licensed code" audits', "licensed code audits", (("licensed code", "", True),), ()),
        ("\u201clicensed code\u201d", "licensed code", (("licensed code", "", True),), ()),
        ("code -unlearning", "code", (("unlearning", "", False),), ()),
        ('code -"open challenge"', "code", (("open challenge", "", False),), ()),
        ("state-of-the-art - models", "state-of-the-art - models", (), ()),
        ("TITLE:serving", "serving", (("serving", "title", True),), ()),
        ('-title:"on request"', "", (("on request", "title", False),), ()),
        ("year:2024", "", (), ((Filters(year_from=2024, year_to=2024), True),)),
        ("year:2023..2025", "", (), ((Filters(year_from=2023, year_to=2025), True),)),
        ("year:..2024 x", "x", (), ((Filters(year_to=2024), True),)),
        ("-year:2024-", "", (), ((Filters(year_from=2024), False),)),
        ('author:"Ada Example"', "", (), ((Filters(author="Ada Example"), True),)),
        ("phase:maint", "", (), ((Filters(phases=("maintenance-and-evolution",)), True),)),
        ("-layer:synthesis", "", (), ((Filters(layers=("synthesis",)), False),)),
        ("category:cs.SE", "", (), ((Filters(category="cs.SE"), True),)),
        ("collection:reading", "", (), ((Filters(collection="reading"), True),)),
        ("agents AND tests", "agents tests", (), ()),
        ("this or that not", "this or that not", (), ()),
        ('"OR" gates', "OR gates", (("OR", "", True),), ()),
        ("The missing layer: a survey", "The missing layer: a survey", (), ()),
        ("C++: a survey http://a.b 3:1", "C++: a survey http://a.b 3:1", (), ()),
    ],
)
def test_it_is_read_as_meant(
    typed: str,
    text: str,
    conditions: tuple[tuple[str, str, bool], ...],
    filters: tuple[tuple[Filters, bool], ...],
) -> None:
    wanted = Query(text, tuple(Condition(*one) for one in conditions), filters, typed)
    assert parse(typed, BOOK) == wanted


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('"licensed code', "is not closed"),
        ('code ""', "nothing between two quotes"),
        ("titel:serving", "known: title, author, year"),
        ("year:soon", "year:2023..2025"),
        ("year:2025..2023", "year:2023..2025"),
        ("year:..", "year:2023..2025"),
        ("agents OR assistants", "OR is not understood"),
        ("agents NOT assistants", "-word"),
        ("code author:", "author: has no value"),
        ("author: lovelace", "author:VALUE"),
        ("-phase:", "phase:VALUE"),
        ("((", "nothing to search for"),
        ("*", "nothing to search for"),
        ("-", "nothing to search for"),
        ("AND", "nothing to search for"),
        ('code "*"', "nothing to search for"),
        ("phase:testing-and-debugging", "known: requirements-engineering"),
        ("layer:x", "known: requirements-and-user"),
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(typed: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(typed, BOOK)
    assert told in f"{caught.value.message} {caught.value.remedy}"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(typed: str) -> None:
    told, read = "", None
    try:
        read = parse(typed, BOOK)
    except UsageError as error:
        told = error.remedy
    assert (read is not None and read.typed == typed) or told


@pytest.mark.parametrize(
    ("typed", "there", "gone"),
    [
        ('"licensed code"', {"2502.00002"}, {"2501.00001", "2403.00003"}),
        ('"code licensed"', set(), {"2502.00002"}),
        ("title:serving", {"2403.00003"}, {"2502.00002", "2501.00001"}),
        ("code -unlearning", {"2501.00001"}, {"2502.00002"}),
        ('author:"cy author"', {"2502.00002"}, {"2501.00001"}),
        ("year:2024", {"2403.00003"}, {"2501.00001"}),
        ("-year:2025..", {"2403.00003"}, {"2501.00001", "2502.00002"}),
    ],
)
def test_conditions_are_kept_to(
    library: Library, typed: str, there: set[str], gone: set[str]
) -> None:
    for mode in ("hybrid", "dense", "lexical"):
        results = search(library, parse(typed, BOOK), limit=50, mode=mode)
        found = {hit.paper.paper_id for hit in results.hits}
        assert there <= found
        assert not gone & found


def test_conditions_join_the_filters(library: Library) -> None:
    some = search(library, parse("code year:2025", BOOK), Filters(category="cs.LG"), limit=50)
    assert {hit.paper.year for hit in some.hits} == {2025}
    assert all("cs.LG" in hit.paper.categories for hit in some.hits)


def test_conditions_alone_list_all_that_meet_them(library: Library) -> None:
    results = search(library, parse("-year:1900", BOOK), limit=50)
    ids = [hit.paper.paper_id for hit in results.hits]
    assert len(ids) == results.total == 12
    assert ids == sorted(ids)
    assert {hit.score for hit in results.hits} == {0.0}


def test_the_command_line_reads_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--library", str(folder), "search", "title:serving", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["query"], found["total"]) == ("title:serving", 1)
    assert main(["--library", str(folder), "search", "titel:serving"]) == 2
    assert "known: title" in capsys.readouterr().err


def test_options_take_the_short_keys_that_queries_take(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        status = main(["--library", str(folder), *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    def found(*words: str) -> list[str]:
        status, out, _ = run("search", "code", "--json", *words)
        assert status == 0
        return [hit["paper_id"] for hit in json.loads(out)["hits"]]

    full = found("--phase", "testing-and-evaluation")
    assert full
    assert found("--phase", "testing") == found("--tag", "phase=testing") == full
    status, out, _ = run("ask", "How is code tested?", "--phase", "testing", "--json")
    assert status == 0
    assert json.loads(out)["filters"]["phases"] == ["testing-and-evaluation"]
    for words in (("--phase", "nothing"), ("--layer", "r"), ("--tag", "phase="), ("--phase", "")):
        status, _, err = run("search", "code", *words)
        assert status == 2
        assert "known: " in err


def test_the_head_says_that_words_leave_no_paper_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--library", str(folder), "search", "code", "-n", "5"]) == 0
    assert capsys.readouterr().out.startswith("5 of 12 papers ranked · ")
