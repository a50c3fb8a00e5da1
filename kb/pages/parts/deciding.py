"""Deciding on a paper's tags in the app: right as they are, others, why, and what was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from kb.bounds import LONGEST_WHY
from kb.catalogue import StoredPaper
from kb.decisions import LONGEST_NAME, Entry, Verdict, history, record, undo
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import person
from kb.pages.parts.markup import plain
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, later, many

WHO = "decide-who"
"""Key of the field for a name, where no proxy signs people in."""

_VERDICTS = {
    "yes": later("yes"),
    "no": later("no"),
    "done": later("done"),
    "undo": later("undo"),
}
_SHOWN = 20  # newest entries of a paper's history


def decide_on(library: Library, paper: StoredPaper) -> None:
    """The form below a paper's tags: accept, change with a reason, undo, history."""
    _told()
    if library.catalogue.read_only:
        with st.expander(_("What was decided"), key="deciding"):
            _history(library, paper)
        return
    with st.expander(_("Decide on several tags, say why"), key="deciding"):
        st.caption(
            _("What people decide holds over the machine, also when the paper is read again.")
        )
        who_field(library, WHO)
        fields = _choices(library, paper)
        st.text_input(_("Reason (may be left empty)"), key=why_field(paper), max_chars=LONGEST_WHY)
        st.checkbox(
            _("I have been through every category"),
            help=_("What is not chosen then counts as no, also for comparing coders."),
            key=_done_field(paper),
        )
        st.button(
            _("Save what I changed"),
            key="decide-save",
            type="primary",
            on_click=_save,
            args=(library, paper, fields),
        )
        st.button(
            _("All right as it is"),
            key="decide-accept",
            icon=":material/check:",
            on_click=_accept,
            args=(library, paper),
        )
        _history(library, paper)


def who_field(library: Library, key: str) -> None:
    """The field for a name; nothing where a proxy says who is signed in."""
    if not person.by_proxy():
        st.text_input(_("Your name"), value=person.name(library), key=key, max_chars=LONGEST_NAME)


def named(library: Library, key: str) -> str:
    """Who acts: the one signed in, else the name typed in the field, else the session's."""
    return (typed(key).strip() if not person.by_proxy() else "") or person.name(library)


def why_field(paper: StoredPaper) -> str:
    """Key of the field for a reason."""
    return f"decide-why-{paper.paper_id}"


def _done_field(paper: StoredPaper) -> str:
    return f"decide-done-{paper.paper_id}"


def typed(field: str) -> str:
    """What stands in a field now: a click may come before the page was drawn again."""
    return str(st.session_state.get(field, ""))


def _choices(library: Library, paper: StoredPaper) -> dict[str, str]:
    """Facet -> its field, in which what holds now stands chosen at first."""
    called = names(library.codebook)
    found = {}
    for facet in library.codebook.facets:
        held = [key for key in facet.keys if key in paper.keys(facet.key)]
        # A new field where the tags have changed: else the old choice would stay.
        found[facet.key] = f"decide-{paper.paper_id}-{facet.key}-{','.join(held)}"
        st.multiselect(
            _(facet.name),
            facet.keys,
            default=held,
            format_func=partial(_named_in, called[facet.key]),
            placeholder=_("Choose …"),
            key=found[facet.key],
        )
    return found


def _named_in(called: Mapping[str, str], key: str) -> str:
    return _(called[key])


def _save(library: Library, paper: StoredPaper, fields: dict[str, str]) -> None:
    said = []
    whole = bool(st.session_state.get(_done_field(paper)))
    for facet, field in fields.items():
        keys = list(st.session_state.get(field, ()))
        held = paper.keys(facet)
        said += [Verdict(paper.paper_id, facet, key, "yes") for key in keys if key not in held]
        known = library.codebook.facet(facet).keys
        gone = [key for key in held if key not in keys and key in known]
        said += [Verdict(paper.paper_id, facet, key, "no") for key in gone]
        if whole:
            kept = [key for key in keys if key in held]
            said += [Verdict(paper.paper_id, facet, key, "yes") for key in kept]
            said.append(Verdict(paper.paper_id, facet, "", "done"))
    who, why = named(library, WHO), typed(why_field(paper))
    _do(lambda: len(record(library, said, who=who, why=why)))


def _accept(library: Library, paper: StoredPaper) -> None:
    codebook = library.codebook
    said = [
        Verdict(paper.paper_id, tag.facet, tag.key, "yes")
        for tag in paper.tags
        if tag.facet in codebook.keys and tag.key in codebook.facet(tag.facet).keys
    ]
    said += [Verdict(paper.paper_id, facet, "", "done") for facet in codebook.keys]
    who, why = named(library, WHO), typed(why_field(paper))
    _do(lambda: len(record(library, said, who=who, why=why)))


def _undo(library: Library, n: int) -> None:
    _do(lambda: len(undo(library, n, who=named(library, WHO))), undoing=True)


def _do(act: Callable[[], int], *, undoing: bool = False) -> None:
    """Act, and leave what is to be said for the next drawing of the page."""
    try:
        count = act()
        saved = many("{n} decision saved.", "{n} decisions saved.", count)
        undone = many("{n} undone.", "{n} undone.", count)
        said = (undone if undoing else saved) if count else _("Nothing was changed.")
        st.session_state["decide-said"] = said
    except KbError as error:
        st.session_state["decide-failed"] = f"{error.message}. {error.remedy}"


def _told() -> None:
    said = st.session_state.pop("decide-said", "")
    failed = st.session_state.pop("decide-failed", "")
    if said:
        st.success(plain(said))
    if failed:
        st.error(plain(failed))


def _history(library: Library, paper: StoredPaper) -> None:
    entries = history(library, paper.paper_id)
    if not entries:
        st.caption(_("Nobody has decided anything on this paper yet."))
        return
    st.markdown(f"**{_('What was decided')}**")
    for one in reversed(entries[-_SHOWN:]):
        told, act = st.columns([4, 1], vertical_alignment="center")
        told.caption(_line(library, one))
        if one.in_force and not library.catalogue.read_only:
            label = _("Redo") if one.decision.verdict == "undo" else _("Undo")
            act.button(
                label,
                key=f"undo-{one.decision.n}",
                on_click=_undo,
                args=(library, one.decision.n),
            )
    if len(entries) > _SHOWN:
        earlier = many("{n} earlier one", "{n} earlier ones", len(entries) - _SHOWN)
        st.caption(f"{earlier}: `kb tag {plain(paper.paper_id)} --history`")


def _line(library: Library, one: Entry) -> str:
    said = one.decision
    category = names(library.codebook).get(said.facet, {}).get(said.key, said.key)
    what = _(_VERDICTS[said.verdict])
    if said.verdict == "undo":
        what = _("undo of {n}").format(n=said.undoes)
    machine = ""
    if said.score is not None:
        machine = ", " + _("machine {score}").format(score=f"{said.score:.2f}")
    text = _("{n}. {category} {what} by {who}, {day}").format(
        n=said.n,
        category=_(category or said.facet),
        what=what,
        who=said.who,
        day=said.at[:10] or _("earlier"),
    )
    text += machine + (f": {said.why}" if said.why else "")
    return plain(text) if one.in_force else f"~~{plain(text)}~~"
