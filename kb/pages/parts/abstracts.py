"""Papers without an abstract: told once, with the way to fetch them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from kb.catalogue.fronts import lacking_abstract
from kb.library import Library
from kb.pages.parts import job_kinds, person, progress
from kb.pages.parts.jobs import Jobs
from kb.pages.parts.words import _, later

FETCH = later("Fetch the missing abstracts from arXiv")
KINDS = ("fetch",)


def draw(library: Library, jobs: Jobs) -> None:
    """How many papers lack theirs, and a button; nothing where none does."""
    with library.catalogue.read() as reader:
        lacking = lacking_abstract(reader)
    at_arxiv = sum(bool(one) for one in lacking)
    if lacking:
        with st.container(horizontal=True, vertical_alignment="center", key="no-abstract"):
            told = _(
                "Papers without an abstract here: {n} of {all}. Search and answers know only "
                "their titles, digests or full texts."
            )
            everything = f"{len(library.snapshot().table.n):,}"
            st.caption(told.format(n=f"{len(lacking):,}", all=everything))
            running = any(job.kind in KINDS and not job.over for job in jobs.jobs)
            if at_arxiv and not running and not library.catalogue.read_only:
                st.button(
                    _(FETCH),
                    icon=":material/download:",
                    on_click=progress.start,
                    args=(
                        partial(job_kinds.fetch_abstracts, jobs, library, by=person.name(library)),
                    ),
                    help=_("In the background, 100 papers a request; it can be cancelled."),
                    key="fetch-abstracts",
                )
    progress.draw(jobs, KINDS)
