"""kb duplicates, same, apart."""

from __future__ import annotations

from typing import Any

import click

from kb.commands.common import Session, command
from kb.decisions import coder
from kb.duplicates import Proposal, apply, proposals
from kb.errors import UsageError
from kb.merging import Group, groups, join, part, undo


@command
@click.option("--apply", "join_sure", is_flag=True, help="Join those that are sure (undoable).")
@click.option("--who", default="", help="Your name, for the log.")
@click.option("--yes", is_flag=True, help="Also where much of the library would be joined.")
def duplicates_command(session: Session, join_sure: bool, who: str, yes: bool) -> None:
    """Papers that may be one, with the evidence."""
    library = session.open()
    joined = apply(library, coder(library, who), yes=yes) if join_sure else 0
    with library.catalogue.read() as reader:
        found = proposals(reader)
    told = [_told(one) for one in found] or ["No two papers here look like one."]
    if join_sure:
        told = [f"{joined} joined; kb same --list shows them, kb same --undo N takes one back."]
        told += [_told(one) for one in found]
    session.emit(
        {"joined": joined, "proposals": [one.to_json() for one in found]}, "\n\n".join(told)
    )


@command
@click.argument("papers", nargs=-1, metavar="[KEPT OTHER…]")
@click.option("--why", default="", help="The reason, for the log.")
@click.option("--who", default="", help="Your name, for the log.")
@click.option("--list", "listed", is_flag=True, help="What is joined, by whom and why.")
@click.option("--undo", "undone", is_flag=True, help="Undo entry N (else the newest).")
@click.option("--yes", is_flag=True, help="Also where much of the library would be joined.")
def same_command(
    session: Session,
    papers: tuple[str, ...],
    why: str,
    who: str,
    listed: bool,
    undone: bool,
    yes: bool,
) -> None:
    """These papers are one: KEPT stands for the others, or one of them that has full text."""
    if listed:
        _none_beside("--list", papers)
        _list(session)
    elif undone:
        _undo(session, papers, who, why)
    elif len(papers) < 2:
        raise UsageError(
            "name the paper to keep, then the others",
            item=" ".join(papers),
            remedy="kb same KEPT OTHER…; kb duplicates shows what may be one",
            code="too_few_papers",
        )
    else:
        library = session.open()
        group = join(library, papers[0], papers[1:], coder(library, who), why, yes=yes)
        session.emit(group.to_json(), _group(group))


@command
@click.argument("one")
@click.argument("other")
@click.option("--why", default="", help="The reason, for the log.")
@click.option("--who", default="", help="Your name, for the log.")
def apart_command(session: Session, one: str, other: str, why: str, who: str) -> None:
    """These papers are two: they are never proposed again, and parted where they were joined."""
    library = session.open()
    part(library, one, other, coder(library, who), why)
    session.emit({"apart": [one, other]}, f"{one} and {other} are kept apart.")


def _list(session: Session) -> None:
    with session.open().catalogue.read() as reader:
        found = groups(reader)
    told = [_group(one) for one in found] or ["Nothing is joined."]
    session.emit([one.to_json() for one in found], "\n\n".join(told))


def _undo(session: Session, words: tuple[str, ...], who: str, why: str) -> None:
    if len(words) > 1 or (words and not words[0].isdecimal()):
        raise UsageError(
            f"not a number of the list: {' '.join(words)}",
            item=words[0],
            remedy="kb same --list shows the numbers; without one, the newest is undone",
            code="unknown_merge",
        )
    library = session.open()
    entry = undo(library, int(words[0]) if words else None, coder(library, who), why)
    facts: dict[str, Any] = {"undone": entry.n, "action": entry.action}
    session.emit(
        facts | {"kept": entry.kept, "other": entry.other},
        f"Undone: {entry.n}, {entry.action} {entry.kept} {entry.other}.",
    )


def _none_beside(option: str, papers: tuple[str, ...]) -> None:
    if papers:
        raise UsageError(
            f"{option} takes no papers", item=papers[0], remedy=f"kb same {option}", code="usage"
        )


def _told(one: Proposal) -> str:
    lines = [f"{'sure' if one.sure else 'maybe'}: {one.why}"]
    for paper in (one.one, one.other):
        who = ", ".join(paper.authors[:3]) + (" et al." if len(paper.authors) > 3 else "")
        lines.append(f"  {paper.paper_id}  {paper.title}\n      {who or '–'} ({paper.year or '–'})")
    ids = f"{one.one.paper_id} {one.other.paper_id}"
    return "\n".join([*lines, f"  kb same {ids}   or   kb apart {ids}"])


def _group(one: Group) -> str:
    lines = [f"{one.paper_id}  {one.title}"]
    lines += [
        f"  {version.merge}: {version.paper_id}  {version.title} ({version.year or '–'}) · "
        f"by {version.by}, {version.at[:10]}{f': {version.why}' if version.why else ''}"
        for version in one.versions
    ]
    return "\n".join(lines)
