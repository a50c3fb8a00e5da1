"""Styles that a page brings along."""

from __future__ import annotations

import streamlit as st


def style(css: str) -> None:
    """Draw CSS, which takes no room on the page.

    Beside an element that is no style: Streamlit puts styles alone where it puts toasts, and
    there the toast of a fragment, which draws no styles anew, takes their place.
    """
    st.html(f'<span class="sf-style" hidden></span><style>{css}</style>')
