"""Which sentence of a whole paper tells what was asked, and that quotes end with their page."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.boxes import overleaf
from ingest.records import PageText, Paper, Place, Section
from ingest.sources import FileSource, Found
from kb.adding import add
from kb.answer import ask
from kb.batches import MOSTLY
from kb.library import Library
from kb.question import read_question
from kb.within import SENTENCES, is_whole, told

BOX = (10.0, 10.0, 90.0, 20.0)
FIRST = (
    "This course on glassblowing was taught at a school of design to many students. "
    "The course covers furnaces, colours and annealing in weekly lectures on the course topics. "
    "Every apprentice melts bottles of green glass in the first week of the course and takes "
)
OVER = "them home in a basket."
SECOND = (
    "The kiln of the course reached 1,120 degrees after nine hours of heating. "
    "Students of the course valued the weekly critique more than any lecture."
)


def paper() -> Paper:
    places: tuple[Place, ...] = ((0, BOX), (len(FIRST), None))
    parts = (PageText(1, FIRST + OVER, places), PageText(2, SECOND, ((0, BOX),)))
    return Paper(
        paper_id="doi:10.1234/glass",
        title="A course on glassblowing",
        doi="10.1234/glass",
        sections=(Section("Content", 1, 1, parts),),
    )


@pytest.fixture
def glass(library: Library) -> Library:
    source = FileSource("given", lambda: iter([Found("glass", paper)]))
    assert add(library, [source]).added == 1
    return library


def test_words_of_the_papers_own_subject_tell_nothing(library: Library) -> None:
    question = read_question("Which kiln did the course use?", library.indexes.text, 12)
    stems = [frozenset(library.indexes.text.stems(text)) for text in (FIRST, SECOND, "no word")]
    shares = told(question, stems)
    assert shares[1] > shares[0] > shares[2] == 0
    assert np.all(shares <= 1)


def test_words_of_the_title_name_the_paper_and_no_place_in_it(library: Library) -> None:
    stems_of = library.indexes.text.stems
    question = read_question("Which kiln does glassblowing need?", library.indexes.text, 12)
    stems = [frozenset(stems_of(text)) for text in ("On glassblowing.", "A kiln.", "Nothing.")]
    assert np.all(told(question, stems)[:2] > 0)
    shares = told(question, stems, frozenset(stems_of("A course on glassblowing")))
    assert shares.tolist() == [0, 1, 0]
    title = frozenset(stems_of("A kiln for glassblowing, and what it needs"))
    assert told(question, stems, title).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("How hot did the kiln of the glassblowing course get?", 2),
        ("What did students of the course on glassblowing value more than lectures?", 2),
        ("What does an apprentice of the glassblowing course melt in the first week?", 1),
    ],
)
def test_the_page_of_the_answer_is_named(glass: Library, question: str, page: int) -> None:
    answer = ask(glass, question)
    named = [cited.page for cited in answer.citations if cited.paper_id == "doi:10.1234/glass"]
    assert named[:1] == [page]
    assert len(named) <= SENTENCES


def test_a_quote_ends_where_its_page_ends(glass: Library) -> None:
    with glass.catalogue.read() as reader:
        number = reader.numbers(["doi:10.1234/glass"])["doi:10.1234/glass"]
        passages = {one.n: one for one in reader.passages_of([number])[number]}
        said = [passages[s.passage].text[s.start : s.end] for s in reader.sentences(passages)]
    assert any(one.text.endswith(OVER) for one in passages.values())
    assert any(one.endswith("of the course and takes") for one in said)
    assert not any("basket" in one for one in said)
    assert MOSTLY > 0.5


def test_what_stands_overleaf_is_told_by_span() -> None:
    places: list[Place] = [(0, BOX), (10, None), (20, None), (30, BOX)]
    assert overleaf(places, 0, 40) == ((10, 20), (20, 30))
    assert overleaf(places, 12, 18) == ((0, 6),)
    assert overleaf(places, 30, 40) == ()
    assert overleaf((), 0, 40) == ()


@pytest.mark.parametrize(
    ("text", "whole"),
    [("We win.", True), ("“We win.”", True), ("them home.", False), ("Ours 1.91 2.22", False)],
)
def test_rows_of_tables_are_no_whole_sentences(text: str, whole: bool) -> None:
    assert is_whole(text) is whole
