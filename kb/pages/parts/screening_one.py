"""One paper to screen: what it says, the criteria beside it, and the keys to decide by."""

from __future__ import annotations

import streamlit as st

from kb.card import card
from kb.catalogue.screening import STAGES
from kb.library import Library
from kb.pages.parts import places, results, review_making, review_stopping, screening_acts, state
from kb.pages.parts.criteria_words import highlighted
from kb.pages.parts.markup import escaped, plain, readable, title
from kb.pages.parts.quotes import DIGEST
from kb.pages.parts.review_board import STAGE_NAMES, STATE_NAMES, VERDICT_NAMES, ranked, stage
from kb.pages.parts.tags import chips
from kb.pages.parts.words import _, later, many
from kb.review_check import pending
from kb.review_order import queue
from kb.review_state import MAYBE, Board, Case, mine

_ORDERS = {
    "likely": later("Most likely first"),
    "found": later("As found"),
    "random": later("At random"),
}
_CHALLENGES = 3


def draw(library: Library, now: Board, who: str) -> None:
    """The paper of the address, else the next one."""
    at = stage()
    with st.container(horizontal=True, vertical_alignment="bottom", key="screen-way"):
        _stages(now)
        order = _order()
    if not who and not library.catalogue.read_only:
        st.info(_("Say who is screening: decisions bear a name."), icon=":material/person:")
        return
    screening_acts.said()
    waiting = _waiting(library, now, at, who, order)
    _progress(now, at, who, waiting)
    case = _case(now, at, waiting)
    if case is None:
        _nothing(now, at)
    else:
        _paper(library, now, case, at, who)
    review_stopping.draw(library, now, who)


def _stages(now: Board) -> None:
    key, changed = state.bound("stage", STAGES[0], forget=("paper", "seen"), known=STAGES)
    counts = {one: len(now.at(one)) for one in STAGES}
    st.segmented_control(
        _("Stage"),
        list(STAGES),
        key=key,
        on_change=changed,
        required=True,
        format_func=lambda one: f"{_(STAGE_NAMES[one])} ({counts[one]:,})",
    )


def _order() -> str:
    return state.chosen(
        _("Order"),
        {order: _(name) for order, name in _ORDERS.items()},
        "order",
        "likely",
        forget=("paper", "seen"),
        width=210,
        help=_(
            "Most likely first learns from what was decided, anew after every ten decisions; "
            "at first it goes by likeness to the question and the criteria."
        ),
    )


def _waiting(library: Library, now: Board, at: str, who: str, order: str) -> list[str]:
    """What this coder is still to look at, what was skipped last."""
    by = ranked(library, now, at) if order == "likely" else ()
    found = queue(library, now, at, who, order, by)
    skipped = screening_acts.skipped()
    return [one for one in found if one not in skipped] + [
        one for one in skipped if one in set(found)
    ]


def _progress(now: Board, at: str, who: str, waiting: list[str]) -> None:
    cases = now.at(at)
    done = sum(one.outcomes[at].decided for one in cases)
    words = [(one.outcomes[at], one.outcomes[at].of(who)) for one in cases]
    own = sum(word is not None and word.verdict != MAYBE for _outcome, word in words)
    unsure = sum(
        word is not None and word.verdict == MAYBE and not outcome.decided
        for outcome, word in words
    )
    st.progress(done / len(cases) if cases else 0.0)
    coders = now.review.coders
    decided = (
        _("**{n}** of {all} papers are decided, each by {k} coders")
        if coders > 1
        else _("**{n}** of {all} papers are decided")
    )
    told = [
        decided.format(n=f"{done:,}", all=f"{len(cases):,}", k=coders),
        _("you decided on **{n}**").format(n=f"{own:,}"),
        *([_("maybe, and still open: {n}").format(n=f"{unsure:,}")] if unsure else []),
        many("{n} is left for you", "{n} are left for you", len(waiting)),
    ]
    if at == STAGES[0] and (drawn := len(pending(now))):
        told.append(many("first {n} of a random sample", "first {n} of a random sample", drawn))
    st.caption(" · ".join(told))


def _case(now: Board, at: str, waiting: list[str]) -> Case | None:
    """The paper of the address, else the next one."""
    wanted = state.one("paper")
    if wanted:
        case = now.cases.get(wanted)
        if case and (at == STAGES[0] or case.stage == at):
            return case
        st.caption(_("{id} is not at this stage: here is the next paper.").format(id=plain(wanted)))
    return now.cases[waiting[0]] if waiting else None


def _nothing(now: Board, at: str) -> None:
    if not now.at(at):
        st.info(_("No paper has come to this stage yet."), icon=":material/hourglass_empty:")
        return
    st.success(_("Nothing is left for you to decide at this stage."), icon=":material/check:")
    st.page_link(
        places.SCREENING,
        label=_("See the flow diagram"),
        icon=":material/account_tree:",
        query_params={"review": now.review.name, "view": "flow"},
    )


def _paper(library: Library, now: Board, case: Case, at: str, who: str) -> None:
    left, right = st.columns([4, 8], gap="large")
    with left, st.container(key="screen-rules", gap="xsmall"):
        review_making.rules(now.review)
    with right:
        with st.container(key="screen-paper", gap="xsmall"):
            _shown(library, now, case)
        _others(now, case, at, who)
        screening_acts.draw(library, now, case, at, who)


def _shown(library: Library, now: Board, case: Case) -> None:
    """What there is to read of it."""
    with library.catalogue.read() as reader:
        number = reader.numbers([case.paper_id]).get(case.paper_id)
    if number is None:
        st.markdown(f"**{plain(title(case.title))}**")
        st.warning(
            _("{id} is no longer in the library; it stays counted.").format(
                id=plain(case.paper_id)
            ),
            icon=":material/link_off:",
        )
        return
    held = card(library, number)
    paper = held.paper
    results.title(paper)
    st.html(
        f'<div class="sf-who">{escaped(results.who(paper))} · {results.links_line(paper)}</div>'
    )
    if case.stage == STAGES[1]:
        st.caption(
            _("Its full text is in the library.")
            if paper.full_text
            else _("Only its abstract is in the library: read it where it is published.")
        )
    text = paper.abstract or held.tldr
    digest = held.tldr if paper.digest else ""
    if digest and not paper.abstract:
        st.html(f'<div class="sf-digest">{escaped(_(DIGEST))}</div>')
    if text:
        st.html(f'<p class="sf-text">{highlighted(library, text, now.review)}</p>')
    else:
        st.caption(_("There is only its title to go by."))
    st.html(chips(library.codebook, paper.tags))
    rows = [(_("In one sentence"), digest)] if digest and paper.abstract else []
    rows += [(_("Challenge"), one.quote) for one in held.challenges[:_CHALLENGES]]
    if rows:
        inner = "".join(
            f"<dt>{escaped(name)}</dt><dd>{escaped(readable(say))}</dd>" for name, say in rows
        )
        st.html(f'<dl class="sf-stated">{inner}</dl>')


def _others(now: Board, case: Case, at: str, who: str) -> None:
    """What was said of it; in a blind review nothing of others before one has decided."""
    outcome = case.outcomes[at]
    own = outcome.of(who)
    words = [one for one in outcome.said if one.who != who]
    if own:
        st.markdown(
            _("You said: **{verdict}**").format(verdict=_(VERDICT_NAMES[own.verdict]))
            + (f" ({plain(own.reason)})" if own.reason else "")
        )
    if words and now.review.blind and not own and mine(case, at, who, now.review.coders):
        st.caption(_("Others have decided; you see what, once you have."))
        return
    for one in words:
        reason = f" ({plain(one.reason)})" if one.reason else ""
        st.caption(f"{plain(one.who)}: {_(VERDICT_NAMES[one.verdict])}{reason}")
    if outcome.said:
        st.caption(
            _("It is {state}.").format(state=_(STATE_NAMES[outcome.state]))
            + (
                " " + _("Settled by {who}.").format(who=plain(outcome.settled_by))
                if outcome.settled_by
                else ""
            )
        )
