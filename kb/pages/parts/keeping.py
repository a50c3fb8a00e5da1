"""What a person keeps of a paper in a list: one menu a paper, and marks that tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from kb import reading_states
from kb.catalogue import StoredPaper
from kb.catalogue.standing import memberships
from kb.collecting import MOST, collect, release
from kb.library import Library
from kb.pages.parts import my_filters, person, reading_state
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.markup import escaped, plain
from kb.pages.parts.outcome import told, too_long
from kb.pages.parts.words import _
from taxonomy.codebook import Codebook

# Collections that a menu names: it has to fit on a screen. The paper's own page has all.
_COLLECTIONS = 12

_NEW = "new-collection"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, as a page looks it up once for all papers that it shows."""

    favourites: frozenset[str]
    collections: dict[str, frozenset[str]]
    """Name -> ids of its papers, the favourites left out."""
    states: dict[str, str]
    """Paper id -> state, of the person who looks."""
    known_before: int | None
    """The highest paper number that is not new; None = nothing is."""
    codebook: Codebook
    """What tags mean: the library looks it up anew whenever it is asked."""


def kept(library: Library) -> Kept:
    """What is kept now."""
    with library.catalogue.read() as reader:
        members = {name: frozenset(ids) for name, ids in memberships(reader.connection).items()}
    return Kept(
        members.pop(FAVOURITES, frozenset()),
        members,
        reading_states.states(library, person.name(library)),
        my_filters.known_before(library),
        library.codebook,
    )


def marks(held: Kept, paper: StoredPaper) -> str:
    """What is kept of a paper, as HTML: new, favourite, reading state, collections."""
    found = []
    if held.known_before is not None and paper.n > held.known_before:
        found.append(f'<span class="sf-new">{escaped(_("new"))}</span>')
    if paper.paper_id in held.favourites:
        found.append(f'<span class="sf-kept">★ {escaped(_("favourite"))}</span>')
    if state := held.states.get(paper.paper_id):
        found.append(f'<span class="sf-kept">{escaped(_(reading_state.NAMES[state]))}</span>')
    found += [
        f'<span class="sf-kept">{escaped(name)}</span>'
        for name, members in held.collections.items()
        if paper.paper_id in members
    ]
    return "".join(f" {one}" for one in found)


def menu(library: Library, paper_id: str, held: Kept) -> None:
    """One button with all that can be kept of a paper; nothing where nothing may be changed."""
    if library.catalogue.read_only:
        return
    options = dict(_options(paper_id, held))
    key = f"keep-{paper_id}"
    chosen = st.menu_button(
        _("Keep"),
        list(options),
        key=key,
        icon=":material/bookmark_add:",
        type="tertiary",
        format_func=options.__getitem__,
        on_click=_acted,
        args=(library, paper_id, key),
    )
    if chosen == _NEW:
        _named(library, paper_id)


def _options(paper_id: str, held: Kept) -> Iterable[tuple[str, str]]:
    """(what is done, label) of each line of the menu."""
    if paper_id in held.favourites:
        yield f"out:{FAVOURITES}", f":material/star: {_('Take out of the favourites')}"
    else:
        yield f"in:{FAVOURITES}", f":material/star_outline: {_('Add to favourites')}"
    state = held.states.get(paper_id, "")
    for one, name in reading_state.NAMES.items():
        if one != state:
            yield f"state:{one}", f":material/menu_book: {_(name)}"
    if state:
        yield "state:", f":material/playlist_remove: {_('Take off my reading list')}"
    for name, members in list(held.collections.items())[:_COLLECTIONS]:
        if paper_id in members:
            label = _("Take out of {name}")
            yield f"out:{name}", f":material/folder_off: {label.format(name=plain(name))}"
        else:
            yield f"in:{name}", f":material/folder: {_('Keep in {name}').format(name=plain(name))}"
    yield _NEW, f":material/create_new_folder: {_('New collection …')}"


def _acted(library: Library, paper_id: str, key: str) -> None:
    act(library, paper_id, str(st.session_state[key] or ""))


def act(library: Library, paper_id: str, chosen: str) -> None:
    """Do what was chosen in a paper's menu: `in:NAME`, `out:NAME`, `state:STATE`."""
    kind, _colon, name = chosen.partition(":")
    if kind == "state":
        reading_state.put(library, paper_id, name)
    elif kind == "in":
        told(lambda: collect(library, name, [paper_id]), _("Kept in {name}.").format(name=name))
    elif kind == "out":
        done = _("Taken out of {name}.").format(name=name)
        told(lambda: release(library, name, [paper_id]), done)


def _named(library: Library, paper_id: str) -> None:
    """Ask for the name of a new collection."""
    st.dialog(_("New collection"))(_ask_name)(library, paper_id)


def _ask_name(library: Library, paper_id: str) -> None:
    name = st.text_input(_("Name of the collection"), key=f"name-{paper_id}")
    wanted = st.button(_("Keep"), key=f"put-{paper_id}", type="primary")
    if not wanted or too_long(name, MOST):
        return
    if told(lambda: collect(library, name, [paper_id]), _("Kept in {name}.").format(name=name)):
        st.rerun()
