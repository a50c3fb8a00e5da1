"""The last runs of adding: what came of each, what failed at which step, and trying again."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from kb.catalogue.runs import entries
from kb.journal import INTERRUPTED, last_runs
from kb.library import Library
from kb.pages.parts import job_kinds, person, progress
from kb.pages.parts.jobs import Jobs, own_name
from kb.pages.parts.markup import message, plain
from kb.pages.parts.words import _, later, many

_RUNS = 8
_FAILURES = 50
_ROW, _TALLEST = 35, 320  # pixels of a row, and of a table
_REASON = 640  # pixels: some hundred characters
_STATES = {
    "running": later("running"),
    "done": later("done"),
    "stopped": later("stopped"),
    INTERRUPTED: later("interrupted"),
}
_ICONS = {
    "running": ":material/sync:",
    "done": ":material/check:",
    "stopped": ":material/block:",
    INTERRUPTED: ":material/power_off:",
}


def draw(library: Library, jobs: Jobs) -> None:
    """The runs, the newest first; those with failures or a reason to stop can be opened."""
    runs = last_runs(library, _RUNS)
    if not runs:
        return
    st.header(_("Runs"), anchor=False)
    for run in runs:
        counts, state = run["counts"], run["state"]
        done = _("{added} added, {updated} updated, {unchanged} unchanged, {failed} failed").format(
            **{
                name: f"{counts.get(name, 0):,}"
                for name in ("added", "updated", "unchanged", "failed")
            }
        )
        at = plain(run["at"][:16].replace("T", " "))
        line = f"**{at}** · {_ICONS[state]} {_(_STATES[state])} · {done}"
        failed = int(counts.get("failed", 0))
        if not failed and not run["why"]:
            st.markdown(line)
            continue
        with st.expander(line, key=f"run-{run['run']}"):
            if run["why"]:
                st.warning(message(run["why"]), icon=":material/info:")
            if not library.catalogue.read_only:
                _again(library, jobs, int(run["run"]), state, failed)
            if failed:
                _failures(library, int(run["run"]))


def _again(library: Library, jobs: Jobs, number: int, state: str, failed: int) -> None:
    by = person.name(library)
    with st.container(horizontal=True):
        if failed:
            st.button(
                many("Try {n} failed item again", "Try {n} failed items again", failed),
                icon=":material/replay:",
                on_click=progress.start,
                args=(partial(job_kinds.retry, jobs, library, number, by=by),),
                key=f"retry-{number}",
            )
        if state in ("stopped", INTERRUPTED):
            st.button(
                _("Go on"),
                icon=":material/play_arrow:",
                on_click=progress.start,
                args=(partial(job_kinds.resume, jobs, library, number, by=by),),
                help=_("The same again: what was kept is passed over, the rest is added."),
                key=f"resume-{number}",
            )


def height(rows: int) -> int:
    """Pixels of a table with so many rows and its head; a long one scrolls."""
    return min(_TALLEST, _ROW * (rows + 1) + 3)


def wide_reasons() -> dict[str, Any]:
    """Columns of a table in which why something failed can be read."""
    return {_("Why it failed"): st.column_config.TextColumn(width=_REASON)}


def _failures(library: Library, number: int) -> None:
    with library.catalogue.read() as reader:
        rows = entries(reader, number, failed=True, limit=_FAILURES)
    if rows:
        st.dataframe(
            [
                {
                    _("Item"): own_name(row["item"]),
                    _("Step"): row["step"],
                    _("Why it failed"): row["error"].replace("`", ""),
                }
                for row in rows
            ],
            hide_index=True,
            height=height(len(rows)),
            column_config=wide_reasons(),
            key=f"failures-{number}",
        )
