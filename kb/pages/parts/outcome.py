"""What came of an act of a person's: said in a corner of the page, never raised."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ingest.errors import IngestError
from kb.errors import KbError
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _


def sentence(error: KbError | IngestError) -> str:
    """What went wrong and the way out, as a sentence: errors themselves begin small."""
    whole = f"{error.message}: {error.remedy}" if error.remedy else error.message
    return whole[:1].upper() + whole[1:]


def too_long(text: str, most: int) -> bool:
    """Whether a text is longer than `most` characters; it is said how long it is."""
    if len(text) <= most:
        return False
    said = _("That is {n} characters; at most {most} are taken. Nothing was kept: shorten it.")
    st.toast(said.format(n=f"{len(text):,}", most=f"{most:,}"), icon=":material/error:")
    return True


def told(act: Callable[[], object], done: str) -> bool:
    """Do it and say `done`, or what went wrong and the way out; True where it was done."""
    try:
        act()
    except KbError as error:
        st.toast(plain(sentence(error)), icon=":material/error:")
        return False
    st.toast(plain(done), icon=":material/check:")
    return True
