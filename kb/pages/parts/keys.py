"""Keys of the pages that list papers: `/` goes to the box, the arrows from title to title."""

from __future__ import annotations

from typing import Any

import streamlit as st

# Streamlit has shortcuts for buttons, none for a box to type in.
_SCRIPT = """
const TITLES = '[class*="st-key-hit-"] [data-testid="stPageLink"] a, '
  + '[class*="st-key-row-"] [data-testid="stPageLink"] a';
const TYPING = 'input, textarea, select, [contenteditable="true"], [role="listbox"], [role="menu"]';
export default function () {
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = document.activeElement;
    const box = document.querySelector('.st-key-at-q input');
    if (event.key === '/' && box && !(at && at.closest(TYPING))) {
      event.preventDefault();
      box.focus();
      box.select();
      return;
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const titles = [...document.querySelectorAll(TITLES)];
    const here = titles.indexOf(at);
    if (here < 0 && at !== box) return;
    const next = event.key === 'ArrowDown' ? titles[here + 1] : titles[here - 1] || box;
    if (!next || next === at) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('keydown', pressed);
  return () => document.removeEventListener('keydown', pressed);
}
"""


def listen() -> None:
    """Heed the keys for as long as this page is shown."""
    _component()(key="keys", height=1)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("sixfold_keys", js=_SCRIPT)
