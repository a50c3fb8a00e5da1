"""kb export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kb.commands.common import Session, command, filter_options, filters_of
from kb.errors import UsageError, unknown
from kb.exporting import FOLDER, FORMATS, chosen, export_to, exported


@command
@click.argument("papers", nargs=-1)
@filter_options
@click.option("--format", "form", required=True, help=", ".join(FORMATS))
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def export_command(
    session: Session, papers: tuple[str, ...], form: str, target: Path | None, **filters: Any
) -> None:
    """Write papers (named by id, or all that pass the filters) for other tools.

    BibTeX, RIS, CSL-JSON, CSV and JSON lines are read back by kb add; markdown is a reading
    list, obsidian a folder of linked notes. Text that you write in a note below its marker
    is kept when the notes are written again.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    if target is None and (session.as_json or form == FOLDER):
        why = "obsidian notes are a folder" if form == FOLDER else "--json needs the output"
        raise UsageError(
            f"{why}: no place to write to is named", remedy="name it with -o", code="no_output"
        )
    library = session.open()
    found = chosen(library, filters_of(library, **filters), papers)
    if target is None:
        sys.stdout.buffer.write(exported(library, found, form))
        sys.stdout.buffer.flush()
        return
    target = target.expanduser()
    export_to(library, found, form, target)
    done = {"papers": len(found), "file": str(target), "format": form}
    session.emit(done, f"{target}: {len(found)} papers")
