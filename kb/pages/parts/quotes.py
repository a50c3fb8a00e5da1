"""Quotes with their place: every one leads to the passage it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from kb.card import Quote
from kb.catalogue import StoredPaper
from kb.challenges import Challenge
from kb.evidence import Evidence
from kb.library import Library
from kb.pages.parts import places
from kb.pages.parts.markup import escaped, plain, readable, title
from kb.pages.parts.tags import bare_chips
from kb.pages.parts.words import _, later, many
from kb.quotes import unmarked

# Characters of a quote that an address carries, to mark it on its page.
LONGEST = 600

DIGEST = later("Digest in Sixfold's words, not the authors'.")
"""Told wherever a digest is shown; for `_`."""

SECTIONS = {"Abstract": later("Abstract"), "Title": later("Title")}
"""Sections that Sixfold itself names; for `_`."""

STATUS = {
    "open": (
        later("Open"),
        later("No paper here claims to have worked on it since it was first stated."),
    ),
    "addressed": (
        later("Addressed"),
        later("A later paper claims to have worked on it; not that it is solved."),
    ),
    "contested": (
        later("Contested"),
        later("A paper claims to have worked on it, and it was stated again since."),
    ),
}
"""Status of a challenge -> (its name, what it means); for `_`."""


def quote(said: Quote, paper_id: str, key: str) -> None:
    """A quote of a paper whose card is open."""
    with st.container(key=f"said-{key}", gap=None):
        _block(said.quote, said.section, key)
        _way(_place(said.section, said.page), paper_id, said.passage_id, said.quote)


def evidence(
    found: Iterable[Evidence], papers: Mapping[str, StoredPaper], key: str, *, inferred: str = ""
) -> None:
    """Quotes of several papers.

    `inferred` names the measure that put them here, where only Sixfold says they belong.
    """
    for number, one in enumerate(found):
        said = one.statement
        _block(said.quote, said.section, f"{key}-{number}")
        paper = papers.get(said.paper_id)
        name = title(paper.title) if paper else said.paper_id
        year = f", {said.year}" if said.year else ""
        how = f" · {inferred} {one.likeness:.2f}" if inferred else ""
        how += f" · {one.decided}" if one.decided else ""
        label = f"{name}{year} · {_place(said.section, said.page)}{how}"
        _way(label, said.paper_id, said.passage_id, said.quote)


def challenge(
    library: Library,
    one: Challenge,
    papers: Mapping[str, StoredPaper],
    *,
    most: int = 3,
    expanded: bool = False,
    scope: str = "",
) -> None:
    """A challenge with its status, its quotes, the answers to it and its directions.

    `scope`: among which papers the status is, where that is not all that pass the filters.
    """
    label, meaning = (_(text) for text in STATUS[one.status])
    years = f"{one.first_year}–{one.last_year}" if one.first_year else _("no year")
    if one.first_year and one.first_year == one.last_year:
        years = str(one.first_year)
    scoped = f" {escaped(scope)} ·" if scope else ""
    yours = escaped(_("a person's words"))
    whose = f' <span class="sf-you">{yours}</span>' if one.renamed else ""
    with st.container(border=True, key=f"challenge-{one.challenge_id}", gap="xxsmall"):
        st.html(
            f'<div class="sf-challenge">{escaped(readable(unmarked(one.statement)))}{whose}</div>'
            f'<div class="sf-who"><span class="sf-status sf-{escaped(one.status)}" tabindex="0">'
            f'{escaped(label)}<span class="sf-tip" role="tooltip">{escaped(meaning)}</span></span>'
            f"{scoped} {escaped(_supported(len(one.paper_ids), one.papers))} · {years}</div>"
            + bare_chips(
                library.codebook,
                [*(("phase", key) for key in one.phases), *(("layer", key) for key in one.layers)],
            )
        )
        stated = many("Stated in {n} quote", "Stated in {n} quotes", len(one.evidence))
        _part(stated, one.evidence, one, papers, "e", expanded=expanded, most=most)
        if one.answers:
            answers = many(
                "Answered, they say, in {n} quote",
                "Answered, they say, in {n} quotes",
                len(one.answers),
            )
            _part(answers, one.answers, one, papers, "a", expanded=expanded)
        if one.directions:
            directions = many("{n} direction", "{n} directions", len(one.directions))
            _part(directions, one.directions, one, papers, "d", expanded=expanded)


def section_name(section: str, nameless: str = "") -> str:
    """A section's name: translated where it is Sixfold's, as the authors wrote it elsewhere."""
    return _(SECTIONS[section]) if section in SECTIONS else section or nameless


def _supported(papers: int, independent: int) -> str:
    """How many papers state a challenge, as `kb.map_parts.supported` tells it in English."""
    count = many("{n} paper", "{n} papers", papers)
    if independent >= papers:
        return count
    if independent < 2:
        return _("{papers}, with authors in common").format(papers=count)
    told = _("{papers}, {n} of them by different authors")
    return told.format(papers=count, n=f"{independent:,}")


def _part(
    label: str,
    found: tuple[Evidence, ...],
    one: Challenge,
    papers: Mapping[str, StoredPaper],
    letter: str,
    *,
    expanded: bool,
    most: int = 3,
) -> None:
    """Quotes of one kind, folded; all of them on the challenge's own page."""
    with st.expander(label, expanded=expanded and letter != "a", type="compact"):
        shown = found if expanded else found[:most]
        measure = "" if letter == "e" else _("likeness")
        evidence(shown, papers, f"{letter}-{one.challenge_id}", inferred=measure)
        if not expanded:
            more = len(found) - len(shown)
            st.page_link(
                places.CHALLENGES,
                label=many("{n} more, on its own page", "{n} more, on its own page", more)
                if more
                else _("On its own page"),
                icon=":material/arrow_forward:",
                query_params={"challenge": one.challenge_id},
            )


def _block(text: str, section: str, key: str) -> None:
    digest = f'<span class="sf-digest">{escaped(_(DIGEST))}</span>' if section == "Digest" else ""
    st.html(
        f'<blockquote class="sf-quote" id="{escaped(key)}">{escaped(readable(unmarked(text)))}'
        f"{digest}</blockquote>"
    )


def _way(label: str, paper_id: str, passage_id: str, said: str) -> None:
    st.page_link(
        places.PAPER,
        label=f":small[{plain(label)}]",
        query_params={"id": paper_id, "passage": passage_id, "quote": said[:LONGEST]},
    )


def _place(section: str, page: int | None) -> str:
    name = section_name(section, _("body"))
    return _("{section}, p. {page}").format(section=name, page=page) if page else name
