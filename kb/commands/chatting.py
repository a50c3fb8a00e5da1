"""kb chats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kb.catalogue.chats import ChatHead
from kb.chat_export import exported_chat
from kb.chats import chats, find, remove, rename, turns
from kb.commands.common import Session, command
from kb.errors import UsageError
from kb.library import Library
from kb.rechecks import recheck
from kb.whole_file import write_whole

ACTIONS = ("list", "show", "rename", "search", "export", "rm")


@command
@click.argument("action", type=click.Choice(ACTIONS), default="list")
@click.argument("words", nargs=-1)
@click.option("-o", "target", type=click.Path(path_type=Path), help="export: else standard output.")
@click.option("--yes", is_flag=True, help="rm: do not ask.")
@click.option("--reset", is_flag=True, help="rename: back to its first question.")
def chats_command(
    session: Session,
    action: str,
    words: tuple[str, ...],
    target: Path | None,
    yes: bool,
    reset: bool,
) -> None:
    r"""Chats that are kept: questions with their answers, from here and from the app.

    kb chats list, kb chats search WORDS, kb chats show CHAT, kb chats rename CHAT NAME (or
    --reset), kb chats export CHAT [-o FILE.md], kb chats rm CHAT [--yes]. CHAT is its name, its
    first question, its id, or last. kb ask QUESTION --chat CHAT goes on with one.
    """
    told = " ".join(words)
    chat, name = (words[0], " ".join(words[1:])) if words else ("", "")
    if name and action not in ("list", "search", "rename"):
        raise UsageError(
            f"kb chats {action} takes one chat",
            item=told,
            remedy=f'put quotes around a name of several words: kb chats {action} "{told}"',
            code="surplus",
        )
    library = session.open()
    if action in ("list", "search"):
        _list(session, chats(library, told), told)
        return
    if not chat:
        raise UsageError("which chat?", remedy=f"kb chats {action} NAME (or last)", code="no_chat")
    head = find(library, chat)
    if action == "rename":
        _check_name(head, name, reset=reset)
    if action == "show":
        _show(session, library, head)
    elif action == "rename":
        kept = rename(library, head.chat, name)
        told = f"called {kept}" if kept else "called by its first question again"
        session.emit({"chat": head.chat, "name": kept}, told)
    elif action == "export":
        _export(session, library, head, target)
    else:
        _remove(session, library, head, yes=yes)


def _check_name(head: ChatHead, name: str, *, reset: bool) -> None:
    """A name left out is a slip, and no wish to have none. Raises UsageError."""
    if reset == bool(name.strip()):
        raise UsageError(
            "a name and --reset exclude each other" if reset else "no name is given",
            item=head.title,
            remedy="kb chats rename CHAT NAME, or kb chats rename CHAT --reset to call it by "
            "its first question again",
            code="no_name",
        )


def _list(session: Session, found: list[ChatHead], words: str) -> None:
    lines = [f"{one.last[:16]}  {one.turns:>3}  {' '.join(one.title.split())}" for one in found]
    nothing = "no chat has these words" if words else "no chat yet: kb ask QUESTION --chat NAME"
    session.emit({"chats": [_json(one) for one in found]}, "\n".join(lines) or nothing)


def _show(session: Session, library: Library, head: ChatHead) -> None:
    told: list[dict[str, Any]] = []
    lines = [head.title, ""]
    for one in turns(library, head.chat):
        cited = one.answer.get("citations", [])
        with library.catalogue.read() as reader:
            checked = recheck(reader, cited)
        told.append(
            {
                "at": one.at,
                "question": one.question,
                "answer": one.answer,
                "now": [
                    {"n": c.get("n"), **now.to_json()}
                    for c, now in zip(cited, checked, strict=True)
                ],
            }
        )
        lines += [f"? {one.question}", ""]
        lines += [one.answer.get("reason", ""), ""] * (not one.answer.get("answered"))
        for said in one.answer.get("sentences", []):
            marks = "".join(f"[{n}]" for n in said.get("citations", []))
            lines += [f"{said.get('text', '')} {marks}".rstrip(), ""]
        lines += [
            f"[{c.get('n')}] {c.get('title')}, {c.get('paper_id')}: {now.told or c.get('section')}"
            for c, now in zip(cited, checked, strict=True)
        ]
        lines.append("")
    session.emit({**_json(head), "turns": told}, "\n".join(lines))


def _export(session: Session, library: Library, head: ChatHead, target: Path | None) -> None:
    if target is None and session.as_json:
        raise UsageError(
            "--json needs the output: no place to write to is named",
            remedy="name it with -o",
            code="no_output",
        )
    text = exported_chat(library, head)
    if target is None:
        session.emit(None, text)
        return
    target = target.expanduser()
    write_whole(target, text.encode(errors="backslashreplace"))
    session.emit({"chat": head.chat, "file": str(target)}, f"{target}: {head.turns} questions")


def _remove(session: Session, library: Library, head: ChatHead, *, yes: bool) -> None:
    if not yes and session.as_json:
        raise UsageError(
            "removing a chat is for good", item=head.chat, remedy="say --yes", code="not_confirmed"
        )
    if not yes:
        click.confirm(f"Remove {head.title!r} with {head.turns} questions?", abort=True, err=True)
    removed = remove(library, head.chat)
    session.emit({"chat": head.chat, "removed": removed}, f"removed, with {removed} questions")


def _json(head: ChatHead) -> dict[str, Any]:
    return {
        "chat": head.chat,
        "name": head.name,
        "first": head.first,
        "turns": head.turns,
        "started": head.started,
        "last": head.last,
    }
