"""The frame of every page: its look, the open library, and what happens when it fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ingest.errors import IngestError
from kb.errors import DamagedCatalogue, KbError, NoLibrary, ReadOnly
from kb.library import Library
from kb.pages.parts import first_run, opened, person, places
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _
from kb.settings import only_shown

_log = logging.getLogger(__name__)

Rescue = Callable[[Path], None]
"""Draws what can be done for the library in a folder that cannot be opened."""


def show(
    title: str,
    draw: Callable[[Library], None],
    *,
    needs_papers: bool = True,
    rescue: Rescue | None = None,
) -> None:
    """Draw a page with the open library; on a failure say what happened and what to do.

    Takes: title, in English or translated; needs_papers, whether an empty library gets the
    ways to fill it instead of the page.
    """
    if title:
        st.title(_(title), anchor=False)
    if person.by_proxy() and not person.signed_in():
        # Past the proxy that should have asked who it is: nobody acts under another's name.
        st.error(_("Nobody is signed in here."), icon=":material/person_off:")
        st.markdown(_("Open the address at which you sign in. This server itself knows nobody."))
        return
    try:
        _draw(draw, needs_papers=needs_papers)
    except NoLibrary:
        _begin(None)
    except DamagedCatalogue as error:
        failed(error)
        if rescue:
            rescue(opened.folder())
        else:
            st.page_link(places.LIBRARY, label=_("Put a backup back"), icon=":material/history:")
    except ReadOnly as error:
        st.info(plain(error.message[:1].upper() + error.message[1:]), icon=":material/lock:")
    except (KbError, IngestError) as error:
        failed(error)
    except Exception as error:  # noqa: BLE001 - the last stop before a person: told and logged
        _log.exception("page %s", title)
        st.error(_("This page could not be shown."), icon=":material/error:")
        st.markdown(
            _(
                "Load it again. If it happens again, `kb doctor` tells whether the library is "
                "sound; the details below help whoever mends it."
            )
        )
        with st.expander(_("Details")):
            st.code("".join(traceback.format_exception(error)), language=None)


def _draw(draw: Callable[[Library], None], *, needs_papers: bool) -> None:
    library = opened.library()
    if needs_papers and not len(library.snapshot().table.n):
        _begin(library)
    else:
        draw(library)


def _begin(library: Library | None) -> None:
    folder = opened.folder()
    read_only = library.catalogue.read_only if library else only_shown()
    first_run.draw(folder, opened.jobs(folder), library=library, read_only=read_only)


def failed(error: KbError | IngestError) -> None:
    """One failure: what happened and the way out."""
    st.error(plain(error.message[:1].upper() + error.message[1:]), icon=":material/error:")
    if error.remedy:
        st.markdown(_("What to do: {remedy}").format(remedy=plain(error.remedy)))
    if error.item and error.item not in error.message:
        with st.expander(_("Details")):
            st.code(f"{error.code}: {error.item}", language=None)
