"""kb saved list, add, rm, rename, run."""

from __future__ import annotations

from typing import Any

import click

from ingest.sources import encodable
from kb.commands.common import Session, command, filter_options, filters_of
from kb.decisions import coder
from kb.errors import UsageError
from kb.library import Library
from kb.saved_searches import (
    SavedSearch,
    forget,
    mark_seen,
    news,
    rename,
    run,
    save,
    saved_search,
    saved_searches,
)

ACTIONS = ("list", "add", "rm", "rename", "run")


@command
@click.argument("action", type=click.Choice(ACTIONS), default="list")
@click.argument("name", required=False, default="")
@click.argument("text", required=False, default="")
@filter_options
@click.option("--mode", default="hybrid", help="add: hybrid, dense or lexical.")
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="run: how many hits.")
@click.option("--who", default="", help="Whose; else the library's coder.")
def saved_command(
    session: Session,
    action: str,
    name: str,
    text: str,
    mode: str,
    limit: int,
    who: str,
    **filters: Any,
) -> None:
    """Searches kept under a name, with what is new in them since they were looked at.

    kb saved list, kb saved add NAME QUERY (with filters and a mode, as kb search), kb saved
    run NAME, kb saved rename NAME NEW, kb saved rm NAME. New are papers added since that
    match; of a search that only ranks, those among its first 100 hits.
    """
    library = session.open()
    who = coder(library, who)
    if action == "list":
        held = [_told(library, one) for one in saved_searches(library, who)]
        lines = [f"{one['new']:>4} new  {one['name']}: {one['query']}" for one in held]
        none = "no search is saved yet: kb saved add NAME QUERY"
        session.emit({"who": who, "saved": held}, "\n".join(lines) or none)
        return
    if not name:
        raise UsageError("which search?", remedy=f"kb saved {action} NAME …")
    if action == "add":
        chosen = filters_of(library, **filters)
        added = save(library, who, encodable(name), encodable(text), chosen, mode)
        session.emit(added.to_json(), f"saved as {added.name}")
    elif action == "rename":
        new = rename(library, who, name, encodable(text))
        session.emit({"name": name, "to": new}, f"{name} is called {new} now")
    elif action == "rm":
        forget(library, who, name)
        session.emit({"name": name, "removed": 1}, f"{name} is not kept any more")
    else:
        _run(session, library, saved_search(library, who, name), limit)


def _told(library: Library, saved: SavedSearch) -> dict[str, Any]:
    return saved.to_json() | {"new": len(news(library, saved))}


def _run(session: Session, library: Library, saved: SavedSearch, limit: int) -> None:
    """Make the search again, and mark as seen what is new in it."""
    new = news(library, saved)
    found = run(library, saved, limit)
    mark_seen(library, saved.who, saved.name)
    lines = [
        f"{hit.rank:>3}. {'NEW ' if hit.paper.paper_id in new else ''}{hit.paper.title} "
        f"({hit.paper.year or 'no year'})  {hit.paper.paper_id}"
        for hit in found.hits
    ]
    told = f"{len(found.hits)} of {found.total:,} papers, {len(new)} new: {saved.query}"
    session.emit(
        {"name": saved.name, "new": new, "results": found.to_json()}, "\n".join([told, *lines])
    )
