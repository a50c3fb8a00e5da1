"""The literature table as a spreadsheet, Markdown or LaTeX; every quote with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

from ingest.spreadsheet import guarded
from kb.card import Quote
from kb.errors import unknown
from kb.exports.latex import escaped as tex
from kb.exports.report import escaped
from kb.literature_table import TAGS, LiteratureTable, Row
from kb.quotes import exportable, legible
from kb.shown import visible_json

_FACTS = ("paper_id", "title", "authors", "year")


def as_json(table: LiteratureTable) -> bytes:
    """One JSON document, with a page and a passage id for every quote."""
    return (visible_json(table.to_json(), indent=1) + "\n").encode()


def as_csv(table: LiteratureTable) -> bytes:
    """One row a paper; beside each quote its page, section and passage id.

    UTF-8 with a byte order mark, CRLF lines. A text that a spreadsheet would run gets an
    apostrophe in front.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guarded(legible(name)) for name in (*_FACTS, *_heads(table))])
    for row in table.rows:
        paper = row.paper
        values = [paper.paper_id, paper.title, "; ".join(paper.authors), str(paper.year or "")]
        for column in table.columns:
            if column in TAGS:
                values.append("; ".join(paper.keys(column)))
            else:
                values += _told(row.cells[column])
        writer.writerow([guarded(legible(value)) for value in values])
    return b"\xef\xbb\xbf" + held.getvalue().encode(errors="backslashreplace")


def _heads(table: LiteratureTable) -> list[str]:
    heads: list[str] = []
    for column in table.columns:
        parts = () if column in TAGS else ("page", "section", "passage_id")
        heads += [column, *(f"{column} ({part})" for part in parts)]
    return heads


def _told(said: Quote | None) -> list[str]:
    if said is None:
        return ["", "", "", ""]
    return [exportable(said.quote), str(said.page or ""), said.section, said.passage_id]


def as_markdown(table: LiteratureTable) -> bytes:
    """One table; a cell is a quote with section and page, or empty."""
    heads = ["Paper", *(_named(column) for column in table.columns)]
    lines = [
        "| " + " | ".join(escaped(one) for one in heads) + " |",
        "|" + " --- |" * len(heads),
    ]
    for row in table.rows:
        cells = [escaped(_shown(row, column)) for column in table.columns]
        lines.append("| " + " | ".join([_paper(row), *cells]) + " |")
    return ("\n".join(lines) + "\n").encode(errors="backslashreplace")


def _named(column: str) -> str:
    return column.capitalize() if column.islower() and " " not in column else column


def _paper(row: Row) -> str:
    paper = row.paper
    return f"{escaped(paper.title)} ({paper.year or 'n. d.'}), {escaped(paper.paper_id)}"


def place(said: Quote) -> str:
    """Section and page of a quote, e.g. `Results, p. 7`."""
    return (said.section or "body") + (f", p. {said.page}" if said.page else "")


def as_latex(table: LiteratureTable) -> bytes:
    """A table for `longtable` and `booktabs`, on a page of its own turn (`pdflscape`)."""
    columns = [one for one in table.columns if any(_shown(row, one) for row in table.rows)]
    width = f"p{{{0.96 / (len(columns) + 1):.3f}\\linewidth}}"
    heads = " & ".join(tex(one) for one in ("Paper", *map(_named, columns)))
    lines = [
        "% Needs \\usepackage[T1]{fontenc}, \\usepackage{booktabs}, \\usepackage{longtable},",
        "% \\usepackage{pdflscape}; XeLaTeX or LuaLaTeX where titles are not in Latin letters.",
        "\\begin{landscape}\\footnotesize",
        f"\\begin{{longtable}}{{{width * (len(columns) + 1)}}}",
        f"\\caption{{{len(table.rows)} papers in their own words.}} \\\\",
        f"\\toprule\n{heads} \\\\\n\\midrule\n\\endhead",
    ]
    for row in table.rows:
        cells = [tex(f"{row.paper.title} ({row.paper.year or 'n. d.'})")]
        cells += [tex(_shown(row, column)) for column in columns]
        lines.append(" & ".join(cells) + " \\\\")
    lines += ["\\bottomrule", "\\end{longtable}", "\\end{landscape}"]
    return ("\n".join(lines) + "\n").encode(errors="backslashreplace")


def _shown(row: Row, column: str) -> str:
    if column in TAGS:
        return ", ".join(row.paper.keys(column))
    said = row.cells[column]
    return f"“{exportable(said.quote)}” ({place(said)})" if said else ""


_WRITERS: Mapping[str, Callable[[LiteratureTable], bytes]] = {
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}
FORMATS = tuple(_WRITERS)
"""Names of the formats, as the command line takes them."""


def written(table: LiteratureTable, form: str) -> bytes:
    """The table as a file of the format `form`. Raises UsageError for an unknown one."""
    if form not in _WRITERS:
        raise unknown("format", form, FORMATS)
    return _WRITERS[form](table)
