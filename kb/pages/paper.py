"""A paper's card: what it says, in quotes; where it is filed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from kb.card import Card, Quote, card
from kb.catalogue import StoredPaper, StoredPassage
from kb.catalogue.values import SentenceRow
from kb.errors import UsageError
from kb.library import Library
from kb.pages.parts import (
    abstracts,
    acting,
    collected,
    page,
    person,
    places,
    quotes,
    reading_state,
    results,
    state,
)
from kb.pages.parts.cites import cites
from kb.pages.parts.deciding import decide_on
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.filed import filed
from kb.pages.parts.hygiene import hygiene
from kb.pages.parts.markup import escaped, link, plain, readable, title, with_quotes
from kb.pages.parts.notes import notes
from kb.pages.parts.page_view import page_view
from kb.pages.parts.printed import printed
from kb.pages.parts.reader import reader, text
from kb.pages.parts.words import _
from kb.quoted_page import within
from kb.search import related

_RELATED = 6
_CITED = 4
"""Authors named in a reference; the others are "et al."."""


def draw(library: Library) -> None:
    """The page."""
    wanted = state.one("id")
    if not wanted:
        st.title(_("Paper"), anchor=False)
        st.info(_("No paper is named in this address."), icon=":material/article:")
        st.page_link(places.PAPERS, label=_("Look through all papers"))
        return
    try:
        number = library.number(wanted)
    except UsageError as error:
        st.title(_("Paper"), anchor=False)
        page.failed(error)
        st.page_link(places.LIBRARY, label=_("Add it to the library"), icon=":material/add:")
        return
    shown = card(library, number)
    _head(library, shown)
    with library.catalogue.read() as reading:
        passages = reading.passages_of([number]).get(number, [])
        sentences = reading.sentences(one.n for one in passages)
    main, side = st.columns([5, 2], gap="large")
    _arrive(wanted)
    with side:  # before the main column, which may have a page to paint
        _filed(library, shown)
        hygiene(shown.paper)
        _versions(library, shown)
        _near(library, wanted)
    with main:
        _passage(shown, passages, sentences)
        _sayings(shown)
        _abstract(shown, read_only=library.catalogue.read_only)
        reader(shown, passages, sentences)
        page_view(shown.paper, passages, sentences)
        cites(library, shown)
        notes(library, shown.paper.paper_id)


def _arrive(wanted: str) -> None:
    """Bring into sight what the address names besides the paper, once for each such address."""
    places_of = (("passage", "passage"), ("section", "reader-"), ("page", "pages-"))
    named = next(((name, key) for name, key in places_of if state.one(name)), None)
    passage = state.one("passage")
    last, st.session_state["arrived"] = st.session_state.get("arrived"), (wanted, passage)
    if named and last != (wanted, passage):
        st.html(
            f"<script>setTimeout(() => document.querySelector('[class*=st-key-{named[1]}]')"
            "?.scrollIntoView({block: 'start'}), 400)</script>",
            unsafe_allow_javascript=True,
        )


def _head(library: Library, shown: Card) -> None:
    paper = shown.paper
    st.title(plain(title(paper.title)), anchor=False)
    st.html(
        f'<div class="sf-who">{escaped(results.who(paper))} · {results.links_line(paper)}</div>'
    )
    with st.container(horizontal=True, vertical_alignment="center", key="paper-acts"):
        reading_state.control(library, paper.paper_id)
        if not library.catalogue.read_only:
            _favourite(library, paper.paper_id)
            collected.choose(library, paper.paper_id)
        with st.popover(_("Share"), icon=":material/share:"):
            st.caption(_("This address shows the same card to whoever can reach this app:"))
            # Streamlit's own address lacks the id where a link of another page led here.
            here = (st.context.url or "").partition("?")[0]
            address = f"{here}?{urlencode({'id': paper.paper_id})}"
            st.code(address, language=None, wrap_lines=True)
            st.caption(_("To cite it in a text:"))
            st.code(_reference(paper), language=None, wrap_lines=True)


def _reference(paper: StoredPaper) -> str:
    """The paper as a text refers to it: English, in whatever language the page is."""
    some = ", ".join(paper.authors[:_CITED]) + (" et al." if len(paper.authors) > _CITED else "")
    parts = (f"{some} ({paper.year or 'n.d.'})".strip(), title(paper.title).rstrip("."), paper.url)
    return ". ".join(part for part in parts if part)


def _favourite(library: Library, paper_id: str) -> None:
    with library.catalogue.read() as reading:
        member = paper_id in reading.collection(FAVOURITES)
    st.button(
        _("In favourites") if member else _("Add to favourites"),
        icon=":material/star:" if member else ":material/star_outline:",
        type="primary" if member else "secondary",
        on_click=acting.favour,
        args=(library, paper_id),
        kwargs={"member": not member},
        help=_("Favourites belong to the library: everybody who uses it sees them.")
        if person.by_proxy()
        else None,
        key="favourite",
    )


def _passage(
    shown: Card, passages: Sequence[StoredPassage], sentences: Sequence[SentenceRow]
) -> None:
    """The passage that the address names, with what is stated in it marked, and its page."""
    wanted = state.one("passage")
    if not wanted:
        return
    found = next((one for one in passages if one.passage_id == wanted), None)
    with st.container(border=True, key="passage"):
        if found is None:
            told = _(
                "The passage {passage} is not stored any more: the paper was read again "
                "since. Its present text is below."
            )
            st.markdown(told.format(passage=plain(wanted)))
            return
        st.markdown(f"**{_where(found)}** :gray[{plain(found.passage_id)}]")
        quote = state.one("quote")
        # What one came for, alone: among all that is stated there it would be lost.
        cited = within(quote, found) and with_quotes(found.text, [quote])
        st.html(f'<div class="sf-text">{cited}</div>' if cited else text(found, sentences))
        printed(shown.paper, found, quote)
        closed = {"passage": "", "quote": ""}
        st.button(_("Close"), on_click=state.put, args=(closed,), key="close-passage")


def _where(passage: StoredPassage) -> str:
    section = plain(quotes.section_name(passage.section, _("Body")))
    if not passage.page:
        return section
    return _("{section}, page {page}").format(section=section, page=passage.page)


def _sayings(shown: Card) -> None:
    paper = shown.paper
    if paper.digest:
        fields = (
            (_("Problem"), "problem"),
            (_("Contribution"), "contribution"),
            (_("Finding"), "finding"),
            (_("Challenge"), "challenge"),
            (_("Direction"), "direction"),
        )
        rows = "".join(
            f"<dt>{escaped(name)}</dt><dd>{escaped(paper.digest[key])}</dd>"
            for name, key in fields
            if paper.digest.get(key)
        )
        st.html(
            '<section class="sf-digest-box"><div class="sf-digest">'
            f"{escaped(_(quotes.DIGEST))}</div><dl>{rows}</dl></section>"
        )
    # The digest's own sentences stand in its box: they are no quotes of the authors.
    main = [shown.contribution] if shown.contribution else []
    for name, key, some in (
        (_("In short"), "short", main),
        (_("Findings"), "finding", shown.findings),
        (_("Challenges"), "challenge", shown.challenges),
        (_("Directions"), "direction", shown.directions),
    ):
        _said(name, key, [one for one in some if one.section != "Digest"], paper.paper_id)


def _said(name: str, key: str, some: Sequence[Quote], paper_id: str) -> None:
    if some:
        st.markdown(f"## {name}")
        for number, one in enumerate(some):
            quotes.quote(one, paper_id, f"{key}-{number}")


def _abstract(shown: Card, *, read_only: bool) -> None:
    paper = shown.paper
    if paper.abstract:
        st.markdown(f"## {_('Abstract')}")
        st.html(f'<p class="sf-text">{escaped(readable(paper.abstract))}</p>')
    elif not paper.arxiv_id:
        st.caption(_("The paper gives no abstract."))
    else:
        st.caption(_("The abstract is not stored here. `kb fetch --missing` brings it from arXiv."))
        if not read_only:
            st.page_link(places.LIBRARY, label=_(abstracts.FETCH), icon=":material/download:")


def _filed(library: Library, shown: Card) -> None:
    st.markdown(f"## {_('Filed under')}")
    filed(library, shown.paper)
    decide_on(library, shown.paper)
    if shown.keywords:
        words = plain(", ".join(shown.keywords))
        st.caption(_("Keywords of the title: {words}").format(words=words))


def _versions(library: Library, shown: Card) -> None:
    """The papers joined to this one, each with a way to take it out again."""
    if shown.versions:
        st.markdown(f"## {_('Versions')}")
    for one in shown.versions:
        url = one.arxiv_id and f"https://arxiv.org/abs/{one.arxiv_id}"
        url = url or (one.doi and f"https://doi.org/{one.doi}")
        way = link(url, one.paper_id) if url else escaped(one.paper_id)
        joined = _("joined by {who}").format(who=one.by)
        told = f"{one.year or _('no year')} · {joined}{f': {one.why}' if one.why else ''}"
        with st.container(key=f"version-{one.merge}", gap=None):
            st.html(
                f"<div>{escaped(title(one.title))}</div>"
                f'<div class="sf-who">{way} · {escaped(told)}</div>'
            )
            if library.catalogue.read_only:
                continue
            st.button(
                _("Not this paper"),
                help=_("Undo: it is a paper of its own again."),
                type="tertiary",
                icon=":material/undo:",
                on_click=acting.take_out,
                args=(library, one.merge),
                key=f"undo-version-{one.merge}",
            )


def _near(library: Library, wanted: str) -> None:
    found = related(library, wanted, limit=_RELATED).hits
    if found:
        st.markdown(f"## {_('Related papers')}")
    for one in found:
        with st.container(key=f"near-{one.rank}", gap=None):
            results.title(one.paper)
            likeness = _("likeness {value}").format(value=f"{one.why.dense:.2f}")
            told = f"{results.who(one.paper)} · {likeness}"
            st.html(f'<div class="sf-who">{escaped(told)}</div>')


page.show("", draw)
