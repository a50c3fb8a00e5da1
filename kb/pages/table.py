"""Table: papers in rows, what each says of its problem, method, data … in columns."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

import streamlit as st

from kb.card import Quote
from kb.catalogue import Filters
from kb.errors import UsageError
from kb.exporting import chosen
from kb.exports.literature import place, written
from kb.library import Library
from kb.literature_table import TAGS, LiteratureTable, Row, literature_table
from kb.pages.parts import facets, page, state
from kb.pages.parts.markup import escaped
from kb.pages.parts.quotes import LONGEST
from kb.pages.parts.results import who

_MOST = 200
_PAGE = 20
_DOWNLOADS = (("CSV", "csv", "text/csv"), ("Markdown", "markdown", "text/markdown"))
_ENDINGS = {"csv": "csv", "markdown": "md"}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    questions = _questions()
    if not passing:
        st.info("No paper passes these filters: take one away.", icon=":material/search_off:")
        return
    if passing > _MOST:
        st.info(
            f"{passing:,} papers pass, and a table takes {_MOST}. Narrow them down at the left: "
            "by a collection, a phase, a layer, years.",
            icon=":material/filter_alt:",
        )
        return
    generation = library.snapshot().generation
    try:
        table = _table(library, str(library.folder), generation, filters, questions)
    except UsageError as error:
        page.failed(error)
        return
    _head(table)
    pages = -(-len(table.rows) // _PAGE)
    at = state.number("page", 1, low=1, high=pages)
    _shown(table, table.rows[(at - 1) * _PAGE : at * _PAGE])
    if pages > 1:
        state.pages(pages)


def _questions() -> tuple[str, ...]:
    """The reader's own columns, one a line; they live in the address."""
    key, changed = state.bound("columns", forget=("page",))
    text = st.text_area(
        "Columns of your own",
        key=key,
        on_change=changed,
        height=68,
        placeholder="one question a line, e.g. Which models are compared?",
        help="The sentence of each paper that answers it; empty where none surely does.",
    )
    lines = (" ".join(line.split()) for line in str(text).splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


@st.cache_data(max_entries=8, show_spinner="Reading the papers …")
def _table(
    _library: Library,
    folder: str,  # noqa: ARG001 - tells libraries apart in the cache
    generation: int,  # noqa: ARG001 - the library as it was
    filters: Filters,
    questions: tuple[str, ...],
) -> LiteratureTable:
    return literature_table(_library, chosen(_library, filters), questions)


def _head(table: LiteratureTable) -> None:
    filled = sum(said is not None for row in table.rows for said in row.cells.values())
    every = sum(len(row.cells) for row in table.rows)
    told, *places = st.columns([4, 1, 1], vertical_alignment="center")
    told.caption(
        f"{len(table.rows):,} papers; {filled:,} of {every:,} cells filled. Each is a sentence of "
        "the paper, chosen by Sixfold; empty where no sentence surely fits."
    )
    for column, (label, form, mime) in zip(places, _DOWNLOADS, strict=True):
        column.download_button(
            label,
            partial(written, table, form),
            file_name=f"literature-table.{_ENDINGS[form]}",
            mime=mime,
            icon=":material/download:",
            width="stretch",
            key=f"table-{form}",
        )


def _shown(table: LiteratureTable, rows: tuple[Row, ...]) -> None:
    heads = "".join(f'<th scope="col">{escaped(one)}</th>' for one in ("paper", *table.columns))
    body = "".join(_row(table, row) for row in rows)
    st.html(
        '<div class="sf-table" tabindex="0" role="region" aria-label="Literature table">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(table: LiteratureTable, row: Row) -> str:
    paper = row.paper
    link = f"paper?{urlencode({'id': paper.paper_id})}"
    head = (
        f'<th scope="row"><a href="{escaped(link)}" target="_self">{escaped(paper.title)}</a>'
        f'<div class="sf-who">{escaped(who(paper))}</div></th>'
    )
    cells = (
        escaped(", ".join(paper.keys(column))) if column in TAGS else _cell(row, row.cells[column])
        for column in table.columns
    )
    return f"<tr>{head}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(row: Row, said: Quote | None) -> str:
    """A quote that opens where it stands; nothing where the cell is empty."""
    if said is None:
        return '<span class="sf-none">–</span>'
    target = {
        "id": row.paper.paper_id,
        "passage": said.passage_id,
        "quote": said.quote[:LONGEST],
    }
    return (
        f"“{escaped(said.quote)}” "
        f'<a class="sf-place" href="{escaped(f"paper?{urlencode(target)}")}" target="_self">'
        f"{escaped(place(said))}</a>"
    )


page.show("Table", draw)
