"""Taxonomy: every category, whose words it is in, and changing it with a look ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from kb.bounds import LONGEST_WHY
from kb.codebooks import commit, history, propose, revert_to
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import page, places
from kb.pages.parts.answering import CONFIDENCE
from kb.pages.parts.deciding import named, who_field
from kb.pages.parts.markup import plain
from kb.pages.parts.words import _, later, many
from kb.telling_codebook import WHOSE, change_line, is_own, plan_lines
from taxonomy.codebook import Category, CodebookError, Facet, read_category
from taxonomy.codebook_file import MAX_KEY, MAX_TEXT
from taxonomy.editing import Add, Change, Merge, Rename
from taxonomy.edition import Edition

_PENDING = "taxonomy-pending"
_UNTRAINED = later("tagged from its definition only, not trained")


def draw(library: Library) -> None:
    """The page."""
    version, filing = library.taxonomy
    edition = filing.edition
    told = _(
        "Version {n} · {codebook}. [P]: the survey's own words, [S]: as others describe the "
        "survey, [I]: inferred here. The surveys' own assignment of papers is not public: which "
        "paper is where is this library's view."
    )
    st.caption(told.format(n=version, codebook=plain(filing.codebook.version)))
    snapshot = library.snapshot()
    counts = {place: int(has.sum()) for place, has in snapshot.table.has_tags.items()}
    for facet in edition.facets:
        _facet(edition, facet, counts)
    if not library.catalogue.read_only:
        st.header(_("Change it"), anchor=False)
        st.caption(
            _("Every change is a new version; nothing is lost, and older maps stay as they were.")
            + " "
            + _(
                "For example: give a layer the name that your group uses, merge two that are one "
                "to you, or add a category with a definition and cues."
            )
        )
        _pending(library)
        _forms(edition)
    _history(library, version)


def _facet(edition: Edition, facet: Facet, counts: dict[tuple[str, str], int]) -> None:
    st.header(plain(_(facet.name)), anchor=False, divider="gray")
    st.markdown(plain(_(facet.question)))
    cited = f"{facet.citation}, arXiv {facet.arxiv_id}" if facet.arxiv_id else facet.citation
    if cited or facet.note:
        st.caption(plain(f"{cited}. {_(facet.note)}" if cited else _(facet.note)))
    for category in facet.categories:
        _category(edition, facet, category, counts.get((facet.key, category.key), 0))


def _category(edition: Edition, facet: Facet, category: Category, papers: int) -> None:
    below = ""
    if category.parent:
        below = _("sub-area of {parent}, inferred").format(parent=category.parent) + " · "
    label = f"{'↳ ' if category.parent else ''}{_(category.name)}"
    counted = many("{n} paper", "{n} papers", papers)
    with st.expander(f"**{plain(label)}** :gray[{counted}]"):
        st.markdown(plain(_(category.definition)))
        for heading, texts in (
            (_("Belongs"), category.include),
            (_("Does not"), category.exclude),
        ):
            if texts:
                st.markdown(f"{heading}: " + "; ".join(plain(_(text)) for text in texts))
        if category.example:
            st.markdown(f"{_('For example:')} {plain(_(category.example))}")
        if category.cues:
            cues = ", ".join(plain(cue) for cue in category.cues)
            st.markdown(_("Cues: {words}").format(words=cues))
        own = f" · {_(_UNTRAINED)}" if is_own(edition, facet.key, category.key) else ""
        told = _("name {name} · definition {definition} · {confidence} confidence · key {key}")
        told = told.format(
            name=_(WHOSE[category.source]),
            definition=_(WHOSE[category.definition_source]),
            confidence=_(CONFIDENCE.get(category.confidence, category.confidence)),
            key=category.key,
        )
        st.caption(plain(f"{below}{told}{own}"))
        st.page_link(
            places.PAPERS,
            label=many("The {n} paper", "The {n} papers", papers),
            icon=":material/arrow_forward:",
            query_params={facet.key: category.key},
        )


def _pending(library: Library) -> None:
    """The change asked for, what it would do, and the button that makes it."""
    change: Change | None = st.session_state.get(_PENDING)
    if change is None:
        return
    try:
        plan = propose(library, change)
    except KbError as error:
        st.session_state.pop(_PENDING)
        page.failed(error)
        return
    with st.container(border=True, key="taxonomy-plan"):
        for line in plan_lines(plan, dry_run=True).splitlines():
            st.markdown(plain(line))
        who_field(library, "taxonomy-who")
        why = st.text_input(_("Why"), key="taxonomy-why", max_chars=LONGEST_WHY)
        left, right = st.columns(2)
        if left.button(_("Make this change"), type="primary", key="taxonomy-make"):
            try:
                who = named(library, "taxonomy-who") or "app"
                commit(library, change, who=who, why=why.strip())
            except KbError as error:
                page.failed(error)
                return
            st.session_state.pop(_PENDING)
            st.rerun()
        if right.button(_("Leave it"), key="taxonomy-leave"):
            st.session_state.pop(_PENDING)
            st.rerun()


def _forms(edition: Edition) -> None:
    known = {facet.key: _(facet.name) for facet in edition.facets}
    facet = st.selectbox(
        _("Facet"), list(known), format_func=known.__getitem__, key="taxonomy-facet"
    )
    held = edition.facet(facet)
    called = {one.key: _(one.name) for one in held.categories}
    rename, merge, add = st.tabs([_("Rename"), _("Merge"), _("Add")])
    with rename, st.form("taxonomy-rename", border=False):
        key = st.selectbox(_("Category"), list(called), format_func=called.__getitem__)
        name = st.text_input(_("New name"), placeholder=called[held.keys[0]], max_chars=MAX_TEXT)
        if st.form_submit_button(_("Look ahead")) and name.strip():
            _ask(lambda: Rename(facet, key, key, name.strip()))
    with merge, st.form("taxonomy-merge", border=False):
        keys = st.multiselect(
            _("Categories"),
            list(called),
            format_func=called.__getitem__,
            placeholder=_("Choose …"),
        )
        into = st.text_input(_("Key of the new category"), max_chars=MAX_KEY)
        name = st.text_input(_("Its name"), max_chars=MAX_TEXT)
        definition = st.text_area(_("Its definition"), max_chars=MAX_TEXT)
        if st.form_submit_button(_("Look ahead")):
            _ask(lambda: Merge(facet, tuple(keys), _entry(into, name, definition, "")))
    with add, st.form("taxonomy-add", border=False):
        key = st.text_input(_("Key"), max_chars=MAX_KEY)
        name = st.text_input(_("Name"), max_chars=MAX_TEXT)
        definition = st.text_area(_("Definition"), max_chars=MAX_TEXT)
        cues = st.text_input(_("Cues, with commas between"))
        st.caption(_("Papers get it at once, {how}.").format(how=_(_UNTRAINED)))
        if st.form_submit_button(_("Look ahead")):
            _ask(lambda: Add(_with(held, _entry(key, name, definition, cues))))


def _entry(key: str, name: str, definition: str, cues: str) -> Category:
    said = [cue.strip().lower() for cue in cues.split(",") if cue.strip()]
    table = {"key": key.strip(), "name": name, "definition": definition, "cues": said}
    return read_category({**table, "source": "inferred", "confidence": "low"}, "the form")


def _with(facet: Facet, category: Category) -> Facet:
    return replace(facet, categories=(category,))


def _ask(made: Callable[[], Change]) -> None:
    """Keep the change that a form describes, to be looked at; tell what is wrong with it."""
    try:
        st.session_state[_PENDING] = made()
    except CodebookError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun()


def _history(library: Library, version: int) -> None:
    st.header(_("History"), anchor=False)
    held = history(library)
    for one in reversed(held):
        st.markdown(plain(change_line(one)))
    older = [one.n for one in held if one.n != version]
    if older and not library.catalogue.read_only:
        wanted = st.selectbox(_("Go back to version"), older[::-1], key="taxonomy-older")
        if st.button(_("Look ahead"), key="taxonomy-revert"):
            st.session_state[_PENDING] = revert_to(library, wanted)
            st.rerun()


page.show(later("Taxonomy"), draw, needs_papers=False)
