"""The stored text of a paper, section by section, behind an outline; drawn when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from kb.card import Card
from kb.catalogue import StoredPassage
from kb.catalogue.values import SentenceRow
from kb.pages.parts import state
from kb.pages.parts.markup import escaped, plain, spans_of
from kb.pages.parts.words import _, later, many

_HEIGHT = 460  # pixels of the outline and the text: a screen of reading, both in sight

_KINDS = {
    "challenge": later("challenge"),
    "direction": later("direction"),
    "contribution": later("contribution"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A heading of the outline, with the text that stands under it."""

    heading: str
    level: int
    page: int | None
    passages: tuple[StoredPassage, ...]
    """() where it only heads others."""


def outline(shown: Card, passages: Sequence[StoredPassage]) -> list[Part]:
    """The paper's headings in reading order; those of the stored text that it lacks go first."""
    left = list(shown.sections)
    found: list[Part] = []
    for heading, some in groupby(passages, key=lambda one: one.section):
        held = tuple(some)
        at = next((i for i, one in enumerate(left) if one[0] == heading), None)
        level = 1
        if at is not None:
            found += [Part(*one, ()) for one in left[:at]]
            level = left[at][1]
            del left[: at + 1]
        found.append(Part(heading, level, held[0].page, held))
    return found + [Part(*one, ()) for one in left]


def text(passage: StoredPassage, sentences: Sequence[SentenceRow]) -> str:
    """A passage as HTML, with what is stated in it marked."""
    spans = [
        (one.start, one.end, one.label)
        for one in sentences
        if one.passage == passage.n and one.label != "other"
    ]
    kinds = {label: _(name) for label, name in _KINDS.items()}
    return f'<div class="sf-text">{spans_of(passage.text, spans, kinds)}</div>'


@st.fragment
def reader(
    shown: Card, passages: Sequence[StoredPassage], sentences: Sequence[SentenceRow]
) -> None:
    """The outline, and the text of the section chosen in it, which the address names."""
    told = many("{n} passage", "{n} passages", len(passages))
    wanted = state.one("section")
    folded = st.expander(
        f"{_('Read the stored text')} ({told})",
        expanded=bool(wanted),
        key=f"reader-{shown.paper.n}-{bool(wanted)}",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        parts = outline(shown, passages)
        readable = [number for number, one in enumerate(parts) if one.passages]
        if not readable:
            st.caption(_("No text is stored of this paper."))
            return
        at = state.number("section", readable[0], low=0, high=len(parts) - 1)
        at = at if parts[at].passages else readable[0]
        st.caption(_("What is searched and quoted; statements that were recognised are marked."))
        left, right = st.columns([2, 5], gap="medium")
        with left, st.container(height=_HEIGHT if len(parts) > 1 else "content", key="outline"):
            for number, one in enumerate(parts):
                _heading(number, one, chosen=number == at)
        with right, st.container(height=_HEIGHT if len(parts) > 1 else "content", key="section"):
            _section(parts[at], sentences)


def _heading(number: int, one: Part, *, chosen: bool) -> None:
    indent = "\u2003" * min(max(one.level - 1, 0), 3)
    label = indent + plain(one.heading or _("(no heading)"))
    page = f" :small[{_('p. {page}').format(page=one.page)}]" if one.page else ""
    st.button(
        f"**{label}**{page}" if chosen else f"{label}{page}",
        type="tertiary",
        disabled=not one.passages,
        on_click=state.put,
        args=({"section": str(number)},),
        key=f"outline-{number}",
    )


def _section(one: Part, sentences: Sequence[SentenceRow]) -> None:
    out, page = [f"<h2>{escaped(one.heading or _('Body'))}</h2>"], None
    for passage in one.passages:
        if passage.page and passage.page != page:
            page = passage.page
            out.append(f'<div class="sf-place">{escaped(_("p. {page}").format(page=page))}</div>')
        out.append(text(passage, sentences))
    # A stop for the keyboard: what scrolls must be reached by it.
    st.html(f'<div tabindex="0">{"".join(out)}</div>')
