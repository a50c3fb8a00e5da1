"""Table: papers in rows, what each says of its problem, method, data … in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from kb.card import Quote
from kb.catalogue import Filters, StoredPaper
from kb.errors import UsageError
from kb.exporting import chosen
from kb.exports.literature import place, written
from kb.library import Library
from kb.literature_table import MOST, TAGS, LiteratureTable, Row, literature_table
from kb.pages.parts import facets, page, state
from kb.pages.parts.markup import escaped, plain, readable, title
from kb.pages.parts.quotes import LONGEST
from kb.pages.parts.results import who
from kb.pages.parts.tags import names
from kb.pages.parts.words import _, in_address, later, many

_PAGE = 20
_DOWNLOADS = (("CSV", "csv", "text/csv"), ("Markdown", "markdown", "text/markdown"))
_ENDINGS = {"csv": "csv", "markdown": "md"}

# Columns to begin with, asked in English, as the papers are written.
_COLUMNS = (
    "Which models are compared?",
    "Which benchmarks are used?",
    "How many developers took part?",
)
_EXAMPLES = 3

_HEADS = {
    "paper": later("paper"),
    "problem": later("problem"),
    "method": later("method"),
    "data": later("data"),
    "findings": later("findings"),
    "limitations": later("limitations"),
    "future_work": later("future work"),
    "phase": later("phase"),
    "layer": later("layer"),
}


def draw(library: Library) -> None:
    """The page."""
    filters, passing = facets.sidebar(library)
    questions = _questions()
    if not passing:
        st.info(_("No paper passes these filters: take one away."), icon=":material/search_off:")
        return
    if passing > MOST:
        told = _(
            "{n} papers pass, and a table takes {most}. Narrow them down at the left: by a "
            "collection, a phase, a layer, years."
        )
        st.info(told.format(n=f"{passing:,}", most=MOST), icon=":material/filter_alt:")
        _narrower(library)
        return
    pages = -(-passing // _PAGE)
    at = state.number("page", 1, low=1, high=pages)
    generation = library.snapshot().generation
    try:
        # Not kept: a collection changes without the generation changing.
        papers = chosen(library, filters)[(at - 1) * _PAGE : at * _PAGE]
        ids = tuple(paper.paper_id for paper in papers)
        table = _table(library, papers, str(library.folder), generation, ids, questions)
    except UsageError as error:
        page.failed(error)
        return
    _head(library, filters, questions, passing)
    _shown(library, table)
    if pages > 1:
        state.pages(pages)


def _narrower(library: Library) -> None:
    """Three cells of the map that fit a table, the fullest ones, each a click away."""
    has = library.snapshot().table.has_tags
    book = library.codebook
    if not {"phase", "layer"} <= set(book.keys):
        return
    sizes = {
        (phase, layer): int((has["phase", phase] & has["layer", layer]).sum())
        for phase in book.facet("phase").keys
        for layer in book.facet("layer").keys
        if ("phase", phase) in has and ("layer", layer) in has
    }
    fit = sorted((-size, cell) for cell, size in sizes.items() if 0 < size <= MOST)
    with st.container(key="narrower", gap="xxsmall"):
        if fit:
            st.caption(_("For example:"))
        for size, (phase, layer) in fit[:_EXAMPLES]:
            cell = (
                _(book.facet("phase").category(phase).name),
                _(book.facet("layer").category(layer).name),
            )
            papers = many("{n} paper", "{n} papers", -size)
            st.button(
                plain(f"{cell[0]} · {cell[1]} ({papers})"),
                type="tertiary",
                on_click=state.put,
                args=({"phase": phase, "layer": layer},),
                kwargs={"forget": ("page",)},
                key=f"try-{phase}-{layer}",
            )


def _asked_for(question: str) -> None:
    state.put({"columns": "\n".join([*state.one("columns").splitlines(), question])})


def _questions() -> tuple[str, ...]:
    """The reader's own columns, one a line; they live in the address."""
    key, changed = state.bound("columns", forget=("page",))
    text = st.text_area(
        _("Columns of your own"),
        key=key,
        on_change=changed,
        height=68,
        placeholder=_("one question a line, e.g. Which models are compared?"),
        help=_("The sentence of each paper that answers it; empty where none surely does."),
    )
    if not str(text).strip():
        with st.container(horizontal=True, vertical_alignment="center", key="column-examples"):
            st.caption(_("For example:"), width="content")
            for question in _COLUMNS:
                st.button(
                    plain(question),
                    type="tertiary",
                    on_click=_asked_for,
                    args=(question,),
                    key=f"try-{question}",
                )
    lines = (" ".join(line.split()) for line in str(text).splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


@st.cache_data(max_entries=32, show_spinner="…")
def _table(
    _library: Library,
    _papers: Sequence[StoredPaper],
    folder: str,  # noqa: ARG001 - tells libraries apart in the cache
    generation: int,  # noqa: ARG001 - the library as it was
    ids: tuple[str, ...],  # noqa: ARG001 - of the papers
    questions: tuple[str, ...],
) -> LiteratureTable:
    """One page of the table: what is not shown is not asked."""
    return literature_table(_library, _papers, questions)


def _file(library: Library, filters: Filters, questions: tuple[str, ...], form: str) -> bytes:
    """The whole table, made when it is asked for."""
    return written(literature_table(library, chosen(library, filters), questions), form)


def _head(library: Library, filters: Filters, questions: tuple[str, ...], passing: int) -> None:
    told, *places = st.columns([4, 1, 1], vertical_alignment="center")
    said = _(
        "{papers}. Each cell is a sentence of the paper, chosen by Sixfold, none of them twice; "
        "empty where no other surely fits."
    )
    told.caption(said.format(papers=many("{n} paper", "{n} papers", passing)))
    for column, (label, form, mime) in zip(places, _DOWNLOADS, strict=True):
        column.download_button(
            label,
            partial(_file, library, filters, questions, form),
            file_name=f"literature-table.{_ENDINGS[form]}",
            mime=mime,
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"table-{form}",
        )


def _shown(library: Library, table: LiteratureTable) -> None:
    called = names(library.codebook)
    spare = [
        one
        for one in table.columns
        if one not in TAGS and not any(r.cells[one] for r in table.rows)
    ]
    heads = "".join(
        f'<th scope="col"{_width(one, spare)}>{escaped(_(_HEADS.get(one, one)))}</th>'
        for one in ("paper", *table.columns)
    )
    body = "".join(_row(table, row, called, spare) for row in table.rows)
    st.html(
        '<div class="sf-table" tabindex="0" role="region" '
        f'aria-label="{escaped(_("Literature table"))}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _width(column: str, spare: Sequence[str]) -> str:
    """A column with nothing to say on this page leaves its room to the others."""
    return ' class="sf-spare"' if column in spare else ""


def _row(
    table: LiteratureTable,
    row: Row,
    called: Mapping[str, Mapping[str, str]],
    spare: Sequence[str],
) -> str:
    paper = row.paper
    link = f"paper?{urlencode({'id': paper.paper_id} | in_address())}"
    head = (
        f'<th scope="row"><a href="{escaped(link)}" target="_self">'
        f"{escaped(title(paper.title))}</a>"
        f'<div class="sf-who">{escaped(who(paper))}</div></th>'
    )
    cells = (
        (column, escaped(", ".join(called[column].get(key, key) for key in paper.keys(column))))
        if column in TAGS
        else (column, _cell(row, row.cells[column]))
        for column in table.columns
    )
    told = "".join(f"<td{_width(column, spare)}>{cell}</td>" for column, cell in cells)
    return f"<tr>{head}{told}</tr>"


def _cell(row: Row, said: Quote | None) -> str:
    """A quote that opens where it stands; nothing where the cell is empty."""
    if said is None:
        return '<span class="sf-none">–</span>'
    target = {
        "id": row.paper.paper_id,
        "passage": said.passage_id,
        "quote": said.quote[:LONGEST],
    } | in_address()
    return (
        f"“{escaped(readable(said.quote))}” "
        f'<a class="sf-place" href="{escaped(f"paper?{urlencode(target)}")}" target="_self">'
        f"{escaped(place(said))}</a>"
    )


page.show(later("Table"), draw)
