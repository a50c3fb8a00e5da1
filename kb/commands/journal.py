"""kb journal: what was added when, and what failed."""

from __future__ import annotations

from typing import Any

import click

from kb.catalogue.runs import entries, run_of
from kb.commands.common import NUMBER, Session, command
from kb.journal import last_runs, told
from kb.request import unknown_run


@command
@click.option("--run", "number", type=NUMBER, help="One run by its number; else the newest.")
@click.option("--failed", is_flag=True, help="Only items that failed.")
@click.option("-n", "limit", type=click.IntRange(1, 1_000_000), default=200, help="Most items.")
def journal_command(session: Session, number: int | None, failed: bool, limit: int) -> None:
    """What was added, when, and how far each item came."""
    library = session.open()
    if number is None:
        runs = last_runs(library)
        number = runs[0]["run"] if runs else None
    else:
        with library.catalogue.read() as reader:
            chosen = run_of(reader, number)
        if chosen is None:
            raise unknown_run(number)
        runs = [told(library, chosen)]
    items: list[dict[str, Any]] = []
    if number is not None:
        with library.catalogue.read() as reader:
            items = entries(reader, number, failed=failed, limit=limit)
    session.emit({"runs": runs, "items": items}, _text(runs, items))


def _text(runs: list[dict[str, Any]], items: list[dict[str, Any]]) -> str:
    lines = [] if runs else ["nothing has been added yet"]
    for run in runs:
        counts = run["counts"]
        done = ", ".join(
            f"{counts.get(name, 0)} {name}" for name in ("added", "updated", "unchanged", "failed")
        )
        lines.append(f"run {run['run']} · {run['at'][:16]} · {run['state']} · {done}")
        if run["why"]:
            lines.append(f"  {run['why']}")
    for one in items:
        why = f" ({one['step']}: {one['error']})" if one["error"] else ""
        lines.append(f"{one['state']:9} {one['item']}{why}")
    return "\n".join(lines)
