"""Searches and related papers among papers that are named by their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kb.catalogue import Filters
from kb.library import Library
from kb.query import parse
from kb.ranking import MODES, Mode
from kb.search import related, search


def numbers(library: Library, *ids: str) -> np.ndarray:
    with library.catalogue.read() as reader:
        return np.array(sorted(reader.numbers(ids).values()), dtype=np.int64)


@pytest.mark.parametrize("mode", MODES)
def test_only_the_named_papers_are_found(library: Library, mode: Mode) -> None:
    only = numbers(library, "2501.00001", "2502.00002", "2403.00003")
    found = search(library, "language models for code", mode=mode, only=only, limit=20)
    ids = {hit.paper.paper_id for hit in found.hits}
    assert ids <= {"2501.00001", "2502.00002", "2403.00003"}
    assert len(ids) == found.total if mode == "lexical" else found.total == 3
    assert ids
    assert not search(library, "code", mode=mode, only=only[:0]).hits


def test_they_are_counted_with_the_filters_and_the_querys_own_conditions(library: Library) -> None:
    only = numbers(library, "2501.00001", "2502.00002", "2403.00003")
    asked = parse("language models year:2025", library.edition)
    found = search(library, asked, Filters(year_from=2024), only=only)
    assert {hit.paper.paper_id for hit in found.hits} == {"2501.00001", "2502.00002"}
    assert found.total == 2


def test_related_papers_pass_filters_too(library: Library) -> None:
    every = related(library, "2501.00001", limit=20)
    assert every.total == 11
    some = related(library, "2501.00001", Filters(year_from=2025), limit=20)
    assert {hit.paper.year for hit in some.hits} == {2025}
    only = numbers(library, "2501.00001", "2502.00002")
    (one,) = related(library, "2501.00001", only=only).hits
    assert one.paper.paper_id == "2502.00002"
    assert related(library, "2501.00001", Filters(author="nobody")).hits == ()
