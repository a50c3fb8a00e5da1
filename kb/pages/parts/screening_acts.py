"""The buttons and keys of screening: include, exclude for a reason, maybe, skip, back, undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from kb.catalogue.screening import STAGES
from kb.errors import CatalogueUnwritable, KbError
from kb.library import Library
from kb.pages.parts import one_at_a_time, state
from kb.pages.parts.markup import plain, title
from kb.pages.parts.review_board import VERDICT_NAMES
from kb.pages.parts.words import _
from kb.review_state import Board, Case
from kb.screening import LONGEST_TEXT, VERDICTS, decide, undo

_KEYS = {"include": "1", "exclude": "2", "maybe": "3", "not_retrieved": "0"}
_SKIP = "4"
_REASON_KEYS = "56789"
_SEEN = 40
"""Papers remembered as skipped or decided: the way back."""

_FAILED, _SAID, _REASON = "screen-failed", "screen-said", "screen-reason"
_EARLY, _SHOWN = "screen-early", "screen-shown"
"""Id of the paper whose buttons were drawn last and are not used yet."""


def draw(library: Library, now: Board, case: Case, at: str, who: str) -> None:
    """The buttons below a paper; none where nobody may write."""
    if library.catalogue.read_only:
        st.caption(_("This library is open for reading only: nobody can decide here."))
        return
    with st.container(key="screen-acts", gap="xsmall"):
        with st.container(horizontal=True, key="screen-verdicts"):
            for verdict in VERDICTS[at]:
                _button(
                    _(VERDICT_NAMES[verdict]),
                    verdict,
                    case,
                    partial(_decide, library, now, case, at, verdict, who),
                    shortcut=_KEYS[verdict],
                    type="primary" if verdict == "include" else "secondary",
                )
            _button(_("Skip"), "skip", case, partial(_leave, case.paper_id), shortcut=_SKIP)
            _button(_("Back"), "back", case, _back, shortcut="B", disabled=not skipped())
            _button(
                _("Undo my last"), "undo", case, partial(_undo, library, now, who), shortcut="U"
            )
        _reasons(library, now, case, at, who)
        st.session_state[_SHOWN] = case.paper_id
        reasons = _REASON_KEYS[: len(now.review.texts("exclude"))]
        back = "b" if skipped() else ""
        verdicts = "".join(_KEYS[verdict] for verdict in VERDICTS[at])
        one_at_a_time.guard(case.paper_id, f"{verdicts}{_SKIP}{reasons}u{back}")
    if at == STAGES[1]:
        st.caption(_("PRISMA 2020 asks for a reason of each exclusion at this stage."))


def _button(label: str, name: str, case: Case, act: Callable[[], None], **look: Any) -> None:
    """A button for this paper. Keys that differ by paper would lose Streamlit's shortcuts."""
    st.button(label, on_click=_once, args=(case.paper_id, act), key=f"screen-{name}", **look)


def _once(paper_id: str, act: Callable[[], None]) -> None:
    """Act on the paper shown last, once; else say that it was too early."""
    if st.session_state.pop(_SHOWN, "") == paper_id:
        act()
    else:
        st.session_state[_EARLY] = True


def _reasons(library: Library, now: Board, case: Case, at: str, who: str) -> None:
    """The reasons of the criteria, and a box for another."""
    with st.container(horizontal=True, key="screen-why", vertical_alignment="center"):
        # Of its own: on a small screen the reasons scroll, the box below them does not.
        with st.container(horizontal=True, key="screen-reasons", width="content"):
            for place, reason in enumerate(now.review.texts("exclude")):
                _button(
                    plain(_("Exclude: {reason}").format(reason=reason)),
                    f"because-{place}",
                    case,
                    partial(_decide, library, now, case, at, "exclude", who, reason),
                    shortcut=_REASON_KEYS[place] if place < len(_REASON_KEYS) else None,
                )
        st.text_input(
            _("Another reason"),
            key=_REASON,
            max_chars=LONGEST_TEXT,
            placeholder=_("Another reason, kept with what you say next"),
            label_visibility="collapsed",
            width=340,
        )


def skipped() -> list[str]:
    """Ids of the papers skipped or decided in this sitting, the last one last."""
    return [one for one in state.one("seen").split(",") if one]


def said() -> None:
    """What came of the last act."""
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(plain(failed), icon=":material/error:")
    if told := st.session_state.pop(_SAID, ""):
        st.toast(plain(told), icon=":material/check:")
    if st.session_state.pop(_EARLY, False):
        st.toast(_(one_at_a_time.EARLY), icon=":material/hourglass_empty:")


def _decide(
    library: Library, now: Board, case: Case, at: str, verdict: str, who: str, reason: str = ""
) -> None:
    why = reason or str(st.session_state.get(_REASON, "")).strip()
    try:
        decide(library, now.review.name, case.paper_id, verdict, stage=at, reason=why, who=who)
    except CatalogueUnwritable as error:
        st.session_state[_FAILED] = _(
            "Not saved, this paper stays here: {message}. Then decide again."
        ).format(message=error.message)
    except KbError as error:
        st.session_state[_FAILED] = f"{error.message}: {error.remedy}"
    else:
        st.session_state[_REASON] = ""
        st.session_state[_SAID] = f"{_(VERDICT_NAMES[verdict])}: {title(case.title)}"
        _leave(case.paper_id)


def _undo(library: Library, now: Board, who: str) -> None:
    try:
        one = undo(library, now.review.name, who=who)
    except KbError as error:
        st.session_state[_FAILED] = f"{error.message}: {error.remedy}"
        return
    st.session_state[_SAID] = _("Undone; this is the paper.")
    kept = [paper for paper in skipped() if paper != one.paper_id]
    stage = "" if one.stage == STAGES[0] else one.stage
    state.put({"seen": ",".join(kept), "paper": one.paper_id, "stage": stage})


def _leave(paper_id: str) -> None:
    kept = [one for one in skipped() if one != paper_id]
    state.put({"seen": ",".join([*kept, paper_id][-_SEEN:])}, forget=("paper",))


def _back() -> None:
    *kept, last = skipped()
    state.put({"seen": ",".join(kept), "paper": last})
