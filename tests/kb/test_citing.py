"""References that are held papers, and who cites a paper, also as papers come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ingest.records import PageText, Paper, Reference, Section
from ingest.sources import FileSource, Found
from kb.adding import Options, add
from kb.citing import Citations, held_references
from kb.decisions import decide
from kb.library import Library
from kb.merging import join

REPO, FORGET, SERVING = "2501.00001", "2502.00002", "2403.00003"
FORGETTING = "Forgetting on request: unlearning licensed code from language models"


def citing(paper_id: str, *references: Reference, **facts: Any) -> Paper:
    """A paper with a reference list."""
    text = (Section("Intro", 1, 1, (PageText(1, f"We study what {paper_id} says."),)),)
    made = Paper(paper_id, f"A Study Numbered {paper_id}", arxiv_id=paper_id, sections=text)
    return replace(made, pages=1, references=references, **facts)


def given(library: Library, *papers: Paper) -> None:
    found = [Found(one.paper_id, lambda one=one: one) for one in papers]  # type: ignore[misc]
    source = FileSource("given", lambda: iter(found))
    assert not add(library, [source], Options(statements=False)).failed


def ids(library: Library, numbers: Any) -> list[str]:
    with library.catalogue.read() as reader:
        held = reader.papers(numbers)
        return [held[n].paper_id for n in numbers]


def cited_by(library: Library, paper_id: str, known: Citations) -> list[str]:
    return ids(library, known.of(library.number(paper_id)))


def test_a_reference_is_a_held_paper_by_id_doi_or_title(library: Library) -> None:
    given(library, citing("2601.00001", doi="10.1000/held"))
    references = [
        {"raw": "by id", "arxiv_id": REPO},
        {"raw": "by its DOI", "doi": "10.1000/HELD"},
        {"raw": "by arXiv's own DOI", "doi": f"10.48550/arXiv.{FORGET}"},
        {"raw": "by title, set otherwise", "title": FORGETTING.upper() + "."},
        {"raw": "the title of one, the arXiv id of another", "title": FORGETTING,
         "arxiv_id": "1801.00001"},
        {"raw": "a title of many", "title": "Introduction"},
        {"raw": "half of a title", "title": "Forgetting on request"},
        {"raw": "nothing but words"},
    ]  # fmt: skip
    found = held_references(library, references)
    places = dict(zip(found, ids(library, found.values()), strict=True))
    assert places == {0: REPO, 1: "2601.00001", 2: FORGET, 3: FORGET}


def test_who_cites_a_paper_is_known_as_papers_come_and_go(library: Library) -> None:
    known = Citations(library)
    assert cited_by(library, FORGET, known) == []
    by_title, by_id = Reference("x", title=FORGETTING), Reference("x", arxiv_id=FORGET)
    given(library, citing("2601.00001", by_title, by_id), citing("2601.00002", by_id))
    assert cited_by(library, FORGET, known) == ["2601.00002", "2601.00001"]
    decide(library, REPO, "phase", "dataset-construction", "yes", "ada")  # another generation
    assert cited_by(library, FORGET, known) == ["2601.00002", "2601.00001"]
    library.remove(["2601.00002"])
    assert cited_by(library, FORGET, known) == ["2601.00001"]
    given(library, citing("2601.00001", Reference("x", arxiv_id=REPO)))  # another version of it
    assert cited_by(library, FORGET, known) == []
    assert cited_by(library, REPO, known) == ["2601.00001"]
    assert cited_by(library, REPO, Citations(library)) == ["2601.00001"]


def test_a_joined_paper_is_cited_and_cites_as_the_one_that_stands_for_it(library: Library) -> None:
    known = Citations(library)
    to_forget, to_serving = Reference("x", arxiv_id=FORGET), Reference("x", arxiv_id=SERVING)
    given(library, citing("2601.00001", to_forget), citing("2601.00002", to_serving))
    assert cited_by(library, REPO, known) == []
    join(library, REPO, [FORGET], "ada")
    assert cited_by(library, REPO, known) == ["2601.00001"]
    join(library, "2601.00001", ["2601.00002"], "ada")
    for one in (known, Citations(library)):
        assert cited_by(library, SERVING, one) == ["2601.00001"]
    assert ids(library, held_references(library, [{"arxiv_id": FORGET}]).values()) == [REPO]


def test_a_paper_does_not_cite_itself(library: Library) -> None:
    given(library, citing("2601.00001", Reference("x", arxiv_id="2601.00001")))
    assert cited_by(library, "2601.00001", Citations(library)) == []
