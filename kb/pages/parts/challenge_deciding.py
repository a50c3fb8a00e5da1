"""Deciding on challenges in the app: rename, merge, split, reject, and undo, with who and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from kb import challenge_acts as acts
from kb.bounds import LONGEST_WHY
from kb.catalogue.challenge_log import ChallengeDecision
from kb.challenge_acts import Entry
from kb.challenges import Challenge
from kb.errors import KbError
from kb.evidence import Evidence, statement_id
from kb.library import Library
from kb.pages.parts import state
from kb.pages.parts.deciding import named, who_field
from kb.pages.parts.markup import plain, readable, visible
from kb.pages.parts.words import _, later, many

_WHO, _WHY = "challenge-who", "challenge-why"
_SAID = "challenge-said"
"""Of this session: (challenge, what was done, number of the decision or 0), said beside it."""
_OFFERED = 40
_SHOWN = 20
_SHORT = 90
_DID = {
    "merge": later("merged"),
    "split": later("split"),
    "rename": later("renamed"),
    "reject": later("rejected"),
    "undo": later("undid"),
}


def decide_on(library: Library, one: Challenge, others: Sequence[Challenge]) -> None:
    """The form below an open challenge."""
    if library.catalogue.read_only:
        return
    told(library)
    with st.expander(
        _("Decide on this challenge"), icon=":material/edit:", key="challenge-deciding"
    ):
        st.caption(
            _(
                "What people decide holds when papers are added and challenges built anew. "
                "Everything is kept with its reason, and can be undone."
            )
        )
        left, right = st.columns([1, 2])
        with left:
            who_field(library, _WHO)
        right.text_input(_("Reason (may be left empty)"), key=_WHY, max_chars=LONGEST_WHY)
        _rename(library, one)
        _merge(library, one, others)
        _rows(library, one)
        st.button(
            _("Reject: this is no challenge"),
            key="challenge-reject",
            icon=":material/block:",
            on_click=_act,
            args=(
                library,
                lambda who, why: acts.reject(library, one.challenge_id, who=who, why=why),
            ),
        )


def told(library: Library) -> None:
    """What the last act here did, with its undo, or why it could not be done."""
    if failed := st.session_state.pop("challenge-failed", ""):
        st.error(plain(failed), icon=":material/error:")
    where, said, n = st.session_state.get(_SAID, ("", "", 0))
    if not said or where != state.one("challenge"):
        st.session_state.pop(_SAID, None)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="challenge-done"):
        st.markdown(f":material/check: {plain(said)}")
        if n:
            _undo_button(library, n, "challenge-undo-last")


def rejection(library: Library, wanted: str) -> bool:
    """Say who rejected the challenge of this id, or of this statement's, with the undo.

    False where nobody did, so that a decision in force says so.
    """
    found = [
        one.decision
        for one in acts.history(library)
        if one.in_force
        and (one.decision.action, one.decision.out) == ("reject", ())
        and any(wanted in (held.id, *held.statements) for held in one.decision.challenges)
    ]
    if not found:
        return False
    last = found[-1]
    said = _("{who} rejected this challenge on {day}: it is shown nowhere.")
    said = said.format(who=last.who, day=last.at[:10])
    with st.container(key="challenge-rejected"):
        st.info(
            plain(f"{said} {last.why}".strip()),
            icon=":material/block:",
        )
        if not library.catalogue.read_only:
            _undo_button(library, last.n, "challenge-undo-reject")
    return True


def history(library: Library) -> None:
    """What was decided, the latest first, each with its undo."""
    entries = acts.history(library)
    if not entries:
        return
    writable = not library.catalogue.read_only
    label = _("What people decided ({n})").format(n=f"{len(entries):,}")
    with st.expander(label, icon=":material/history:"):
        if writable:
            who_field(library, f"{_WHO}-undo")
        for entry in reversed(entries[-_SHOWN:]):
            text, act = st.columns([5, 1], vertical_alignment="center")
            text.caption(_line(entry))
            if entry.in_force and writable:
                n = entry.decision.n
                act.button(
                    _("Redo") if entry.decision.action == "undo" else _("Undo"),
                    key=f"challenge-undo-{n}",
                    on_click=_undo,
                    args=(library, n, f"{_WHO}-undo"),
                )
        if len(entries) > _SHOWN:
            earlier = many("{n} earlier one", "{n} earlier ones", len(entries) - _SHOWN)
            st.caption(f"{earlier}: `kb challenge list`")


def _rename(library: Library, one: Challenge) -> None:
    field = f"challenge-name-{one.challenge_id}"
    st.text_input(_("Its name, in your words"), key=field, max_chars=acts.LONGEST_LABEL)
    st.button(
        _("Rename"),
        key="challenge-rename",
        on_click=_act,
        args=(
            library,
            lambda who, why: acts.rename(
                library, one.challenge_id, str(st.session_state.get(field, "")), who=who, why=why
            ),
        ),
    )


def _merge(library: Library, one: Challenge, others: Sequence[Challenge]) -> None:
    words = st.text_input(
        _("Find challenges that are the same (words, or an id)"), key="challenge-find"
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
        other.challenge_id: f"{_short(other.statement)} "
        f"({many('{n} paper', '{n} papers', other.papers)})"
        for other in found[:_OFFERED]
    }
    field = f"challenge-same-{one.challenge_id}"
    st.multiselect(
        _("The same as ({n} found)").format(n=f"{len(found):,}"),
        list(labels),
        format_func=labels.__getitem__,
        placeholder=_("Choose …"),
        key=field,
    )
    st.button(
        _("Merge"),
        key="challenge-merge",
        on_click=_act,
        args=(
            library,
            lambda who, why: acts.merge(
                library, [one.challenge_id, *st.session_state.get(field, ())], who=who, why=why
            ),
        ),
    )


def _rows(library: Library, one: Challenge) -> None:
    kinds = (
        ("", one.evidence),
        (_("answer: "), one.answers),
        (_("direction: "), one.directions),
    )
    rows = {statement_id(row.statement): kind + _said(row) for kind, held in kinds for row in held}
    field = f"challenge-rows-{one.challenge_id}"
    st.multiselect(
        _("Quotes of it"),
        list(rows),
        format_func=rows.__getitem__,
        placeholder=_("Choose …"),
        key=field,
    )
    ways = (
        (_("Split these off"), "split", acts.split),
        (_("Do not belong"), "row", acts.reject),
    )
    with st.container(horizontal=True):
        for label, key, act in ways:
            st.button(
                label,
                key=f"challenge-{key}",
                on_click=_chosen_rows,
                args=(library, one.challenge_id, act, field),
            )


def _chosen_rows(library: Library, name: str, act: Callable[..., object], field: str) -> None:
    chosen = list(st.session_state.get(field, ()))
    if not chosen:
        st.session_state["challenge-failed"] = _("Choose quotes of it first.")
        return
    _act(library, lambda who, why: act(library, name, chosen, who=who, why=why))


def _undo_button(library: Library, n: int, key: str) -> None:
    st.button(
        _("Undo"),
        icon=":material/undo:",
        type="tertiary",
        on_click=_undo,
        args=(library, n, _WHO),
        key=key,
    )


def _undo(library: Library, n: int, field: str) -> None:
    who = named(library, field)
    _act(library, lambda *_said: acts.undo(library, n, who=who), _("Undone."))


def _act(library: Library, act: Callable[[str, str], object], done: str = "") -> None:
    """Act, and leave what is to be said for the next drawing of the page.

    Takes: done, what is said of an act that is no decision to be undone.
    """
    try:
        made = act(named(library, _WHO), str(st.session_state.get(_WHY, "")))
    except KbError as error:
        st.session_state["challenge-failed"] = f"{error.message}. {error.remedy}"
        return
    said = done or _("Saved.")
    n = made.n if isinstance(made, ChallengeDecision) else 0
    st.session_state[_SAID] = (state.one("challenge"), said, n)
    st.toast(plain(said), icon=":material/check:")


def _said(row: Evidence) -> str:
    return f"{_short(row.statement.quote)} ({row.statement.paper_id})"


def _short(text: str) -> str:
    shown = visible(readable(text))
    return shown if len(shown) <= _SHORT else f"{shown[: _SHORT - 1].rstrip()}…"


def _line(entry: Entry) -> str:
    one = entry.decision
    about = ", ".join(held.id for held in one.challenges)
    about = about or _("decision {n}").format(n=one.undoes)
    rows = ", " + many("{n} quote", "{n} quotes", len(one.out)) if one.out else ""
    name = " " + _("to “{name}”").format(name=one.text) if one.text else ""
    why = f": {one.why}" if one.why else ""
    lost = "" if entry.found else " " + _("(without effect: its statements are not here)")
    did = _(_DID[one.action])
    text = plain(f"{one.n}. {one.who} {did} {about}{rows}{name}, {one.at[:10]}{why}")
    return f"{text}{lost}" if entry.in_force else f"~~{text}~~"
