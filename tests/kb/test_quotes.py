"""The gate of quotes: what stands in the text passes however it is set, a changed word never."""

from __future__ import annotations

import json
import unicodedata
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import update

from ingest.sources import jsonl
from kb.adding import add
from kb.card import card
from kb.catalogue import Filters
from kb.catalogue.tables import page_texts
from kb.citations import cite
from kb.dropped import STATE
from kb.exporting import chosen
from kb.library import Library
from kb.literature_table import literature_table
from kb.quotes import contains, normalise, unmarked

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


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("• Doublets are hard to place.", "Doublets are hard to place."),
        ("– Achieves speedups.", "Achieves speedups."),
        ("- (1) We propose Quill.", "We propose Quill."),
        ("(iii) Tests are missing.", "Tests are missing."),
        ("(2)~Tests are missing.", "Tests are missing."),
        ("(RQ2) We ask why.", "We ask why."),
        ("1) introducing Quill, a tool.", "introducing Quill, a tool."),
        ("2. We release the data.", "We release the data."),
        ("4.2 Threats remain.", "Threats remain."),
        ("arXiv:2402.10987v1 Announce Type: cross Abstract: Editing helps.", "Editing helps."),
        # None of these begins with the mark of a list.
        ("(1) Tests are slow and (2) they are few.", None),
        ("(20) and (33) improved it.", None),
        ("1.84 variables are read.", None),
        ("26 of 43 papers did not.", None),
        ("-49.56 is the least.", None),
        ("A. We begin.", None),
        ("[Method] We ran it.", None),
        ("• ", None),
        ("", None),
    ],
)
def test_a_quote_is_shown_from_after_its_list_mark(stored: str, shown: str | None) -> None:
    assert unmarked(stored) == (stored if shown is None else shown)


@given(st.text("•-–()12.iaABc ~", max_size=20))
def test_what_is_shown_is_the_end_of_what_is_stored(stored: str) -> None:
    assert stored.endswith(unmarked(stored))
    assert bool(unmarked(stored)) == bool(stored)


def test_marks_are_left_off_in_card_and_table_and_all_is_still_verbatim(library: Library) -> None:
    marked = {
        "id": "2504.04321",
        "title": "Quill writes unit tests",
        "abstract": "• It remains hard to write unit tests. (1) We propose Quill, a tool that "
        "writes them. 2) Our results show that Quill finds 41% more bugs.",
    }
    path = library.folder / "marked.jsonl"
    path.write_text(json.dumps(marked), encoding="utf-8")
    assert add(library, [jsonl(path)]).added == 1
    shown = card(library, library.number("2504.04321"))
    [row] = literature_table(library, chosen(library, Filters(), ["2504.04321"])).rows
    quotes = [*shown.challenges, *shown.findings, *filter(None, row.cells.values())]
    quotes += [shown.contribution] if shown.contribution else []
    assert len({one.quote for one in quotes}) >= 2
    assert all(one.quote[:1].isalpha() and one.quote in marked["abstract"] for one in quotes)
