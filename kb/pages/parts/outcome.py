"""What came of an act of a person's: said in a corner of the page, never raised."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb.errors import KbError
from kb.pages.parts.markup import plain


def told(act: Callable[[], object], done: str) -> bool:
    """Do it and say `done`, or what went wrong and the way out; True where it was done."""
    try:
        act()
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return False
    st.toast(plain(done), icon=":material/check:")
    return True
