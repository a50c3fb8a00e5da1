"""Joining and parting papers from a page; what goes wrong is said, not raised."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb import merging
from kb.decisions import coder
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts.markup import plain


def join(library: Library, kept: str, other: str) -> None:
    """Make two papers one."""
    _told(lambda: merging.join(library, kept, [other], coder(library)), "Joined.")


def keep_apart(library: Library, one: str, other: str) -> None:
    """Never propose these two again."""
    _told(lambda: merging.part(library, one, other, coder(library)), "Kept apart.")


def take_out(library: Library, entry: int) -> None:
    """Undo a joining."""
    _told(lambda: merging.undo(library, entry, coder(library)), "Undone.")


def _told(act: Callable[[], object], done: str) -> None:
    try:
        act()
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
    else:
        st.toast(done, icon=":material/check:")
