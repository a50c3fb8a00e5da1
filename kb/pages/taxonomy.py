"""Taxonomy: every category, whose words it is in, and changing it with a look ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from kb.codebooks import commit, history, propose, revert_to
from kb.errors import KbError
from kb.library import Library
from kb.pages.parts import page, places
from kb.pages.parts.markup import plain
from kb.telling_codebook import UNTRAINED, WHOSE, change_line, is_own, plan_lines
from taxonomy.codebook import Category, CodebookError, Facet, read_category
from taxonomy.editing import Add, Change, Merge, Rename
from taxonomy.edition import Edition

_PENDING = "taxonomy-pending"


def draw(library: Library) -> None:
    """The page."""
    version, filing = library.taxonomy
    edition = filing.edition
    st.caption(
        f"Version {version} · {plain(filing.codebook.version)}. [P]: the survey's own words, "
        "[S]: as others describe the survey, [I]: inferred here. The surveys' own assignment "
        "of papers is not public: which paper is where is this library's view."
    )
    snapshot = library.snapshot()
    counts = {place: int(has.sum()) for place, has in snapshot.table.has_tags.items()}
    for facet in edition.facets:
        _facet(edition, facet, counts)
    st.subheader("Change it", anchor=False)
    st.caption("Every change is a new version; nothing is lost, and older maps stay as they were.")
    _pending(library)
    _forms(edition)
    _history(library, version)


def _facet(edition: Edition, facet: Facet, counts: dict[tuple[str, str], int]) -> None:
    st.subheader(plain(facet.name), anchor=False, divider="gray")
    st.markdown(plain(facet.question))
    cited = f"{facet.citation}, arXiv {facet.arxiv_id}" if facet.arxiv_id else facet.citation
    if cited or facet.note:
        st.caption(plain(f"{cited}. {facet.note}" if cited else facet.note))
    for category in facet.categories:
        _category(edition, facet, category, counts.get((facet.key, category.key), 0))


def _category(edition: Edition, facet: Facet, category: Category, papers: int) -> None:
    below = f"sub-area of {category.parent}, inferred · " if category.parent else ""
    label = f"{'↳ ' if category.parent else ''}{category.name}"
    with st.expander(f"**{plain(label)}** :gray[{papers:,} papers]"):
        st.markdown(plain(category.definition))
        for heading, texts in (("Belongs", category.include), ("Does not", category.exclude)):
            if texts:
                st.markdown(f"{heading}: " + "; ".join(plain(text) for text in texts))
        if category.example:
            st.markdown(f"For example: {plain(category.example)}")
        if category.cues:
            st.markdown(":gray[Cues: " + ", ".join(plain(cue) for cue in category.cues) + "]")
        own = f" · {UNTRAINED}" if is_own(edition, facet.key, category.key) else ""
        st.caption(
            plain(
                f"{below}name {WHOSE[category.source]} · definition "
                f"{WHOSE[category.definition_source]} · {category.confidence} confidence · "
                f"key {category.key}{own}"
            )
        )
        st.page_link(
            places.PAPERS,
            label=f"The {papers:,} papers",
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
        who = st.text_input("Your name", key="taxonomy-who")
        why = st.text_input("Why", key="taxonomy-why")
        left, right = st.columns(2)
        if left.button("Make this change", type="primary", key="taxonomy-make"):
            try:
                commit(library, change, who=who.strip() or "app", why=why.strip())
            except KbError as error:
                page.failed(error)
                return
            st.session_state.pop(_PENDING)
            st.rerun()
        if right.button("Leave it", key="taxonomy-leave"):
            st.session_state.pop(_PENDING)
            st.rerun()


def _forms(edition: Edition) -> None:
    known = {facet.key: facet.name for facet in edition.facets}
    facet = st.selectbox("Facet", list(known), format_func=known.__getitem__, key="taxonomy-facet")
    held = edition.facet(facet)
    called = {one.key: one.name for one in held.categories}
    rename, merge, add = st.tabs(["Rename", "Merge", "Add"])
    with rename, st.form("taxonomy-rename", border=False):
        key = st.selectbox("Category", list(called), format_func=called.__getitem__)
        name = st.text_input("New name")
        if st.form_submit_button("Look ahead") and name.strip():
            _ask(lambda: Rename(facet, key, key, name.strip()))
    with merge, st.form("taxonomy-merge", border=False):
        keys = st.multiselect("Categories", list(called), format_func=called.__getitem__)
        into, name = st.text_input("Key of the new category"), st.text_input("Its name")
        definition = st.text_area("Its definition")
        if st.form_submit_button("Look ahead"):
            _ask(lambda: Merge(facet, tuple(keys), _entry(into, name, definition, "")))
    with add, st.form("taxonomy-add", border=False):
        key, name = st.text_input("Key"), st.text_input("Name")
        definition = st.text_area("Definition")
        cues = st.text_input("Cues, with commas between")
        st.caption(f"Papers get it at once, {UNTRAINED}.")
        if st.form_submit_button("Look ahead"):
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
    st.subheader("History", anchor=False)
    held = history(library)
    for one in reversed(held):
        st.markdown(plain(change_line(one)))
    older = [one.n for one in held if one.n != version]
    if older:
        wanted = st.selectbox("Go back to version", older[::-1], key="taxonomy-older")
        if st.button("Look ahead", key="taxonomy-revert"):
            st.session_state[_PENDING] = revert_to(library, wanted)
            st.rerun()


page.show("Taxonomy", draw, needs_papers=False)
