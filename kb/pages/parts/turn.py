"""One turn of a conversation: the question, how it was understood, the answer or refusal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.grouping import FURTHER
from kb.library import Library
from kb.pages.parts import coverage, facets, places
from kb.pages.parts.cited import anchor, citation, rechecked
from kb.pages.parts.markup import escaped, plain, readable
from kb.pages.parts.narrowing import understood
from kb.pages.parts.refused import spoken
from kb.pages.parts.sureness import sureness
from kb.pages.parts.words import _, later, many
from kb.rechecks import Recheck

# The headings of an answer that are Sixfold's own; the others are names of categories.
HEADINGS = (
    later("Closest to the question"),
    later("Further papers that may bear on it"),
)

# An answer as the catalogue keeps it: the JSON of `kb ask`.
Answer = Mapping[str, Any]


def turn(library: Library, chat: str, number: int, question: str, answer: Answer) -> None:
    """Draw a turn; `number` is its place in the chat, from 0."""
    with waiting(number, question):
        reply(library, chat, number, answer)


def waiting(number: int, question: str) -> DeltaGenerator:
    """Draw the question of a turn. Returns where its reply is to be drawn."""
    with st.container(key=f"turn-{number}"):
        with st.chat_message("user"):
            st.markdown(plain(question))
        return st.chat_message("assistant")


def reply(library: Library, chat: str, number: int, answer: Answer) -> None:
    """Draw the answer or refusal of a turn, here."""
    understood(library, number, answer)
    if answer.get("answered"):
        _answered(library, chat, number, answer)
    else:
        _refused(answer)
    if answer.get("writer") == "llm":
        st.caption(
            _("Worded by a language model; each sentence was checked against what it cites.")
        )
    for notice in answer.get("notices", ()):
        st.caption(plain(str(notice)))
    coverage.line(library, answer, chat, number)
    sureness(answer, str(number))


def _answered(library: Library, chat: str, number: int, answer: Answer) -> None:
    citations = list(answer.get("citations", []))
    checked = rechecked(library, f"{chat}/{number}", citations) if citations else []
    now = {one["n"]: found for one, found in zip(citations, checked, strict=True)}
    further = _further(answer)
    beside = ""
    for heading, told in grouped(answer, now, str(number)):
        if heading == FURTHER:
            beside = told
            continue
        if heading:
            st.html(f'<h2 class="sf-group">{escaped(_(heading))}</h2>')
        st.html(f'<div class="sf-answer">{told}</div>')
    if "count" in answer:
        _counted(library, answer, chat, number)
    gone = sum(not found.holds for found in checked)
    moved = sum(found.state == "moved" for found in checked)
    if gone or moved:
        st.caption(_since(gone, moved))
    _cited(library, number, [one for one in citations if one["n"] not in further], now)
    # Last: opened, it would stand between an answer and its sources.
    if beside:
        with st.expander(f"{_(FURTHER)} ({beside.count('<p>')})", key=f"further-{number}"):
            st.html(f'<div class="sf-answer">{beside}</div>')
            _cited(library, number, [one for one in citations if one["n"] in further], now)


def _cited(
    library: Library, number: int, citations: list[dict[str, Any]], now: Mapping[int, Recheck]
) -> None:
    for one in citations:
        citation(library, str(number), one, now[one["n"]])


def _further(answer: Answer) -> frozenset[int]:
    """Numbers of the citations that only the sentences under `FURTHER` have: folded with them."""
    groups, said = list(answer.get("groups", [])), list(answer.get("sentences", []))
    if len(groups) < 2:
        return frozenset()
    cited: dict[bool, set[int]] = {True: set(), False: set()}
    for one in groups:
        for place in one["sentences"]:
            if place < len(said):
                cited[one["title"] == FURTHER].update(said[place].get("citations", []))
    return frozenset(cited[True] - cited[False])


def grouped(answer: Answer, now: Mapping[int, Recheck], turn: str) -> list[tuple[str, str]]:
    """(heading or "", sentences as HTML) of each group of an answer."""
    said = [_sentence(one, now, turn) for one in answer.get("sentences", [])]
    groups = list(answer.get("groups", []))
    # Of an older version, or a single group that says nothing by its name.
    if len(groups) < 2 and all(one["kind"] == "further" for one in groups):
        return [("", "".join(said))]
    return [
        (str(one["title"]), "".join(said[i] for i in one["sentences"] if i < len(said)))
        for one in groups
    ]


def _sentence(one: Answer, now: Mapping[int, Recheck], turn: str) -> str:
    """A sentence with links to its citations below; struck where all that it cites is gone."""
    cited = list(one.get("citations", []))
    gone = bool(cited) and all(n in now and not now[n].holds for n in cited)
    text = escaped(readable(str(one["text"])))
    marks = " ".join(f'<a href="#{anchor(turn, n)}">[{escaped(str(n))}]</a>' for n in cited)
    # Never alone on a line of its own.
    mark = f"&nbsp;<sup>{marks}</sup>" if cited else ""
    return f"<p>{f'<del>{text}</del>' if gone else text}{mark}</p>"


def _since(gone: int, moved: int) -> str:
    told = [_("Since this was answered:")]
    if gone:
        told.append(
            many(
                "{n} quote is no longer in the library.",
                "{n} quotes are no longer in the library.",
                gone,
            )
        )
    if moved:
        told.append(
            many(
                "{n} quote moved, and the link follows.",
                "{n} quotes moved, and the links follow.",
                moved,
            )
        )
    return " ".join(told)


def _counted(library: Library, answer: Answer, chat: str, number: int) -> None:
    """The way to what was counted: exactly these papers, or the same search where too many."""
    counted = dict(answer["count"])
    filters = coverage.filters_of(library, dict(counted.get("filters", {})))
    where: Path = places.PAPERS
    query: dict[str, str | list[str]] = dict(facets.params(filters))
    if words := str(counted.get("words", "")):
        known = dict(answer.get("coverage_ids", {})).get("retrieved", [])
        if len(known) == counted.get("papers"):
            query = {"chat": chat, "turn": str(number), "of": "retrieved"}
        else:
            where, query = places.SEARCH, query | {"q": words, "mode": "lexical"}
    st.page_link(
        where, label=_("See these papers"), icon=":material/arrow_forward:", query_params=query
    )


def _refused(answer: Answer) -> None:
    reason = str(answer.get("reason", ""))
    told = spoken(reason) if reason else _("The papers here do not answer this question.")
    st.info(plain(told), icon=":material/block:")
    near = list(answer.get("nearest", []))
    if near:
        st.markdown(_("The nearest papers, which may help all the same:"))
    for one in near:
        year = f" ({plain(str(one['year']))})" if one.get("year") else ""
        st.page_link(
            places.PAPER,
            label=f"**{plain(readable(str(one['title'])))}**{year}",
            query_params={"id": str(one["paper_id"])},
        )
