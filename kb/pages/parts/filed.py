"""Where a paper is filed: its tags with their evidence, each put right by one click."""

from __future__ import annotations

import streamlit as st

from kb.catalogue import StoredPaper
from kb.catalogue.values import StoredTag
from kb.decisions import Verdict, record, undo
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import opened
from kb.pages.parts.deciding import WHO, named, typed, why_field
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.outcome import told
from kb.pages.parts.tags import chips
from kb.pages.parts.words import _

_LAST = "filed-last"
"""Of this session: (paper id, verdict, what was done, numbers of the decisions), to be undone."""


def filed(library: Library, paper: StoredPaper) -> None:
    """The tags of a paper, with ✓ and ✗ beside each and a menu to add one.

    The signs are drawn by the look (`look.css`): a button's text, hidden there, names its tag to
    those who hear the page.
    """
    writable = not library.catalogue.read_only
    _last(library, paper)
    known = [tag for facet in library.codebook.facets for tag in paper.tags if _knows(facet, tag)]
    if not known:
        st.caption(_("No tag yet."))
    for tag in known:
        with st.container(key=f"filed-{tag.facet}-{tag.key}", gap=None):
            _row(library, paper, tag, writable=writable)
    if writable:
        _menu(library, paper)


def _knows(facet: object, tag: StoredTag) -> bool:
    return tag.facet == getattr(facet, "key", "") and tag.key in getattr(facet, "keys", ())


def _row(library: Library, paper: StoredPaper, tag: StoredTag, *, writable: bool) -> None:
    name = _(library.codebook.facet(tag.facet).category(tag.key).name)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        st.html(chips(library.codebook, [tag]), width="stretch")
        wrong = ("no", _("Remove {name}"), _("Wrong: take {name} away"))
        right = ("yes", _("Confirm {name}"), _("Right: keep {name} for good"))
        asked = [wrong] if tag.by == "human" else [right, wrong]
        for verdict, label, meant in asked if writable else []:
            st.button(
                plain(label.format(name=name)),
                help=plain(meant.format(name=name)),
                type="tertiary",
                on_click=_say,
                args=(library, paper, tag.facet, tag.key, verdict),
                key=f"say-{verdict}-{tag.facet}-{tag.key}",
            )
    st.html(f'<div class="sf-because">{escaped(_because(tag))}</div>')


def _because(tag: StoredTag) -> str:
    if tag.by == "human":
        return _("Decided by a person.")
    sure = _("{sure} sure").format(sure=f"{tag.score:.0%}")
    words = ", ".join(f"“{word}”" for word in tag.evidence)
    return f"{sure} · {words}" if words else _("{sure} · no single words").format(sure=sure)


def _menu(library: Library, paper: StoredPaper) -> None:
    free = {
        f"{facet.key}.{one.key}": f"{_(facet.name)}: {_(one.name)}"
        for facet in library.codebook.facets
        for one in facet.categories
        if one.key not in paper.keys(facet.key)
    }
    # A key of its own for each set of tags: else the last choice would stay in the menu.
    key = f"filed-add-{paper.paper_id}-{len(free)}-{len(paper.tags)}"
    st.selectbox(
        _("Add a tag"),
        list(free),
        index=None,
        format_func=free.__getitem__,
        placeholder=_("Add a tag …"),
        label_visibility="collapsed",
        on_change=_add,
        args=(library, paper, key),
        key=key,
    )


def _add(library: Library, paper: StoredPaper, key: str) -> None:
    facet, dot, name = str(st.session_state.get(key) or "").partition(".")
    if dot:
        _say(library, paper, facet, name, "yes")


def _say(library: Library, paper: StoredPaper, facet: str, key: str, verdict: str) -> None:
    """Log what a person says; filters and counts know it at once, the indexes follow."""
    who, why = named(library, WHO), typed(why_field(paper))
    name = _(library.codebook.facet(facet).category(key).name)
    held = key in paper.keys(facet)
    done = _("Taken away: {name}") if verdict == "no" else _("Added: {name}")
    done = (_("Kept for good: {name}") if verdict == "yes" and held else done).format(name=name)
    said = [Verdict(paper.paper_id, facet, key, verdict)]
    try:
        logged = record(library, said, who=who, why=why, follow=False)
    except KbError as error:
        st.toast(plain(f"{error.message}: {error.remedy}"), icon=":material/error:")
        return
    opened.follow_soon(library)
    before = st.session_state.get(_LAST)
    if not logged and before and before[:3] == (paper.paper_id, verdict, done):
        return  # the same button used twice: what the first use did can still be undone
    st.session_state[_LAST] = (paper.paper_id, verdict, done, [one.n for one in logged])


def _last(library: Library, paper: StoredPaper) -> None:
    """What was just done, and the button that undoes it."""
    held = st.session_state.get(_LAST)
    if held is None or held[0] != paper.paper_id:
        return
    _paper, verdict, done, numbers = held
    # A key like that of the ✗ just used, and never there before: the keyboard's place goes to it
    # (`focus.js`), so that a second Enter takes no other tag away.
    key = f"say-no-undo-{numbers[-1]}" if numbers and verdict == "no" else "filed-undo"
    with st.container(horizontal=True, vertical_alignment="center", key="filed-last"):
        st.markdown(f":material/check: {plain(done)}")
        if numbers:
            st.button(
                _("Undo"),
                icon=":material/undo:",
                type="tertiary",
                on_click=_take_back,
                args=(library, numbers),
                key=key,
            )


def _take_back(library: Library, numbers: list[int]) -> None:
    st.session_state.pop(_LAST, None)
    who = named(library, WHO)
    told(lambda: [undo(library, n, who=who) for n in numbers], _("Undone."))
