"""Screening: papers in or out of a review, with reasons, and the counts of its flow diagram."""

from __future__ import annotations

import streamlit as st

from kb.library import Library
from kb.pages.parts import page
from kb.pages.parts.words import _


def draw(library: Library) -> None:
    """The page."""
    st.caption(_("{n} papers").format(n=len(library.snapshot().table.n)))


page.show("Screening", draw)
