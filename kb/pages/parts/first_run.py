"""Where there is no paper yet: three clear ways to begin."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import streamlit as st

from kb.bundle import read_manifest
from kb.errors import BundleError, KbError
from kb.library import Library
from kb.pages.parts import job_kinds, person, places, progress
from kb.pages.parts.jobs import Jobs
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _
from kb.starter import digests_in, starter_path


def draw(folder: Path, jobs: Jobs, *, library: Library | None, read_only: bool) -> None:
    """Say what is missing and how to get it; `library` is None where there is none."""
    if library is None:
        st.info(
            _("There is no library in {folder} yet.").format(folder=plain(_called(folder, None))),
            icon=":material/shelves:",
        )
    else:
        st.info(_("This library holds no papers yet."), icon=":material/shelves:")
    if read_only:
        st.markdown(_("It is open for reading only: whoever runs it can fill it."))
        return
    if jobs.active:
        progress.draw(jobs)
        return
    one, two, three = st.columns(3)
    with one.container(border=True, height="stretch", key="way-starter"):
        _starter(folder, jobs)
    with two.container(border=True, height="stretch", key="way-own"):
        _own(folder, library)
    with three.container(border=True, height="stretch", key="way-terminal"):
        _terminal(folder, library)
    progress.draw(jobs, ("starter",))


def _starter(folder: Path, jobs: Jobs) -> None:
    st.markdown(f"**{_('Try it with papers')}**")
    count = papers_to_try()
    if not count:
        st.caption(_("The starter library is not installed here."))
        return
    st.caption(
        _(
            "{n} papers on language models and code; {digests} have a digest, the rest titles and "
            "tags only. Ten seconds to a minute."
        ).format(n=f"{count:,}", digests=f"{digests_to_try():,}")
    )
    st.button(
        _("Load the starter library"),
        type="primary",
        icon=":material/library_books:",
        on_click=progress.start,
        args=(partial(job_kinds.make, jobs, folder),),
        key="load-starter",
    )


def _own(folder: Path, library: Library | None) -> None:
    st.markdown(f"**{_('Add your own papers')}**")
    st.caption(_("By arXiv id or query, as PDFs, or from a bibliography (.bib, .ris, .csv)."))
    if library is not None:
        st.page_link(places.LIBRARY, label=_("Add papers"), icon=":material/add:")
        return
    st.button(
        _("Make an empty library here"),
        icon=":material/create_new_folder:",
        on_click=_make_empty,
        args=(folder,),
        key="make-empty",
    )


def _make_empty(folder: Path) -> None:
    try:
        made = Library.create(folder)
        made.heal()
        made.close()
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
    except OSError as error:
        st.toast(plain(f"{error.strerror}: {error.filename}"), icon=":material/error:")


def _terminal(folder: Path, library: Library | None) -> None:
    st.markdown(f"**{_('In a terminal')}**")
    st.caption(_("For folders of PDFs and large files; then load this page again."))
    command = "add ~/papers" if library else "init --starter"
    # Without colours: those that Streamlit gives to a shell's words are too faint to read.
    named = shlex.quote(_called(folder, library))
    st.code(f"kb --library {named} {command}", language=None, wrap_lines=True)


def _called(folder: Path, library: Library | None) -> str:
    """The folder as whoever looks may know it: others see no path of the server."""
    return folder.name if person.among_others(library) else str(folder)


@st.cache_data(show_spinner=False)
def papers_to_try() -> int:
    """Papers in the starter library; 0 where it does not lie here."""
    try:
        return int(read_manifest(starter_path()).counts["papers"])
    except BundleError:
        return 0


@st.cache_data(show_spinner=False)
def digests_to_try() -> int:
    """How many of them have a digest."""
    return digests_in(starter_path())
