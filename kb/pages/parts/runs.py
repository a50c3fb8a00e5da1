"""The last runs of adding: what came of each, and what failed at which step."""

from __future__ import annotations

import streamlit as st

from kb.catalogue.runs import entries
from kb.journal import last_runs
from kb.library import Library
from kb.pages.parts.markup import plain

_RUNS = 8
_FAILURES = 50
_STATES = {
    "running": ":material/sync: running",
    "done": ":material/check: done",
    "stopped": ":material/block: stopped",
    "interrupted": ":material/power_off: interrupted",
}


def draw(library: Library) -> None:
    """The runs, the newest first; those with failures or a reason to stop can be opened."""
    runs = last_runs(library, _RUNS)
    if not runs:
        return
    st.subheader("Runs", anchor=False)
    for run in runs:
        counts = run["counts"]
        done = ", ".join(
            f"{counts.get(name, 0):,} {name}"
            for name in ("added", "updated", "unchanged", "failed")
        )
        at = plain(run["at"][:16].replace("T", " "))
        line = f"**{at}** · {_STATES[run['state']]} · {done}"
        if not counts.get("failed") and not run["why"]:
            st.markdown(line)
            continue
        with st.expander(line, key=f"run-{run['run']}"):
            if run["why"]:
                st.warning(plain(run["why"]), icon=":material/info:")
            _failures(library, int(run["run"]))


def _failures(library: Library, number: int) -> None:
    with library.catalogue.read() as reader:
        rows = entries(reader, number, failed=True, limit=_FAILURES)
    if rows:
        st.caption("`kb add --retry` in a terminal adds again what failed in the last run.")
        st.dataframe(
            [
                {"Item": row["item"], "Step": row["step"], "Why it failed": row["error"]}
                for row in rows
            ],
            hide_index=True,
            key=f"failures-{number}",
        )
