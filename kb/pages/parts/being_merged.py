"""A word on pages that show challenges of before, while those of now are being merged."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.library import Library
from kb.mapping import being_merged, mapped
from kb.pages.parts.words import _, many

# Seconds between two looks at whether it is done.
_EVERY = 3.0


def told(library: Library) -> None:
    """Say so, and draw the page anew once it is done; nothing where nothing is being merged."""
    if being_merged(library):
        st.fragment(_told, run_every=_EVERY)(library)


def _told(library: Library) -> None:
    if not being_merged(library):
        st.rerun()
    try:
        new = len(library.snapshot().table.n) - len(mapped(library).papers)
    except KbError:
        st.rerun()  # it failed just now: the page says so, with the way out
    if new > 0:
        what = many(
            "{n} paper that came in is being merged.",
            "{n} papers that came in are being merged.",
            new,
        )
    else:
        what = _("Papers that changed are being merged.")
    st.info(f"{what} {_('Until then you see the challenges of before.')}", icon=":material/sync:")
