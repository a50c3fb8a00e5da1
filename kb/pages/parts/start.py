"""The start of Search: examples to try, what is new, and the searches that are kept."""

from __future__ import annotations

import streamlit as st

from kb.catalogue import Filters
from kb.library import Library
from kb.pages.parts import facets, keeping, my_filters, places, results, saved, state
from kb.pages.parts.words import _, later, many

EXAMPLES = (
    "hallucination in generated code",
    "requirements for LLM-based systems",
    "test generation with execution feedback",
)
"""Questions to try; papers are in English, and so are these."""

_NEW = 5

_SYNTAX = later(
    'Narrower: `"an exact phrase"`, `-without`, `title:agents`, {author}'
    "`year:2023..2025`, `phase:testing`, `category:cs.SE`"
)


def draw(library: Library, filters: Filters, passing: int) -> None:
    """What stands below an empty box. Takes: passing, how many papers pass the filters."""
    st.markdown(_("Ask by meaning or by exact words. For example:"))
    with st.container(horizontal=True, key="examples"):
        for example in EXAMPLES:
            st.button(example, on_click=state.put, args=({"q": example},), key=f"try-{example}")
    author = library.snapshot().columns.most_frequent_author
    st.caption(_(_SYNTAX).format(author=f"`author:{author}`, " if author else ""))
    st.caption(_("Keys: `/` goes to the box, `↑` `↓` from paper to paper, `Enter` opens."))
    saved.listed(library)
    _new(library)
    label = (
        many(
            "Look through the {n} paper that passes the filters",
            "Look through all {n} papers that pass the filters",
            passing,
        )
        if filters or my_filters.numbers(library) is not None
        else many("Look through the {n} paper", "Look through all {n} papers", passing)
    )
    st.page_link(
        places.PAPERS,
        label=label,
        icon=":material/arrow_forward:",
        query_params={**facets.params(filters), **my_filters.params()},
    )


def _new(library: Library) -> None:
    """Papers added since the last visit, the last one first."""
    numbers = my_filters.new_papers(library)[::-1].tolist()
    if not numbers:
        return
    told = many(
        "{n} paper is new since your last visit",
        "{n} papers are new since your last visit",
        len(numbers),
    )
    st.markdown(f"## {told}")
    kept = keeping.kept(library)
    with library.catalogue.read() as reader:
        papers = reader.papers(numbers[:_NEW])
    for number in numbers[:_NEW]:
        if number in papers:
            results.row(library, papers[number], kept=kept)
    if len(numbers) > _NEW:
        st.page_link(
            places.PAPERS,
            label=many("See {n} new paper", "See all {n} new papers", len(numbers)),
            icon=":material/arrow_forward:",
            query_params={"new": "1", "order": "added"},
        )
