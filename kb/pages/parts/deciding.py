"""Deciding on a paper's tags in the app: right as they are, others, why, and what was said."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb.catalogue import StoredPaper
from kb.decisions import Entry, Verdict, coder, history, record, undo
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts.markup import plain
from kb.pages.parts.tags import names

_WHO = "decide-who"
_SHOWN = 20  # newest entries of a paper's history


def decide_on(library: Library, paper: StoredPaper) -> None:
    """The form below a paper's tags: accept, change with a reason, undo, history."""
    _told()
    with st.expander("Decide on these tags", key="deciding"):
        st.caption("What people decide holds over the machine, also when the paper is read again.")
        st.text_input("Your name", value=own_name(library), key=_WHO)
        fields = _choices(library, paper)
        st.text_input("Reason (may be left empty)", key=_why_field(paper))
        st.checkbox(
            "I have been through every category",
            help="What is not chosen then counts as no, also for comparing coders.",
            key=_done_field(paper),
        )
        st.button(
            "Save what I changed",
            key="decide-save",
            type="primary",
            on_click=_save,
            args=(library, paper, fields),
        )
        st.button(
            "All right as it is",
            key="decide-accept",
            icon=":material/check:",
            on_click=_accept,
            args=(library, paper),
        )
        _history(library, paper)


def own_name(library: Library) -> str:
    """The name that decisions are logged under; "" where the system has none to give."""
    try:
        return coder(library)
    except KbError:
        return ""  # a system without a user's name: the person types one


def _why_field(paper: StoredPaper) -> str:
    return f"decide-why-{paper.paper_id}"


def _done_field(paper: StoredPaper) -> str:
    return f"decide-done-{paper.paper_id}"


def _typed(field: str) -> str:
    """What stands in a field now: a click may come before the page was drawn again."""
    return str(st.session_state.get(field, ""))


def _choices(library: Library, paper: StoredPaper) -> dict[str, str]:
    """Facet -> its field, in which what holds now stands chosen at first."""
    named = names(library.codebook)
    found = {}
    for facet in library.codebook.facets:
        held = [key for key in facet.keys if key in paper.keys(facet.key)]
        # A new field where the tags have changed: else the old choice would stay.
        found[facet.key] = f"decide-{paper.paper_id}-{facet.key}-{','.join(held)}"
        st.multiselect(
            facet.name,
            facet.keys,
            default=held,
            format_func=named[facet.key].__getitem__,
            key=found[facet.key],
        )
    return found


def _save(library: Library, paper: StoredPaper, fields: dict[str, str]) -> None:
    said = []
    whole = bool(st.session_state.get(_done_field(paper)))
    for facet, field in fields.items():
        keys = list(st.session_state.get(field, ()))
        held = paper.keys(facet)
        said += [Verdict(paper.paper_id, facet, key, "yes") for key in keys if key not in held]
        known = library.codebook.facet(facet).keys
        gone = [key for key in held if key not in keys and key in known]
        said += [Verdict(paper.paper_id, facet, key, "no") for key in gone]
        if whole:
            kept = [key for key in keys if key in held]
            said += [Verdict(paper.paper_id, facet, key, "yes") for key in kept]
            said.append(Verdict(paper.paper_id, facet, "", "done"))
    who, why = _typed(_WHO), _typed(_why_field(paper))
    _do(lambda: len(record(library, said, who=who, why=why)), "decisions saved")


def _accept(library: Library, paper: StoredPaper) -> None:
    codebook = library.codebook
    said = [
        Verdict(paper.paper_id, tag.facet, tag.key, "yes")
        for tag in paper.tags
        if tag.facet in codebook.keys and tag.key in codebook.facet(tag.facet).keys
    ]
    said += [Verdict(paper.paper_id, facet, "", "done") for facet in codebook.keys]
    who, why = _typed(_WHO), _typed(_why_field(paper))
    _do(lambda: len(record(library, said, who=who, why=why)), "decisions saved")


def _undo(library: Library, n: int) -> None:
    _do(lambda: len(undo(library, n, who=_typed(_WHO))), "undone")


def _do(act: Callable[[], int], what: str) -> None:
    """Act, and leave what is to be said for the next drawing of the page."""
    try:
        count = act()
        st.session_state["decide-said"] = f"{count} {what}." if count else "Nothing was changed."
    except KbError as error:
        st.session_state["decide-failed"] = f"{error.message}. {error.remedy}"


def _told() -> None:
    said = st.session_state.pop("decide-said", "")
    failed = st.session_state.pop("decide-failed", "")
    if said:
        st.success(plain(said))
    if failed:
        st.error(plain(failed))


def _history(library: Library, paper: StoredPaper) -> None:
    entries = history(library, paper.paper_id)
    if not entries:
        st.caption("Nobody has decided anything on this paper yet.")
        return
    st.markdown("**What was decided**")
    for one in reversed(entries[-_SHOWN:]):
        told, act = st.columns([4, 1], vertical_alignment="center")
        told.caption(_line(library, one))
        if one.in_force:
            label = "Redo" if one.decision.verdict == "undo" else "Undo"
            act.button(
                label,
                key=f"undo-{one.decision.n}",
                on_click=_undo,
                args=(library, one.decision.n),
            )
    if len(entries) > _SHOWN:
        st.caption(f"{len(entries) - _SHOWN} earlier ones: `kb tag {paper.paper_id} --history`")


def _line(library: Library, one: Entry) -> str:
    said = one.decision
    category = names(library.codebook).get(said.facet, {}).get(said.key, said.key)
    what = f"undo of {said.undoes}" if said.verdict == "undo" else said.verdict
    machine = f", machine {said.score:.2f}" if said.score is not None else ""
    why = f": {said.why}" if said.why else ""
    text = (
        f"{said.n}. {category or said.facet} {what} by {said.who}, "
        f"{said.at[:10] or 'earlier'}{machine}{why}"
    )
    return plain(text) if one.in_force else f"~~{plain(text)}~~"
