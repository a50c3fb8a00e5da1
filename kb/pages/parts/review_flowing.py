"""The flow diagram of a review, its files, and the papers it included."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.collecting import MOST
from kb.exports.painting import svg
from kb.exports.prisma import picture
from kb.library import Library
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _, later, many
from kb.review_export import chosen, collect_included, drawn, listed
from kb.review_flow import flow
from kb.review_state import Board

_MIMES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}
_LISTS = (
    ("included", "csv", later("Included, CSV")),
    ("included", "bibtex", later("Included, BibTeX")),
    ("included", "ris", later("Included, RIS")),
    ("excluded", "csv", later("Excluded with reasons, CSV")),
    ("all", "csv", later("All papers, CSV")),
)
_ENDINGS = {"csv": "csv", "bibtex": "bib", "ris": "ris"}


def draw(library: Library, now: Board, who: str) -> None:  # noqa: ARG001 - as every view
    """The view."""
    counts = flow(now)
    shown = picture(now.review.name, counts)
    with st.container(key="flow-picture"):
        st.image(svg(shown).decode(), width=shown.width, alt=shown.described)
    st.caption(_("The diagram is in English, as papers print it."))
    if not all(counts.checks().values()):
        st.error(_("These numbers do not add up: please report this."), icon=":material/error:")
    with st.container(horizontal=True, key="flow-files"):
        for form, mime in _MIMES.items():
            st.download_button(
                _("Diagram, {form}").format(form=form.upper())
                if form != "csv"
                else _("Counts, CSV"),
                data=partial(drawn, now, form),
                file_name=f"prisma-flow.{form}",
                mime=mime,
                key=f"flow-{form}",
                on_click="ignore",
            )
    st.markdown(f"## {_('The papers')}")
    with st.container(horizontal=True, key="flow-lists"):
        for which, form, label in _LISTS:
            st.download_button(
                _(label),
                data=partial(listed, library, now, which, form),
                file_name=f"review-{which}.{_ENDINGS[form]}",
                key=f"flow-{which}-{form}",
                on_click="ignore",
            )
    _collection(library, now)


def _collection(library: Library, now: Board) -> None:
    included = len([one for one in chosen(now, "included") if one.here])
    if not included:
        st.caption(_("Once papers are included at full text, they can become a collection here."))
        return
    if library.catalogue.read_only:
        return
    name = now.review.name[:MOST]
    label = many(
        "Make a collection of the {n} included paper",
        "Make a collection of the {n} included papers",
        included,
    )
    st.button(
        label,
        icon=":material/folder:",
        on_click=_collect,
        args=(library, now, name),
        key="flow-collect",
    )


def _collect(library: Library, now: Board, name: str) -> None:
    told(lambda: collect_included(library, now, name), _("Kept as a collection."))
