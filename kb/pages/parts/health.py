"""Is the library sound? Examining, mending, its backups, and putting one back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from kb.backup import Kept, backups
from kb.catalogue import SCHEMA_VERSION
from kb.doctor import CLOSED
from kb.library import Library
from kb.pages.parts import job_kinds, person, progress
from kb.pages.parts.jobs import Jobs
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _, many

_MENDING, _COPYING = ("check", "repair", "reindex"), ("backup", "restore")
KINDS = (*_MENDING, *_COPYING)

_WORD = "restore"
"""What has to be typed before a backup is put back: a word of ours, in every language."""

_SHOWN = 10


def draw(library: Library, jobs: Jobs) -> None:
    """Examining and mending, then the backups."""
    by = person.name(library)
    st.header(_("Health"), anchor=False)
    st.caption(_("Compares the catalogue with both indexes: counts, ids and a sample of vectors."))
    with st.container(horizontal=True):
        st.button(
            _("Examine the library"),
            icon=":material/stethoscope:",
            on_click=progress.start,
            args=(partial(job_kinds.examine, jobs, library, by=by),),
            key="doctor",
        )
        if _can_mend(jobs):
            st.button(
                _("Repair"),
                icon=":material/build:",
                type="primary",
                on_click=progress.start,
                args=(partial(job_kinds.repair, jobs, library, by=by),),
                help=_("Mends what can be mended without guessing, and says what it did."),
                key="repair",
            )
        st.button(
            _("Make the indexes anew"),
            icon=":material/refresh:",
            on_click=progress.start,
            args=(partial(job_kinds.reindex, jobs, library, by=by),),
            help=_("From the catalogue, without embedding anything; about a minute."),
            key="reindex",
        )
        if _other_model(library):
            st.button(
                _("Make all vectors anew"),
                icon=":material/model_training:",
                on_click=progress.start,
                args=(partial(job_kinds.reindex, jobs, library, embed=True, by=by),),
                help=_("The settings name another model than the vectors are from."),
                key="reembed",
            )
    progress.draw(jobs, _MENDING)
    _backups(library, jobs, by)


def _can_mend(jobs: Jobs) -> bool:
    """True where the last look found faults of which one at least can be mended."""
    last = next((job for job in jobs.jobs if job.faults is not None), None)
    codes = {fault.code for fault in last.faults or ()} if last else set()
    return bool(codes) and not codes & set(CLOSED)


def _other_model(library: Library) -> bool:
    with library.catalogue.read() as reader:
        return bool(reader.meta("model") != library.embedder.model_id)


def _backups(library: Library, jobs: Jobs, by: str) -> None:
    st.header(_("Backups"), anchor=False)
    st.caption(
        _(
            "Copies of the catalogue, vectors and decisions included, in the library's folder "
            "{folder}. Others may read and write meanwhile."
        ).format(folder="`backups`")
    )
    st.button(
        _("Make a backup now"),
        icon=":material/save:",
        on_click=progress.start,
        args=(partial(job_kinds.back_up, jobs, library, by=by),),
        key="backup",
    )
    progress.draw(jobs, _COPYING)
    rescue(library.folder, jobs, by)


def rescue(folder: Path, jobs: Jobs, by: str = "") -> None:
    """The backups in a library's folder, each to download or to put back."""
    found = backups(folder)
    if not found:
        st.caption(_("There is none yet."))
    for number, one in enumerate(found[:_SHOWN]):
        _row(folder, jobs, one, number, by)
    if len(found) > _SHOWN:
        st.caption(many("{n} older one", "{n} older ones", len(found) - _SHOWN))


def _row(folder: Path, jobs: Jobs, one: Kept, number: int, by: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"backup-{number}"):
        when = f"{one.at:%Y-%m-%d %H:%M} UTC"
        size = f"{one.size / 1e6:,.1f} MB"
        schema = (
            _("schema {n}").format(n=one.schema) if one.schema else _("damaged, kept all the same")
        )
        facts = [f"**{when}**", size, schema, plain(one.path.stem)]
        if one.schema and not one.summed:
            facts.append(f":small[{_('no checksum')}]")
        st.markdown(" · ".join(facts), width="stretch")
        st.download_button(
            _("Download"),
            data=partial(one.path.read_bytes),
            file_name=one.path.name,
            mime="application/vnd.sqlite3",
            icon=":material/download:",
            on_click="ignore",
            key=f"get-backup-{number}",
        )
        if 0 < one.schema <= SCHEMA_VERSION:
            with st.popover(_("Put back …"), icon=":material/history:", key=f"back-{number}"):
                _confirm(folder, jobs, one, by)


def _confirm(folder: Path, jobs: Jobs, one: Kept, by: str) -> None:
    st.markdown(
        _(
            "Everything in the library becomes as it was then, for everybody. What is here now "
            "is kept as a backup first."
        )
    )
    key = f"word-{one.path.name}"
    typed = st.text_input(_("Type {word} to confirm").format(word=_WORD), key=key)
    st.button(
        _("Put this backup back"),
        type="primary",
        disabled=typed.strip().lower() != _WORD,
        on_click=_put_back,
        args=(folder, jobs, one.path, by, key),
        key=f"restore-{one.path.name}",
    )


def _put_back(folder: Path, jobs: Jobs, path: Path, by: str, key: str) -> None:
    if str(st.session_state.get(key, "")).strip().lower() == _WORD:
        st.session_state[key] = ""
        job_kinds.put_back(jobs, folder, path, yes=True, by=by)
