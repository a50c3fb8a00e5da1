"""Who is at the other end: the name that decisions, notes and reading states bear.

On a laptop that is the library's own coder. Behind a proxy that signs people in, the proxy
names them in a header (`SIXFOLD_USER_HEADER`), and nobody can be another.
"""

from __future__ import annotations

import os

import streamlit as st

from kb.decisions import coder
from kb.errors import UsageError
from kb.library import Library

HEADER = "SIXFOLD_USER_HEADER"
"""Environment variable: the header in which a proxy names who is signed in, e.g.
`X-Forwarded-User`. Unset: no header is believed."""


def signed_in() -> str:
    """The name that the proxy gives; "" where there is no such proxy."""
    header = os.environ.get(HEADER, "")
    return str(st.context.headers.get(header) or "").strip() if header else ""


def name(library: Library) -> str:
    """Who acts: the one signed in, else the name typed in this session, else the library's coder.

    "" where a system knows no name; what must bear one then asks for it.
    """
    if known := signed_in():
        return known
    try:
        return coder(library, str(st.session_state.get("coder", "")))
    except UsageError:
        return ""
