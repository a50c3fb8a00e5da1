"""The app's words in the language of whoever looks: English, or Simplified Chinese.

English is what the code says; the other languages are catalogues of GNU gettext in
`kb/pages/locale`, made with `make words`. Papers, quotes and exported files stay as they are.
"""

from __future__ import annotations

import gettext
import threading
from functools import cache
from pathlib import Path

import streamlit as st

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""Code of each language, and its own name for itself."""

DOMAIN = "sixfold"
FOLDER = Path(__file__).resolve().parents[1] / "locale"

_PARAMETER = "lang"


_run = threading.local()


def settle() -> str:
    """Find the language of this run of a page, and keep it until the next."""
    _run.language = ""
    _run.language = language()
    return str(_run.language)


def language() -> str:
    """The language in use: of the address, else of this session, else of the browser."""
    # Asked for hundreds of times a page: reading the address takes Streamlit's locks.
    if settled := getattr(_run, "language", ""):
        return str(settled)
    named = str(st.query_params.get(_PARAMETER, ""))
    if named not in LANGUAGES:
        named = str(st.session_state.get("language", ""))
    if named not in LANGUAGES:
        named = _of_browser()
    if st.session_state.get("language") != named:
        st.session_state["language"] = named
    return named


def in_address() -> dict[str, str]:
    """Parameters for a plain link, which begins a new session: the language, if it was chosen."""
    return {} if language() == _of_browser() else {_PARAMETER: language()}


def _of_browser() -> str:
    return "zh_CN" if (st.context.locale or "").lower().startswith("zh") else "en"


def choose(code: str) -> None:
    """Use a language from now on, in this session; a shared address shows the same."""
    st.session_state["language"] = st.session_state["language-chosen"] = code
    st.query_params[_PARAMETER] = code
    settle()


def keep_in_address() -> None:
    """Put the language into the address, which a link to another page lacks: where it was
    chosen, or came with an address and is not the browser's.
    """
    kept = st.session_state.get("language-chosen") or in_address().get(_PARAMETER)
    if kept and _PARAMETER not in st.query_params:
        st.query_params[_PARAMETER] = str(kept)


def _(text: str) -> str:
    """The text in the language in use; as it is where it has no translation."""
    return _catalogue(language()).gettext(text) if text else ""


def later(text: str) -> str:
    """The text itself: marks a constant for translation, which `_` does where it is shown."""
    return text


def many(one: str, several: str, n: int) -> str:
    """The form of the text for `n` things, with `{n}` filled in, e.g. "1 paper", "1,200 papers"."""
    return _catalogue(language()).ngettext(one, several, n).format(n=f"{n:,}")


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [code], fallback=True)
