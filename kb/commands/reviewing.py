"""kb review new, list, criteria, add, searches, drop: reviews and where their papers come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from kb.catalogue.screening import Criterion
from kb.commands.common import NUMBER, Session, filter_options, filters_of, sub
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.ranking import MODES
from kb.review_flow import flow
from kb.review_sources import (
    ALL,
    from_collection,
    from_ids,
    from_library,
    from_log,
    from_search,
    take_out,
)
from kb.review_state import board
from kb.screening import change, create, require, reviews
from kb.search_log import searches

WHO = click.option("--who", default="", metavar="NAME", help="Who (else setting `coder`).")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a command says of a review; None leaves what holds."""

    question: str | None
    criteria: tuple[Criterion, ...]
    coders: int | None
    blind: bool | None


def _criteria_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say a review's rules, which the command gets as `rules`."""

    @wraps(function)
    def call(
        session: Session,
        *,
        question: str | None,
        include: tuple[str, ...],
        exclude: tuple[str, ...],
        coders: int | None,
        blind: bool | None,
        **others: Any,
    ) -> Any:
        """The command with its rules as one value."""
        kinds = (("include", include), ("exclude", exclude))
        criteria = tuple(Criterion(text, kind) for kind, texts in kinds for text in texts)
        return function(session, rules=Rules(question, criteria, coders, blind), **others)

    made: Callable[..., Any] = call
    options = [
        click.option("--question", default=None, help="What the review asks."),
        click.option("--include", multiple=True, metavar="TEXT", help="A criterion; repeatable."),
        click.option("--exclude", multiple=True, metavar="TEXT", help="A criterion; repeatable."),
        click.option("--coders", type=int, default=None, help="How many must decide each paper."),
        click.option("--blind/--open", default=None, help="Hide what others said until decided."),
    ]
    for option in reversed(options):
        made = option(made)
    return made


@sub("new")
@click.argument("name")
@_criteria_options
def new(session: Session, name: str, rules: Rules) -> None:
    """Make a review: its question and criteria."""
    made = create(
        session.open(),
        name,
        question=rules.question or "",
        criteria=rules.criteria,
        coders=1 if rules.coders is None else rules.coders,
        blind=bool(rules.blind),
    )
    text = f"{made.name} is made; kb review add '{made.name}' brings papers in"
    session.emit({"review": made.name, "criteria": len(made.criteria)}, text)


@sub("list")
def listed_reviews(session: Session) -> None:
    """All reviews, and how far each has come."""
    library = session.open()
    rows = []
    for name, one in reviews(library).items():
        counts = flow(board(library, name))
        told = {"papers": counts.papers, "screened": counts.screened, "included": counts.included}
        rows.append({"name": name, "at": one.at, "question": one.question, **told})
    lines = [f"{r['screened']:>7} of {r['papers']:<7} screened  {r['name']}" for r in rows]
    session.emit({"reviews": rows}, "\n".join(lines) or "no review yet: kb review new NAME")


@sub("criteria")
@click.argument("name")
@_criteria_options
@click.option("--remove", multiple=True, metavar="TEXT", help="Take a criterion out; repeatable.")
def criteria(session: Session, name: str, rules: Rules, remove: tuple[str, ...]) -> None:
    """Show or change a review's question and criteria; what was decided stays."""
    library = session.open()
    one = require(library, name)
    texts = [held.text for held in one.criteria]
    for text in remove:
        if text not in texts:
            raise unknown("criterion", text, texts or ["none yet"])
    kept = [held for held in one.criteria if held.text not in remove]
    if remove or rules != Rules(None, (), None, None):
        one = change(
            library,
            name,
            question=rules.question,
            criteria=[*kept, *rules.criteria],
            coders=rules.coders,
            blind=rules.blind,
        )
    rows = [{"kind": held.kind, "text": held.text} for held in one.criteria]
    data = {"review": name, "question": one.question, "criteria": rows}
    told = [one.question or "(no question)", *(f"{r['kind']:<8}{r['text']}" for r in rows)]
    session.emit(data | {"coders": one.coders, "blind": one.blind}, "\n".join(told))


@sub("add")
@click.argument("name")
@click.argument("papers", nargs=-1)
@click.option("--search", "query", default="", help="What this query finds.")
@click.option("--mode", type=click.Choice(MODES), default="hybrid")
@click.option("--max", "most", type=click.IntRange(1, 1_000_000), default=200, help="Of --search.")
@click.option("--all", "everything", is_flag=True, help="All that match and pass, or the library.")
@click.option("--logged", type=NUMBER, help="A logged search by number (kb review searches).")
@click.option("--from", "members", default="", metavar="COLLECTION", help="A collection's papers.")
@filter_options
@WHO
def add(
    session: Session,
    name: str,
    papers: tuple[str, ...],
    query: str,
    mode: Any,
    most: int,
    everything: bool,
    logged: int | None,
    members: str,
    who: str,
    **options: Any,
) -> None:
    """Bring papers in: by id, --search, --logged, --from COLLECTION, or --all with filters."""
    library = session.open()
    require(library, name)
    ways = [bool(papers), bool(query), logged is not None, bool(members)]
    if sum(ways) > 1:
        raise UsageError("one source at a time", remedy="call kb review add once for each")
    if query:
        most = ALL if everything else most
        filters = filters_of(library, **options)
        made = from_search(library, name, query, filters, mode=mode, most=most, who=who)
    elif logged is not None:
        made = from_log(library, name, _logged(library, logged), who)
    elif members:
        made = from_collection(library, name, members, who)
    elif papers:
        made = from_ids(library, name, papers, who)
    else:
        filters = filters_of(library, **options)
        if not filters and not everything:
            raise UsageError("bring what in?", remedy="ids, --search, --from, filters or --all")
        made = from_library(library, name, filters, who)
    text = f"{made.found} identified, {made.new} new, {made.found - made.new} duplicates"
    session.emit({"review": name} | made.to_json(), text)


def _logged(library: Library, n: int) -> Any:
    held = {one.n: one for one in searches(library)}
    if n not in held:
        raise unknown("logged search", str(n), [str(one) for one in list(held)[-10:]])
    return held[n]


@sub("searches")
@click.option(
    "-n", "last", type=click.IntRange(1, 1_000_000), default=20, help="Only the last so many."
)
def searches_logged(session: Session, last: int) -> None:
    """The search log with its numbers, for kb review add --logged."""
    held = searches(session.open(), last=last)
    rows = [{"n": one.n} | one.to_json() for one in held]
    lines = [f"{one.n:>5}  {one.at}  {len(one.hits):>4} hits  {one.query}" for one in held]
    session.emit({"searches": rows}, "\n".join(lines) or "nothing was searched yet")


@sub("drop")
@click.argument("name")
@click.argument("source", type=NUMBER)
def drop(session: Session, name: str, source: int) -> None:
    """Take a source out, with the papers that no other source brought."""
    gone = take_out(session.open(), name, source)
    session.emit({"review": name, "removed": gone}, f"{gone} papers taken out")
