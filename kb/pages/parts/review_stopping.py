"""When to stop: what the last papers gave, and what a random sample says. Never that it is over."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kb.library import Library
from kb.pages.parts.outcome import told
from kb.pages.parts.words import _, many
from kb.review_check import Estimate, estimates, found
from kb.review_check import draw as draw_sample
from kb.review_state import Board

_LEAST, _USUAL = 5, 50


def draw(library: Library, now: Board, who: str) -> None:
    """The panel; worked out only while it is open."""
    st.html('<hr class="sf-rule">')
    panel = st.expander(_("When to stop"), icon=":material/flag:", key="stop", bind="query-params")
    with panel:
        if panel.open:
            _told(library, now, who)


def _told(library: Library, now: Board, who: str) -> None:
    so_far = found(now)
    st.markdown(
        _("**{n}** of the last {last} papers decided by title and abstract were relevant.").format(
            n=so_far.relevant_last, last=so_far.last
        )
    )
    st.caption(
        _(
            "A long run without a relevant paper is a sign, no proof: relevant papers that look "
            "unlike those found come last. A random sample of what is left gives a bound."
        )
    )
    if so_far.screened > 1:
        _curve(so_far.curve)
    every = estimates(now)
    for one in every:
        _estimate(one)
    left = sum(not one.outcomes["abstract"].decided for one in now.cases.values())
    if library.catalogue.read_only or left < _LEAST or any(not one.complete for one in every):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="sample"):
        size = st.number_input(
            _("Papers in the sample"),
            _LEAST,
            left,
            min(_USUAL, left),
            key=f"sample-size-{len(every)}-{left}",
            width=180,
        )
        st.button(
            _("Draw a random sample"),
            on_click=_draw,
            args=(library, now.review.name, int(size), who),
            help=_("These papers then come first; afterwards recall is estimated from them."),
            key="sample-draw",
        )


def _draw(library: Library, name: str, size: int, who: str) -> None:
    told(lambda: draw_sample(library, name, size, who=who), _("Drawn: these papers come first."))


def _curve(curve: tuple[int, ...]) -> None:
    """Relevant papers found, by papers screened."""
    screened, relevant = _("papers screened"), _("relevant papers found")
    rows = pd.DataFrame({screened: range(1, len(curve) + 1), relevant: curve})
    st.line_chart(rows, x=screened, y=relevant, height=240, color="#0072b2")


def _estimate(one: Estimate) -> None:
    drawn = _("Sample of {n} drawn at random from {left} on {day}").format(
        n=f"{len(one.check.papers):,}", left=f"{one.check.left:,}", day=one.check.at[:10]
    )
    if not one.complete:
        of = _("{n} of {all} screened; recall is estimated once all are.")
        st.markdown(f"{drawn}: {of.format(n=one.decided, all=len(one.check.papers))}")
    elif one.low is None or one.high is None or one.most is None:
        st.markdown(f"{drawn}: {_('it says nothing of recall yet.')}")
    else:
        share = _("recall by now lies between **{low}** and **{high}** (sure to 95 %)").format(
            low=f"{one.low:.0%}", high=f"{one.high:.0%}"
        )
        more = many(
            "at most {n} relevant paper is not found yet",
            "at most {n} relevant papers are not found yet",
            one.most,
        )
        hits = _("{n} relevant").format(n=one.relevant)
        st.markdown(f"{drawn}: {hits}; {share}; {more}.")
