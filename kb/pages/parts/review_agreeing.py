"""Several coders of a review: who did what, how far they agree, and conflicts to settle."""

from __future__ import annotations

import streamlit as st

from kb.catalogue.screening import STAGES
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.markup import plain, title
from kb.pages.parts.outcome import told
from kb.pages.parts.review_board import STAGE_NAMES, VERDICT_NAMES
from kb.pages.parts.words import _, many
from kb.review_agreement import conflicts, pairs
from kb.review_state import Board, Case
from kb.screening import LONGEST_TEXT, VERDICTS, decide

_SHOWN = 20


def draw(library: Library, now: Board, who: str) -> None:
    """The view."""
    if not now.coders:
        st.info(_("Nobody has decided on anything yet."), icon=":material/group:")
        return
    st.markdown(
        many(
            "Each paper is decided once {n} coder says include or exclude.",
            "Each paper is decided once {n} coders say the same, include or exclude.",
            now.review.coders,
        )
        + (f" {_('The review is blind.')}" if now.review.blind else "")
    )
    for at in STAGES:
        if now.at(at):
            st.markdown(f"## {_(STAGE_NAMES[at])}")
            _counts(now, at)
            _pairs(now, at)
            _conflicts(library, now, at, who)


def _counts(now: Board, at: str) -> None:
    for name in now.coders:
        words = [word for one in now.at(at) if (word := one.outcomes[at].of(name))]
        parts = [
            f"{_(VERDICT_NAMES[verdict])} {sum(one.verdict == verdict for one in words):,}"
            for verdict in VERDICTS[at]
        ]
        st.markdown(f"**{plain(name)}**: {' · '.join(parts)}")


def _pairs(now: Board, at: str) -> None:
    found = pairs(now, at)
    for one in found:
        line = _("{one} and {other}: Cohen's kappa **{kappa}**, {share} of n = {n} the same")
        st.markdown(
            line.format(
                one=plain(one.who[0]),
                other=plain(one.who[1]),
                kappa=f"{one.kappa:.2f}",
                share=f"{one.share:.0%}",
                n=f"{one.n:,}",
            )
        )
    if not found:
        st.caption(_("No two coders have decided on the same papers: there is no kappa yet."))
    elif not now.review.blind:
        st.caption(_("Coders saw each other's decisions: kappa says less than in a blind review."))


def _conflicts(library: Library, now: Board, at: str, who: str) -> None:
    every = conflicts(now, at)
    # Who is still to decide must not see what others said.
    hidden = now.review.blind and not st.session_state.get("settling", False)
    shown = [one for one in every if not hidden or one.outcomes[at].of(who)]
    if not every:
        st.caption(_("Nothing is left to settle."))
        return
    st.markdown(many("**{n} conflict to settle**", "**{n} conflicts to settle**", len(every)))
    if now.review.blind:
        st.checkbox(
            _("I settle conflicts: show those on papers that I have not decided on, too"),
            key="settling" if at == STAGES[0] else f"settling-{at}",
        )
    for number, one in enumerate(shown[:_SHOWN]):
        _one(library, now, one, at, who, number)
    if len(shown) > _SHOWN:
        st.caption(_("The first {n}; the others follow.").format(n=_SHOWN))


def _one(library: Library, now: Board, one: Case, at: str, who: str, number: int) -> None:
    with st.container(border=True, key=f"conflict-{at}-{number}", gap="xsmall"):
        params = {"review": now.review.name, "paper": one.paper_id}
        params |= {"stage": at} if at != STAGES[0] else {}
        st.page_link(places.SCREENING, label=plain(title(one.title)), query_params=params)
        for word in one.outcomes[at].said:
            reason = f" ({plain(word.reason)})" if word.reason else ""
            st.markdown(f"{plain(word.who)}: **{_(VERDICT_NAMES[word.verdict])}**{reason}")
        if library.catalogue.read_only or not who:
            return
        field = f"settle-why-{at}-{one.paper_id}"
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"s-{at}-{number}"):
            st.text_input(_("Reason"), key=field, max_chars=LONGEST_TEXT, width=300)
            for verdict in (word for word in VERDICTS[at] if word != "maybe"):
                st.button(
                    _("Settle: {verdict}").format(verdict=_(VERDICT_NAMES[verdict])),
                    on_click=_settle,
                    args=(library, now.review.name, one.paper_id, at, verdict, who, field),
                    key=f"settle-{at}-{verdict}-{number}",
                )


def _settle(
    library: Library, name: str, paper: str, at: str, verdict: str, who: str, field: str
) -> None:
    why = str(st.session_state.get(field, ""))
    told(
        lambda: decide(library, name, paper, verdict, stage=at, reason=why, who=who, settles=True),
        _("Settled."),
    )
