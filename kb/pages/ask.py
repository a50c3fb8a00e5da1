"""Ask: answers in quotes that open at their passage, or a refusal that says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from kb.answer import ask
from kb.catalogue import Filters
from kb.chats import keep, may_write, new_chat, turns
from kb.errors import KbError
from kb.followup import Resolved, Turn, turn_of
from kb.library import Library
from kb.pages.parts import chat_list, facets, narrowing, page, person, places, state
from kb.pages.parts.markup import escaped, plain, readable, title
from kb.pages.parts.outcome import too_long
from kb.pages.parts.turn import reply, turn, waiting
from kb.pages.parts.words import _, later, many
from kb.pages.parts.writing import Writing
from kb.reply import Answer
from kb.writer import available

# The question and what papers that answer it say. The starter answers them, with a chance of
# .93, .96 and 1.00 when they were chosen.
# Asked in English, as the papers are written.
EXAMPLES = {
    "How is generated code checked for security vulnerabilities?": "security vulnerabilities",
    "Do coding assistants make developers faster?": "coding assistants",
    "How are language models used to repair programs?": "program repair",
}
# Papers that say so where an example is shown, and characters of a title in one.
_SAYING = 5
_LONGEST = 90
_LOOKED = 50
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
    chat, own = _opened(library)
    chats = st.sidebar.container()
    chat = _conversed(library, chat, own=own)
    # Last, for a question may have begun a chat.
    with chats:
        chat_list.sidebar(library, chat)


def _opened(library: Library) -> tuple[str, bool]:
    """The chat of the address, else the one left while an answer was made; and whose it is."""
    begun = str(st.session_state.get(chat_list.BEGUN, ""))
    chat = state.one("chat")
    if not _ID.fullmatch(chat):
        chat = begun
        state.put({"chat": chat})
    own = may_write(library, chat, person.whose_chats(library))
    if not own and narrowing.AGAIN in st.session_state:
        return begun, True  # asked on, in a chat of one's own
    if own and begun and chat != begun:
        chat_list.forget_asked()  # it would be answered in a chat that it was not asked in
    return chat, own


def _conversed(library: Library, chat: str, *, own: bool) -> str:
    """Draw the conversation and what to ask on with. Returns the id of the chat shown."""
    filters, passing = facets.sidebar(library)
    written: Writing | None = st.session_state.get("writing")
    if written and written.final is not None:
        _finish(written)
        written = None
    told = _conversation(library, chat)
    begun = st.session_state.get(chat_list.BEGUN)
    gone = bool(chat and not told and chat not in (begun, written.chat if written else ""))
    chat = "" if gone else chat
    asked = None if written or not own else _asked(filters, told)
    if asked:
        chat = chat or new_chat()
        st.session_state[chat_list.BEGUN] = chat
    # The box keeps its place whatever comes above it: moved, it would lose what is being typed.
    above = st.container()
    if own:
        with st.container(key="asking"):
            _choice(library, filters)
            _box(chat, disabled=bool(written))
    with above:
        if gone:
            _gone()
        _above(library, chat, told, asked, written, passing)
        if not own:
            told_by = _("This chat is somebody else's: its link opens it for reading alone.")
            st.info(told_by, icon=":material/visibility:")
    if own and not st.session_state.get(chat_list.ASKING) and "writing" not in st.session_state:
        st.session_state.pop(chat_list.BEGUN, None)  # seen to its end
    return chat


def _above(
    library: Library,
    chat: str,
    told: list[tuple[str, dict[str, Any]]],
    asked: Asked | None,
    written: Writing | None,
    passing: int,
) -> None:
    """The conversation so far, and the answer that is being made; or where to begin."""
    if not told and not written and not asked:
        with st.container():
            _start(library, passing)
    else:
        st.empty()  # in its place at once: it would stay until the answer is there
    _turns(library, chat, told)
    if asked:
        _ask(library, chat, asked)
    elif written and written.chat == chat:
        with st.container(key=f"turn-{len(told)}"):
            _progress(written)
        _look_at(len(told))


def _asked(filters: Filters, told: list[tuple[str, dict[str, Any]]]) -> Asked | None:
    """What was asked in the box, by an example or by asking anew, and is not answered yet."""
    again: Resolved | None = st.session_state.get(narrowing.AGAIN)
    typed = again.question if again else next(iter(st.session_state.get(chat_list.ASKING, ())), "")
    if not typed.strip():
        return None
    earlier = [turn_of(answer) for _question, answer in told]
    worded = bool(st.session_state.get("worded"))
    return Asked(typed.strip(), filters, earlier, again, worded)


def _box(chat: str, *, disabled: bool) -> None:
    """The box to ask in, for this chat; too long a question goes back into it, and that is said."""
    # Streamlit's own bound would drop a text that is pasted without a word.
    back = st.session_state.pop("too-long", None)
    if back is not None and too_long(back, state.MOST):
        st.session_state["question"] = back
    told = _("Ask about these papers")
    asked = st.chat_input(
        told, key="question", disabled=disabled, on_submit=_submitted, args=(chat,)
    )
    if asked and len(asked) > state.MOST:
        st.session_state["too-long"] = asked
        st.rerun()


def _turns(library: Library, chat: str, told: list[tuple[str, dict[str, Any]]]) -> None:
    """The last turns, and the way to those before."""
    first = 0 if state.one("all") else max(len(told) - _SHOWN, 0)
    if first:
        more = many("Show {n} earlier question", "Show {n} earlier questions", first)
        st.button(more, on_click=state.put, args=({"all": "1"},), key="earlier")
    else:
        st.empty()
    for number, (question, answer) in enumerate(told):
        if number >= first:
            turn(library, chat, number, question, answer)
        else:
            st.empty()  # every turn has one place: else an old one shows under a new question


def _choice(library: Library, filters: Filters) -> None:
    """The filters of the next answer, and whether a language model is to word it."""
    narrowing.chosen(library, filters)
    if available(library.settings) is not None:
        return
    st.toggle(
        _("Have the language model word the answer"),
        key="worded",
        help=_(
            "Each of its sentences is checked against the passages it cites; what they do not "
            "state is removed and counted. Without it the answer is the papers' own sentences."
        ),
    )


def _conversation(library: Library, chat: str) -> list[tuple[str, dict[str, Any]]]:
    """(question, answer as JSON) of each turn."""
    kept = [(turn.question, turn.answer) for turn in turns(library, chat)]
    # Kept besides where the catalogue could not be written: a person still sees the answer.
    return kept + (st.session_state.get(f"unsaved:{chat}", []) if chat else [])


def _gone() -> None:
    told = _("This chat is gone: it was deleted, or never kept here.")
    st.info(told, icon=":material/search_off:")
    st.page_link(places.ASK, label=_("Begin a new chat"), icon=":material/add:")


def _look_at(number: int) -> None:
    """Scroll the question of a turn into view, once."""
    st.html(
        f"<script>document.querySelector('.st-key-turn-{int(number)}')"
        "?.scrollIntoView({block: 'start'})</script>",
        unsafe_allow_javascript=True,
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _examples(
    _library: Library,
    folder: str,  # noqa: ARG001 - tells libraries apart in the cache
    generation: int,  # noqa: ARG001 - the library as it was
) -> list[str]:
    """Questions that this library can answer: of the subject, else of its own papers."""
    saying = _library.indexes.text.papers_saying
    fit = [one for one, words in EXAMPLES.items() if len(list(saying(words))) >= _SAYING]
    with _library.catalogue.read() as reader:
        papers = reader.papers(_library.snapshot().table.n[:_LOOKED].tolist()).values()
    short = (title(one.title).rstrip(".?!") for one in papers if 0 < len(one.title) <= _LONGEST)
    return (fit + [f"What does “{one}” report?" for one in short])[: len(EXAMPLES)]


def _start(library: Library, passing: int) -> None:
    told = _(
        "Answers are quotes from the {n} papers that pass the filters, each with its page. "
        "Where they do not answer the question, Sixfold says so. For example:"
    )
    st.markdown(told.format(n=f"{passing:,}"))
    with st.container(key="examples", gap="xsmall"):
        for example in _examples(library, str(library.folder), library.snapshot().generation):
            st.button(plain(example), key=f"try-{example}", on_click=_choose, args=(example,))
    if library.catalogue.read_only:
        kept = _("This library is open for reading only: a conversation is not kept.")
    elif person.by_proxy():
        kept = _("Your conversations are kept in the library: others see one only by its link.")
    else:
        kept = _(
            "Conversations are kept in the library: whoever uses it finds them in the list beside."
        )
    st.caption(kept)


def _choose(question: str) -> None:
    """Put a question to those that are to be answered."""
    # Kept until it is: the box holds it for one run, which a click elsewhere may end.
    asking = st.session_state.get(chat_list.ASKING, ())
    if len(question) <= state.MOST and question not in asking:
        st.session_state[chat_list.ASKING] = (*asking, question)


def _submitted(chat: str) -> None:
    # Sent, perhaps, before the browser had the address of the chat that its first question began.
    if chat and not state.one("chat"):
        state.put({"chat": chat})
    _choose(str(st.session_state["question"] or ""))


def _ask(library: Library, chat: str, asked: Asked) -> None:
    """Answer, keep the turn and draw it."""
    place = len(asked.earlier)
    here = waiting(place, asked.question)
    _look_at(place)
    whose = person.whose_chats(library)
    with here, st.spinner(_("Reading …")):
        found = _found(library, asked)
    # A click elsewhere ended this run before here, and the next one answers; or it is too late.
    chat_list.asked(again=asked.understood is not None)
    if asked.worded and found.citations:
        writing = Writing(library, chat, asked.question, found, whose)
        st.session_state["writing"] = writing.start()
        state.put({"chat": chat})
        st.rerun()
    answer = found.to_json()
    try:
        keep(library, chat, asked.question, answer, whose=whose)
    except KbError:
        _unsaved(library, chat, asked.question, answer)
    state.put({"chat": chat})
    with here:
        reply(library, chat, place, answer)
    _look_at(place)
    if st.session_state.get(chat_list.ASKING):
        st.rerun()


def _found(library: Library, asked: Asked) -> Answer:
    try:
        return ask(
            library, asked.question, asked.filters, asked.earlier, understood=asked.understood
        )
    except Exception:
        chat_list.forget_asked()  # else the page would fail for good
        raise


@st.fragment(run_every=0.4)
def _progress(written: Writing) -> None:
    """What is written so far, and the button that ends it."""
    if written.final is not None:
        st.rerun()
    with st.chat_message("user"):
        st.markdown(plain(written.question))
    with st.chat_message("assistant"):
        said = "".join(
            f"<p>{escaped(readable(one.text))}"
            f"<sup>{''.join(f' [{c.n}]' for c in one.citations)}</sup></p>"
            for one in list(written.sentences)
        )
        waiting = f"<p>{escaped(_('Writing …'))}</p>"
        st.html(f'<div class="sf-answer" aria-live="polite">{said or waiting}</div>')
        for notice in list(written.notices):
            st.caption(plain(notice))
        st.button(
            _("Stopping …") if written.stopping else _("Stop"),
            icon=":material/stop_circle:",
            on_click=written.stop,
            disabled=written.stopping,
            key="stop",
        )


def _finish(written: Writing) -> None:
    """Put an answer that is written to the others."""
    del st.session_state["writing"]
    if written.unsaved and written.final is not None:
        _unsaved(written.library, written.chat, written.question, written.final)


def _unsaved(library: Library, chat: str, question: str, answer: dict[str, Any]) -> None:
    """Show a turn for as long as this window is open: it could not be kept."""
    st.session_state.setdefault(f"unsaved:{chat}", []).append((question, answer))
    if library.catalogue.read_only:
        st.toast(_("This library is open for reading only: the answer lasts while you stay here."))
    else:
        st.toast(_("This answer could not be kept: the library cannot be written just now."))


page.show(later("Ask"), draw)
