"""Citations of kept answers, held against the stored text as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kb.catalogue import StoredPassage
from kb.catalogue.known import held_as
from kb.catalogue.reading import Reader
from kb.quotes import contains, normalise

State = Literal["same", "moved", "changed", "removed"]

# Opening characters of a quote by which its passage is told where it runs on into the next.
_OPENING = 40

_TOLD = {
    "same": "",
    "changed": "The paper's text changed on re-ingest: this quote is no longer in it.",
    "removed": "The paper is no longer in this library.",
}


@dataclass(frozen=True, slots=True)
class Recheck:
    """What became of a citation."""

    state: State
    """`same`: where it was; `moved`: in another passage or on another page; `changed`: the
    paper no longer says it; `removed`: the paper is gone."""
    paper_id: str
    """The paper's id now; as it was cited where it is gone."""
    passage: StoredPassage | None
    """Where the quote begins now; None where it is gone."""
    told: str
    """What changed, in words; "" where nothing did."""

    @property
    def holds(self) -> bool:
        """True where the quote still stands in the paper."""
        return self.passage is not None

    def to_json(self) -> dict[str, Any]:
        """As `kb chats show` prints it."""
        place = self.passage
        return {
            "state": self.state,
            "paper_id": self.paper_id,
            "passage_id": place.passage_id if place else "",
            "page": place.page if place else None,
            "section": place.section if place else "",
            "told": self.told,
        }


def recheck(reader: Reader, citations: Sequence[Mapping[str, Any]]) -> list[Recheck]:
    """Each citation, as an answer's JSON holds it, against the text stored now."""
    known = reader.passage_numbers(str(one["passage_id"]) for one in citations)
    held = reader.passages(known.values())
    pages: dict[tuple[int, int | None], str] = {}
    found = []
    for one in citations:
        passage = held.get(known.get(str(one["passage_id"]), -1))
        quote = str(one["quote"])
        if passage and contains(passage.text, quote) and passage.page == one.get("page"):
            place = passage.paper, passage.page
            if place not in pages:
                pages[place] = reader.page_text(*place)
            if contains(pages[place], quote):
                found.append(Recheck("same", passage.paper_id, passage, ""))
                continue
        found.append(_found_again(reader, one, quote))
    return found


def _found_again(reader: Reader, one: Mapping[str, Any], quote: str) -> Recheck:
    """Where a quote stands now that it is not where it was."""
    paper_id = str(one["paper_id"])
    number = held_as(reader, paper_id)
    if number is None:
        return Recheck("removed", paper_id, None, _TOLD["removed"])
    now = reader.papers([number])[number].paper_id
    passages = reader.passages_of([number]).get(number, [])
    here = [passage for passage in passages if contains(passage.text, quote)]
    if not here:
        here = _across(reader, number, passages, quote)
    if not here:
        return Recheck("changed", now, None, _TOLD["changed"])
    same_page = (passage for passage in here if passage.page == one.get("page"))
    passage = next(same_page, here[0])
    return Recheck("moved", now, passage, _moved(one, passage))


def _across(
    reader: Reader, paper: int, passages: Sequence[StoredPassage], quote: str
) -> list[StoredPassage]:
    """Passages in which a quote begins that a page holds, but no passage alone."""
    pages = {one.page for one in passages}
    holding = {page for page in pages if contains(reader.page_text(paper, page), quote)}
    opening = normalise(quote).strip()[:_OPENING]
    begun = [one for one in passages if one.page in holding and contains(one.text, opening)]
    return begun or [one for one in passages if one.page in holding]


def _moved(one: Mapping[str, Any], passage: StoredPassage) -> str:
    was, now = one.get("page"), passage.page
    if was != now:
        return f"On re-ingest the quote moved from {_place(was)} to {_place(now)}."
    return "On re-ingest the quote moved to another passage; the link follows it."


def _place(page: int | None) -> str:
    return f"page {page}" if page else "the abstract"
