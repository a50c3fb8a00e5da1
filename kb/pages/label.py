"""Label: one paper at a time, those first on which a decision teaches the tagger most."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb.bounds import LONGEST_WHY
from kb.decisions import LONGEST_NAME, coder, record, undo
from kb.errors import CatalogueUnwritable, KbError, UsageError
from kb.labelling import Sheet, Standing, sheet, standing, verdicts
from kb.library import Library
from kb.pages.parts import (
    agreeing,
    answering,
    opened,
    page,
    person,
    places,
    reading,
    state,
    teaching,
    waiting,
)
from kb.pages.parts.markup import plain, title
from kb.pages.parts.outcome import sentence
from kb.pages.parts.words import _, later, many

_ORDERS = {"informative": later("Most informative first"), "random": later("At random")}


def draw(library: Library) -> None:
    """The page."""
    if library.catalogue.read_only:
        st.info(
            _("This library is open for reading only: nobody can decide on its papers here."),
            icon=":material/lock:",
        )
        st.page_link(places.PAPERS, label=_("Look through all papers"))
        _panels(library, person.name(library))
        return
    opened.ready_to_write(library)
    with st.container(horizontal=True, vertical_alignment="bottom", key="label-bar"):
        who = _who(library)
        facet = _facet(library)
        order = _order()
        _definitions()
    _told()
    try:
        who = coder(library, who)
    except UsageError as error:
        if who:
            st.error(plain(sentence(error)), icon=":material/error:")
        st.info(_("Say who is labelling: decisions bear a name."), icon=":material/person:")
        return
    far = standing(library, who)
    if not far.papers:
        st.info(_("This library holds no papers yet."), icon=":material/shelves:")
        st.page_link(places.LIBRARY, label=_("Add papers"), icon=":material/add:")
        return
    _progress(far)
    shown = _shown(library, who, facet, order)
    if shown is None:
        _nothing_left(facet)
    else:
        _paper(library, shown, who)
    _panels(library, who)


def _who(library: Library) -> str:
    """The coder's name: who is signed in, else of the address, the session, the library's own."""
    if person.by_proxy():
        known = person.name(library)
        told = _("Signed in as {name}").format(name=known) if known else _("Nobody is signed in.")
        st.caption(plain(told), width="content")
        return known
    try:
        own = coder(library)
    except KbError:
        own = ""  # a system without a user's name: the person types one
    held = state.one("who") or str(st.session_state.get("coder", "")) or own
    if held != own and state.one("who") != held:
        state.put({"who": held})
    st.session_state["coder"] = st.session_state["label-who"] = held
    return st.text_input(
        _("Your name"), key="label-who", on_change=_named, max_chars=LONGEST_NAME, width=150
    )


def _named() -> None:
    name = str(st.session_state["label-who"]).strip()
    st.session_state["coder"] = name
    state.put({"who": name}, forget=("paper", "seen", *waiting.DRAFT))


def _facet(library: Library) -> str:
    names = {"": _("All facets")} | {one.key: _(one.name) for one in library.codebook.facets}
    forget = ("paper", *waiting.DRAFT)
    return state.chosen(_("Asked about"), names, "facet", forget=forget, width=190)


def _order() -> str:
    known = {order: _(name) for order, name in _ORDERS.items()}
    forget = ("paper", *waiting.DRAFT)
    return state.chosen(_("Order"), known, "order", "informative", forget=forget, width=210)


def _definitions() -> None:
    key, changed = state.switch("short", "1")
    st.checkbox(_("Without definitions"), key=key, on_change=changed)


def _progress(far: Standing) -> None:
    told = _("You have decided on **{n}** of {all} papers, **{today}** of them today.")
    st.caption(told.format(n=f"{far.decided:,}", all=f"{far.papers:,}", today=f"{far.today:,}"))


def _shown(library: Library, who: str, facet: str, order: str) -> Sheet | None:
    """The paper of the address, else the next one, which the address then names."""
    # One place whether it waits or not: else all below would move, and a key be lost on the way.
    place = st.empty()
    wanted = state.one("paper")
    if wanted:
        try:
            return sheet(library, library.number(wanted), who, facet)
        except UsageError:
            told = _("{paper} is not in this library: here is the next paper.")
            st.caption(told.format(paper=plain(wanted)))
    with place, st.spinner(_("Choosing what to ask about …")):
        wanted = waiting.upcoming(library, who, facet, order)
    if not wanted:
        state.put({}, forget=("paper",))
        return None
    state.put({"paper": wanted}, forget=waiting.DRAFT)
    return sheet(library, library.number(wanted), who, facet)


def _nothing_left(facet: str) -> None:
    told = _("Nothing is left for you to decide.")
    if facet:
        told = _("Nothing is left for you to decide in this facet.")
    st.success(told, icon=":material/check:")
    if waiting.passed():
        st.caption(_("But for what you skipped in this sitting, if anything."))
        forget = ("seen",)
        st.button(
            _("Look for skipped papers"),
            on_click=state.put,
            args=({},),
            key="label-again",
            kwargs={"forget": forget},
        )


def _paper(library: Library, shown: Sheet, who: str) -> None:
    left, right = st.columns([6, 7], gap="large")
    with left, st.container(key="label-paper"):
        reading.draw(shown)
    with right:
        answering.draw(library.codebook, shown)
        _acts(library, shown, who)


def _acts(library: Library, shown: Sheet, who: str) -> None:
    key, changed = state.bound("why")
    st.text_input(
        _("Reason (may be left empty)"), key=key, on_change=changed, max_chars=LONGEST_WHY
    )
    only_key, only_changed = state.switch("only", "clicked")
    st.checkbox(
        _("Save only what I clicked"),
        key=only_key,
        on_change=only_changed,
        help=_("Else every answer counts as it stands: a suggestion left alone becomes your own."),
    )
    with st.container(horizontal=True, key="label-acts"):
        st.button(
            _("Save and next"),
            type="primary",
            on_click=_save,
            args=(library, shown, who),
            shortcut="S",
            key="label-save",
        )
        st.button(
            _("Skip"),
            on_click=waiting.leave,
            args=(shown.paper.paper_id,),
            shortcut="K",
            key="label-skip",
        )
        st.button(
            _("Back"),
            on_click=waiting.back,
            disabled=not waiting.passed(),
            shortcut="B",
            key="label-back",
        )
        st.button(
            _("Undo my last"),
            on_click=_undo,
            args=(library, who),
            shortcut="U",
            key="label-undo",
        )


def _save(library: Library, shown: Sheet, who: str) -> None:
    only = "clicked" in st.query_params.get_all("only")
    said = verdicts(shown, answering.clicked(shown), only=only)
    if not said:
        st.session_state["label-failed"] = _(
            "Nothing is clicked: say yes or no, or skip the paper."
        )
        return
    why = str(st.session_state.get("at:why", "")).strip()
    if _done(lambda: record(library, said, who=who, why=why, follow=False)):
        opened.follow_soon(library)
        st.session_state["label-said"] = _("Saved: {title}").format(title=title(shown.paper.title))
        waiting.leave(shown.paper.paper_id)


def _undo(library: Library, who: str) -> None:
    undone: list[str] = []
    if _done(lambda: undone.extend(one.paper_id for one in undo(library, who=who))):
        st.session_state["label-said"] = many(
            "Undone: {n} answer; this is its paper.",
            "Undone: {n} answers; this is their paper.",
            len(undone),
        )
        waiting.show(undone[0])


def _done(act: Callable[[], object]) -> bool:
    """Act; what goes wrong is told, and nothing is lost."""
    try:
        act()
    except CatalogueUnwritable as error:
        told = _("Not saved, but kept on this page: {reason}. Then save again.")
        st.session_state["label-failed"] = told.format(reason=error.message)
    except KbError as error:
        st.session_state["label-failed"] = sentence(error)
    else:
        return True
    return False


def _told() -> None:
    failed = st.session_state.pop("label-failed", "")
    if failed:
        st.error(plain(failed), icon=":material/error:")
    if said := st.session_state.pop("label-said", ""):
        st.toast(plain(said), icon=":material/check:")


def _panels(library: Library, who: str) -> None:
    """Closed until somebody wants to look; only what is open is worked out."""
    st.html('<hr class="sf-rule">')
    agree = st.expander(
        _("Agreement"), icon=":material/handshake:", key="agree", bind="query-params"
    )
    with agree:
        if agree.open:
            agreeing.draw(library, who)
    if library.catalogue.read_only:
        return
    teach = st.expander(
        _("Teach the tagger"), icon=":material/school:", key="teach", bind="query-params"
    )
    with teach:
        if teach.open:
            teaching.draw(library)


page.show(later("Label"), draw, needs_papers=False)
