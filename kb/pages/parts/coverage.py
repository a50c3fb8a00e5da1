"""The papers behind an answer: counts under it, each a link to exactly these papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from kb.catalogue import Filters
from kb.chats import turns
from kb.covered import papers_behind
from kb.library import Library
from kb.pages.parts import facets, places, state
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _, later

# Parameters of the address that name the papers of an answer.
NAMES = ("chat", "turn", "of")

_TOLD = {
    "tagged": later("{n} papers that pass the filters{since} for: **{question}**"),
    "retrieved": later("{n} papers looked into{since} for: **{question}**"),
    "without_full_text": later(
        "{n} papers looked into without their full text{since} for: **{question}**"
    ),
    "cited": later("{n} papers cited{since} for: **{question}**"),
}


def line(library: Library, answer: Mapping[str, Any], chat: str, number: int) -> None:
    """The counts under an answer, each a link to these papers.

    `number` is the answer's place in its chat, from 0.
    """
    held = dict(answer.get("coverage", {}))
    counted = answer.get("count")
    with st.container(key=f"cover-{number}", horizontal=True, gap="small"):
        filters = filters_of(library, dict((counted or answer).get("filters", {})))
        passing: dict[str, str | list[str]] = dict(facets.params(filters))
        if dict(answer.get("understood") or {}).get("papers"):
            passing = _of(chat, number, "tagged")
        _count(held.get("tagged", 0), _("{n} papers pass the filters"), passing)
        if not counted:
            known = set(answer.get("coverage_ids", {})) or {"cited"}
            for name, told in (
                ("retrieved", _("{n} read")),
                ("without_full_text", _("{n} of these without full text")),
                ("cited", _("{n} cited")),
            ):
                linked = {"retrieved" if name == "without_full_text" else name} <= known
                _count(held.get(name, 0), told, _of(chat, number, name) if linked else None)
        st.markdown(f":small[{float(answer.get('took_ms', 0)):,.0f} ms]")


def _of(chat: str, number: int, name: str) -> dict[str, str | list[str]]:
    return {"chat": chat, "turn": str(number), "of": name}


def _count(number: int, told: str, query: Mapping[str, str | list[str]] | None) -> None:
    label = f":small[{told.format(n=f'{number:,}')}]"
    if number and query is not None:
        st.page_link(places.PAPERS, label=label, query_params=dict(query))
    else:
        st.markdown(label)


def filters_of(library: Library, given: Mapping[str, Any]) -> Filters:
    """Filters as an answer holds them, with keys of today's codebook."""
    edition = library.edition
    pairs = (str(pair).partition("=") for pair in given.get("tags", ()))

    def known(facet: str, keys: Iterable[str]) -> tuple[str, ...]:
        """The keys that the facet has today, by what they have become."""
        now = (edition.current(facet, str(key)) for key in keys)
        return tuple(key for key in now if key)

    return Filters(
        phases=known("phase", given.get("phases", ())),
        layers=known("layer", given.get("layers", ())),
        tags=tuple((facet, key) for facet, _equals, old in pairs for key in known(facet, (old,))),
        year_from=given.get("year_from"),
        year_to=given.get("year_to"),
        author=str(given.get("author", "")),
        category=str(given.get("category", "")),
        collection=str(given.get("collection", "")),
        tag_status=str(given.get("tag_status", "")),
    )


def asked_for(library: Library) -> list[str] | None:
    """Ids of the papers of the answer that the address names, said above them; else None."""
    chat, of = state.one("chat"), state.one("of")
    if not chat or of not in _TOLD:
        return None
    number = state.number("turn", 0, low=0, high=100_000)
    asked = [(one.question, one.answer) for one in turns(library, chat)]
    asked += st.session_state.get(f"unsaved:{chat}", [])
    question, answer = asked[number] if number < len(asked) else ("", {})
    found = _found(library, answer, of)
    if answer:
        then = int(answer["coverage"][of])
        question = str(dict(answer.get("understood") or {}).get("question") or question)
        since = _(" ({n} when it was answered)").format(n=f"{then:,}")
        st.markdown(
            _(_TOLD[of]).format(
                n=f"{len(found):,}",
                since="" if then == len(found) else since,
                question=plain(question),
            )
        )
    else:
        st.info(_("This answer is not kept any more."), icon=":material/search_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            places.ASK,
            label=_("Back to the answer"),
            icon=":material/arrow_back:",
            query_params={"chat": chat},
        )
        st.button(_("Show all papers"), on_click=state.put, args=({},), kwargs={"forget": NAMES})
    return found


def _found(library: Library, answer: Mapping[str, Any], of: str) -> list[str]:
    found = list(papers_behind(library, answer)[of]) if answer else []
    if of == "cited" and answer and "coverage_ids" not in answer:  # of an older version
        found = list(dict.fromkeys(str(one["paper_id"]) for one in answer.get("citations", ())))
    return found
