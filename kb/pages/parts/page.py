"""The frame of every page: its look, the open library, and what happens when it fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ingest.errors import IngestError
from kb.errors import KbError, NoLibrary
from kb.library import Library
from kb.pages.parts import opened, places
from kb.pages.parts.markup import plain

_LOOK = Path(__file__).with_name("look.css")
_log = logging.getLogger(__name__)


def show(title: str, draw: Callable[[Library], None], *, needs_papers: bool = True) -> None:
    """Draw a page with the open library; on a failure say what happened and what to do.

    `needs_papers`: an empty library gets the way to fill it instead of the page.
    """
    st.html(_LOOK)
    if title:
        st.title(title, anchor=False)
    try:
        library = opened.library()
        if needs_papers and not len(library.snapshot().table.n):
            _empty(library)
        else:
            draw(library)
    except NoLibrary as error:
        st.info(plain(error.message), icon=":material/shelves:")
        st.markdown("Make one in a terminal, then load this page again:")
        st.code(
            f"kb --library '{opened.folder()}' init --starter   # papers to try\n"
            f"kb --library '{opened.folder()}' init             # empty",
            language="bash",
        )
    except (KbError, IngestError) as error:
        failed(error)
    except Exception as error:  # noqa: BLE001 - the last stop before a person: told and logged
        _log.exception("page %s", title)
        st.error("This page could not be shown.", icon=":material/error:")
        st.markdown(
            "Load it again. If it happens again, `kb doctor` tells whether the library is sound; "
            "the details below help whoever mends it."
        )
        with st.expander("Details"):
            st.code("".join(traceback.format_exception(error)), language=None)


def failed(error: KbError | IngestError) -> None:
    """One failure: what happened and the way out."""
    st.error(plain(error.message), icon=":material/error:")
    if error.remedy:
        st.markdown(f"What to do: {plain(error.remedy)}")
    if error.item and error.item not in error.message:
        with st.expander("Details"):
            st.code(f"{error.code}: {error.item}", language=None)


def _empty(library: Library) -> None:
    st.info("This library holds no papers yet.", icon=":material/shelves:")
    st.page_link(places.LIBRARY, label="Add papers by arXiv id or PDF", icon=":material/add:")
    st.markdown("Or in a terminal, with papers to try, a folder of PDFs, or a file of records:")
    st.code(
        f"kb --library '{library.folder}' add 2506.23762 2501.11354\n"
        f"kb --library '{library.folder}' add ~/papers",
        language="bash",
    )
