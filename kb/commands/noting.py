"""kb note."""

from __future__ import annotations

import sys

import click

from kb.commands.common import NUMBER, Session, command
from kb.errors import UsageError
from kb.library import Library
from kb.remarks import Remark, add, edit, remarks, remove


@command
@click.argument("paper", required=False, default="")
@click.argument("text", required=False)
@click.option("--list", "listed", is_flag=True, help="The notes on a paper; on all without one.")
@click.option("--edit", "edited", type=NUMBER, metavar="N", help="Put TEXT in note N's place.")
@click.option("--remove", "removed", type=NUMBER, metavar="N", help="Take note N away.")
@click.option("--who", default="", help="Your name; else the setting `coder`, else the system's.")
def note_command(
    session: Session,
    paper: str,
    text: str | None,
    listed: bool,
    edited: int | None,
    removed: int | None,
    who: str,
) -> None:
    """Notes that people write on papers.

    kb note ID TEXT (`-` reads the text from standard input), kb note list [ID] (or --list),
    kb note --edit N TEXT, kb note --remove N. The log keeps what was changed or removed.
    """
    if paper == "list" and edited is None and removed is None:
        listed, paper, text = True, text or "", None
    if sum((listed, edited is not None, removed is not None)) > 1:
        raise UsageError("--list, --edit and --remove go one at a time", remedy="kb note --help")
    library = session.open()
    if removed is not None:
        _alone(paper)
        gone = remove(library, removed, who)
        session.emit({"removed": gone.to_json()}, f"note {gone.n} on {gone.paper_id} removed")
    elif edited is not None:
        _alone(text or "")
        _told(session, edit(library, edited, _typed(paper), who))
    elif listed or (paper and text is None):
        _alone(text or "")
        _list(session, library, paper)
    elif not paper:
        raise UsageError("no paper is named", remedy="kb note ID TEXT, or kb note --list")
    else:
        _told(session, add(library, paper, _typed(text or ""), who))


def _typed(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _alone(too_much: str) -> None:
    if too_much:
        raise UsageError(f"too much is given: {too_much}", remedy="kb note --help")


def _told(session: Session, one: Remark) -> None:
    session.emit({"note": one.to_json()}, f"note {one.n} on {one.paper_id} kept")


def _list(session: Session, library: Library, paper: str) -> None:
    held = remarks(library, paper)
    session.emit(
        {"notes": [one.to_json() for one in held]},
        "\n".join(map(_line, held)) or "no note yet: kb note ID TEXT",
    )


def _line(one: Remark) -> str:
    changed = f", changed by {one.changed_by} {one.changed_at[:10]}" if one.changed_by else ""
    text = one.text.replace("\n", "\n    ")
    return f"{one.n}  {one.paper_id}  {one.who} {one.at[:10]}{changed}\n    {text}"
