"""Files of many papers: read at once, and the same as paper by paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from ingest.sources import pdf_file
from kb import card as cards
from kb.adding import add
from kb.card import card, stated_challenges
from kb.catalogue import StoredPaper
from kb.catalogue.many_papers import page_texts
from kb.catalogue.tables import page_texts as texts
from kb.dropped import STATE
from kb.exporting import exported, keys_of
from kb.exports.entries import citation_keys, entry_of
from kb.library import Library

PDF = Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf"


def held(library: Library) -> list[StoredPaper]:
    with library.catalogue.read() as reader:
        return list(reader.papers().values())


@pytest.mark.parametrize("at_once", [1, 5, 100])
def test_challenges_of_many_papers_are_those_of_their_cards(
    library: Library, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(cards, "_AT_ONCE", at_once)
    assert add(library, [pdf_file(PDF)]).added == 1
    papers = held(library)
    told = stated_challenges(library, papers)
    assert told == {one.paper_id: card(library, one.n).challenges for one in papers}
    assert sum(map(len, told.values())) >= 12


def test_page_texts_are_those_of_each_page(library: Library) -> None:
    add(library, [pdf_file(PDF)])
    whole = max(held(library), key=lambda one: one.pages or 0)
    other = next(one for one in held(library) if not one.full_text)
    with library.catalogue.read() as reader:
        places = [(whole.n, 1), (whole.n, 2), (whole.n, 999), (other.n, None), (other.n, 0)]
        found = page_texts(reader, places)
        assert found == {place: reader.page_text(*place) for place in places}
    assert found[whole.n, 1]
    assert found[other.n, None]
    assert found[whole.n, 999] == ""


def test_a_quote_that_does_not_stand_is_left_out_of_the_list_and_recorded(
    library: Library,
) -> None:
    papers = held(library)
    told = stated_challenges(library, papers)
    whose = next(one for one in papers if told[one.paper_id])
    quote = told[whose.paper_id][0].quote
    with library.catalogue.write(bump=False) as writer:
        changed = update(texts).where(texts.c.paper == whose.n).values(text="Other text.")
        writer.connection.execute(changed)
    assert stated_challenges(library, papers)[whose.paper_id] == ()
    assert "Reading list" in exported(library, papers, "markdown").decode()
    with library.catalogue.read() as reader:
        noted = [one for one in reader.journal() if one["state"] == STATE]
    assert quote in {one["error"] for one in noted}


def test_a_reading_list_takes_no_query_for_each_paper(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a whole card for one line of a list")

    monkeypatch.setattr("kb.exporting.card", never)
    assert exported(library, held(library), "markdown").count(b"### ") == 12


def test_keys_are_those_of_the_whole_papers(library: Library) -> None:
    assert keys_of(library) == citation_keys(map(entry_of, held(library)))
