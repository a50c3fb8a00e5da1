"""A paper's card: what it says, in quotes; where it is filed, and why."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.card import Card, Quote, card
from kb.catalogue import StoredPassage
from kb.catalogue.values import SentenceRow
from kb.errors import UsageError
from kb.library import Library
from kb.pages.parts import acting, collected, page, places, quotes, results, state
from kb.pages.parts.deciding import decide_on
from kb.pages.parts.facets import FAVOURITES
from kb.pages.parts.markup import escaped, link, plain, spans_of
from kb.pages.parts.printed import printed
from kb.pages.parts.tags import chips
from kb.search import related

_RELATED = 6


def draw(library: Library) -> None:
    """The page."""
    wanted = state.one("id")
    if not wanted:
        st.title("Paper", anchor=False)
        st.info("No paper is named in this address.", icon=":material/article:")
        st.page_link(places.PAPERS, label="Look through all papers")
        return
    try:
        number = library.number(wanted)
    except UsageError as error:
        st.title("Paper", anchor=False)
        page.failed(error)
        st.page_link(places.LIBRARY, label="Add it to the library", icon=":material/add:")
        return
    shown = card(library, number)
    _head(library, shown)
    with library.catalogue.read() as reader:
        passages = reader.passages_of([number]).get(number, [])
        sentences = reader.sentences(one.n for one in passages)
    main, side = st.columns([5, 2], gap="large")
    with main:
        _passage(shown, passages, sentences)
        _sayings(shown)
        _abstract(shown)
        _stored(passages, sentences)
        _references(shown)
    with side:
        _filed(library, shown)
        _versions(library, shown)
        _sections(shown)
        _notes(shown)
        _near(library, wanted)


def _head(library: Library, shown: Card) -> None:
    paper = shown.paper
    st.title(plain(paper.title), anchor=False)
    st.html(
        f'<div class="sf-who">{escaped(results.who(paper))} · {results.links_line(paper)}</div>'
    )
    with library.catalogue.read() as reader:
        member = paper.paper_id in reader.collection(FAVOURITES)
    with st.container(horizontal=True, key="paper-acts"):
        st.button(
            "In favourites" if member else "Add to favourites",
            icon=":material/star:" if member else ":material/star_outline:",
            type="primary" if member else "secondary",
            on_click=_favour,
            args=(library, paper.paper_id, not member),
            key="favourite",
        )
        collected.choose(library, paper.paper_id)
        where = f"{results.who(paper)}. {paper.title}. {paper.url}".strip()
        with st.popover("Share", icon=":material/share:"):
            st.caption("This address shows the same card to whoever can reach this app:")
            st.code(st.context.url or "", language=None, wrap_lines=True)
            st.caption("To cite it in a text:")
            st.code(where, language=None, wrap_lines=True)


def _favour(library: Library, paper_id: str, member: bool) -> None:
    with library.catalogue.write(bump=False) as writer:
        writer.set_collected(FAVOURITES, paper_id, member=member, now=library.now())


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
            st.markdown(
                f"The passage {plain(wanted)} is not stored any more: the paper was read again "
                "since. Its present text is below."
            )
            return
        st.markdown(f"**{_where(found)}** :gray[{plain(found.passage_id)}]")
        st.html(_text(found, sentences))
        printed(shown.paper, found, state.one("quote"))
        closed = {"passage": "", "quote": ""}
        st.button("Close", on_click=state.put, args=(closed,), key="close-passage")


def _text(passage: StoredPassage, sentences: Sequence[SentenceRow]) -> str:
    spans = [
        (one.start, one.end, one.label)
        for one in sentences
        if one.passage == passage.n and one.label != "other"
    ]
    return f'<div class="sf-text">{spans_of(passage.text, spans)}</div>'


def _where(passage: StoredPassage) -> str:
    page_number = f", page {passage.page}" if passage.page else ""
    return plain(passage.section or "Body") + page_number


def _sayings(shown: Card) -> None:
    paper = shown.paper
    if paper.digest:
        fields = (
            ("Problem", "problem"),
            ("Contribution", "contribution"),
            ("Finding", "finding"),
            ("Challenge", "challenge"),
            ("Direction", "direction"),
        )
        rows = "".join(
            f"<dt>{name}</dt><dd>{escaped(paper.digest[key])}</dd>"
            for name, key in fields
            if paper.digest.get(key)
        )
        st.html(
            f'<section class="sf-digest-box"><div class="sf-digest">{escaped(quotes.DIGEST)}</div>'
            f"<dl>{rows}</dl></section>"
        )
    # The digest's own sentences stand in its box: they are no quotes of the authors.
    main = [shown.contribution] if shown.contribution else []
    for name, some in (
        ("In short", main),
        ("Findings", shown.findings),
        ("Challenges", shown.challenges),
        ("Directions", shown.directions),
    ):
        _said(name, [one for one in some if one.section != "Digest"], paper.paper_id)


def _said(name: str, some: Sequence[Quote], paper_id: str) -> None:
    if some:
        st.markdown(f"##### {name}")
        for number, one in enumerate(some):
            quotes.quote(one, paper_id, f"{name}-{number}")


def _abstract(shown: Card) -> None:
    paper = shown.paper
    if paper.abstract:
        st.markdown("##### Abstract")
        st.html(f'<p class="sf-text">{escaped(paper.abstract)}</p>')
    else:
        st.caption(
            "The abstract is not stored here. `kb fetch --missing` brings it from arXiv."
            if paper.arxiv_id
            else "The paper gives no abstract."
        )


def _stored(passages: Sequence[StoredPassage], sentences: Sequence[SentenceRow]) -> None:
    many = "passage" if len(passages) == 1 else "passages"
    with st.expander(f"Stored text ({len(passages):,} {many})"):
        st.caption("What is searched and quoted; statements that were recognised are marked.")
        parts = [
            f'<h6 class="sf-place">{escaped(one.section or "Body")}'
            f"{f', p. {one.page}' if one.page else ''}</h6>{_text(one, sentences)}"
            for one in passages
        ]
        st.html("".join(parts))


def _references(shown: Card) -> None:
    if not shown.references:
        return
    with st.expander(f"References ({len(shown.references):,})"):
        items = []
        for one in shown.references:
            arxiv, doi = str(one.get("arxiv_id") or ""), str(one.get("doi") or "")
            url = (
                f"https://arxiv.org/abs/{arxiv}"
                if arxiv
                else f"https://doi.org/{doi}"
                if doi
                else ""
            )
            way = f" {link(url, 'arXiv' if arxiv else 'DOI')}" if url else ""
            items.append(f"<li>{escaped(str(one.get('raw', '')))}{way}</li>")
        st.html(f'<ol class="sf-refs">{"".join(items)}</ol>')


def _filed(library: Library, shown: Card) -> None:
    st.markdown("##### Filed under")
    st.html(chips(library.codebook, shown.paper.tags))
    for facet in library.codebook.facets:
        for tag in (one for one in shown.paper.tags if one.facet == facet.key):
            if tag.key not in facet.keys:
                continue
            who = "a person" if tag.by == "human" else f"the machine, {tag.score:.0%} sure"
            words = "; ".join(f"“{word}”" for word in tag.evidence) or "no single words"
            st.caption(f"{plain(facet.category(tag.key).name)}: by {who}. Evidence: {plain(words)}")
    decide_on(library, shown.paper)
    if shown.keywords:
        st.caption("Keywords of the title: " + plain(", ".join(shown.keywords)))


def _versions(library: Library, shown: Card) -> None:
    """The papers joined to this one, each with a way to take it out again."""
    if shown.versions:
        st.markdown("##### Versions")
    for one in shown.versions:
        url = one.arxiv_id and f"https://arxiv.org/abs/{one.arxiv_id}"
        url = url or (one.doi and f"https://doi.org/{one.doi}")
        way = link(url, one.paper_id) if url else escaped(one.paper_id)
        told = f"{one.year or 'no year'} · joined by {one.by}{f': {one.why}' if one.why else ''}"
        with st.container(key=f"version-{one.merge}", gap=None):
            st.html(
                f'<div>{escaped(one.title)}</div><div class="sf-who">{way} · {escaped(told)}</div>'
            )
            st.button(
                "Not this paper",
                help="Undo: it is a paper of its own again.",
                type="tertiary",
                icon=":material/undo:",
                on_click=acting.take_out,
                args=(library, one.merge),
                key=f"undo-version-{one.merge}",
            )


def _sections(shown: Card) -> None:
    if shown.sections:
        with st.expander(f"Sections ({len(shown.sections):,})"):
            rows = "".join(
                f'<li class="sf-level-{min(max(level, 1), 4)}">{escaped(heading or "(no heading)")}'
                f'<span class="sf-place">{f" p. {number}" if number else ""}</span></li>'
                for heading, level, number in shown.sections
            )
            st.html(f'<ul class="sf-sections">{rows}</ul>')


def _notes(shown: Card) -> None:
    for code, detail in shown.paper.notes:
        # What anybody can see on the page deceives nobody: it is told more softly.
        tell = st.info if code == "prompt_visible" else st.warning
        tell(f"{plain(code)}: {plain(detail)}", icon=":material/info:")


def _near(library: Library, wanted: str) -> None:
    st.markdown("##### Related papers")
    for one in related(library, wanted, limit=_RELATED).hits:
        with st.container(key=f"near-{one.rank}", gap=None):
            results.title(one.paper)
            told = f"{results.who(one.paper)} · likeness {one.why.dense:.2f}"
            st.html(f'<div class="sf-who">{escaped(told)}</div>')


page.show("", draw)
