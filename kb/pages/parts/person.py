"""Who is at the other end: the name that decisions, notes and reading states bear.

On a laptop that is the library's own coder. Behind a proxy that signs people in, the proxy
names them in a header (`SIXFOLD_USER_HEADER`), and nobody can be another.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress

import streamlit as st

from ingest.url import Place
from kb.chats import Whose
from kb.decisions import LONGEST_NAME, coder
from kb.errors import UsageError
from kb.library import Library
from kb.pages.parts.markup import visible
from kb.settings import USER_HEADER, only_shown

HEADER = USER_HEADER


def by_proxy() -> bool:
    """True where a proxy says who is who; then a name that is typed counts for nothing."""
    return bool(os.environ.get(HEADER, "").strip())


def signed_in() -> str:
    """The name that the proxy gives; "" where there is no such proxy, or it names nobody."""
    header = os.environ.get(HEADER, "").strip()
    given = str(st.context.headers.get(header) or "") if header else ""
    with suppress(UnicodeError):  # where it came decoded
        given = given.encode("latin-1").decode("utf-8")  # as HTTP carries other scripts
    told = " ".join(visible(given).split())
    if len(told) <= LONGEST_NAME:
        return told
    # Cut, and still nobody else's: two long names may begin alike.
    mark = hashlib.sha256(told.encode()).hexdigest()[:8]
    return f"{told[: LONGEST_NAME - len(mark) - 1]}~{mark}"


def among_others(library: Library | None) -> bool:
    """True where others than whoever runs the app may see its pages.

    So it is behind a proxy that signs people in, for a library that is only shown, and where
    the app listens beyond this machine.
    """
    address = str(st.get_option("server.address") or "").lower().rstrip(".")
    shown = only_shown() if library is None else library.catalogue.read_only
    return by_proxy() or shown or not Place("http", address, 0).loopback


def name(library: Library) -> str:
    """Who acts: the one signed in, else the name typed in this session, else the library's coder.

    "" where a system knows no name, and where a proxy should have named somebody and did not;
    what must bear one then asks for it.
    """
    if by_proxy():
        return signed_in()
    try:
        return coder(library, str(st.session_state.get("coder", "")))
    except UsageError:
        return ""


def whose_chats(library: Library) -> Whose:
    """Whose chats may be seen and changed: behind a proxy one's own, else everybody's.

    Chats from before there was a proxy are seen by the library's coder.
    """
    if not by_proxy():
        return None
    who = signed_in()
    with suppress(UsageError):
        if coder(library) == who:
            return who, ""
    return (who,)
