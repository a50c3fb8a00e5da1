"""What goes with a picture: its files, made when asked for, and the table behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from kb.catalogue import Filters
from kb.exports.charts import About
from kb.exports.numbers import numbers
from kb.exports.painting import Picture, png, svg
from kb.exports.report import told
from kb.library import Library
from kb.mapping import versions
from kb.pages.parts import facets, words
from kb.pages.parts.markup import escaped
from kb.pages.parts.words import _

Row = Sequence[str | float]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a table; what it counts is one click away where `link` is an address."""

    value: str | float
    link: str = ""


def about(library: Library, title: str, filters: Filters, *notes: str, papers: int) -> About:
    """A picture's title, what it counts, and its manifest: all that tells where it is from."""
    generation = library.snapshot().generation
    asked = told({"filters": filters.to_json()}) if filters else ""
    counted = f"{papers:,} papers" + (f" ({asked})" if asked else "")
    held = {
        "title": title,
        "papers": papers,
        "filters": filters.to_json(),
        "generation": generation,
        "versions": versions(library),
    }
    manifest = json.dumps(held, ensure_ascii=True, sort_keys=True)
    return About(title, (*notes, f"{counted}; library generation {generation}."), manifest)


def downloads(
    name: str,
    picture: Callable[[], Picture],
    columns: Sequence[str],
    rows: Sequence[Row],
    key: str = "",
) -> None:
    """Buttons for a picture as SVG and PNG, and for its table as CSV; `name` is theirs.

    `key` tells the same picture at several places of a page apart.
    """
    files: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        ("SVG", "image/svg+xml", lambda: svg(picture())),
        ("PNG", "image/png", lambda: png(picture())),
        ("CSV", "text/csv", lambda: numbers(columns, rows)),
    )
    with st.container(horizontal=True, key=f"files-{name}{key}"):
        for form, mime, make in files:
            st.download_button(
                form,
                make,  # made when asked for
                file_name=f"sixfold-{name}.{form.lower()}",
                mime=mime,
                icon=":material/download:",
                key=f"get-{name}{key}-{form.lower()}",
                on_click="ignore",
                help=_("The picture's numbers") if form == "CSV" else _("Fit for a paper"),
            )


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    """A table whose rows begin with their names; it scrolls sideways where it must."""
    heads = "".join(f'<th scope="col">{escaped(one)}</th>' for one in columns)
    body = "".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>'
        + "".join(f"<td>{_cell(one)}</td>" for one in row[1:])
        + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="sf-table sf-numbers" tabindex="0" role="region" '
        f'aria-label="{escaped(caption)}"><table><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def papers_of(filters: Filters | None, page: str = "papers") -> str:
    """The address of the papers (or challenges) that pass; "" where no filter can name them."""
    if filters is None:
        return ""
    given: Mapping[str, str | list[str]] = {**facets.params(filters), **words.in_address()}
    return f"{page}?{urlencode(given, doseq=True)}"


def _cell(one: str | Cell) -> str:
    if isinstance(one, str):
        return escaped(one)
    shown = one.value if isinstance(one.value, str) else f"{one.value:,}"
    if not one.link or not one.value:
        return escaped(shown)
    return f'<a href="{escaped(one.link)}" target="_self">{escaped(shown)}</a>'
