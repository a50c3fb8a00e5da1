"""The drawing of the map in the browser: seen, moved, read by keyboard, clicked to open a node.

Drawn by `graph.js` as SVG. A library for graphs (Cytoscape in a frame of its own) took 1.2 MB
of scripts and over a second for its first hundred nodes, had no node for the keyboard or a
screen reader, and wrote names over each other; where each node lies is known here already.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from kb.exports.palette import KINDS
from kb.map_drawing import Dot, Drawing
from kb.pages.parts import state
from kb.pages.parts.markup import readable, visible
from kb.pages.parts.words import _
from kb.quotes import unmarked

_HERE = Path(__file__).parent
_LABEL = 60
_NODE = "node"
_CLICKED = "graph-clicked"


def draw(picture: Drawing, key: str) -> str:
    """The drawing under this key; the id of the node that is open, "" where none is.

    The open node stands in the address, as the rest of what is looked at.
    """
    node = state.one(_NODE)
    _component()(
        key=key,
        data={
            "nodes": [_told(dot) for dot in picture.dots],
            "ties": picture.lines,
            "open": node,
            "colours": KINDS,
            "words": {
                "label": _("Graph of challenges and phases; arrow keys go from node to node"),
                "nearer": _("Zoom in"),
                "farther": _("Zoom out"),
                "whole": _("Show all of it"),
            },
        },
        on_open_change=partial(_opened, key),
    )
    return node


def look_at(container: str) -> None:
    """Scroll what a click has just opened into view, once, if it is not there.

    Takes: container, the key of the container it stands in.
    """
    clicks = st.session_state.pop(_CLICKED, 0)
    if clicks:
        # The number makes it another script than that of the click before, so that it runs.
        st.html(
            f"<script>/* {int(clicks)} */ {{ const one = "
            f"document.querySelector('.st-key-{container}');"
            "if (one) { one.style.scrollMargin = '4rem 0 1rem';"  # free of the bar at the top
            "one.scrollIntoView({block: 'nearest', behavior: 'smooth'}); } }</script>",
            unsafe_allow_javascript=True,
        )


def short(text: str) -> str:
    """The beginning of a statement, cut at a word."""
    shown = visible(readable(unmarked(text)))
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 1].rsplit(' ', 1)[0]} …"


def _told(dot: Dot) -> dict[str, str | float]:
    name = _(dot.label) if dot.kind == "phase" else dot.label
    return {
        "id": dot.id,
        "kind": dot.kind,
        "name": visible(readable(unmarked(name))),
        "short": short(name),
        "x": round(dot.x, 1),
        "y": round(dot.y, 1),
    }


def _opened(key: str) -> None:
    node = str(st.session_state[key]["open"] or "")
    state.put({_NODE: node})
    st.session_state[_CLICKED] = time.monotonic_ns() if node else 0


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    css, js = (_HERE.joinpath(f"graph.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return st.components.v2.component("sixfold_graph", css=css, js=js)
