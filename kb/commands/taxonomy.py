"""kb taxonomy: show, change, import and export the library's codebook."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kb.codebooks import Plan, commit, edition_at, history, propose, revert_to
from kb.commands.common import NUMBER, Session, group, sub
from kb.errors import UsageError
from kb.library import Library
from kb.telling_codebook import category_json, category_lines, change_line, plan_lines
from kb.whole_file import write_whole
from taxonomy.codebook import Category, CodebookError, UnknownNameError, read_category
from taxonomy.codebook_file import MAX_FILE, read, write
from taxonomy.editing import Add, Change, Edit, Merge, Rename, Retire, Split
from taxonomy.edition import Edition


@group
def taxonomy_command() -> None:
    """Show and change the codebook of this library; every change is a new version."""


def _known(function: Callable[..., Any]) -> Callable[..., Any]:
    """Names of facets and categories that are not known become usage errors."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        """The function; a CodebookError of it becomes a UsageError."""
        try:
            return function(*args, **options)
        except CodebookError as error:
            code = "unknown_key" if isinstance(error, UnknownNameError) else "taxonomy"
            raise UsageError(
                error.message, item=error.item, remedy=error.remedy, code=code
            ) from error

    return run


def _sub(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    return lambda function: sub(name, taxonomy_command)(_known(function))


def _changing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that changes the codebook."""
    function = click.option("--who", default="", help="Who makes the change (else the login).")(
        function
    )
    function = click.option("--why", default="", help="The reason; kept with the change.")(function)
    return click.option("--dry-run", is_flag=True, help="Only tell what it would change.")(function)


def _entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that describe a category."""
    for option in (
        click.option("--example", default=None, help="A made-up paper that belongs."),
        click.option("--cue", multiple=True, help="Lower-case words that hint; repeatable."),
        click.option("--exclude", multiple=True, help="What does not belong; repeatable."),
        click.option("--include", multiple=True, help="What belongs; repeatable."),
        click.option("--definition", default=None, help="What it means."),
        click.option("--name", default=None, help="The name shown to people."),
    ):
        function = option(function)
    return function


def _edition(library: Library, version: int | None) -> tuple[int, Edition]:
    if version is None:
        number, filing = library.taxonomy
        return number, filing.edition
    return version, edition_at(library, version)


@_sub("show")
@click.argument("facet", required=False)
@click.option("--version", type=NUMBER, metavar="N", help="An older version; else the newest.")
def show(session: Session, facet: str | None, version: int | None) -> None:
    """The codebook: every facet and category, whose words they are, and papers of each."""
    library = session.open()
    number, edition = _edition(library, version)
    shown = [edition.facet(facet)] if facet else list(edition.facets)
    table = library.snapshot().table
    current = version is None or version == library.taxonomy[0]
    counts = {place: int(has.sum()) for place, has in table.has_tags.items()} if current else {}
    facts = {
        "version": number,
        "codebook": edition.codebook.version,
        "facets": [
            {
                "key": one.key,
                "plural": one.plural,
                "name": one.name,
                "question": one.question,
                "citation": one.citation,
                "note": one.note,
                "categories": [
                    category_json(edition, one.key, category, counts) for category in one.categories
                ],
            }
            for one in shown
        ],
    }
    lines = [f"Version {number} ({edition.codebook.version})"]
    for one in shown:
        lines += [
            "",
            f"{one.name} ({one.key}): {one.question}",
            f"  {one.note}" if one.note else "",
        ]
        for category in one.categories:
            lines += category_lines(edition, one.key, category, counts)
    session.emit(facts, "\n".join(lines))


@_sub("history")
def show_history(session: Session) -> None:
    """Every version: when, who, what, why."""
    held = history(session.open())
    rows = [
        {
            "version": one.n,
            "at": one.at,
            "who": one.who,
            "change": one.change,
            "codebook": one.edition.codebook.version,
        }
        for one in held
    ]
    session.emit({"versions": rows}, "\n".join(change_line(one) for one in held))


@_sub("import")
@click.argument("file", type=click.Path(path_type=Path))
@_changing
def import_file(session: Session, file: Path, **how: Any) -> None:
    """Add a whole facet, or further categories of one, from a TOML file."""
    library = session.open()
    facet = read(_text(file), str(file))
    held = {one.key: one for one in library.edition.facets}.get(facet.key)
    if held:
        for category in facet.categories:
            if category.key in held.keys and held.category(category.key) != category:
                raise UsageError(
                    f"{category.key!r} is in facet {facet.key!r} already, with another text",
                    item=str(file),
                    remedy="kb taxonomy edit changes it; leave it out of the file",
                    code="taxonomy",
                )
    _make(session, library, Add(facet), **how)


@_sub("export")
@click.argument("facet")
@click.option("-o", "target", type=click.Path(path_type=Path), help="Else standard output.")
@click.option("--version", type=NUMBER, metavar="N", help="An older version; else the newest.")
def export_file(session: Session, facet: str, target: Path | None, version: int | None) -> None:
    """Write one facet as TOML that `import` reads."""
    _, edition = _edition(session.open(), version)
    found = edition.facet(facet)
    text = write(found)
    if target is None:
        session.emit({"facet": facet, "toml": text}, text)
        return
    write_whole(target, text.encode())
    done = {"facet": facet, "file": str(target), "categories": len(found.categories)}
    session.emit(done, f"{target}: {len(found.categories)} categories")


@_sub("add-category")
@click.argument("facet")
@click.argument("key")
@click.option("--parent", default="", help="The category it is a sub-area of.")
@_entry
@_changing
def add_category(session: Session, facet: str, key: str, parent: str, **options: Any) -> None:
    """Add a category; papers get it by its definition and cues, until people have decided."""
    library = session.open()
    how, said = _apart(options)
    _needed(said, "name", "definition")
    held = library.edition.facet(facet)
    made = _described(key, said, {"parent": parent} if parent else {})
    if made.key in held.keys:
        raise UsageError(
            f"{made.key!r} is in facet {facet!r} already",
            item=made.key,
            remedy="kb taxonomy edit changes it",
            code="taxonomy",
        )
    # Of the facet only the new category counts; a sub-area needs its parent beside it.
    above = [held.category(parent)] if parent else []
    _make(session, library, Add(replace(held, categories=(*above, made))), **how)


@_sub("rename")
@click.argument("facet")
@click.argument("key")
@click.argument("new_key", required=False)
@click.option("--name", default=None, help="The new name shown to people.")
@_changing
def rename(
    session: Session, facet: str, key: str, new_key: str | None, name: str | None, **how: Any
) -> None:
    """Give a category another key, another name, or both; the old key still means it."""
    library = session.open()
    held = library.edition.facet(facet).category(key)
    _make(session, library, Rename(facet, key, new_key or key, name or held.name), **how)


@_sub("merge")
@click.argument("facet")
@click.argument("keys", nargs=-1, required=True)
@click.option("--into", required=True, metavar="KEY", help="The new category's key.")
@_entry
@_changing
def merge(session: Session, facet: str, keys: tuple[str, ...], into: str, **options: Any) -> None:
    """Make several categories one; a paper has it if it had any of them."""
    library = session.open()
    how, said = _apart(options)
    held = library.edition.facet(facet)
    merged = [held.category(key) for key in keys]
    _needed(said, "name")
    # What is not said anew is taken from the categories merged.
    said["definition"] = said.get("definition") or " ".join(one.definition for one in merged)
    for field in ("include", "exclude", "cues"):
        joined = dict.fromkeys(text for one in merged for text in getattr(one, field))
        said[field] = said.get(field) or list(joined)[:60]
    _make(session, library, Merge(facet, keys, _described(into, said, {})), **how)


@_sub("split")
@click.argument("facet")
@click.argument("key")
@click.argument("file", type=click.Path(path_type=Path))
@_changing
def split(session: Session, facet: str, key: str, file: Path, **how: Any) -> None:
    """Give a category the sub-areas of a TOML file (a facet's form); it stays their parent."""
    library = session.open()
    parts = read(_text(file), str(file)).categories
    _make(session, library, Split(facet, key, parts), **how)


@_sub("retire")
@click.argument("facet")
@click.argument("key", required=False)
@_changing
def retire(session: Session, facet: str, key: str | None, **how: Any) -> None:
    """Take out a category with its sub-areas, or a whole facet; its tags are kept."""
    _make(session, session.open(), Retire(facet, key or ""), **how)


@_sub("edit")
@click.argument("facet")
@click.argument("key")
@_entry
@_changing
def edit(session: Session, facet: str, key: str, **options: Any) -> None:
    """Change a category's texts. Tags change only for categories of your own."""
    library = session.open()
    how, said = _apart(options)
    held = library.edition.facet(facet).category(key)
    kept = category_json(library.edition, facet, held, {})["entry"]
    changed = read_category({**kept, **said}, f"facet {facet!r}")
    _make(session, library, Edit(facet, changed), **how)


@_sub("revert")
@click.argument("version", type=NUMBER)
@_changing
def revert(session: Session, version: int, **how: Any) -> None:
    """Make a new version that is the same as version VERSION."""
    library = session.open()
    _make(session, library, revert_to(library, version), **how)


def _make(
    session: Session, library: Library, change: Change, *, dry_run: bool, why: str, who: str
) -> None:
    """Tell what a change does; make it unless it is a dry run."""
    if dry_run:
        plan: Plan = propose(library, change)
    else:
        plan = commit(library, change, who=who or _login(), why=why)
    session.emit(plan.to_json() | {"dry_run": dry_run}, plan_lines(plan, dry_run=dry_run))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return "unknown"


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE * 4:
            raise UsageError(f"{file} is too large for a codebook", item=str(file))
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {file}", item=str(file)) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text", item=str(file), remedy="save it as UTF-8"
        ) from error


def _apart(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(how to make the change, what was said of the category)."""
    how = {name: options.pop(name) for name in ("dry_run", "why", "who")}
    options["cues"] = options.pop("cue")
    said = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    return how, said


def _needed(said: dict[str, Any], *names: str) -> None:
    for name in names:
        if not said.get(name):
            raise UsageError(f"--{name} is missing", item=name, remedy=f"give --{name} TEXT")


def _described(key: str, said: dict[str, Any], more: dict[str, Any]) -> Category:
    own = {"key": key, "source": "inferred", "confidence": "low"}
    return read_category({**own, **said, **more}, "category")
