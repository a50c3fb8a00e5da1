"""How far a coder agrees with the machine and with others, and settling where they differ."""

from __future__ import annotations

import streamlit as st

from kb.coders import Disagreement, check_settling, disagreements
from kb.decisions import Verdict, record
from kb.errors import KbError
from kb.labelling import Agreed, between_coders, with_machine
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.markup import plain, title
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, later, many

_SHOWN = 10
_VERDICTS = {"yes": later("yes"), "no": later("no")}


def draw(library: Library, who: str) -> None:
    """The panel."""
    found = with_machine(library, who)
    if found is None:
        st.caption(_("Once you have decided something, it is compared with the machine here."))
    else:
        st.markdown(_("You and the machine: {line}").format(line=_line(found)))
        st.caption(
            _(
                "Papers are asked about where the machine wavers, which lowers this, and its "
                "suggestions were in sight, which raises it: no measure of how good it is."
            )
        )
    pairs = between_coders(library)
    for pair in pairs:
        one, other = (plain(name) for name in pair.who)
        told = _("{one} and {other}: {line}")
        st.markdown(told.format(one=one, other=other, line=_line(pair)))
    if not pairs:
        st.caption(_("Nobody else has decided on the same papers, so there is nothing to compare."))
        return
    st.caption(_("Over all categories together; `kb agreement` gives each with its interval."))
    _to_settle(library, who)


def _line(found: Agreed) -> str:
    return _("kappa **{kappa}**, {share} of n = {n} verdicts the same").format(
        kappa=f"{found.kappa:.2f}", share=f"{found.share:.0%}", n=f"{found.n:,}"
    )


def _to_settle(library: Library, who: str) -> None:
    open_ = [one for one in disagreements(library) if not one.settled_by]
    if not open_:
        st.markdown(_("Nothing is left to settle."))
        return
    st.markdown(f"**{many('{n} to settle', '{n} to settle', len(open_))}**")
    some = open_[:_SHOWN]
    with library.catalogue.read() as reader:
        numbers = reader.numbers({one.paper_id for one in some})
        titles = {
            one.paper_id: title(one.title) for one in reader.papers(numbers.values()).values()
        }
    for number, one in enumerate(some):
        _one(library, one, titles.get(one.paper_id, one.paper_id), who, number)
    if len(open_) > _SHOWN:
        told = _("The first {n}; all: `kb agreement --disagreements`")
        st.caption(told.format(n=_SHOWN))


def _one(library: Library, one: Disagreement, title: str, who: str, number: int) -> None:
    named = names(library.codebook).get(one.facet, {})
    said = ", ".join(f"{name} {_(_VERDICTS[verdict])}" for name, verdict in one.said.items())
    with st.container(border=True, key=f"settle-{number}", gap="xsmall"):
        st.page_link(places.PAPER, label=plain(title), query_params={"id": one.paper_id})
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(_(named.get(one.key, one.key)))}**: {plain(said)}")
            if library.catalogue.read_only:
                return
            for verdict in ("yes", "no") if who not in one.said else ():
                st.button(
                    _("Settle: {verdict}").format(verdict=_(_VERDICTS[verdict])),
                    on_click=_settle,
                    args=(library, one, verdict, who),
                    key=f"settle-{verdict}-{number}",
                )
            if who in one.said:
                st.caption(
                    _("You are a party to it: a third coder settles, or change your answer.")
                )
                other = "no" if one.said[who] == "yes" else "yes"
                st.button(
                    _("Change mine to {verdict}").format(verdict=_(_VERDICTS[other])),
                    on_click=_change,
                    args=(library, one, other, who),
                    key=f"change-{number}",
                )


def _settle(library: Library, one: Disagreement, verdict: str, who: str) -> None:
    place = (one.paper_id, one.facet, one.key)
    try:
        check_settling(library, [place], who)
        record(library, [Verdict(*place, verdict)], who=who, settles=True)
        st.session_state["label-said"] = _("Settled: {verdict}").format(
            verdict=_(_VERDICTS[verdict])
        )
    except KbError as error:
        st.session_state["label-failed"] = f"{error.message}: {error.remedy}"


def _change(library: Library, one: Disagreement, verdict: str, who: str) -> None:
    try:
        record(library, [Verdict(one.paper_id, one.facet, one.key, verdict)], who=who)
        st.session_state["label-said"] = _("Changed.")
    except KbError as error:
        st.session_state["label-failed"] = f"{error.message}: {error.remedy}"
