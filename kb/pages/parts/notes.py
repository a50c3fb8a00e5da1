"""Notes that people write on a paper: text as it was typed, with who and when."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb import remarks
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import person
from kb.pages.parts.markup import escaped, plain, readable, visible
from kb.pages.parts.words import _
from kb.remarks import LONGEST, Remark

_NEW = "note-new"
_EDITED = "note-edited"
_GONE = "note-gone"
_FAILED = "note-failed"


# A fragment: writing a note draws the notes again, not the card.
@st.fragment
def notes(library: Library, paper_id: str) -> None:
    """The notes on a paper, and the field for another one."""
    writable = not library.catalogue.read_only
    held = remarks.remarks(library, paper_id)
    st.markdown(f"## {_('Notes')}")
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(plain(failed), icon=":material/error:")
    if not held and not writable:
        st.caption(_("Nobody has written a note on this paper."))
    for one in held:
        with st.container(key=f"note-{one.n}", gap=None):
            if writable and st.session_state.get(_EDITED) == one.n:
                _edit(library, one)
            else:
                _shown(library, one, writable=writable)
    if writable:
        _gone(library, paper_id)
        _new(library, paper_id)


def _shown(library: Library, one: Remark, *, writable: bool) -> None:
    st.html(
        f'<div class="sf-note">{escaped(readable(one.text))}</div>'
        f'<div class="sf-who">{escaped(_byline(one))}</div>'
    )
    if not writable:
        return
    with st.container(horizontal=True, gap="small", key=f"note-acts-{one.n}"):
        st.button(
            _("Edit"), type="tertiary", on_click=_open, args=(one.n,), key=f"note-edit-{one.n}"
        )
        st.button(
            _("Remove"),
            type="tertiary",
            on_click=_remove,
            args=(library, one),
            key=f"note-remove-{one.n}",
        )


def _byline(one: Remark) -> str:
    written = f"{one.who} · {one.at[:10]}"
    if not one.changed_by:
        return written
    changed = _("changed by {who}, {day}").format(who=one.changed_by, day=one.changed_at[:10])
    return f"{written} · {changed}"


def _edit(library: Library, one: Remark) -> None:
    key = f"note-text-{one.n}"
    st.text_area(_("Change this note"), value=visible_lines(one.text), key=key, max_chars=LONGEST)
    with st.container(horizontal=True):
        st.button(
            _("Save"), type="primary", on_click=_save, args=(library, one.n, key), key="note-save"
        )
        st.button(_("Cancel"), on_click=_open, args=(None,), key="note-cancel")


def visible_lines(text: str) -> str:
    """The text for a field to type in: its lines kept, what cannot be seen made visible."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _new(library: Library, paper_id: str) -> None:
    key = f"{_NEW}-{paper_id}"
    st.text_area(
        _("Write a note"),
        key=key,
        max_chars=LONGEST,
        height=80,
        placeholder=_("What you want to remember of this paper"),
        help=_("Everybody who uses this library reads it. It is kept as you type it."),
    )
    st.button(_("Add note"), on_click=_add, args=(library, paper_id, key), key="note-add")


def _gone(library: Library, paper_id: str) -> None:
    """What was just removed, and the button that brings it back."""
    gone: Remark | None = st.session_state.get(_GONE)
    if gone is None or gone.paper_id != paper_id:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="note-gone"):
        st.caption(_("The note was removed."))
        st.button(
            _("Undo"),
            icon=":material/undo:",
            type="tertiary",
            on_click=_back,
            args=(library, gone),
            key="note-undo",
        )


def _open(n: int | None) -> None:
    st.session_state[_EDITED] = n


def _add(library: Library, paper_id: str, key: str) -> None:
    text = str(st.session_state.get(key, ""))
    if _done(lambda: remarks.add(library, paper_id, text, person.name(library))):
        st.session_state[key] = ""


def _save(library: Library, n: int, key: str) -> None:
    text = str(st.session_state.get(key, ""))
    if _done(lambda: remarks.edit(library, n, text, person.name(library))):
        _open(None)


def _remove(library: Library, one: Remark) -> None:
    if _done(lambda: remarks.remove(library, one.n, person.name(library))):
        st.session_state[_GONE] = one


def _back(library: Library, gone: Remark) -> None:
    if _done(lambda: remarks.edit(library, gone.n, gone.text, person.name(library))):
        st.session_state.pop(_GONE, None)


def _done(act: Callable[[], object]) -> bool:
    """Act; what goes wrong is told among the notes, and what was typed stays."""
    try:
        act()
    except KbError as error:
        # No toast: it would be gone before a long note is mended.
        st.session_state[_FAILED] = f"{error.message}: {error.remedy}"
        return False
    return True
