"""Library: what is here, adding to it, what happened, and whether it is sound."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from kb.catalogue import SCHEMA_VERSION
from kb.duplicates import proposals
from kb.library import Library
from kb.pages.parts import (
    abstracts,
    acting,
    add_forms,
    first_run,
    health,
    opened,
    page,
    person,
    places,
    progress,
    runs,
)
from kb.pages.parts.jobs import own_name
from kb.pages.parts.markup import plain, title
from kb.pages.parts.words import _, later, many

_JOURNAL = 200
_PROPOSED = 20
_ADDING = ("add", "retry", "resume", "bundle", "starter")
_COUNTS = (
    ("papers", later("papers"), places.PAPERS),
    ("full_text", later("with full text"), places.PAPERS),
    ("digests", later("with a digest"), places.PAPERS),
    ("passages", later("passages"), places.SEARCH),
    ("statements", later("statements"), places.CHALLENGES),
    ("tags", later("tags"), places.MAP),
)
_OUTCOMES = {
    "kept": later("kept"),
    "failed": later("failed"),
    "found": later("found"),
    "fetched": later("fetched"),
    "parsed": later("parsed"),
    "embedded": later("embedded"),
    "tagged": later("tagged"),
}


def draw(library: Library) -> None:
    """The page."""
    jobs = opened.jobs(library.folder)
    read_only = library.catalogue.read_only
    if not len(library.snapshot().table.n):
        first_run.draw(library.folder, jobs, library=library, read_only=read_only)
    _counts(library)
    abstracts.draw(library, jobs)
    if not read_only:
        st.header(_("Add papers"), anchor=False)
        add_forms.draw(library, jobs)
        progress.draw(jobs, _ADDING)
        _duplicates(library)
        health.draw(library, jobs)
    runs.draw(library, jobs)
    _journal(library)


def _duplicates(library: Library) -> None:
    """What may be one paper, asked quietly: closed until somebody wants to look."""
    if not library.snapshot().table.paper_id:
        return
    with st.expander(_("Papers that may be one"), icon=":material/join_inner:"):
        if not st.toggle(_("Look for them"), key="look-for-duplicates"):
            st.caption(_("Compares all titles and authors; nothing is joined unasked."))
            return
        with library.catalogue.read() as reader:
            found = proposals(reader)
        st.caption(_("{n} found").format(n=f"{len(found):,}") if found else _("None found."))
        for number, one in enumerate(found[:_PROPOSED]):
            with st.container(border=True, key=f"proposal-{number}"):
                st.caption(plain(one.why))
                for paper in (one.one, one.other):
                    st.page_link(
                        places.PAPER,
                        label=plain(f"{title(paper.title)} ({paper.year or _('no year')})"),
                        query_params={"id": paper.paper_id},
                    )
                ids = (library, one.one.paper_id, one.other.paper_id)
                with st.container(horizontal=True):
                    st.button(_("Join"), on_click=acting.join, args=ids, key=f"join-{number}")
                    st.button(
                        _("Keep apart"), on_click=acting.keep_apart, args=ids, key=f"part-{number}"
                    )


def _counts(library: Library) -> None:
    with library.catalogue.read() as reader:
        held = reader.counts()
        generation, created, model = (
            reader.generation,
            reader.meta("created"),
            reader.meta("model"),
        )
    with st.container(key="counts", horizontal=True, gap="medium"):
        for key, label, where in _COUNTS:
            st.page_link(where, label=f"**{held[key]:,}** {_(label)}")
    made = created[:10] or _("at an unknown date")
    size = _size(str(library.folder), generation) / 1e6
    folder = library.folder.name if person.among_others(library) else str(library.folder)
    facts = (
        plain(folder),
        f"{size:,.0f} MB",
        _("made {when}").format(when=plain(made)),
        _("schema {n}").format(n=SCHEMA_VERSION),
        _("generation {n}").format(n=generation),
        _("model {name}").format(name=plain(model)),
        _("codebook {version}").format(version=plain(library.codebook.version)),
    )
    st.caption(" · ".join(facts))


@st.cache_data(max_entries=8, show_spinner=False)
def _size(folder: str, generation: int) -> int:
    """Bytes of all files, looked at again when the catalogue has moved on."""
    del generation
    total = 0
    for path in Path(folder).rglob("*"):
        with suppress(FileNotFoundError):  # an index that is just being made anew
            total += path.stat().st_size if path.is_file() else 0
    return total


def _journal(library: Library) -> None:
    """What became of each item; closed, as a table of it takes the browser longest."""
    folded = st.expander(
        _("Journal"), icon=":material/history:", key="journal", bind="query-params"
    )
    if not folded.open:
        return
    with library.catalogue.read() as reader:
        rows = reader.journal(_JOURNAL)
    if not rows:
        folded.caption(_("Nothing was added by `kb add` or by this page yet."))
        return
    folded.caption(many("The last entry", "The last {n} entries", len(rows)))
    folded.dataframe(
        [
            {
                _("When"): row["at"][:19].replace("T", " "),
                _("Item"): own_name(row["item"]),
                _("Outcome"): _(_OUTCOMES.get(row["state"], row["state"])),
                _("Step"): row["step"],
                _("Why it failed"): row["error"].replace("`", ""),
                _("Paper"): row["paper_id"],
            }
            for row in rows
        ],
        hide_index=True,
        height=runs.height(len(rows)),
        column_config=runs.wide_reasons() if any(row["error"] for row in rows) else None,
        key="journal-rows",
    )


def rescue(folder: Path) -> None:
    """What can be done where the library cannot be opened: put a backup back."""
    jobs = opened.jobs(folder)
    st.header(_("Backups"), anchor=False)
    progress.draw(jobs, health.KINDS)
    health.rescue(folder, jobs, person.signed_in())


page.show(later("Library"), draw, needs_papers=False, rescue=rescue)
