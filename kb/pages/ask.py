"""Ask: answers in quotes that open at their passage, or a refusal that says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from kb.answer import ask
from kb.catalogue import Filters
from kb.chats import keep, new_chat, turns
from kb.errors import KbError
from kb.followup import Resolved, Turn, turn_of
from kb.library import Library
from kb.pages.parts import chat_list, facets, narrowing, page, state
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.turn import turn
from kb.pages.parts.writing import Writing
from kb.writer import available

# The starter answers them, with a chance of .93, .96 and 1.00 when they were chosen.
EXAMPLES = (
    "How is generated code checked for security vulnerabilities?",
    "Do coding assistants make developers faster?",
    "How are language models used to repair programs?",
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")

# Turns drawn at once: each has up to a screen of citations, and only the last are read.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a person asks it here."""

    question: str
    filters: Filters
    """Those of the sidebar."""
    earlier: list[Turn]
    understood: Resolved | None
    """How it is to be taken; None: as the conversation tells."""
    worded: bool
    """True where a language model is to word the answer."""


def draw(library: Library) -> None:
    """The page."""
    chat = state.one("chat")
    chat = chat if _ID.fullmatch(chat) else ""
    chat_list.sidebar(library, chat)
    filters, passing = facets.sidebar(library)
    written: Writing | None = st.session_state.get("writing")
    if written and written.final is not None:
        _finish(written)
        written = None
    told = _conversation(library, chat)
    if not told and not written:
        _start(passing)
    first = 0 if state.one("all") else max(len(told) - _SHOWN, 0)
    if first:
        more = f"Show {first} earlier question{'s' if first > 1 else ''}"
        st.button(more, on_click=state.put, args=({"all": "1"},), key="earlier")
    for number, (question, answer) in enumerate(told):
        if number >= first:
            turn(library, chat, number, question, answer)
    if written and written.chat == chat:
        _progress(written)
    worded = _choice(library, filters)
    asked = st.chat_input(
        "Ask about these papers", key="question", max_chars=state.MOST, disabled=bool(written)
    )
    again: Resolved | None = st.session_state.pop(narrowing.AGAIN, None)
    question = again.question if again else asked or st.session_state.pop("example", None)
    if question and str(question).strip() and not written:
        earlier = [turn_of(answer) for _, answer in told]
        _ask(library, chat, Asked(str(question).strip(), filters, earlier, again, worded))


def _choice(library: Library, filters: Filters) -> bool:
    """The filters and the writer of the next answer; True where a language model words it."""
    narrowing.chosen(library, filters)
    if available(library.settings) is not None:
        return False
    return st.toggle(
        "Have the language model word the answer",
        key="worded",
        help="Each of its sentences is checked against the passages it cites; what they do not "
        "state is removed and counted. Without it the answer is the papers' own sentences.",
    )


def _conversation(library: Library, chat: str) -> list[tuple[str, dict[str, Any]]]:
    """(question, answer as JSON) of each turn."""
    kept = [(one.question, one.answer) for one in turns(library, chat)]
    # Kept besides where the catalogue could not be written: a person still sees the answer.
    return kept + (st.session_state.get(f"unsaved:{chat}", []) if chat else [])


def _start(passing: int) -> None:
    st.markdown(
        f"Answers are quotes from the {passing:,} papers that pass the filters, each with its "
        "page. Where they do not answer the question, Sixfold says so. For example:"
    )
    with st.container(key="examples", gap="xsmall"):
        for example in EXAMPLES:
            st.button(example, key=f"try-{example}", on_click=_choose, args=(example,))
    st.caption(
        "Conversations are kept in the library: whoever uses it finds them in the list beside."
    )


def _choose(example: str) -> None:
    st.session_state["example"] = example


def _ask(library: Library, chat: str, asked: Asked) -> None:
    """Answer, keep the turn, and draw the conversation anew with its address."""
    with st.chat_message("user"):
        st.markdown(plain(asked.question))
    with st.chat_message("assistant"), st.spinner("Reading …"):
        found = ask(
            library, asked.question, asked.filters, asked.earlier, understood=asked.understood
        )
    chat = chat or new_chat()
    if asked.worded and found.citations:
        st.session_state["writing"] = Writing(library, chat, asked.question, found).start()
    else:
        answer = found.to_json()
        try:
            keep(library, chat, asked.question, answer)
        except KbError:
            _unsaved(chat, asked.question, answer)
    state.put({"chat": chat})
    st.rerun()


@st.fragment(run_every=0.4)
def _progress(written: Writing) -> None:
    """What is written so far, and the button that ends it."""
    if written.final is not None:
        st.rerun()
    with st.chat_message("user"):
        st.markdown(plain(written.question))
    with st.chat_message("assistant"):
        said = "".join(
            f"<p>{escaped(one.text)}<sup>{''.join(f' [{c.n}]' for c in one.citations)}</sup></p>"
            for one in list(written.sentences)
        )
        st.html(f'<div class="sf-answer" aria-live="polite">{said or "<p>Writing …</p>"}</div>')
        for notice in list(written.notices):
            st.caption(plain(notice))
        st.button(
            "Stopping …" if written.stopping else "Stop",
            icon=":material/stop_circle:",
            on_click=written.stop,
            disabled=written.stopping,
            key="stop",
        )


def _finish(written: Writing) -> None:
    """Put an answer that is written to the others."""
    del st.session_state["writing"]
    if written.unsaved and written.final is not None:
        _unsaved(written.chat, written.question, written.final)


def _unsaved(chat: str, question: str, answer: dict[str, Any]) -> None:
    """Show a turn for as long as this window is open: it could not be kept."""
    st.session_state.setdefault(f"unsaved:{chat}", []).append((question, answer))
    st.toast("This answer could not be kept: the library cannot be written just now.")


page.show("Ask", draw)
