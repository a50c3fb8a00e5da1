"""kb challenges, map, verify."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import click

from kb import mapping
from kb.challenges import Challenge, to_json
from kb.codebooks import edition_at
from kb.commands.common import NUMBER, Session, command, filter_options, filters_of, printable
from kb.errors import ItemsFailed, UsageError, unknown
from kb.exports import FORMATS, SHADES, export
from kb.exports.changes import FORMS, changes_as, warning
from kb.exports.reading import READABLE, quoted_edges
from kb.map_diff import diff
from kb.map_parts import supported
from kb.map_reading import from_json
from kb.maps import ChallengeMap
from kb.verify import verify
from kb.whole_file import write_whole

JSON_FORMS = ("json", "cytoscape")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


@command
@filter_options
@click.option(
    "-n", "limit", type=click.IntRange(1, 1_000_000), default=None, help="How many (else all)."
)
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
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="OLD.json",
    help="What changed since an exported map (json, markdown).",
)
@click.option("--taxonomy", type=NUMBER, metavar="N", help="By version N of the codebook.")
@click.option("--format", "form", default="json", help=", ".join(FORMATS))
@click.option(
    "--shade",
    type=click.Choice(SHADES),
    help="svg, png: shaded by it with papers in bold, as the app's map (else by challenges).",
)
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def map_command(
    session: Session,
    rows: str,
    columns: str,
    since: str,
    against: Path | None,
    taxonomy: int | None,
    form: str,
    shade: str | None,
    target: Path | None,
    **filters: Any,
) -> None:
    """The map of phases, layers, challenges and directions, in a format of your choice."""
    _check_form(form, nowhere=target is None and session.as_json)
    if since:
        _check_date(since)
    library = session.open()
    edition = library.edition if taxonomy is None else edition_at(library, taxonomy)
    asked = filters_of(library, edition, **filters)
    chart = mapping.challenge_map(
        library, asked, rows=rows, columns=columns, since=since, version=taxonomy
    )
    if against is not None:
        earlier = _read_map(against)
        _warn(earlier, chart)
        content = changes_as(diff(earlier, chart), form, (earlier.meta, chart.meta))
    else:
        papers = mapping.mapped(library, taxonomy).papers
        facts = {key: mapping.paper_facts(paper) for key, paper in papers.items()}
        new = mapping.changed_since(library, asked, since, version=taxonomy) if since else None
        content = export(chart, form, facts, new, shade or "")
    if target is None:
        _print(content)
        return
    write_whole(target.expanduser(), content)
    done = {
        "file": str(target),
        "format": form,
        "nodes": len(chart.nodes),
        "edges": len(chart.edges),
    }
    session.emit(done, f"{target}: {len(chart.nodes)} nodes, {len(chart.edges)} edges")


@command
@click.argument("earlier", type=click.Path(path_type=Path))
@click.argument("later", type=click.Path(path_type=Path))
@click.option("--format", "form", default="", help=", ".join(FORMS))
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def diff_command(
    session: Session, earlier: Path, later: Path, form: str, target: Path | None
) -> None:
    """What changed from one exported map (json) to a later one."""
    charts = _read_map(earlier), _read_map(later)
    found = diff(*charts)
    _warn(*charts)
    if session.as_json and target is None:
        session.emit(found.to_json())
        return
    content = changes_as(found, form or "markdown", [chart.meta for chart in charts])
    if target is None:
        _print(content)
        return
    write_whole(target.expanduser(), content)
    told = {
        "file": str(target),
        "new_papers": len(found.new_papers),
        "new_challenges": len(found.new_challenges),
        "grown_challenges": len(found.grown_challenges),
        "directions_taken_up": len(found.directions_taken_up),
    }
    session.emit(told, f"{target} written")


def _warn(earlier: ChallengeMap, later: ChallengeMap) -> None:
    """Say on standard error where two maps are not of the same papers."""
    if warned := warning((earlier.meta, later.meta)):
        click.echo(printable(f"kb: {warned}"), err=True)


def _check_form(form: str, *, nowhere: bool) -> None:
    """Raises UsageError for no format of ours; `nowhere`: for one that --json has no room for."""
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    if nowhere and form not in JSON_FORMS:
        raise UsageError(
            f"--json needs the output, and {form} is not JSON",
            item=form,
            remedy="name a file with -o",
            code="no_output",
        )


def _check_date(text: str) -> None:
    """Raises UsageError for what is no day, month or year of the calendar."""
    with suppress(ValueError):
        if _DATE.fullmatch(text):
            date.fromisoformat(f"{text}-01-01"[:10])
            return
    raise UsageError(f"not a date: {text}", item=text, remedy="give YYYY-MM-DD, YYYY-MM or YYYY")


def _read_map(path: Path) -> ChallengeMap:
    try:
        return from_json(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}",
            item=str(path),
            remedy="give one that `kb map --format json -o FILE` wrote",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ItemsFailed(
            f"{path} is no map that can be compared: {error}",
            item=str(path),
            remedy="give one that `kb map --format json -o FILE` wrote",
        ) from error


def _print(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


@command
@click.argument("file", type=click.Path(path_type=Path))
def verify_command(session: Session, file: Path) -> None:
    """Re-check every quote of an exported map against the stored text."""
    library = session.open()
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {file}",
            item=str(file),
            remedy=f"give a map exported as one of {', '.join(READABLE)}",
        ) from error

    try:
        wanted = {edge.passage_id for edge in quoted_edges(content)}
        with library.catalogue.read() as reader:
            held = reader.passages(reader.passage_numbers(wanted).values())
        texts = {one.passage_id: one.text for one in held.values()}
        checked = verify(content, texts.get)
    except ValueError as error:
        raise ItemsFailed(
            f"{file} cannot be verified: {error}",
            item=str(file),
            remedy=f"give a map exported as one of {', '.join(READABLE)}",
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
        by = supported(len(one.paper_ids), one.papers)
        lines += [
            f"{one.challenge_id} · {one.status} · {by} · {years}",
            f"  {one.statement}",
            *(f"    “{e.statement.quote}” ({e.statement.paper_id})" for e in one.evidence[:3]),
            "",
        ]
    if len(shown) > 50:
        lines.append(f"… and {len(shown) - 50} more: --json gives all of them")
    return "\n".join(lines)
