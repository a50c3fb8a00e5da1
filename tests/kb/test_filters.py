"""Filters: what they let pass, against one paper at a time; and what is kept in mind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import snapshot as snapshots
from kb.catalogue import Filters
from kb.catalogue.values import PaperTable
from kb.columns import Columns
from kb.library import Library
from kb.snapshot import Matrix, Snapshot

NAMES = ("Ada Example", "Bo Sample", "İpek Ş", "cy", "A", "")
CATEGORIES = ("cs.SE", "cs.LG", "CS.se", "")


def table_of(papers: list[tuple[list[str], list[str], int]]) -> PaperTable:
    """A table of (authors, categories, year), with every second paper tagged."""
    count = len(papers)
    tagged = np.arange(count) % 2 == 0
    return PaperTable(
        n=np.arange(10, 10 + count, dtype=np.int64),
        year=np.array([year for _, _, year in papers], dtype=np.int64),
        paper_id=tuple(f"{count - i:03}" for i in range(count)),
        published=("",) * count,
        authors=tuple("\n".join(names).lower() for names, _, _ in papers),
        categories=tuple(tuple(some) for _, some, _ in papers),
        full_text=np.zeros(count, dtype=bool),
        has_tags={("phase", "p"): tagged},
        human_tags={("phase", "p"): tagged & (np.arange(count) % 4 == 0)},
        row_of={10 + i: i for i in range(count)},
    )


PAPERS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), max_size=3),
        st.lists(st.sampled_from(CATEGORIES), max_size=2),
        st.sampled_from((0, 2023, 2024, 2025)),
    ),
    max_size=12,
)


@given(PAPERS, st.sampled_from(("ada", "A", "e\ns", "mple", "Ş", "nobody", "\0", "p")))
def test_authors_are_found_as_one_by_one(papers: list[Any], wanted: str) -> None:
    table = table_of(papers)
    expected = [wanted.lower() in names for names in table.authors]
    assert Columns(table).by_author(wanted).tolist() == expected


@given(PAPERS, st.sampled_from(CATEGORIES))
def test_categories_are_found_as_one_by_one(papers: list[Any], wanted: str) -> None:
    table = table_of(papers)
    expected = [wanted.lower() in {c.lower() for c in some} for some in table.categories]
    assert Columns(table).in_category(wanted).tolist() == expected


@given(PAPERS, st.sets(st.sampled_from([f"{i:03}" for i in range(14)])))
def test_ids_are_found_as_one_by_one(papers: list[Any], wanted: set[str]) -> None:
    table = table_of(papers)
    assert Columns(table).among(wanted).tolist() == [one in wanted for one in table.paper_id]


@given(PAPERS)
def test_fields_meet(papers: list[Any]) -> None:
    table = table_of(papers)
    snapshot = Snapshot(None, 1, table)  # type: ignore[arg-type]  # no collection is asked for
    filters = Filters(phases=("p",), year_from=2024, category="cs.SE", author="ada")
    expected = [
        i % 2 == 0
        and year >= 2024
        and "cs.se" in {c.lower() for c in some}
        and "Ada Example" in names
        for i, (names, some, year) in enumerate(papers)
    ]
    assert snapshot.mask(filters).tolist() == expected
    counts = snapshot.facet_counts(snapshot.mask(Filters()))["year"]
    assert counts == {
        year: sum(one[2] == year for one in papers) for year in {one[2] for one in papers} if year
    }


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 7), max_size=5))
def test_passages_are_looked_up_as_one_by_one(sizes: list[int], wanted: list[int]) -> None:
    rows = np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)
    # Numbers out of order: a paper read again has younger passages than its neighbours.
    numbers = (np.arange(len(rows), dtype=np.int64) * 7) % 31 + 100
    starts = np.searchsorted(rows, np.arange(len(sizes) + 1))
    matrix = Matrix(numbers, rows, np.zeros((len(rows), 2), np.float32), starts)
    chosen = [row for row in wanted if row < len(sizes)]
    expected = [at for row in chosen for at in np.flatnonzero(rows == row)]
    assert matrix.of_papers(np.array(chosen, dtype=np.int64)).tolist() == expected
    snapshot = Snapshot(None, 1, table_of([([], [], 0)] * len(sizes)))  # type: ignore[arg-type]
    snapshot.__dict__["_matrix"] = matrix
    asked = np.array([99, *numbers, 500], dtype=np.int64)
    assert snapshot.places_of(asked).tolist() == [-1, *range(len(rows)), -1]
    assert snapshot.rows_of_passages(asked).tolist() == [-1, *rows.tolist(), -1]
    assert snapshot.rows_of(np.array([9, 10, 900])).tolist() == [-1, 0 if sizes else -1, -1]


def test_a_few_filters_are_kept_in_mind_and_none_can_be_spoilt(library: Library) -> None:
    snapshot = library.snapshot()
    first = snapshot.mask(Filters(year_from=2024))
    assert snapshot.mask(Filters(year_from=2024)) is first
    with pytest.raises(ValueError, match="read-only"):
        first[:] = False
    for year in range(1900, 1900 + 2 * snapshots.MASKS):
        snapshot.mask(Filters(year_from=year))
    assert len(snapshot._masks) == snapshots.MASKS
    assert snapshot.mask(Filters(year_from=2024)).tolist() == first.tolist()


def test_a_collection_is_looked_up_anew(library: Library) -> None:
    snapshot = library.snapshot()
    filters = Filters(collection="mine", year_from=2024)
    assert not snapshot.mask(filters).any()
    for name in ("2502.00002", "2311.00011"):
        with library.catalogue.write(bump=False) as writer:
            writer.set_collected("mine", name, member=True, now=library.now())
    assert library.snapshot() is snapshot
    passing = [snapshot.table.paper_id[row] for row in np.flatnonzero(snapshot.mask(filters))]
    assert passing == ["2502.00002"]  # the other is of 2023
    assert snapshot.mask(replace(filters, year_from=None)).sum() == 2
