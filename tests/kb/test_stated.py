"""A quote whose span no longer matches its passage is recorded, and on no map."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from kb.dropped import STATE
from kb.exports import export
from kb.library import Library
from kb.mapping import challenge_map, mapped
from kb.stated import WHERE, stated


def spoil(library: Library, statement: str) -> None:
    """One row changed behind the library's back."""
    with library.catalogue.write() as writer:
        writer.connection.execute(text(statement))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sentences SET stop = stop + 1000 WHERE n = {n}",
        "UPDATE sentences SET start = -3 WHERE n = {n}",
        "UPDATE sentences SET start = stop WHERE n = {n}",
        "UPDATE sentences SET start = start + 1 WHERE n = {n}",
        "UPDATE sentences SET stop = stop - 2 WHERE n = {n}",
        "UPDATE passages SET text = 'Other ' || text WHERE passage_id = '{passage}'",
        "UPDATE page_texts SET text = 'Other ' || text WHERE paper = {paper}",
    ],
)
def test_a_quote_that_does_not_stand_is_dropped_and_recorded(library: Library, damage: str) -> None:
    before = stated(library, None)
    bad = mapped(library).challenges[0].evidence[0].statement
    number = library.number(bad.paper_id)
    spoil(library, damage.format(n=bad.sentence_id, passage=bad.passage_id, paper=number))
    after = stated(library, None)
    assert bad.sentence_id in {one.sentence_id for one in before.statements}
    assert bad.sentence_id not in {one.sentence_id for one in after.statements}
    assert len(after.vectors) == len(after.statements)
    elsewhere = [one for one in before.statements if one.paper_id != bad.paper_id]
    assert [one for one in after.statements if one.paper_id != bad.paper_id] == elsewhere
    chart = challenge_map(library)
    assert bad.quote not in {edge.quote for edge in chart.edges}
    assert bad.quote not in export(chart, "markdown", {}).decode()
    with library.catalogue.read() as reader:
        noted = [one for one in reader.journal() if one["state"] == STATE]
    assert {(one["paper_id"], one["item"]) for one in noted} == {(bad.paper_id, WHERE)}


def test_a_sound_library_records_nothing(library: Library) -> None:
    assert stated(library, None).statements
    with library.catalogue.read() as reader:
        assert not [one for one in reader.journal() if one["state"] == STATE]
