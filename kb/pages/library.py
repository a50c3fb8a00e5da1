"""Library: what is here, adding to it, what happened, and whether it is sound."""

from __future__ import annotations

import re

import streamlit as st

from ingest.identity import arxiv_id, arxiv_version
from kb.doctor import Fault, check
from kb.duplicates import proposals
from kb.errors import LibraryLocked
from kb.library import Library
from kb.pages.parts import acting, page, places, runs
from kb.pages.parts.jobs import UPLOADS, Job, Jobs, keep_upload
from kb.pages.parts.markup import plain

_EVERY = 1.0  # seconds between two looks at a running job
_JOURNAL = 200
_PROPOSED = 20
_STATES = {
    "waiting": "waits for its turn",
    "running": "running",
    "done": "done",
    "failed": "failed",
}
_COUNTS = (
    ("papers", "papers", places.PAPERS),
    ("full_text", "with full text", places.PAPERS),
    ("digests", "with a digest", places.PAPERS),
    ("passages", "passages", places.SEARCH),
    ("statements", "statements", places.CHALLENGES),
    ("tags", "tags", places.MAP),
)


@st.cache_resource(max_entries=4)
def _jobs(_folder: str) -> Jobs:
    return Jobs()


def draw(library: Library) -> None:
    """The page."""
    _counts(library)
    jobs = _jobs(str(library.folder))
    _add(library, jobs)
    if jobs.jobs:
        # Looked at again only while something runs: a still page asks the server nothing.
        st.fragment(_progress, run_every=_EVERY if jobs.active else None)(jobs)
    _duplicates(library)
    _health(library)
    runs.draw(library)
    _journal(library)


def _duplicates(library: Library) -> None:
    """What may be one paper, asked quietly: closed until somebody wants to look."""
    if not library.snapshot().table.paper_id:
        return
    with st.expander("Papers that may be one", icon=":material/join_inner:"):
        if not st.toggle("Look for them", key="look-for-duplicates"):
            st.caption("Compares all titles and authors; nothing is joined unasked.")
            return
        with library.catalogue.read() as reader:
            found = proposals(reader)
        st.caption(f"{len(found):,} found" if found else "None found.")
        for number, one in enumerate(found[:_PROPOSED]):
            with st.container(border=True, key=f"proposal-{number}"):
                st.caption(plain(one.why))
                for paper in (one.one, one.other):
                    st.page_link(
                        places.PAPER,
                        label=plain(f"{paper.title} ({paper.year or 'no year'})"),
                        query_params={"id": paper.paper_id},
                    )
                ids = (one.one.paper_id, one.other.paper_id)
                with st.container(horizontal=True):
                    for label, act in (("Join", acting.join), ("Keep apart", acting.keep_apart)):
                        st.button(
                            label, on_click=act, args=(library, *ids), key=f"{label}-{number}"
                        )


def _counts(library: Library) -> None:
    with library.catalogue.read() as reader:
        held = reader.counts()
        generation, created = reader.generation, reader.meta("created")
    with st.container(key="counts", horizontal=True, gap="medium"):
        for key, label, where in _COUNTS:
            st.page_link(where, label=f"**{held[key]:,}** {label}")
    st.caption(
        f"In {plain(str(library.folder))}, made {plain(created[:10] or 'at an unknown date')}, "
        f"generation {generation} · model {plain(library.embedder.model_id)} · "
        f"codebook {plain(library.codebook.version)}"
    )


def _add(library: Library, jobs: Jobs) -> None:
    st.subheader("Add papers", anchor=False)
    by_id, by_file = st.tabs(["By arXiv id", "By PDF or bibliography"])
    with by_id, st.form("add-ids", clear_on_submit=True, border=False):
        named = st.text_area(
            "arXiv ids or addresses, one a line or with spaces between",
            placeholder="2506.23762\nhttps://arxiv.org/abs/2501.11354",
            height=100,
        )
        with_pdf = st.checkbox("Fetch the full text too (PDF)", value=True)
        if st.form_submit_button("Add", type="primary"):
            _start_ids(library, jobs, re.split(r"[\s,;]+", named), with_pdf=with_pdf)
    with by_file, st.form("add-files", clear_on_submit=True, border=False):
        files = st.file_uploader(
            "PDF files, bibliographies (.bib, .ris, .csv, CSL .json) or .jsonl",
            type=list(UPLOADS),
            accept_multiple_files=True,
        )
        if st.form_submit_button("Add", type="primary"):
            kept = [keep_upload(library.folder, one.name, one.getvalue()) for one in files]
            # A bibliography may name any file of this machine: those are not attached here.
            _start(library, jobs, [str(path) for path in kept], with_pdf=False)


def _start_ids(library: Library, jobs: Jobs, named: list[str], *, with_pdf: bool) -> None:
    """Begin to add what are arXiv ids; a path would read a file of the server's."""
    known = [name for name in named if arxiv_id(name)]
    strange = [name for name in named if name and not arxiv_id(name)]
    if strange:
        st.warning(
            f"No arXiv id, and left out: {plain(', '.join(strange)[:300])}", icon=":material/info:"
        )
    if known or not strange:
        _start(
            library,
            jobs,
            [arxiv_id(name) + arxiv_version(name) for name in known],
            with_pdf=with_pdf,
        )


def _start(library: Library, jobs: Jobs, named: list[str], *, with_pdf: bool) -> None:
    names = list(dict.fromkeys(name for name in named if name))
    if names:
        jobs.start(library, names, with_pdf=with_pdf)
    else:
        st.warning("Name at least one paper.", icon=":material/info:")


def _progress(jobs: Jobs) -> None:
    """The jobs; loads the whole page once more when the last of them is over."""
    for number, job in enumerate(jobs.jobs[:5]):
        _job(job, number)
    if st.session_state.get("was-active") and not jobs.active:
        st.session_state["was-active"] = False
        st.rerun()
    st.session_state["was-active"] = jobs.active


def _job(job: Job, number: int) -> None:
    total = len(job.names)
    first = plain(job.names[0].rsplit("/", 1)[-1])
    what = first + (f" and {total - 1} more" if total > 1 else "")
    with st.container(border=True, key=f"job-{number}"):
        st.markdown(f"**{what}** :gray[{_STATES[job.state]} · since {plain(job.started[11:19])}]")
        if not job.over:
            most = max(job.total, total, job.papers)
            share = job.papers / most if most else 0.0
            st.progress(share, text=f"{job.papers} of {most} papers, {job.passages:,} passages")
        if job.report:
            done = job.report
            st.markdown(
                f"{done.added} added, {done.updated} updated, {done.unchanged} unchanged, "
                f"{len(done.failed)} failed · {done.passages:,} passages · {done.seconds:.1f} s"
            )
            if done.stopped:
                st.error(plain(done.why), icon=":material/block:")
            for one in done.failed:
                st.error(plain(f"{one['item'].rsplit('/', 1)[-1]}: {one['error']}"))
            for paper_id in done.papers[:10]:
                st.page_link(places.PAPER, label=plain(paper_id), query_params={"id": paper_id})
        if job.message:
            st.error(plain(job.message))
        if job.details:
            with st.expander("Details"):
                st.code(job.details, language=None)


def _health(library: Library) -> None:
    st.subheader("Health", anchor=False)
    st.caption("Compares the catalogue with both indexes: counts, ids and a sample of vectors.")
    if not st.button("Examine the library", icon=":material/stethoscope:", key="doctor"):
        return
    with st.spinner("Examining …"):
        try:
            faults: list[Fault] = check(library)
        except LibraryLocked as error:
            page.failed(error)
            return
    if not faults:
        st.success("Sound: no fault found.", icon=":material/check:")
    for fault in faults:
        st.error(plain(fault.detail), icon=":material/error:")
        st.markdown(f"What to do, in a terminal: {plain(fault.remedy)}")


def _journal(library: Library) -> None:
    st.subheader("Journal", anchor=False)
    with library.catalogue.read() as reader:
        rows = reader.journal(_JOURNAL)
    if not rows:
        st.caption("Nothing was added by `kb add` or by this page yet.")
        return
    st.dataframe(
        [
            {
                "When": row["at"][:19].replace("T", " "),
                "Item": row["item"],
                "Outcome": row["state"],
                "Step": row["step"],
                "Why it failed": row["error"],
                "Paper": row["paper_id"],
            }
            for row in rows
        ],
        hide_index=True,
        height=320,
        key="journal",
    )


page.show("Library", draw, needs_papers=False)
