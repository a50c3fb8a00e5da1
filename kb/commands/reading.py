"""kb reading, reading set."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kb.catalogue import StoredPaper
from kb.commands.common import Session, command
from kb.decisions import coder
from kb.errors import UsageError
from kb.exporting import FORMATS, export_to, exported
from kb.library import Library
from kb.reading_states import STATES, listed, put

_NONE = "none"


@command
@click.argument("words", nargs=-1, metavar="[STATE] | set STATE ID…")
@click.option("--who", default="", help="Whose; else the library's coder.")
@click.option("--format", "form", default="", help=f"Write the list as {', '.join(FORMATS)}.")
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
def reading_command(
    session: Session, words: tuple[str, ...], who: str, form: str, target: Path | None
) -> None:
    """A person's reading list: to_read, reading, read.

    kb reading [list] [STATE] shows it, kb reading set STATE ID… puts papers on it; the state none
    takes them off.
    """
    library = session.open()
    who = coder(library, who)
    if words[:1] == ("set",):
        _set(session, library, who, words[1:])
        return
    if words[:1] == ("list",):
        words = words[1:]
    if len(words) > 1:
        raise UsageError(
            f"one state at a time: {' '.join(words)}",
            item=words[1],
            remedy="kb reading STATE, or kb reading set STATE ID…",
        )
    found = listed(library, who, _state(words[0]) if words else "")
    if form:
        _write(session, library, [paper for paper, _, _ in found], form, target)
        return
    rows = [
        {
            "paper_id": paper.paper_id,
            "title": paper.title,
            "year": paper.year,
            "state": state,
            "at": at,
        }
        for paper, state, at in found
    ]
    lines = [
        f"{state:<8} {paper.paper_id}  {paper.title} ({paper.year or 'no year'})"
        for paper, state, _ in found
    ]
    none = "nothing is on the list: kb reading set to_read ID…"
    session.emit({"who": who, "papers": rows}, "\n".join(lines) or none)


def _set(session: Session, library: Library, who: str, words: tuple[str, ...]) -> None:
    if len(words) < 2:
        raise UsageError(
            "which state, of which papers?",
            remedy=f"kb reading set {'|'.join((*STATES, _NONE))} ID…",
        )
    state = _state(words[0])
    changed = put(library, who, words[1:], "" if state == _NONE else state)
    session.emit({"who": who, "state": state, "changed": changed}, f"{changed} papers: {words[0]}")


def _state(word: str) -> str:
    """The state as it is kept, for `to-read` as well."""
    return word.replace("-", "_")


def _write(
    session: Session, library: Library, papers: list[StoredPaper], form: str, target: Path | None
) -> None:
    if target is not None:
        target = target.expanduser()
        export_to(library, papers, form, target)
        done = {"papers": len(papers), "file": str(target), "format": form}
        session.emit(done, f"{target}: {len(papers)} papers")
    elif session.as_json:
        raise UsageError(
            "--json needs the output: no place to write to is named",
            remedy="name it with -o",
            code="no_output",
        )
    else:
        sys.stdout.buffer.write(exported(library, papers, form))
        sys.stdout.buffer.flush()
