"""The keys and buttons of screening, heeded only for a paper that stands on the screen.

Streamlit hands every key on at once, also while it draws the next paper: of five quick keys some
would be lost without a word, others decide on a paper that nobody has seen. A queue would decide
unseen. So none is taken before the next paper is there; what came too early is ignored, and that
is said. The browser's part is here; `screening_acts` refuses, besides, a second act before the
next paper was drawn.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import streamlit as st

from kb.pages.parts.words import _, later

# A paper is there when this, sent after its buttons, is drawn anew: `turn` differs each time.
# Nobody has read a title within REST milliseconds: a key then, or a second click, is the last one.
_SCRIPT = """
const REST = 250, LOST = 2000, SAID = 2400;
const TYPING = 'input, textarea, select, [contenteditable="true"]';
const ACTS = '.st-key-screen-acts';
let now = {}, waits = false, since = 0, shown = 0, timer = 0, dropped = () => {};
const idle = () => document.querySelector('[data-testid="stApp"]')
  ?.getAttribute('data-test-script-state') === 'notRunning';
export default function ({ data, parentElement }) {
  if (now.paper && data.paper !== now.paper) shown = performance.now();
  dropped();  // new data come without the clean-up of the old: two would stop each other
  now = data;
  waits = false;
  const said = parentElement.querySelector('.said');
  const heed = (event) => {
    const at = performance.now();
    // What was sent is lost, or did nothing.
    if (waits && at - since > LOST && idle()) waits = false;
    if (!event.repeat && !waits && at - shown > REST) {
      waits = true;
      since = at;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const bar = document.querySelector(ACTS).getBoundingClientRect();
    said.style.bottom = `${Math.max(8, innerHeight - bar.top + 8)}px`;
    said.style.left = `${Math.max(8, bar.left)}px`;
    said.textContent = now.told;
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = ''; }, SAID);
  };
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const held = event.repeat && (event.key === 'Enter' || event.key === ' ');
    if (event.target.closest?.(held ? ACTS + ' button' : TYPING)) {
      if (held) heed(event);
    } else if (now.keys.includes(event.key.toLowerCase())) heed(event);
  };
  const clicked = (event) => {
    if (event.target.closest?.(ACTS + ' button')) heed(event);
  };
  window.addEventListener('keydown', pressed, true);
  window.addEventListener('click', clicked, true);
  const drop = () => {
    window.removeEventListener('keydown', pressed, true);
    window.removeEventListener('click', clicked, true);
  };
  dropped = drop;
  return drop;
}
"""
_HINT = '<div class="said" role="status"></div>'
_LOOK = """
.said { position: fixed; z-index: 20; padding: 0.6rem 1.1rem; border-radius: 4px;
  font: 600 1.05rem var(--st-font); background: #ffd54a; color: #1c2530; pointer-events: none;
  border: 2px solid #1c2530; box-shadow: 0 4px 16px rgb(0 0 0 / 0.35); }
.said:empty { display: none; }
"""
_TURNS = count()

EARLY = later("One moment: the next paper is not shown yet.")
"""Said of a key that came too early; for `_`."""


def guard(paper_id: str, keys: str) -> None:
    """Heed these keys and the buttons once for this paper. To be drawn after its buttons."""
    data = {"paper": paper_id, "keys": keys, "told": _(EARLY), "turn": next(_TURNS)}
    _component()(data=data, key="one-at-a-time", height=1)


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component("sixfold_one_at_a_time", html=_HINT, css=_LOOK, js=_SCRIPT)
