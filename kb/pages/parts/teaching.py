"""Teaching the tagger on a page: what would change, how well it agrees, apply or leave."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kb.learning import EXAMPLES, Change, Proposal
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.lessons import Lessons
from kb.pages.parts.markup import plain, title
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, later, many

# What the work says of itself, which knows nothing of languages; for `_`.
MESSAGES = (later("Meanwhile the library has changed, so nothing was applied: work it out again."),)

_EVERY = 1.0  # seconds between two looks at running work


@st.cache_resource(max_entries=4)
def _lessons(_folder: str) -> Lessons:
    return Lessons()


def draw(library: Library) -> None:
    """The panel; looked at again by itself only while work is under way."""
    held = _lessons(str(library.folder))
    st.fragment(_panel, run_every=_EVERY if held.busy else None)(library, held)


def _panel(library: Library, held: Lessons) -> None:
    if st.session_state.get("teach-was-busy") and not held.busy:
        st.session_state["teach-was-busy"] = False
        st.rerun()
    st.session_state["teach-was-busy"] = held.busy
    if held.state == "applied":
        told = many(
            "Applied: {n} paper has other tags now.",
            "Applied: {n} papers have other tags now.",
            held.changed,
        )
        st.success(told, icon=":material/check:")
    if held.state == "stopped":
        st.info(_("Stopped; nothing was changed."), icon=":material/info:")
    if held.message:
        st.error(plain(_(held.message)), icon=":material/error:")
    if held.busy:
        _working(held)
    elif held.proposal is not None:
        _proposal(library, held, held.proposal)
    else:
        if library.catalogue.read_only:
            st.caption(_("This library is open for reading only: the tagger cannot be taught."))
            return
        st.caption(
            _("Works out what the tagger would learn from all decisions. Nothing is changed.")
        )
        if st.button(_("Look ahead"), key="teach-look"):
            _start(held.look_ahead, library)


def _working(held: Lessons) -> None:
    if held.state == "applying":
        st.markdown(f":material/hourglass_top: {_('Giving every paper its tags anew …')}")
        return
    st.markdown(f":material/hourglass_top: {_('Working out what would change …')}")
    st.button(_("Stop"), on_click=held.stop, key="teach-stop")


def _start(act: Callable[[Library], None], library: Library) -> None:
    act(library)
    # Known as busy from the start: short work may be over before the page looks.
    st.session_state["teach-was-busy"] = True
    st.rerun()  # the whole page: only that sets how often the panel is looked at


def _proposal(library: Library, held: Lessons, found: Proposal) -> None:
    given = found.lessons
    told = _("It would learn from **{verdicts}** verdicts on **{papers}** papers.")
    st.markdown(told.format(verdicts=f"{given.verdicts:,}", papers=f"{len(given.decided):,}"))
    if found.before and found.after and found.gain:
        low, high = found.gain
        told = _(
            "Agreement with these decisions: **{before}** now, **{after}** after, on decisions "
            "that it had not seen ({folds} folds; gain {low} to {high}, 95 %)."
        )
        st.markdown(
            told.format(
                before=f"{found.before.share:.1%}",
                after=f"{found.after.share:.1%}",
                folds=found.folds,
                low=f"{low:+.1%}",
                high=f"{high:+.1%}",
            )
        )
    for warning in found.warnings:
        st.caption(f":material/info: {plain(warning)}")
    for (facet, key), (yes, no) in held.own.items():
        name = names(library.codebook).get(facet, {}).get(key, key)
        told = _("Your own category {name} would learn from {yes} yes and {no} no.")
        st.caption(plain(told.format(name=name, yes=yes, no=no)))
    _changes(library, found)
    with st.container(horizontal=True):
        if st.button(_("Apply to every paper"), type="primary", key="teach-apply"):
            _start(held.apply, library)
        st.button(_("Leave it"), on_click=held.leave, key="teach-leave")


def _changes(library: Library, found: Proposal) -> None:
    if not found.changes:
        st.markdown(_("No paper's tags would change."))
        return
    told = _("Tags would change in **{n}** papers; what people decided stays:")
    st.markdown(told.format(n=f"{found.papers:,}"))
    named = names(library.codebook)
    st.dataframe(
        [
            {
                _("Category"): _(named.get(one.facet, {}).get(one.key, one.key)),
                _("Papers that get it"): len(one.added),
                _("Papers that lose it"): len(one.removed),
            }
            for one in found.changes
        ],
        hide_index=True,
        height="content",
        key="teach-changes",
    )
    with st.expander(_("Examples")):
        for one in found.changes:
            _examples(library, one, _(named.get(one.facet, {}).get(one.key, one.key)))


def _examples(library: Library, one: Change, name: str) -> None:
    for papers, told in (
        (one.added, _("would get “{name}”:")),
        (one.removed, _("would lose “{name}”:")),
    ):
        ids = papers[:EXAMPLES]
        if not ids:
            continue
        st.caption(plain(told.format(name=name)))
        with library.catalogue.read() as reader:
            held = reader.papers(reader.numbers(ids).values())
        for paper in held.values():
            target = {"id": paper.paper_id}
            st.page_link(places.PAPER, label=plain(title(paper.title)), query_params=target)
