"""The gate of quotes: what stands in the text passes however it is set, a changed word never."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import update

from kb.card import card
from kb.catalogue import Filters
from kb.catalogue.tables import page_texts
from kb.citations import cite
from kb.dropped import STATE
from kb.exporting import chosen
from kb.library import Library
from kb.literature_table import literature_table
from kb.quotes import contains, normalise

PAPER = "2501.00001"

words = st.lists(
    st.text("abcdefghijkmnopqrstuvwxyz-.,%(0123456789ABéßфﬁﬂ²½Å", min_size=1, max_size=9),
    min_size=2,
    max_size=12,
)
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
known: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
forms = st.sampled_from(known)
spaces = st.sampled_from([" ", "  ", "\n", "\t", "\u00a0", "\u2009", " \n ", "\u3000"])


def reset(text: str, draw: st.DataObject) -> str:
    """The same text as another program may have set it."""
    out = []
    for word in text.split():
        at = draw.draw(st.integers(0, len(word)))
        form = draw.draw(forms)
        soft = draw.draw(st.booleans())
        broken = f"{word[:at]}\u00ad{word[at:]}" if soft else word
        out.append(unicodedata.normalize(form, broken) + draw.draw(spaces))
    return "".join(out)


@given(words, words, words, st.data())
def test_what_stands_in_the_text_passes_however_it_is_set(
    before: list[str], said: list[str], after: list[str], data: st.DataObject
) -> None:
    quote = " ".join(said)
    text = " ".join([*before, *said, *after])
    assert contains(text, quote)
    # A soft hyphen parts a letter from its accent in no print; NFC words have none to part.
    assume(normalise(unicodedata.normalize("NFD", quote)) == normalise(quote))
    assert contains(reset(text, data), reset(quote, data).strip())


@given(words, st.data())
def test_a_changed_quote_never_passes(said: list[str], data: st.DataObject) -> None:
    text = normalise(" ".join(said))
    at = data.draw(st.integers(0, len(text) - 1))
    change = data.draw(st.sampled_from(["replace", "delete", "insert", "case"]))
    new = data.draw(st.sampled_from("xyzQ7;"))
    mutated = {
        "replace": text[:at] + new + text[at + 1 :],
        "delete": text[:at] + text[at + 1 :],
        "insert": text[:at] + new + text[at:],
        "case": text[:at] + text[at].swapcase() + text[at + 1 :],
    }[change]
    # By hand, not by the gate: another text of the same or greater length is in no way inside,
    # and a shorter one only where it lost an end.
    wanted = normalise(mutated).strip()
    assume(wanted != text.strip() and not text.startswith(wanted) and not text.endswith(wanted))
    assume(change != "delete" or text.find(wanted) < 0)
    assert not contains(text, mutated)


@pytest.mark.parametrize("quote", ["", " ", "\n\t", "\u00ad"])
def test_nothing_is_no_quote(quote: str) -> None:
    assert not contains("some text", quote)


def spoil(library: Library) -> None:
    """The stored pages of one paper become other text; its passages stay."""
    number = library.number(PAPER)
    with library.catalogue.write() as writer:
        writer.connection.execute(
            update(page_texts).where(page_texts.c.paper == number).values(text="Quite other text.")
        )


def test_a_citation_needs_passage_and_page(library: Library) -> None:
    number = library.number(PAPER)
    with library.catalogue.read() as reader:
        paper, passage = reader.papers([number])[number], reader.passages_of([number])[number][0]
        quote = passage.text[:40]
        made = cite(reader, 1, paper, passage, quote)
        assert made
        assert (made.quote, made.page, made.passage_id) == (quote, passage.page, passage.passage_id)
        assert cite(reader, 1, paper, passage, quote.swapcase()) is None
        assert cite(reader, 1, paper, None, quote) is None
    spoil(library)
    with library.catalogue.read() as reader:
        assert cite(reader, 1, paper, passage, quote) is None


def test_what_fails_is_dropped_from_card_and_table_and_recorded(library: Library) -> None:
    before = card(library, library.number(PAPER))
    assert before.contribution
    whole = literature_table(library, chosen(library, Filters(), [PAPER]))
    assert any(whole.rows[0].cells.values())
    assert not whole.dropped
    spoil(library)
    after = card(library, library.number(PAPER))
    assert after.contribution is None
    assert (after.findings, after.challenges, after.directions) == ((), (), ())
    table = literature_table(library, chosen(library, Filters(), [PAPER]))
    assert not any(table.rows[0].cells.values())
    assert table.dropped
    with library.catalogue.read() as reader:
        noted = [one for one in reader.journal() if one["state"] == STATE]
    assert {one["paper_id"] for one in noted} == {PAPER}
    assert {"card", table.dropped[0].where} <= {one["item"] for one in noted}
    assert before.contribution.quote in {one["error"] for one in noted}
