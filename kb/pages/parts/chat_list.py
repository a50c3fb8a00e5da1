"""The chats that one may see, in the sidebar: newest first, searched, renamed, removed."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from kb.catalogue.chats import ChatHead
from kb.chat_export import exported_chat
from kb.chats import LONGEST_NAME, chats, remove, rename
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import narrowing, person, state
from kb.pages.parts.markup import plain, visible
from kb.pages.parts.words import _, many

ASKING = "asking"
"""Where the page finds the questions that are to be answered, the first asked first."""

BEGUN = "begun"
"""Where the page finds the chat of an answer that it began and has not shown to its end."""

_SHOWN = 8
_LINE = 46  # characters of a title that two lines of the sidebar hold


def sidebar(library: Library, opened: str) -> None:
    """Draw the list here; `opened` is the id of the chat that is shown."""
    st.button(
        _("New chat"),
        icon=":material/add:",
        width="stretch",
        on_click=show,
        args=("",),
        key="new",
    )
    key, changed = state.bound("find")
    words = st.session_state[key]
    whose = person.whose_chats(library)
    everything = chats(library, whose=whose)
    if everything:
        st.text_input(
            _("Search chats"),
            key=key,
            on_change=changed,
            placeholder=_("words of a question or answer"),
        )
    found = chats(library, words, whose) if words.strip() else everything
    if everything and not found:
        st.caption(_("No chat has all of these words."))
    most = state.number("chats", _SHOWN, low=_SHOWN, high=10_000)
    with st.container(key="chats", gap=None):
        repeated = {one for one, n in Counter(one.title for one in found).items() if n > 1}
        for one in found[:most]:
            _row(library, one, opened=one.chat == opened, dated=one.title in repeated)
    if len(found) > most:
        more = {"chats": str(most * 4)}
        st.button(
            many("{n} more", "{n} more", len(found) - most),
            on_click=state.put,
            args=(more,),
            key="more-chats",
        )
    st.html('<hr class="sf-rule">')


def show(chat: str) -> None:
    """Open a chat; "" begins a new one."""
    state.put({"chat": chat}, forget=("all",))
    st.session_state.pop("doomed", None)
    forget_asked()


def asked(*, again: bool) -> None:
    """Take the first question out: it is answered. `again`: the one that was asked anew."""
    if again:
        st.session_state.pop(narrowing.AGAIN, None)
    elif waiting := st.session_state.get(ASKING):
        st.session_state[ASKING] = waiting[1:]


def forget_asked() -> None:
    """Answer nothing that was asked until now."""
    for name in (ASKING, BEGUN, narrowing.AGAIN):
        st.session_state.pop(name, None)


def _row(library: Library, one: ChatHead, *, opened: bool, dated: bool) -> None:
    """One chat; `dated`: another one is called the same, so that its day tells it apart."""
    with st.container(
        key=f"chat-{one.chat}",
        horizontal=True,
        wrap=False,
        vertical_alignment="center",
        gap="xsmall",
    ):
        st.button(
            _short(one.title) + (f" :gray[{plain(_moment(one))}]" if dated else ""),
            help=None if opened else plain(_told(one)),
            type="secondary" if opened else "tertiary",
            width="stretch",
            on_click=show,
            args=(one.chat,),
            key=f"show-{one.chat}",
        )
        if opened:
            _menu(library, one)


def _menu(library: Library, one: ChatHead) -> None:
    writable = not library.catalogue.read_only
    told = _("Rename, export or delete this chat") if writable else _("Export this chat")
    with st.popover(_("Edit"), type="tertiary", help=told):
        key = f"rename-{one.chat}"
        if writable:
            st.text_input(
                _("Name"),
                value=visible(one.name),
                key=key,
                max_chars=LONGEST_NAME,
                placeholder=_("its first question"),
                on_change=_rename,
                args=(library, one.chat, key),
            )
        st.download_button(
            _("Export as Markdown"),
            data=lambda: exported_chat(library, one).encode(),
            file_name="sixfold-chat.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"export-{one.chat}",
        )
        if writable:
            _deletion(library, one)


def _deletion(library: Library, one: ChatHead) -> None:
    """The button that asks, then the one that deletes."""
    if st.session_state.get("doomed") != one.chat:
        st.button(
            _("Delete …"),
            icon=":material/delete:",
            on_click=_doom,
            args=(one.chat,),
            width="stretch",
            key="delete",
        )
        return
    asked = many("{n} question", "{n} questions", one.turns)
    st.markdown(_("Delete this chat with {questions} for good?").format(questions=asked))
    with st.container(horizontal=True):
        st.button(
            _("Delete"), type="primary", on_click=_remove, args=(library, one.chat), key="gone"
        )
        st.button(_("Keep it"), on_click=_doom, args=("",), key="spare")


def _told(one: ChatHead) -> str:
    asked = many("{n} question", "{n} questions", one.turns)
    told = _("{questions}, last {day}").format(questions=asked, day=one.last[:10])
    # A chat that people named tells its first question only here.
    return f"{one.first} · {told}" if one.name else told


def _moment(one: ChatHead) -> str:
    return one.started[:16].replace("T", " ")


def _short(title: str) -> str:
    line = " ".join(visible(title).split())
    return plain(line if len(line) <= _LINE else f"{line[: _LINE - 1].rstrip()}…")


def _doom(chat: str) -> None:
    st.session_state["doomed"] = chat


def _rename(library: Library, chat: str, key: str) -> None:
    try:
        rename(library, chat, str(st.session_state[key]), person.whose_chats(library))
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")


def _remove(library: Library, chat: str) -> None:
    try:
        remove(library, chat, person.whose_chats(library))
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return
    show("")
    st.toast(_("Deleted."), icon=":material/check:")
