"""kb tag, kb undo, kb tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kb.catalogue.decisions import effective, read_log
from kb.coders import check_settling
from kb.codings import load_codings, save_log
from kb.commands.common import NUMBER, Session, command
from kb.decisions import Entry, Verdict, check_category, coder, history, record, undo
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.queue import progress, queue


@command
@click.argument("papers", nargs=-1)
@click.option("--phase", "phases", multiple=True, metavar="KEY", help="Give this phase.")
@click.option("--layer", "layers", multiple=True, metavar="KEY", help="Give this layer.")
@click.option("--tag", "given", multiple=True, metavar="FACET=KEY", help="Of any facet.")
@click.option("--remove", "removed", multiple=True, metavar="KEY", help="It has not this one.")
@click.option("--accept", "accepted", multiple=True, metavar="KEY|all", help="It is right.")
@click.option("--none", "bare", multiple=True, metavar="FACET", help="None of this facet.")
@click.option("--done", is_flag=True, help="All that was not said is no, in every facet named.")
@click.option("--settle", is_flag=True, help="End a disagreement of others by this.")
@click.option("--who", default="", metavar="NAME", help="Whose decision (else setting `coder`).")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
@click.option("--history", "told", is_flag=True, help="Show what was decided on the paper.")
@click.option("--from", "source", metavar="FILE", help="Take codings or decisions from a file.")
def tag_command(session: Session, papers: tuple[str, ...], **options: Any) -> Any:
    """Decide on tags of papers: give, remove, accept; what people say holds."""
    library = session.open()
    if options["source"]:
        return _load(session, library, options)
    if not papers:
        raise UsageError("no paper is named", remedy="kb tag ID --phase KEY; kb tags --queue")
    if options["told"]:
        entries = [one for paper in papers for one in history(library, paper)]
        session.emit({"decisions": [one.to_json() for one in entries]}, _lines(entries))
        return None
    said = [one for paper in papers for one in _said(library, paper, options)]
    if not said:
        raise UsageError(
            "nothing is said about the paper",
            remedy="--phase KEY, --layer KEY, --tag FACET=KEY, --remove KEY, --accept all, "
            "--none FACET or --done",
        )
    who = coder(library, options["who"])
    if options["settle"]:
        ids = {one.paper_id: _id(library, one.paper_id) for one in said}
        places = [(ids[one.paper_id], one.facet, one.key) for one in said if one.key]
        check_settling(library, places, who)
    logged = record(library, said, who=who, why=options["why"], settles=options["settle"])
    tagged = [_effective(library, paper) for paper in dict.fromkeys(papers)]
    numbers = [one.n for one in logged]
    data = {"who": who, "decisions": numbers, "papers": tagged}
    if len(tagged) == 1:
        data |= tagged[0]
    session.emit(data, _decided(numbers, tagged))
    return None


def _load(session: Session, library: Library, options: dict[str, Any]) -> int:
    path = Path(options["source"]).expanduser()
    found = load_codings(library, path, options["who"], options["why"])
    for one in found.failed:
        session.say(f"{one['item']}: {one['error']}")
    told = f"{found.decisions} decisions on {found.papers} papers logged from {found.lines} lines."
    session.emit(found.to_json(), told)
    return 1 if found.failed else 0


def _said(library: Library, paper: str, options: dict[str, Any]) -> list[Verdict]:
    """What the options say about one paper."""
    said = [Verdict(paper, "phase", key, "yes") for key in options["phases"]]
    said += [Verdict(paper, "layer", key, "yes") for key in options["layers"]]
    for given in options["given"]:
        facet, _, key = given.partition("=")
        check_category(library, facet, key or "(no key)")
        said.append(Verdict(paper, facet, key, "yes"))
    said += [Verdict(paper, *_facet_of(library, key), "no") for key in options["removed"]]
    for wanted in options["accepted"]:
        said += _accepted(library, paper, wanted)
    facets = list(dict.fromkeys(one.facet for one in said)) or list(library.codebook.keys)
    for facet in options["bare"]:
        check_category(library, facet)
        keys = library.codebook.facet(facet).keys
        said += [Verdict(paper, facet, key, "no") for key in keys]
        said.append(Verdict(paper, facet, "", "done"))
    if options["done"]:
        said += [Verdict(paper, facet, "", "done") for facet in facets]
    return said


def _facet_of(library: Library, name: str) -> tuple[str, str]:
    """(facet, key) of `KEY`, or of `FACET=KEY` where two facets have the key."""
    facet, _, key = name.rpartition("=")
    codebook = library.codebook
    if facet:
        check_category(library, facet, key)
        return facet, key
    found = [one.key for one in codebook.facets if key in one.keys]
    if not found:
        raise unknown("category", key, [key for one in codebook.facets for key in one.keys])
    if len(found) > 1:
        raise UsageError(
            f"{key} is in several facets",
            item=key,
            remedy=f"say {' or '.join(f'{one}={key}' for one in found)}",
            code="ambiguous_category",
        )
    return found[0], key


def _accepted(library: Library, paper: str, wanted: str) -> list[Verdict]:
    number = library.number(paper)
    with library.catalogue.read() as reader:
        held = reader.papers([number])[number].tags
    if wanted == "all":
        return [Verdict(paper, tag.facet, tag.key, "yes") for tag in held]
    facet, key = _facet_of(library, wanted)
    if (facet, key) not in {(tag.facet, tag.key) for tag in held}:
        raise unknown("tag of this paper", wanted, [tag.key for tag in held] or ["it has none"])
    return [Verdict(paper, facet, key, "yes")]


def _id(library: Library, paper: str) -> str:
    number = library.number(paper)
    with library.catalogue.read() as reader:
        return reader.papers([number])[number].paper_id


def _effective(library: Library, paper: str) -> dict[str, Any]:
    """A paper's tags as they hold now: {paper_id, phases, layers, …, by}."""
    number = library.number(paper)
    with library.catalogue.read() as reader:
        held = reader.papers([number])[number]
    keys = {facet.plural: list(held.keys(facet.key)) for facet in library.codebook.facets}
    by = {f"{tag.facet}={tag.key}": tag.by for tag in held.tags}
    return {"paper_id": held.paper_id, "title": held.title, **keys, "by": by}


def _decided(numbers: list[int], tagged: list[dict[str, Any]]) -> str:
    lines = [f"{len(numbers)} logged." if numbers else "That was decided already."]
    for one in tagged:
        lines.append(f"{one['paper_id']}  {one['title']}")
        lines += [f"    {name} ({by})" for name, by in one["by"].items()]
    return "\n".join(lines)


def _lines(entries: list[Entry]) -> str:
    lines = []
    for one in entries:
        d = one.decision
        what = f"undo of {d.undoes}" if d.verdict == "undo" else d.verdict
        state = "" if one.in_force else "  [undone]"
        machine = f"  (machine: {d.score:.2f})" if d.score is not None else ""
        why = f"  {d.why}" if d.why else ""
        name = f"{d.facet} {d.key}".strip()
        when = d.at[:19] or "earlier"
        lines.append(
            f"{d.n:>5}  {when:<19}  {d.who}  {d.paper_id}  {name}: {what}{machine}{why}{state}"
        )
    return "\n".join(lines) or "Nothing was decided."


@command
@click.argument("number", type=NUMBER, required=False)
@click.option("--list", "listed", is_flag=True, help="Show the last decisions, with numbers.")
@click.option(
    "-n", "--count", type=click.IntRange(1, 1_000_000), default=20, help="How many to show."
)
@click.option("--who", default="", metavar="NAME", help="Whose last act (else setting `coder`).")
@click.option("--why", default="", metavar="TEXT", help="The reason.")
def undo_command(
    session: Session, number: int | None, listed: bool, count: int, who: str, why: str
) -> None:
    """Undo your last act, or decision NUMBER; the undo of an undo brings it back."""
    library = session.open()
    if listed:
        entries = history(library)[-count:]
        session.emit({"decisions": [one.to_json() for one in entries]}, _lines(entries))
        return
    logged = undo(library, number, who=who, why=why)
    names = dict.fromkeys(one.paper_id for one in logged)
    with library.catalogue.read() as reader:
        held = reader.numbers(names)
    tagged = [_effective(library, paper) for paper in names if paper in held]
    numbers = [one.n for one in logged]
    data = {"undone": [one.undoes for one in logged], "decisions": numbers, "papers": tagged}
    undone = ", ".join(str(one.undoes) for one in logged)
    session.emit(data, f"Undone: {undone}.\n{_decided(numbers, tagged)}")


@command
@click.option("--queue", "queued", is_flag=True, help="What to decide next.")
@click.option(
    "-n", "--count", type=click.IntRange(1, 1_000_000), default=10, help="Length of the queue."
)
@click.option("--facet", default="", metavar="FACET", help="Only this facet.")
@click.option("--strategy", default="informative", help="informative or random.")
@click.option("--who", default="", metavar="NAME", help="Whose queue (else setting `coder`).")
@click.option("--export", "target", metavar="FILE.jsonl", help="Write the log of decisions.")
def tags_command(
    session: Session,
    queued: bool,
    count: int,
    facet: str,
    strategy: str,
    who: str,
    target: str | None,
) -> None:
    """Tags with their numbers of papers; or, with --queue, what to decide next."""
    library = session.open()
    if facet:
        check_category(library, facet)
    if target:
        path = Path(target).expanduser()
        written = save_log(library, path)
        session.emit({"decisions": written, "file": str(path)}, f"{written} decisions in {path}.")
    elif queued:
        _queue(session, library, count=count, facet=facet, strategy=strategy, who=who)
    else:
        _counts(session, library, facet)


def _queue(session: Session, library: Library, **options: Any) -> None:
    found = queue(library, **options)
    far = progress(library, options["who"])
    lines = []
    for rank, one in enumerate(found, 1):
        lines.append(f"{rank:>3}. {one.paper_id}  {one.title}")
        for part in one.open[:3]:
            sure = "no score" if part.score is None else f"{part.score:.2f}"
            lines.append(f"       {part.facet} {part.key}? {sure} (tag from {part.threshold:.2f})")
    if not found:
        lines = ["Nothing is left to decide."]
    data = {
        "strategy": options["strategy"],
        "queue": [{"rank": rank, **one.to_json()} for rank, one in enumerate(found, 1)],
        "progress": far.to_json(),
    }
    told = f"{far.who}: {far.touched} of {far.papers} papers decided on."
    session.emit(data, "\n".join([*lines, told]))


def _counts(session: Session, library: Library, facet: str) -> None:
    table = library.snapshot().table
    with library.catalogue.read() as reader:
        holds = effective(read_log(reader.connection))
    removed: dict[tuple[str, str], int] = {}
    for (_, one, key), decision in holds.items():
        if decision.verdict == "no":
            removed[one, key] = removed.get((one, key), 0) + 1
    rows = []
    for held in library.codebook.facets:
        for key in held.keys if facet in ("", held.key) else ():
            has, human = table.has_tags.get((held.key, key)), table.human_tags.get((held.key, key))
            papers = int(has.sum()) if has is not None else 0
            people = int(human.sum()) if human is not None else 0
            rows.append(
                {
                    "facet": held.key,
                    "key": key,
                    "name": held.category(key).name,
                    "papers": papers,
                    "machine": papers - people,
                    "human": people,
                    "removed": removed.get((held.key, key), 0),
                }
            )
    lines = [f"{'papers':>7} {'machine':>8} {'human':>6} {'removed':>8}"] + [
        f"{r['papers']:>7} {r['machine']:>8} {r['human']:>6} {r['removed']:>8}  "
        f"{r['facet']} {r['key']}"
        for r in rows
    ]
    session.emit({"tags": rows}, "\n".join(lines))
