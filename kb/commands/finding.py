"""kb search, related, passages, show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ingest.sources import encodable
from kb.card import card
from kb.commands.common import Session, command, filter_options, filters_of
from kb.missing import Unknown, unknown_words
from kb.query import parse
from kb.search import Results, related, search
from kb.search_log import log
from kb.why import reasons


@command
@click.argument("query")
@filter_options
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="How many hits.")
@click.option("--mode", default="hybrid", help="hybrid, dense or lexical.")
@click.option("--by", type=click.Choice(["papers", "passages"]), default="papers")
@click.option("--reranker", metavar="NAME|DIR", help="A CrossEncoder on this machine, if any.")
@click.option("--explain", is_flag=True, help="Show milliseconds a step and each hit's scores.")
def search_command(
    session: Session,
    query: str,
    limit: int,
    mode: Any,
    by: Any,
    reranker: str | None,
    explain: bool,
    **filters: Any,
) -> None:
    """Search papers or passages, by meaning and by words.

    \b
    QUERY is words, ranked by; and, each with a minus before it to turn it round:
      "exact phrase"  title:word  title:"a phrase"  author:name  year:2023..2025
      phase:KEY  layer:KEY  category:cs.SE  collection:NAME
    Before a QUERY that begins with a minus write --: kb search -- QUERY
    """  # noqa: D301 - click's own mark for "leave these lines"
    library = session.open()
    chosen, query = filters_of(library, **filters), encodable(query)
    asked = parse(query, library.edition)
    results = search(library, asked, chosen, limit=limit, mode=mode, by=by, reranker=reranker)
    found = [hit.paper.paper_id for hit in results.hits]
    log(library, asked, chosen, results.mode, results.total, found)
    told = reasons(library, results) if explain else []
    found_json = _explained(results, told) if explain else results.to_json()
    unknown = unknown_words(library, asked.text)
    found_json["unknown_words"] = list(unknown.words)
    if unknown.words and not session.as_json:
        session.say(_nowhere(unknown, results))
    session.emit(found_json, _lines(results, told, explain=explain))


@command
@click.argument("paper")
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="How many hits.")
def related_command(session: Session, paper: str, limit: int) -> None:
    """Papers most like one paper."""
    results = related(session.open(), paper, limit=limit)
    session.emit(results.to_json(), _lines(results))


@command
@click.argument("paper")
def passages_command(session: Session, paper: str) -> None:
    """The stored text of a paper, passage by passage."""
    library = session.open()
    number = library.number(paper)
    with library.catalogue.read() as reader:
        held = reader.passages_of([number]).get(number, [])
    rows = [
        {
            "passage_id": one.passage_id,
            "section": one.section,
            "page": one.page,
            "start": one.start,
            "end": one.end,
            "text": one.text,
            "boxes": [list(box) for box in one.boxes],
        }
        for one in held
    ]
    places = [
        f"{one.passage_id} · {one.section} · p. {one.page or '–'}\n{one.text}\n" for one in held
    ]
    session.emit(rows, "\n".join(places))


@command
@click.argument("paper")
def show_command(session: Session, paper: str) -> None:
    """A paper's card."""
    library = session.open()
    shown = card(library, library.number(paper))
    session.emit(shown.to_json(), shown.to_text())


def _explained(results: Results, told: list[list[str]]) -> dict[str, Any]:
    found = results.to_json()
    for hit, some in zip(found["hits"], told, strict=True):
        hit["why"]["reasons"] = some
    route = results.route
    return found | {
        "steps": {name: round(ms, 2) for name, ms in results.steps.items()},
        "dense_path": {"path": route.path, "why": route.why, "scored": route.scored},
    }


def _nowhere(unknown: Unknown, results: Results) -> str:
    """Which words of the query no paper holds, and by what the hits were ranked then."""
    if unknown.every and results.hits:
        return "No paper holds these words; the hits below are the nearest by meaning."
    return "No paper holds " + ", ".join(f"“{word}”" for word in unknown.words) + "."


def _head(results: Results) -> str:
    """How many are shown, of how many: words only rank, and leave no paper out."""
    did = "that match" if results.mode == "lexical" else "ranked"
    return f"{len(results.hits)} of {results.total:,} papers {did} · {results.took_ms:.0f} ms\n"


def _lines(results: Results, told: Sequence[list[str]] = (), *, explain: bool = False) -> str:
    if not results.hits:
        if not results.total:
            return "Nothing found: no paper passes. Try other words, or fewer filters."
        return f"Nothing found among {results.total:,} papers. Try other words, or fewer filters."
    lines = [_head(results)]
    for at, hit in enumerate(results.hits):
        paper = hit.paper
        tags = ", ".join((*paper.keys("phase"), *paper.keys("layer"))) or "no tags"
        place = hit.passage.section + (f", p. {hit.passage.page}" if hit.passage.page else "")
        lines += [
            f"{hit.rank:>2}. {paper.title} ({paper.year or 'n. d.'})",
            f"    {paper.paper_id} · {tags}",
            f"    {place}: {hit.snippet[:240]}",
        ]
        if explain:
            why = hit.why
            lines.append(
                f"    score {hit.score:.3f} · cosine {why.dense:.3f} (rank {why.dense_rank or '–'})"
                f" · BM25 {why.lexical:.2f} (rank {why.lexical_rank or '–'})"
            )
            lines.append(f"    {'; '.join(told[at])}")
        lines.append("")
    if explain:
        lines.append(" · ".join(f"{name} {ms:.1f} ms" for name, ms in results.steps.items()))
        route = results.route
        lines.append(
            f"vectors: {route.path or 'not compared'} ({route.why}), {route.scored} of them"
        )
    return "\n".join(lines)
