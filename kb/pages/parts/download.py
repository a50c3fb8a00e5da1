"""A list of papers as a file: what is shown, or all of it; made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from kb.catalogue import StoredPaper
from kb.exporting import exported
from kb.library import Library
from kb.pages.parts.words import _, many

MOST = 1000
"""Papers in one file made by a page; `kb export` knows no such bound."""

_FORMS = {
    "bibtex": ("BibTeX", "bib", "application/x-bibtex"),
    "ris": ("RIS", "ris", "application/x-research-info-systems"),
    "csv": ("CSV", "csv", "text/csv"),
    "markdown": ("Markdown", "md", "text/markdown"),
}

Papers = Callable[[], Sequence[StoredPaper]]


def menu(library: Library, shown: Papers, count: int, every: Papers, total: int) -> None:
    """A button that opens the formats; the file holds the list in the order of the page.

    Takes: shown and every, which look the papers up when a file is made, with how many
    papers each gives.
    """
    with st.popover(_("Export"), icon=":material/download:", key="export"):
        most = min(total, MOST)
        which = "shown"
        if most > count:
            which = st.segmented_control(
                _("Which papers"),
                ["shown", "all"],
                default="shown",
                required=True,
                key="export-which",
                format_func=lambda one: (
                    many("The {n} shown", "The {n} shown", count)
                    if one == "shown"
                    else many("All {n}", "All {n}", total)
                    if total <= MOST
                    else many("The first {n}", "The first {n}", MOST)
                ),
            )
        with st.container(horizontal=True, key="export-forms"):
            for form in _FORMS:
                _button(library, form, every if which == "all" else shown)


def _button(library: Library, form: str, papers: Papers) -> None:
    label, ending, mime = _FORMS[form]
    st.download_button(
        label,
        data=lambda: exported(library, papers(), form),
        file_name=f"sixfold-papers.{ending}",
        mime=mime,
        key=f"export-{form}",
        on_click="ignore",
    )
