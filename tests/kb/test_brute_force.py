"""Filtered search against looking at every paper one by one: the same hits, none missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.records import Paper
from ingest.split import split
from kb.catalogue import Filters, StoredPaper
from kb.catalogue.carrying import FACTS, CarriedPaper, CarriedPassage, keep_carried
from kb.catalogue.values import StoredTag, Vector
from kb.embed import unit
from kb.library import Library
from kb.ranking import LEXICAL_WEIGHT, MODES, Clock, Mode, Searcher
from kb.search import search

PAPERS = 700  # more than the candidates that a leg brings
WORDS = "agent code repair test model prompt unit fuzz trace graph proof plan memory tool".split()
PHASES = ("testing-and-evaluation", "deployment-and-operations", "dataset-construction")
LAYERS = ("synthesis", "planning-and-reasoning")
NAMES = ("Ada Example", "Bo Sample", "Cy Instance")
CATEGORIES = ("cs.SE", "cs.LG", "cs.PL")


def drawn(draw: np.random.Generator, number: int) -> CarriedPaper:
    """A paper of drawn words, facts, tags and vectors; some have two passages."""

    def words(count: int) -> str:
        return " ".join(draw.choice(WORDS, count)).capitalize()

    name = f"2401.{number:05}"
    abstract = ". ".join(words(12) for _ in range(2 + number % 2 * 30)) + "."
    paper = Paper(paper_id=name, title=words(5), abstract=abstract)
    cut = split(paper, lambda texts: [len(text.split()) + 2 for text in texts])
    facts: dict[str, Any] = dict.fromkeys(FACTS, "") | {
        "paper_id": name,
        "arxiv_id": name,
        "title": paper.title,
        "abstract": abstract,
        "authors": draw.choice(NAMES, 2).tolist(),
        "categories": draw.choice(CATEGORIES, 1).tolist(),
        "year": int(draw.choice([0, 2022, 2023, 2024, 2025])) or None,
        "pages": None,
        "full_text": False,
        "digest": None,
        "scores": {},
        **{key: [] for key in ("sections", "refs", "notes")},
    }
    tags = [
        StoredTag(facet, key, 0.9, (), by, "made up", "1")
        for facet, keys in (("phase", PHASES), ("layer", LAYERS))
        for key in keys
        if draw.random() < 0.2
        for by in (["human"] if draw.random() < 0.3 else ["machine"])
    ]
    return CarriedPaper(
        facts=facts,
        page_texts=tuple((page.page or 0, page.text) for page in cut.pages),
        passages=tuple(
            CarriedPassage(one.section, one.page, one.start, one.end, ()) for one in cut.passages
        ),
        tags=tuple(tags),
        vectors=unit(draw.standard_normal((len(cut.passages), 384)).astype(np.float32)).astype(
            "<f2"
        ),
        sentence_vectors=np.zeros((0, 384), dtype="<f2"),
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of made-up papers, with a collection and a hole in its numbers."""
    folder: Path = tmp_path_factory.mktemp("many") / "library"
    library = Library.create(folder)
    draw = np.random.default_rng(5)
    with library.writing():
        with library.catalogue.write() as writer:
            batch = [drawn(draw, number) for number in range(PAPERS)]
            keep_carried(writer, batch, now=library.now())
        with library.catalogue.write(bump=False) as writer:
            for number in draw.choice(PAPERS, 90, replace=False).tolist():
                name = f"2401.{number:05}"
                writer.set_collected("mine", name, member=True, now=library.now())
    library.remove([f"2401.{number:05}" for number in range(0, 60, 3)])
    yield library
    library.close()


def passes(paper: StoredPaper, filters: Filters, members: set[str]) -> bool:
    """Whether one paper passes: read from the paper itself, field by field."""
    tags = {(tag.facet, tag.key): tag.by for tag in paper.tags}
    wanted = [("phase", filters.phases), ("layer", filters.layers)]
    for facet, keys in wanted:
        status = filters.tag_status
        held = [tags[facet, key] for key in keys if (facet, key) in tags]
        if keys and not any(status in ("", by) for by in held):
            return False
    year = paper.year or 0
    return (
        (filters.year_from is None or year >= filters.year_from)
        and (filters.year_to is None or 0 < year <= filters.year_to)
        and filters.author.lower() in "\n".join(paper.authors).lower()
        and (not filters.category or filters.category in paper.categories)
        and (not filters.collection or paper.paper_id in members)
        and (bool(filters.by_facet()) or _status(tags, filters.tag_status))
    )


def _status(tags: dict[tuple[str, str], str], status: str) -> bool:
    return not status or status in tags.values()


def some_filters(count: int) -> list[Filters]:
    """Filters drawn over all fields, from those that most pass to those that none does."""
    draw = np.random.default_rng(9)

    def maybe(chance: float, value: Any, otherwise: Any) -> Any:
        return value if draw.random() < chance else otherwise

    found = []
    for _ in range(count):
        first = int(draw.integers(2022, 2026))
        one = Filters(
            phases=maybe(0.4, tuple(draw.choice(PHASES, 2, replace=False).tolist()), ()),
            layers=maybe(0.3, (str(draw.choice(LAYERS)),), ()),
            year_from=maybe(0.4, first, None),
            year_to=maybe(0.3, first + 1, None),
            author=maybe(0.3, str(draw.choice(["ada", "Sample", "nobody"])), ""),
            category=maybe(0.3, str(draw.choice(CATEGORIES)), ""),
            collection=maybe(0.2, "mine", ""),
            tag_status=maybe(0.2, str(draw.choice(["human", "machine"])), ""),
        )
        found.append(one or replace(one, year_from=2022))
    return found


def brute_force(
    library: Library, papers: list[StoredPaper], query: str, vector: Vector, mode: Mode
) -> list[tuple[str, float]]:
    """(paper, score), best first: the cosine of every passage, BM25 of every paper."""
    index = library.indexes.text
    (numbers, scores), _ = index.search_papers(query, PAPERS)
    match = dict(zip(numbers.tolist(), scores.tolist(), strict=True))
    with library.catalogue.read() as reader:
        passages = reader.passages_of([one.n for one in papers])
        vectors = reader.vectors(p.n for some in passages.values() for p in some)
    found = []
    for one in papers:
        nearness = max(float(vectors[p.n] @ vector) for p in passages[one.n])
        share = LEXICAL_WEIGHT / len(index.stems(query)) * match.get(one.n, 0.0)
        if mode == "lexical" and one.n not in match:
            continue
        score = {"dense": nearness, "lexical": match.get(one.n, 0.0)}.get(mode, nearness + share)
        found.append((one.paper_id, score))
    return sorted(found, key=lambda pair: (-round(pair[1], 5), pair[0]))


@pytest.mark.parametrize("mode", MODES)
def test_filtered_search_is_brute_force_over_what_passes(many: Library, mode: Mode) -> None:
    draw = np.random.default_rng(11)
    snapshot = many.snapshot()
    with many.catalogue.read() as reader:
        everything = list(reader.papers().values())
        members = reader.collection("mine")
    sizes = []
    for filters in some_filters(40):
        subset = [one for one in everything if passes(one, filters, members)]
        sizes.append(len(subset))
        query = " ".join(draw.choice(WORDS, 3, replace=False))
        vector = unit(draw.standard_normal((1, 384)).astype(np.float32))[0]
        mask = snapshot.mask(filters)
        assert int(mask.sum()) == len(subset)
        searcher = Searcher(many, snapshot, mask, filtered=True, clock=Clock())
        ranked = searcher.rank(query, None if mode == "lexical" else vector, mode, "papers", 10)
        expected = brute_force(many, subset, query, vector, mode)[:10]
        assert ranked.score[:10] == pytest.approx([score for _, score in expected], abs=1e-4)
        # Which of two papers comes first that are closer than a rounding error, is open.
        if len({round(score, 3) for _, score in expected}) == len(expected):
            found = [snapshot.table.paper_id[row] for row in ranked.rows[:10].tolist()]
            assert found == [one for one, _ in expected]
    assert min(sizes) == 0
    assert sum(0 < size < 60 for size in sizes) > 5
    assert max(sizes) > 200


def test_a_whole_search_finds_all_that_passes_and_nothing_else(many: Library) -> None:
    with many.catalogue.read() as reader:
        everything = list(reader.papers().values())
        members = reader.collection("mine")
    for filters in some_filters(12):
        wanted = {one.paper_id for one in everything if passes(one, filters, members)}
        found = search(many, "agent code repair", filters, limit=PAPERS)
        assert found.total == len(wanted)
        assert {hit.paper.paper_id for hit in found.hits} <= wanted
        # Vectors alone reach every paper that passes.
        every = search(many, "agent code repair", filters, limit=PAPERS, mode="dense")
        assert {hit.paper.paper_id for hit in every.hits} == wanted
