"""The ways to add papers: ids, a query of arXiv's, files."""

from __future__ import annotations

import re
from datetime import date

import streamlit as st

from ingest.identity import arxiv_id, arxiv_version
from kb.library import Library
from kb.pages.parts import job_kinds, person
from kb.pages.parts.jobs import UPLOADS, Jobs, keep_upload
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _

_MOST = 2_000  # of a query from a page; the command line takes more
_FIRST = date(1991, 8, 1)  # arXiv began


def draw(library: Library, jobs: Jobs) -> None:
    """The three forms, each behind its tab."""
    by_id, by_query, by_file = st.tabs(
        [_("By arXiv id"), _("By arXiv query"), _("By PDF or bibliography")]
    )
    with by_id, st.form("add-ids", clear_on_submit=True, border=False):
        _by_id(library, jobs)
    with by_query, st.form("add-query", border=False):
        _by_query(library, jobs)
    with by_file, st.form("add-files", clear_on_submit=True, border=False):
        _by_file(library, jobs)


def _by_id(library: Library, jobs: Jobs) -> None:
    named = st.text_area(
        _("arXiv ids or addresses, one a line or with spaces between"),
        placeholder="2506.23762\nhttps://arxiv.org/abs/2501.11354",
        height=100,
    )
    with_pdf = st.checkbox(_("Fetch the full text too (PDF)"), value=True, key="ids-pdf")
    if not st.form_submit_button(_("Add"), type="primary"):
        return
    given = [name for name in re.split(r"[\s,;]+", named) if name]
    # A path would read a file of the server's: only what is an id goes on.
    strange = [name for name in given if not arxiv_id(name)]
    if strange:
        told = _("No arXiv id, and left out: {names}")
        names = plain(", ".join(strange)[:300])
        st.warning(told.format(names=names), icon=":material/info:")
    ids = list(dict.fromkeys(arxiv_id(n) + arxiv_version(n) for n in given if arxiv_id(n)))
    if ids:
        by = person.name(library)
        job_kinds.add_named(jobs, library, ids, with_pdf=with_pdf, by=by)
    elif not strange:
        st.warning(_("Name at least one paper."), icon=":material/info:")


def _by_query(library: Library, jobs: Jobs) -> None:
    query = st.text_input(
        _("A query in arXiv's own words"),
        placeholder='cat:cs.SE AND abs:"code generation"',
        key="arxiv-query",
    )
    left, right = st.columns(2)
    maximum = left.number_input(_("At most"), 1, _MOST, 100, step=50, key="arxiv-most")
    since = right.date_input(
        _("Submitted or revised since (all of them; without a date, the best matches)"),
        value=None,
        min_value=_FIRST,
        format="YYYY-MM-DD",
        key="arxiv-since",
    )
    with_pdf = st.checkbox(_("Fetch the full text too (PDF)"), value=False, key="query-pdf")
    if not st.form_submit_button(_("Add"), type="primary"):
        return
    if not query.strip():
        st.warning(_("Write a query first."), icon=":material/info:")
        return
    day = since.isoformat() if isinstance(since, date) else ""
    by = person.name(library)
    job_kinds.add_query(jobs, library, query.strip(), int(maximum), day, with_pdf=with_pdf, by=by)


def _by_file(library: Library, jobs: Jobs) -> None:
    files = st.file_uploader(
        _("PDF files, bibliographies (.bib, .ris, .csv, CSL .json), .jsonl or a bundle (.kbz)"),
        type=list(UPLOADS),
        accept_multiple_files=True,
    )
    if not st.form_submit_button(_("Add"), type="primary"):
        return
    kept = [keep_upload(library.folder, one.name, one.getvalue()) for one in files]
    names = list(dict.fromkeys(str(path) for path in kept))
    if not names:
        st.warning(_("Choose at least one file."), icon=":material/info:")
        return
    # A bibliography may name any file of this machine: those are not attached here.
    job_kinds.add_named(jobs, library, names, with_pdf=False, by=person.name(library))
