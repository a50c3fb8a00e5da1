"""kb challenge: what people decide about challenges."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from kb import challenge_acts as acts
from kb.challenge_acts import Entry
from kb.commands.common import NUMBER, Session, group, sub
from kb.library import Library


@group
def challenge_command() -> None:
    """Merge, split, rename and reject challenges; every decision is kept and can be undone."""


_sub = partial(sub, of=challenge_command)


def _signed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every decision: who and why."""
    who = click.option("--who", default="", metavar="NAME", help="Who (else setting `coder`).")
    why = click.option("--why", default="", metavar="TEXT", help="The reason, for the log.")
    return who(why(function))


@_sub("merge")
@click.argument("ids", nargs=-1, required=True, metavar="ID ID…")
@_signed
def merge(session: Session, ids: tuple[str, ...], who: str, why: str) -> None:
    """These challenges are one."""
    library = session.open()
    _tell(session, library, acts.merge(library, ids, who=who, why=why).n)


@_sub("split")
@click.argument("challenge", metavar="ID")
@click.option("--out", multiple=True, required=True, metavar="STATEMENT", help="Repeatable.")
@_signed
def split(session: Session, challenge: str, out: tuple[str, ...], who: str, why: str) -> None:
    """These statements of a challenge are one of their own."""
    library = session.open()
    _tell(session, library, acts.split(library, challenge, out, who=who, why=why).n)


@_sub("rename")
@click.argument("challenge", metavar="ID")
@click.argument("text")
@_signed
def rename(session: Session, challenge: str, text: str, who: str, why: str) -> None:
    """Call a challenge by your own words; they are marked as such."""
    library = session.open()
    _tell(session, library, acts.rename(library, challenge, text, who=who, why=why).n)


@_sub("reject")
@click.argument("challenge", metavar="ID")
@click.option("--row", "rows", multiple=True, metavar="STATEMENT", help="Only this quote of it.")
@_signed
def reject(session: Session, challenge: str, rows: tuple[str, ...], who: str, why: str) -> None:
    """It is no challenge, or these quotes do not belong to it."""
    library = session.open()
    _tell(session, library, acts.reject(library, challenge, rows, who=who, why=why).n)


@_sub("undo")
@click.argument("number", type=NUMBER, required=False)
@_signed
def undo(session: Session, number: int | None, who: str, why: str) -> None:
    """Undo decision NUMBER, or your last one."""
    library = session.open()
    undone = acts.undo(library, number, who=who, why=why)
    session.emit({"undone": undone}, f"Undone: {undone}.")


@_sub("list")
def listed(session: Session) -> None:
    """Every decision: who, when, what and why."""
    entries = acts.history(session.open())
    told = "\n".join(_line(one) for one in entries) or "Nothing was decided."
    session.emit({"decisions": [one.to_json() for one in entries]}, told)


def _tell(session: Session, library: Library, n: int) -> None:
    entry = next(one for one in acts.history(library) if one.decision.n == n)
    session.emit(entry.to_json(), f"{_line(entry)}\nkb challenge undo {n} takes it back.")


def _line(entry: Entry) -> str:
    one = entry.decision
    about = " ".join(named.id for named in one.challenges) or f"decision {one.undoes}"
    rows = f" ({', '.join(one.out)})" if one.out else ""
    text = f" → “{one.text}”" if one.text else ""
    why = f": {one.why}" if one.why else ""
    state = "" if entry.in_force else "  [undone]"
    state += "" if entry.found else "  [no effect: its statements are not here]"
    return f"{one.n:>4}  {one.at[:16]}  {one.who}  {one.action} {about}{rows}{text}{why}{state}"
