"""kb review screen, undo, flow, export, conflicts, check; and the group of all its commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kb.catalogue.screening import STAGES
from kb.commands import reviewing
from kb.commands.common import NUMBER, Session, group, sub
from kb.commands.reviewing import WHO
from kb.decisions import coder
from kb.errors import KbError, UsageError
from kb.library import Library
from kb.review_agreement import conflicts, pairs
from kb.review_check import draw, estimates, found
from kb.review_export import DRAWN, FORMATS, WHICH, collect_included, drawn, listed
from kb.review_flow import Flow, flow
from kb.review_order import ORDERS, queue
from kb.review_state import Case, board
from kb.screening import VERDICTS, decide, require, undo
from kb.whole_file import write_whole

_STAGE = click.option(
    "--stage", type=click.Choice(STAGES), default=STAGES[0], help="Title and abstract, or text."
)
_OUT = click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")


@group
def review_command() -> None:
    """Systematic reviews: criteria, screening, conflicts, the PRISMA flow diagram."""


@sub("screen")
@click.argument("name")
@click.argument("paper", required=False, default="")
@click.argument("verdict", required=False, default="")
@click.option("--reason", default="", help="Why, e.g. one of the exclusion criteria.")
@click.option("--order", type=click.Choice(ORDERS), default="likely", help="Of what is next.")
@click.option(
    "-n", "count", type=click.IntRange(1, 1_000_000), default=1, help="How many are next."
)
@_STAGE
@WHO
def screen(
    session: Session,
    name: str,
    paper: str,
    verdict: str,
    reason: str,
    order: str,
    count: int,
    stage: str,
    who: str,
) -> None:
    """Decide on PAPER (include, exclude, maybe, not_retrieved); without one, what is next."""
    library = session.open()
    require(library, name)
    if not paper:
        now = board(library, name)
        waiting = queue(library, now, stage, coder(library, who), order)
        rows = [_paper(now.cases[one]) for one in waiting[:count]]
        told = [f"{row['paper_id']}  {row['title']}" for row in rows]
        data = {"review": name, "stage": stage, "left": len(waiting), "next": rows}
        session.emit(data, "\n".join(told) or "nothing is left for you to screen here")
        return
    if not verdict:
        raise UsageError("which verdict?", remedy=f"one of {', '.join(VERDICTS[stage])}")
    paper = _id(library, paper)
    said = decide(library, name, paper, verdict, stage=stage, reason=reason, who=who)
    case = board(library, name).cases.get(said.paper_id)
    state = case.outcomes[stage].state if case else ""
    facts = {"n": said.n, "paper_id": paper, "verdict": verdict, "reason": said.reason}
    facts["reason_is_criterion"] = _criterion(session, library, name, verdict, said.reason)
    session.emit({"review": name, "stage": stage, "state": state} | facts, f"{paper}: {verdict}")


def _criterion(
    session: Session, library: Library, name: str, verdict: str, reason: str
) -> bool | None:
    """Whether a reason is a criterion of the review; None where nothing is to be compared."""
    held = [one.text for one in require(library, name).criteria if one.kind == "exclude"]
    if verdict != "exclude" or not reason or not held:
        return None
    if reason not in held:
        session.say(f"note: the reason is none of the exclusion criteria: {'; '.join(held)}")
    return reason in held


def _id(library: Library, name: str) -> str:
    """The id that a name means; the name itself where the library has no such paper any more."""
    try:
        number = library.number(name)
    except KbError:
        return name
    with library.catalogue.read() as reader:
        return reader.papers([number])[number].paper_id


def _paper(case: Case) -> dict[str, Any]:
    return {"paper_id": case.paper_id, "title": case.title, "in_library": case.here}


@sub("undo")
@click.argument("name")
@click.argument("number", type=NUMBER, required=False)
@WHO
def undone(session: Session, name: str, number: int | None, who: str) -> None:
    """Undo decision NUMBER, or your last one."""
    one = undo(session.open(), name, n=number, who=who)
    facts = {"n": one.n, "paper_id": one.paper_id, "verdict": one.verdict}
    session.emit({"undone": facts}, f"undone: {one.paper_id} {one.verdict}")


@sub("flow")
@click.argument("name")
@click.option("--format", "form", type=click.Choice(("text", *DRAWN)), default="text")
@_OUT
def flow_diagram(session: Session, name: str, form: str, target: Path | None) -> None:
    """The counts of the PRISMA 2020 flow diagram; as csv, or drawn as svg or png."""
    now = board(session.open(), name)
    counts = flow(now)
    if form == "text":
        data = {"review": name} | counts.to_json() | {"adds_up": all(counts.checks().values())}
        session.emit(data, _told(counts))
        return
    _write(session, drawn(now, form), form, target, {"review": name})


def _told(counts: Flow) -> str:
    rows = (
        ("records identified", counts.identified),
        ("duplicates removed", counts.duplicates),
        ("records screened", counts.screened),
        ("still to be screened", counts.to_screen),
        ("records excluded", counts.excluded),
        ("reports sought", counts.sought),
        ("reports not retrieved", counts.not_retrieved),
        ("reports assessed", counts.assessed),
        ("still to be assessed", counts.to_assess),
        ("reports excluded", counts.excluded_full),
        *((f"  {reason}", n) for reason, n in counts.excluded_full_reasons),
        ("studies included", counts.included),
    )
    return "\n".join(f"{n:>9,}  {label}" for label, n in rows)


@sub("export")
@click.argument("name")
@click.option("--which", type=click.Choice(tuple(WHICH)), default="all")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv")
@click.option("--collection", default="", help="Put the included into a collection instead.")
@_OUT
def export(
    session: Session, name: str, which: str, form: str, collection: str, target: Path | None
) -> None:
    """The papers with what was decided and why; or the included as a collection."""
    library = session.open()
    now = board(library, name)
    if collection:
        added = collect_included(library, now, collection)
        session.emit({"collection": collection, "added": added}, f"{added} added to {collection}")
        return
    _write(session, listed(library, now, which, form), form, target, {"review": name})


def _write(
    session: Session, content: bytes, form: str, target: Path | None, facts: dict[str, Any]
) -> None:
    if target:
        write_whole(target, content)
        session.emit(facts | {"file": str(target), "format": form}, f"written to {target}")
    elif session.as_json:
        if form == "png":
            raise UsageError("a picture is no JSON", remedy="name a file with -o")
        session.emit(facts | {"format": form, "content": content.decode()})
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


@sub("conflicts")
@click.argument("name")
@click.option("--settle", nargs=2, metavar="PAPER VERDICT", help="Settle one.")
@click.option("--reason", default="", help="Why it is settled so.")
@_STAGE
@WHO
def conflicting(
    session: Session,
    name: str,
    settle: tuple[str, str] | None,
    reason: str,
    stage: str,
    who: str,
) -> None:
    """Papers on which coders differ, and how far coders agree; --settle ends one."""
    library = session.open()
    if settle:
        paper, verdict = _id(library, settle[0]), settle[1]
        decide(library, name, paper, verdict, stage=stage, reason=reason, who=who, settles=True)
    now = board(library, name)
    rows = []
    for one in conflicts(now, stage):
        words = [
            {"who": w.who, "verdict": w.verdict, "reason": w.reason}
            for w in one.outcomes[stage].said
        ]
        rows.append(_paper(one) | {"said": words})
    agreed = [pair.to_json() for pair in pairs(now, stage)]
    lines = [
        f"{row['paper_id']}  " + ", ".join(f"{w['who']} {w['verdict']}" for w in row["said"])
        for row in rows
    ]
    lines += [f"{' and '.join(p['who'])}: kappa {p['kappa']:.2f}, n = {p['n']}" for p in agreed]
    data = {"review": name, "stage": stage, "conflicts": rows, "agreement": agreed}
    session.emit(data, "\n".join(lines) or "no conflict")


@sub("check")
@click.argument("name")
@click.option(
    "--draw", "size", type=click.IntRange(1, 1_000_000), help="Draw a random sample of this size."
)
@WHO
def check(session: Session, name: str, size: int | None, who: str) -> None:
    """When to stop: what the last papers gave, and what random samples say of recall."""
    library = session.open()
    if size:
        draw(library, name, size, who=who)
    now = board(library, name)
    so_far, samples = found(now), [one.to_json() for one in estimates(now)]
    data = {
        "review": name,
        "screened": so_far.screened,
        "relevant": so_far.relevant,
        "last": so_far.last,
        "relevant_last": so_far.relevant_last,
        "samples": samples,
    }
    lines = [f"{so_far.relevant_last} of the last {so_far.last} screened were relevant"]
    for one in samples:
        told = f"sample of {one['drawn']} from {one['from']}: {one['decided']} screened"
        if one["recall_low"] is not None:
            told += f"; recall {one['recall_low']:.0%} to {one['recall_high']:.0%} (95 % sure)"
        lines.append(told)
    session.emit(data, "\n".join(lines))


_COMMANDS: tuple[click.Command, ...] = (
    reviewing.new,
    reviewing.listed_reviews,
    reviewing.criteria,
    reviewing.add,
    reviewing.searches_logged,
    reviewing.drop,
    screen,
    undone,
    conflicting,
    check,
    flow_diagram,
    export,
)
for _one in _COMMANDS:
    review_command.add_command(_one)
