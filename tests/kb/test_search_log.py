"""Every search is kept, by the command line and by the app, and a map is told by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.catalogue import Filters
from kb.cli import main
from kb.library import Library
from kb.mapping import searched_cells
from kb.query import parse
from kb.search_log import searches, within


def test_a_search_is_kept_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--library", str(folder), "--json"]
    words = "unlearning licensed code"
    assert main([*at, "search", words, "--year", "2024-2026", "-n", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main([*at, "searches"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)["searches"]
    library = Library.open(folder)
    assert kept == {
        "at": kept["at"],
        "query": words,
        "filters": {"year_from": 2024, "year_to": 2026},
        "mode": "hybrid",
        "total": found["total"],
        "generation": library.snapshot().generation,
        "hits": [hit["paper_id"] for hit in found["hits"]],
    }
    library.close()


def test_the_last_ones_are_shown_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--library", str(folder)]
    for query in ("first", "second", "phase:testing third"):
        assert main([*at, "search", query, "--mode", "lexical"]) == 0
    capsys.readouterr()
    assert main([*at, "searches", "-n", "2"]) == 0
    second, third = capsys.readouterr().out.splitlines()
    assert second.endswith("second")
    assert "phase:testing third" in third
    assert "phases testing-and-evaluation" in third


def test_an_empty_log_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--library", str(folder), "searches"]) == 0
    assert capsys.readouterr().out == "nothing was searched yet\n"


def test_a_cell_searched_by_typing_is_no_longer_unknown(folder: Path) -> None:
    cell = ("testing-and-evaluation", "planning-and-reasoning")
    library = Library.open(folder)
    assert cell not in searched_cells(library)
    library.close()
    assert main(["--library", str(folder), "search", "phase:testing layer:planning agents"]) == 0
    library = Library.open(folder)
    assert searched_cells(library) == {cell}
    library.close()


def test_typed_filters_fill_up_the_chosen_ones(library: Library) -> None:
    edition = library.edition

    def inside(typed: str, chosen: Filters = Filters()) -> Filters:  # noqa: B008 - frozen
        return within(parse(typed, edition), chosen)

    assert inside("plain words") == Filters()
    assert inside("-phase:testing words") == Filters()
    both = inside("phase:testing phase:deployment year:2024..")
    assert both.phases == ("testing-and-evaluation", "deployment-and-operations")
    assert (both.year_from, both.year_to) == (2024, None)
    chosen = Filters(phases=("maintenance-and-evolution",), author="ada")
    assert inside("phase:testing author:bo category:cs.SE", chosen) == Filters(
        phases=("maintenance-and-evolution",), author="ada", category="cs.SE"
    )


def test_the_log_outlives_what_it_found(folder: Path) -> None:
    at = ["--library", str(folder)]
    assert main([*at, "search", "unlearning licensed code"]) == 0
    assert main([*at, "remove", "2502.00002"]) == 0
    library = Library.open(folder)
    (kept,) = searches(library)
    assert "2502.00002" in kept.hits
    assert kept.generation < library.snapshot().generation
    library.close()
