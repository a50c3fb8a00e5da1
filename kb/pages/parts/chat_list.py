"""The chats that are kept, in the sidebar: newest first, searched, renamed, removed."""

from __future__ import annotations

import streamlit as st

from kb.catalogue.chats import ChatHead
from kb.chat_export import exported_chat
from kb.chats import LONGEST_NAME, chats, remove, rename
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.markup import plain, visible

_SHOWN = 8
_LINE = 46  # characters of a title that two lines of the sidebar hold


def sidebar(library: Library, opened: str) -> None:
    """Draw the list; `opened` is the id of the chat that is shown."""
    with st.sidebar:
        st.button(
            "New chat", icon=":material/add:", width="stretch", on_click=show, args=("",), key="new"
        )
        key, changed = state.bound("find")
        words = st.session_state[key]
        everything = chats(library)
        if everything:
            st.text_input(
                "Search chats",
                key=key,
                on_change=changed,
                placeholder="words of a question or answer",
            )
        found = chats(library, words) if words.strip() else everything
        if everything and not found:
            st.caption("No chat has all of these words.")
        most = state.number("chats", _SHOWN, low=_SHOWN, high=10_000)
        with st.container(key="chats", gap=None):
            for one in found[:most]:
                _row(library, one, opened=one.chat == opened)
        if len(found) > most:
            more = {"chats": str(most * 4)}
            st.button(
                f"{len(found) - most:,} more", on_click=state.put, args=(more,), key="more-chats"
            )
        st.html('<hr class="sf-rule">')


def show(chat: str) -> None:
    """Open a chat; "" begins a new one."""
    state.put({"chat": chat}, forget=("all",))
    st.session_state.pop("doomed", None)


def _row(library: Library, one: ChatHead, *, opened: bool) -> None:
    with st.container(
        key=f"chat-{one.chat}",
        horizontal=True,
        wrap=False,
        vertical_alignment="center",
        gap="xsmall",
    ):
        st.button(
            _short(one.title),
            help=None if opened else plain(f"{one.turns} asked, last {one.last[:10]}"),
            type="secondary" if opened else "tertiary",
            width="stretch",
            on_click=show,
            args=(one.chat,),
            key=f"show-{one.chat}",
        )
        if opened:
            _menu(library, one)


def _menu(library: Library, one: ChatHead) -> None:
    with st.popover("Edit", type="tertiary", help="Rename, export or delete this chat"):
        key = f"rename-{one.chat}"
        st.text_input(
            "Name",
            value=visible(one.name),
            key=key,
            max_chars=LONGEST_NAME,
            placeholder="its first question",
            on_change=_rename,
            args=(library, one.chat, key),
        )
        st.download_button(
            "Export as Markdown",
            data=lambda: exported_chat(library, one).encode(),
            file_name="sixfold-chat.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"export-{one.chat}",
        )
        if st.session_state.get("doomed") != one.chat:
            st.button(
                "Delete …",
                icon=":material/delete:",
                on_click=_doom,
                args=(one.chat,),
                width="stretch",
                key="delete",
            )
        else:
            asked = "1 question" if one.turns == 1 else f"{one.turns} questions"
            st.markdown(f"Delete this chat with {asked} for good?")
            with st.container(horizontal=True):
                st.button(
                    "Delete", type="primary", on_click=_remove, args=(library, one.chat), key="gone"
                )
                st.button("Keep it", on_click=_doom, args=("",), key="spare")


def _short(title: str) -> str:
    line = " ".join(visible(title).split())
    return plain(line if len(line) <= _LINE else f"{line[: _LINE - 1].rstrip()}…")


def _doom(chat: str) -> None:
    st.session_state["doomed"] = chat


def _rename(library: Library, chat: str, key: str) -> None:
    try:
        rename(library, chat, str(st.session_state[key]))
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")


def _remove(library: Library, chat: str) -> None:
    try:
        remove(library, chat)
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return
    show("")
    st.toast("Deleted.", icon=":material/check:")
