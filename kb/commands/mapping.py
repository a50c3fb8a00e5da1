"""kb challenges, map, verify."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from kb import mapping
from kb.challenges import Challenge, to_json
from kb.codebooks import edition_at
from kb.commands.common import Session, command, filter_options, filters_of
from kb.errors import ItemsFailed, UsageError, unknown
from kb.exports import FORMATS, export
from kb.exports.reading import quoted_edges
from kb.verify import verify

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


@command
@filter_options
@click.option("-n", "limit", type=click.IntRange(1), default=None, help="How many (else all).")
def challenges_command(session: Session, limit: int | None, **filters: Any) -> None:
    """Challenges that papers state, with their evidence."""
    library = session.open()
    found = mapping.challenges(library, filters_of(library, **filters))
    shown = found[:limit]
    session.emit(
        {"total": len(found), "challenges": [to_json(one) for one in shown]}, _lines(found, shown)
    )


@command
@filter_options
@click.option("--rows", default="phase", help="A facet, year or category.")
@click.option("--columns", default="layer", help="A facet, year or category.")
@click.option("--since", metavar="DATE", default="", help="Papers published since then.")
@click.option("--taxonomy", type=int, metavar="N", help="By version N of the codebook.")
@click.option("--format", "form", default="json", help=", ".join(FORMATS))
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def map_command(
    session: Session,
    rows: str,
    columns: str,
    since: str,
    taxonomy: int | None,
    form: str,
    target: Path | None,
    **filters: Any,
) -> None:
    """The map of phases, layers, challenges and directions, in a format of your choice."""
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    if since and not _DATE.fullmatch(since):
        raise UsageError(f"not a date: {since}", item=since, remedy="give YYYY-MM-DD or YYYY")
    library = session.open()
    edition = library.edition if taxonomy is None else edition_at(library, taxonomy)
    asked = filters_of(library, edition, **filters)
    chart = mapping.challenge_map(
        library, asked, rows=rows, columns=columns, since=since, version=taxonomy
    )
    papers = mapping.mapped(library, taxonomy).papers
    facts = {key: mapping.paper_facts(paper) for key, paper in papers.items()}
    content = export(chart, form, facts)
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)
    done = {
        "file": str(target),
        "format": form,
        "nodes": len(chart.nodes),
        "edges": len(chart.edges),
    }
    session.emit(done, f"{target}: {len(chart.nodes)} nodes, {len(chart.edges)} edges")


@command
@click.argument("file", type=click.Path(path_type=Path))
def verify_command(session: Session, file: Path) -> None:
    """Re-check every quote of an exported map against the stored text."""
    library = session.open()
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {file}", item=str(file)) from error

    try:
        wanted = {edge.passage_id for edge in quoted_edges(content)}
        with library.catalogue.read() as reader:
            held = reader.passages(reader.passage_numbers(wanted).values())
        texts = {one.passage_id: one.text for one in held.values()}
        checked = verify(content, texts.get)
    except ValueError as error:
        raise ItemsFailed(
            f"{file} is no map that can be verified: {error}",
            item=str(file),
            remedy="give a map exported as json, graphml, gexf, csv, cytoscape, markdown or html",
        ) from error
    facts = checked.to_json()
    session.emit(facts, f"{facts['verified']} of {facts['edges']} quotes stand in the stored text")
    if facts["failed"]:
        raise click.exceptions.Exit(1)


def _lines(found: tuple[Challenge, ...], shown: tuple[Challenge, ...]) -> str:
    if not found:
        return "No challenge is stated by the papers that pass the filters."
    lines = [f"{len(found)} challenges\n"]
    for one in shown[:50]:
        years = f"{one.first_year or '?'}–{one.last_year or '?'}"
        lines += [
            f"{one.challenge_id} · {one.status} · {one.papers} papers · {years}",
            f"  {one.statement}",
            *(f"    “{e.statement.quote}” ({e.statement.paper_id})" for e in one.evidence[:3]),
            "",
        ]
    if len(shown) > 50:
        lines.append(f"… and {len(shown) - 50} more: --json gives all of them")
    return "\n".join(lines)
