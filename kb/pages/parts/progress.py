"""Jobs as they are seen: how far each is, what came of it, and stopping it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from kb.errors import KbError
from kb.pages.parts import opened, places
from kb.pages.parts.jobs import Job, Jobs, own_name
from kb.pages.parts.markup import message, plain, title
from kb.pages.parts.words import _, later, many
from kb.report import Outcome

_EVERY = 1.0  # seconds between two looks at a running job
_SHOWN = 5
_LISTED = 50  # outcomes of a job; the journal has all
_NAMELESS = "sha256:"  # begins the id of a paper that came without one

_KINDS = {
    "add": later("Add papers"),
    "retry": later("Try again what failed"),
    "resume": later("Go on with a run"),
    "fetch": later("Fetch the missing abstracts from arXiv"),
    "bundle": later("Load a bundle"),
    "starter": later("Load the starter library"),
    "check": later("Examine the library"),
    "repair": later("Repair"),
    "reindex": later("Make the indexes anew"),
    "backup": later("Make a backup"),
    "restore": later("Put a backup back"),
}
_STATES = {
    "waiting": later("waits"),
    "running": later("running"),
    "stopped": later("stopped"),
    "done": later("done"),
    "failed": later("failed"),
}
_STEPS = {
    "read": later("reading files"),
    "load": later("loading the model"),
    "embed": later("embedding {n} of {all}"),
    "keep": later("keeping"),
}
_OUTCOMES = {
    "added": later("added"),
    "updated": later("updated"),
    "unchanged": later("unchanged"),
    "failed": later("failed"),
}
_ICONS = {
    "added": ":material/add_circle:",
    "updated": ":material/sync:",
    "unchanged": ":material/remove:",
}


def start(work: Callable[[], object]) -> None:
    """Begin a job from a button; what forbids it is said in a corner of the page."""
    try:
        work()
    except KbError as error:
        st.toast(message(f"{error.message}: {error.remedy}"), icon=":material/error:")


def draw(jobs: Jobs, kinds: tuple[str, ...] | None = None) -> None:
    """The newest jobs of these kinds; looked at again only while one of them runs."""
    shown = _of(jobs, kinds)
    if shown:
        busy = any(not job.over for job in shown)
        # A still page asks the server nothing.
        st.fragment(_jobs, run_every=_EVERY if busy else None)(jobs, kinds, busy)


def _of(jobs: Jobs, kinds: tuple[str, ...] | None) -> list[Job]:
    return [job for job in jobs.jobs if kinds is None or job.kind in kinds][:_SHOWN]


def _jobs(jobs: Jobs, kinds: tuple[str, ...] | None, busy: bool) -> None:
    shown = _of(jobs, kinds)
    first = "job" if kinds is None or "add" in kinds else f"task-{kinds[0]}"
    for number, job in enumerate(shown):
        with st.container(border=True, key=f"{first}-{number}"):
            _job(jobs, job, f"{first}-{number}")
    if busy and all(job.over for job in shown):
        st.rerun()  # the whole page, once: what it counts has changed


def _job(jobs: Jobs, job: Job, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_head(job))
        if (job.can_stop and not job.over) or job.state == "waiting":
            st.button(
                _("Stopping …") if job.stop.is_set() else _("Cancel"),
                icon=":material/stop_circle:",
                on_click=job.stop.set,
                disabled=job.stop.is_set(),
                help=_("Nothing of a bundle is kept unless it is loaded to its end.")
                if job.kind == "bundle"
                else _("It ends after the papers now being kept; what is kept stays."),
                key=f"stop-{key}",
            )
    if job.state == "waiting":
        _waiting(jobs, job)
    elif not job.over:
        _bar(job)
    _result(job)
    if job.message:
        st.error(message(job.message), icon=":material/error:")
    if job.details:
        with st.expander(_("Details"), key=f"details-{key}"):
            st.code(job.details, language=None)
    _outcomes(job, key)


def _head(job: Job) -> str:
    names = [own_name(name) for name in job.names]
    about = plain(names[0]) if names else ""
    if len(names) > 1:
        about = _("{first} and {n} more").format(first=about, n=f"{len(names) - 1:,}")
    told = " · ".join(
        one for one in (_(_STATES[job.state]), plain(job.started[11:19]), plain(job.by)) if one
    )
    return f"**{_(_KINDS[job.kind])}**{': ' if about else ''}{about} :gray[{told}]"


def _waiting(jobs: Jobs, job: Job) -> None:
    before = jobs.before(job)
    if before is not None:
        st.caption(_("Waits for: {job}").format(job=_head(before)))
    elif job.held_by:
        st.caption(_("Another program writes: {who}").format(who=plain(job.held_by)))


def _bar(job: Job) -> None:
    if not (job.total or job.items):
        text = _("It is loaded whole, or not at all.") if job.kind in _WHOLE else _("Working …")
        st.progress(0.0, text=_step(job) or text)
        return
    most = max(job.total, job.items)
    text = _("{done} of {all}").format(done=f"{job.items:,}", all=f"{most:,}")
    if step := _step(job):
        text += f" · {step}"
    if job.passages:
        text += " · " + many("{n} passage", "{n} passages", job.passages)
    st.progress(job.items / most, text=text)


def _step(job: Job) -> str:
    """What it does just now; "" where it has no steps."""
    if job.at == "read" and job.kind == "fetch":
        return _("asking arXiv")
    done, every = (f"{n:,}" for n in job.texts)
    return _(_STEPS[job.at]).format(n=done, all=every) if job.at else ""


_WHOLE = ("bundle", "starter")


def _result(job: Job) -> None:
    if done := job.report:
        told = _("{added} added, {updated} updated, {unchanged} unchanged, {failed} failed")
        counts = told.format(
            added=f"{done.added:,}",
            updated=f"{done.updated:,}",
            unchanged=f"{done.unchanged:,}",
            failed=f"{len(done.failed):,}",
        )
        passages = many("{n} passage", "{n} passages", done.passages)
        st.markdown(f"{counts} · {passages} · {done.seconds:.1f} s")
        if done.stopped:
            st.warning(message(done.why), icon=":material/block:")
            if done.not_tried:
                st.markdown(many("{n} was not tried.", "{n} were not tried.", done.not_tried))
    elif job.state == "stopped":
        st.caption(_("It was cancelled; nothing was changed."))
    if job.faults is not None:
        _faults(job)
    if job.file is not None and job.state == "done":
        told = (
            _("What was here before is kept as {file}.")
            if job.kind == "restore"
            else _("Kept as {file}, checked.")
        )
        st.markdown(told.format(file=plain(job.file.name)))


def _faults(job: Job) -> None:
    for fault in job.mended:
        st.success(_("Mended: {what}").format(what=message(fault.detail)), icon=":material/build:")
    for fault in job.faults or ():
        st.error(message(fault.detail), icon=":material/error:")
        st.markdown(_("What to do: {remedy}").format(remedy=message(fault.remedy)))
    if not job.faults:
        st.success(_("Sound: no fault found."), icon=":material/check:")


def _outcomes(job: Job, key: str) -> None:
    for one in job.failures[:_SHOWN]:
        st.error(_failure(one), icon=":material/error:")
    if len(job.failures) > _SHOWN:
        with st.expander(_("All that failed"), key=f"failed-{key}"):
            for one in job.failures[_SHOWN:_LISTED]:
                st.markdown(_failure(one))
    kept = [one for one in reversed(job.outcomes) if one.paper_id][:_LISTED]
    titles = _titles(kept)
    for one in kept[:_SHOWN]:
        _kept(one, titles)
    if len(kept) > _SHOWN:
        with st.expander(_("More of what was done"), key=f"kept-{key}"):
            for one in kept[_SHOWN:]:
                _kept(one, titles)


def _titles(kept: Sequence[Outcome]) -> dict[str, str]:
    """Id -> title of the papers whose id tells a reader nothing."""
    ids = [one.paper_id for one in kept if one.paper_id.startswith(_NAMELESS)]
    if not ids:
        return {}
    with opened.library().catalogue.read() as reader:
        papers = reader.papers(reader.numbers(ids).values())
    return {one.paper_id: title(one.title) for one in papers.values() if one.title}


def _failure(one: Outcome) -> str:
    return _("{item}, at the step {step}: {why}").format(
        item=plain(own_name(one.item)), step=plain(one.step), why=message(one.error)
    )


def _kept(one: Outcome, titles: Mapping[str, str]) -> None:
    name, called = own_name(one.item), titles.get(one.paper_id, one.paper_id)
    label = plain(called if one.item == one.paper_id else f"{called} · {name}")
    st.page_link(
        places.PAPER,
        label=f"{label} :gray[{_(_OUTCOMES[one.state])}]",
        icon=_ICONS[one.state],
        query_params={"id": one.paper_id},
    )
