"""Deciding on challenges in the app: rename, merge, split, reject, and undo, with who and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from kb import challenge_review as review
from kb.challenge_review import Entry
from kb.challenges import Challenge
from kb.errors import KbError
from kb.evidence import Evidence, statement_id
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.deciding import own_name
from kb.pages.parts.markup import plain, visible

_WHO, _WHY = "challenge-who", "challenge-why"
_OFFERED = 40
_SHOWN = 20
_SHORT = 90
_DID = {
    "merge": "merged",
    "split": "split",
    "rename": "renamed",
    "reject": "rejected",
    "undo": "undid",
}


def decide_on(library: Library, one: Challenge, others: Sequence[Challenge]) -> None:
    """The form below an open challenge."""
    with st.expander("Decide on this challenge", icon=":material/edit:", key="challenge-deciding"):
        st.caption(
            "What people decide holds when papers are added and challenges built anew. "
            "Everything is kept with its reason, and can be undone."
        )
        left, right = st.columns([1, 2])
        left.text_input("Your name", value=own_name(library), key=_WHO)
        right.text_input("Reason (may be left empty)", key=_WHY)
        _rename(library, one)
        _merge(library, one, others)
        _rows(library, one)
        st.button(
            "Reject: this is no challenge",
            key="challenge-reject",
            icon=":material/block:",
            on_click=_act,
            args=(lambda who, why: review.reject(library, one.challenge_id, who=who, why=why),),
            kwargs={"gone": True},
        )


def told() -> None:
    """What the last act did, or why it could not be done; above the page."""
    said = st.session_state.pop("challenge-said", "")
    failed = st.session_state.pop("challenge-failed", "")
    if said:
        st.success(plain(said))
    if failed:
        st.error(plain(failed))


def history(library: Library) -> None:
    """What was decided, the latest first, each with its undo."""
    entries = review.history(library)
    if not entries:
        return
    with st.expander(f"What people decided ({len(entries):,})", icon=":material/history:"):
        st.text_input("Your name", value=own_name(library), key=f"{_WHO}-undo")
        for entry in reversed(entries[-_SHOWN:]):
            text, act = st.columns([5, 1], vertical_alignment="center")
            text.caption(_line(entry))
            if entry.in_force:
                n = entry.decision.n
                act.button(
                    "Redo" if entry.decision.action == "undo" else "Undo",
                    key=f"challenge-undo-{n}",
                    on_click=_undo,
                    args=(library, n),
                )
        if len(entries) > _SHOWN:
            st.caption(f"{len(entries) - _SHOWN:,} earlier ones: `kb challenge list`")


def _rename(library: Library, one: Challenge) -> None:
    field = f"challenge-name-{one.challenge_id}"
    st.text_input("Its name, in your words", key=field, max_chars=review.LONGEST_LABEL)
    st.button(
        "Rename",
        key="challenge-rename",
        on_click=_act,
        args=(
            lambda who, why: review.rename(
                library, one.challenge_id, str(st.session_state.get(field, "")), who=who, why=why
            ),
        ),
    )


def _merge(library: Library, one: Challenge, others: Sequence[Challenge]) -> None:
    words = st.text_input(
        "Find challenges that are the same (words, or an id)", key="challenge-find"
    )
    asked = words.lower().split()
    found = [
        other
        for other in others
        if asked
        and other.challenge_id != one.challenge_id
        and all(w in f"{other.challenge_id} {other.statement}".lower() for w in asked)
    ]
    labels = {
        other.challenge_id: f"{_short(other.statement)} ({other.papers} papers)"
        for other in found[:_OFFERED]
    }
    field = f"challenge-same-{one.challenge_id}"
    st.multiselect(
        f"The same as ({len(found):,} found)", list(labels), format_func=labels.__getitem__,
        key=field,
    )  # fmt: skip
    st.button(
        "Merge",
        key="challenge-merge",
        on_click=_act,
        args=(
            lambda who, why: review.merge(
                library, [one.challenge_id, *st.session_state.get(field, ())], who=who, why=why
            ),
        ),
    )


def _rows(library: Library, one: Challenge) -> None:
    kinds = (("", one.evidence), ("answer: ", one.answers), ("direction: ", one.directions))
    rows = {statement_id(row.statement): kind + _said(row) for kind, held in kinds for row in held}
    field = f"challenge-rows-{one.challenge_id}"
    st.multiselect("Quotes of it", list(rows), format_func=rows.__getitem__, key=field)
    acts = (("Split these off", "split", review.split), ("Do not belong", "row", review.reject))
    with st.container(horizontal=True):
        for label, key, act in acts:
            st.button(
                label,
                key=f"challenge-{key}",
                on_click=_chosen_rows,
                args=(library, one.challenge_id, act, field),
            )


def _chosen_rows(library: Library, name: str, act: Callable[..., object], field: str) -> None:
    chosen = list(st.session_state.get(field, ()))
    if not chosen:
        st.session_state["challenge-failed"] = "Choose quotes of it first."
        return
    _act(lambda who, why: act(library, name, chosen, who=who, why=why))


def _undo(library: Library, n: int) -> None:
    who = str(st.session_state.get(f"{_WHO}-undo", ""))
    _act(lambda *_: review.undo(library, n, who=who))


def _act(act: Callable[[str, str], object], *, gone: bool = False) -> None:
    """Act, and leave what is to be said for the next drawing of the page."""
    who, why = (str(st.session_state.get(field, "")) for field in (_WHO, _WHY))
    try:
        act(who, why)
    except KbError as error:
        st.session_state["challenge-failed"] = f"{error.message}. {error.remedy}"
        return
    st.session_state["challenge-said"] = "Saved. It can be undone under “What people decided”."
    if gone:
        state.put({"challenge": ""})


def _said(row: Evidence) -> str:
    return f"{_short(row.statement.quote)} ({row.statement.paper_id})"


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _SHORT else f"{shown[: _SHORT - 1].rstrip()}…"


def _line(entry: Entry) -> str:
    one = entry.decision
    about = ", ".join(named.id for named in one.challenges) or f"decision {one.undoes}"
    rows = f", {len(one.out)} quotes" if one.out else ""
    name = f" to “{one.text}”" if one.text else ""
    why = f": {one.why}" if one.why else ""
    lost = "" if entry.found else " (without effect: its statements are not here)"
    text = plain(f"{one.n}. {one.who} {_DID[one.action]} {about}{rows}{name}, {one.at[:10]}{why}")
    return f"{text}{lost}" if entry.in_force else f"~~{text}~~"
