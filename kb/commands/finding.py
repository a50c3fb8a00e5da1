"""kb search, related, passages, show, ask."""

from __future__ import annotations

from typing import Any

import click

from ingest.sources import encodable
from kb.answer import ask
from kb.card import card
from kb.commands.common import Session, command, filter_options, read_filters
from kb.search import Results, related, search


@command
@click.argument("query")
@filter_options
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="How many hits.")
@click.option("--mode", default="hybrid", help="hybrid, dense or lexical.")
@click.option("--by", type=click.Choice(["papers", "passages"]), default="papers")
@click.option("--explain", is_flag=True, help="Show milliseconds a step and each hit's scores.")
def search_command(
    session: Session, query: str, limit: int, mode: Any, by: Any, explain: bool, **filters: Any
) -> None:
    """Search papers or passages, by meaning and by words."""
    chosen, query = read_filters(**filters), encodable(query)
    library = session.open()
    results = search(library, query, chosen, limit=limit, mode=mode, by=by)
    found = [hit.paper.paper_id for hit in results.hits]
    library.log_search(query, chosen, results.mode, results.total, found)
    session.emit(_explained(results) if explain else results.to_json(), _lines(results, explain))


@command
@click.argument("paper")
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=10, help="How many hits.")
def related_command(session: Session, paper: str, limit: int) -> None:
    """Papers most like one paper."""
    results = related(session.open(), paper, limit=limit)
    session.emit(results.to_json(), _lines(results, explain=False))


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


@command
@click.argument("question")
@filter_options
@click.option("--writer", default="extractive", help="extractive (llm: a later version).")
def ask_command(session: Session, question: str, writer: str, **filters: Any) -> None:
    """Ask a question; get quotes that can be checked, or a refusal."""
    answer = ask(session.open(), encodable(question), read_filters(**filters), writer=writer)
    session.emit(answer.to_json(), answer.to_text())


def _explained(results: Results) -> dict[str, Any]:
    steps = {name: round(ms, 2) for name, ms in results.steps.items()}
    return results.to_json() | {"steps": steps}


def _lines(results: Results, explain: bool) -> str:
    if not results.hits:
        return f"Nothing found among {results.total} papers. Try other words, or fewer filters."
    lines = [f"{results.total} papers · {results.took_ms:.0f} ms\n"]
    for hit in results.hits:
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
        lines.append("")
    if explain:
        lines.append(" · ".join(f"{name} {ms:.1f} ms" for name, ms in results.steps.items()))
    return "\n".join(lines)
