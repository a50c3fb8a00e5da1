"""kb table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kb.commands.common import Session, command, filter_options, filters_of
from kb.errors import UsageError, unknown
from kb.exporting import chosen
from kb.exports.literature import FORMATS, place, written
from kb.literature_table import TAGS, LiteratureTable, literature_table
from kb.whole_file import write_whole

MOST_UNNAMED = 200
"""Papers of a library that is taken whole where none is named: more are hardly meant."""


@command
@click.argument("papers", nargs=-1)
@filter_options
@click.option("--question", "questions", multiple=True, help="A column of your own; repeatable.")
@click.option("--format", "form", default="", help=", ".join(FORMATS))
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def table_command(
    session: Session,
    papers: tuple[str, ...],
    questions: tuple[str, ...],
    form: str,
    target: Path | None,
    **filters: Any,
) -> None:
    """The literature table: what each paper says of problem, method, data, findings, limits.

    Rows are the papers named by id, or all that pass the filters; with neither, all of a
    library of up to 200. Every cell is a sentence of
    the paper with its page, or empty. --question adds a column: the sentence of each paper
    that answers it, empty where none does.
    """
    if form and form not in FORMATS:
        raise unknown("format", form, FORMATS)
    library = session.open()
    asked = filters_of(library, **filters)
    held = len(library.snapshot().table.n)
    if not papers and not asked and held > MOST_UNNAMED:
        raise UsageError(
            f"which of the {held:,} papers?",
            remedy="name them by id, or --collection NAME, or give a filter",
            code="no_papers",
        )
    table = literature_table(library, chosen(library, asked, papers), questions)
    if target is not None:
        write_whole(target.expanduser(), written(table, form or "json"))
        done = {"file": str(target), "format": form or "json", "papers": len(table.rows)}
        session.emit(done, f"{target}: {len(table.rows)} papers")
    elif form and not session.as_json:
        sys.stdout.buffer.write(written(table, form))
        sys.stdout.buffer.flush()
    else:
        session.emit(table.to_json(), _lines(table))


def _lines(table: LiteratureTable) -> str:
    lines = []
    for row in table.rows:
        lines += [f"{row.paper.paper_id}  {row.paper.title} ({row.paper.year or 'n. d.'})"]
        for column in (one for one in table.columns if one not in TAGS):
            said = row.cells[column]
            lines.append(f"  {column}: " + (f"“{said.quote}” ({place(said)})" if said else "–"))
        for facet in TAGS:
            lines.append(f"  {facet}: {', '.join(row.paper.keys(facet)) or '–'}")
        lines.append("")
    return "\n".join(lines)
