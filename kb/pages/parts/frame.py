"""What stands around every page: its address among the others, the language, the mark."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import streamlit as st

from kb.pages.parts import person, places, words
from kb.pages.parts.markup import plain
from kb.pages.parts.styles import style
from kb.pages.parts.words import _
from kb.settings import only_shown

_LOOK = Path(__file__).with_name("look.css")
_SCRIPTS = [Path(__file__).with_name(name) for name in ("spoken.js", "focus.js")]

# What browsers and screen readers call our languages (BCP 47).
_TAGS = {"en": "en", "zh_CN": "zh-Hans"}


def draw() -> None:
    """The switch of the language and the mark of a library nobody may change."""
    words.keep_in_address()
    with st.container(key="frame", horizontal=True, wrap=False, vertical_alignment="center"):
        if only_shown():
            st.markdown(f":small[:material/lock: {_('read only')}]")
        if who := person.signed_in():
            with st.container(key="signed-in"):
                st.markdown(f":small[:material/person: {plain(who)}]")
        chosen = words.language()
        for code, name in words.LANGUAGES.items():
            if code != chosen:
                st.button(
                    name,
                    type="tertiary",
                    icon=":material/translate:",
                    on_click=words.choose,
                    args=(code,),
                    key=f"language-{code}",
                )
        style(_look())
        # The document is Streamlit's own and says "en": a screen reader would spell Chinese.
        script = f"document.documentElement.lang = {json.dumps(_TAGS[chosen])};{_scripts()}"
        st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


@cache
def _look() -> str:
    return _LOOK.read_text(encoding="utf-8")


@cache
def _scripts() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in _SCRIPTS)


def pages() -> dict[str, list[st.Page]]:
    """The pages, those for looking after the library last; two are reached by links alone."""
    words.settle()
    return {
        "": [
            st.Page(places.SEARCH, title=_("Search"), url_path="start", default=True),
            st.Page(places.ASK, title=_("Ask"), url_path="ask"),
            st.Page(places.MAP, title=_("Map"), url_path="map"),
            st.Page(places.CHALLENGES, title=_("Challenges"), url_path="challenges"),
            st.Page(places.PAPERS, title=_("Papers"), url_path="papers"),
            st.Page(places.TABLE, title=_("Table"), url_path="table"),
            st.Page(places.SCREENING, title=_("Screening"), url_path="screening"),
            st.Page(places.LABEL, title=_("Label"), url_path="label"),
            st.Page(places.TAXONOMY, title=_("Taxonomy"), url_path="taxonomy"),
            st.Page(places.LIBRARY, title=_("Library"), url_path="library"),
            st.Page(places.PAPER, title=_("Paper"), url_path="paper", visibility="hidden"),
            st.Page(_to_search, title=_("Search"), url_path="search", visibility="hidden"),
        ]
    }


def _to_search() -> None:
    """The address that the first page would have if Streamlit gave it one: its own is bare."""
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    st.switch_page(places.SEARCH, query_params=given)
