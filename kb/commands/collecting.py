"""kb collection add, rm, list."""

from __future__ import annotations

import click

from kb.collecting import collect, collections, release, require
from kb.commands.common import Session, command
from kb.errors import UsageError
from kb.query import parse
from kb.search import search

ACTIONS = ("add", "rm", "list")


@command
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("name", required=False, default="")
@click.argument("papers", nargs=-1)
@click.option("--search", "query", default="", help="add: what this query finds, too.")
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="How many of them.")
def collection_command(
    session: Session, action: str, name: str, papers: tuple[str, ...], query: str, limit: int
) -> None:
    r"""Named collections of papers.

    kb collection add NAME ID…, kb collection rm NAME [ID…] (all of it, where no ID is
    given; the papers stay in the library), kb collection list [NAME].
    """
    library = session.open()
    if action == "list" and not name:
        held = collections(library)
        rows = [{"name": one, "papers": papers} for one, papers in held.items()]
        text = "\n".join(f"{papers:>6}  {one}" for one, papers in held.items())
        session.emit({"collections": rows}, text or "no collection yet: kb collection add NAME ID…")
        return
    if not name:
        raise UsageError("which collection?", remedy=f"kb collection {action} NAME …")
    if action == "list":
        require(library, name)
        with library.catalogue.read() as reader:
            members = reader.collection(name)
            numbers = reader.numbers(members).values()
            held_papers = sorted(reader.papers(numbers).values(), key=lambda one: one.paper_id)
        shown = [
            {"paper_id": one.paper_id, "title": one.title, "year": one.year} for one in held_papers
        ]
        lines = [f"{one.paper_id}  {one.title} ({one.year or 'no year'})" for one in held_papers]
        session.emit({"name": name, "papers": shown}, "\n".join(lines))
    elif action == "add":
        found = [*papers]
        if query:
            hits = search(library, parse(query, library.edition), limit=limit).hits
            found += [hit.paper.paper_id for hit in hits]
        if not found:
            raise UsageError("no paper is named", remedy=f"kb collection add {name} ID…")
        added = collect(library, name, found)
        session.emit({"name": name, "added": added}, f"{added} added to {name}")
    else:
        gone = release(library, name, papers)
        session.emit({"name": name, "removed": gone}, f"{gone} taken out of {name}")
