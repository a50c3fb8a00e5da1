"""What every command shares: where the library is, and how results are printed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kb.catalogue import Filters
from kb.collecting import require
from kb.errors import UsageError, unknown
from kb.library import Library
from kb.query import key_of
from kb.settings import default_folder
from kb.shown import visible, visible_json
from taxonomy.codebook import load as load_codebook
from taxonomy.edition import Edition

NUMBER = click.IntRange(0, 2**63 - 1)
"""A number of something kept: no more than a catalogue can hold."""

printable = visible
"""Text from papers made safe for a terminal."""


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the command line."""

    folder: Path
    as_json: bool

    def open(self) -> Library:
        """The library, open and healed."""
        return Library.open(self.folder)

    def emit(self, data: Any, text: str = "") -> None:
        """Print the result: the JSON document under --json, else the text."""
        if self.as_json:
            sys.stdout.write(visible_json(data) + "\n")
        elif text:
            sys.stdout.write(printable(text).rstrip("\n") + "\n")

    def say(self, message: str) -> None:
        """A message to the person, on standard error."""
        sys.stderr.write(printable(message) + "\n")


def command(function: Callable[..., Any]) -> click.Command:
    """A command that also takes --library and --json, and gets a Session first."""

    @click.command(help=function.__doc__, context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--library", metavar="DIR", help="The library's folder (else KB_LIBRARY).")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    def run(library: str | None, as_json: bool, **options: Any) -> Any:
        """Call the function with a Session and its own options."""
        outer = click.get_current_context().obj or {}
        named = library or outer.get("library")
        folder = Path(named).expanduser() if named else default_folder()
        return function(Session(folder, as_json or bool(outer.get("json"))), **options)

    run.params.extend(reversed(getattr(function, "__click_params__", [])))
    return run


def group(function: Callable[..., Any]) -> click.Group:
    """A group of commands, which takes --library and --json for those in it.

    Only the function's name and docstring count.
    """

    @click.group(
        function.__name__.removesuffix("_command"),
        help=function.__doc__,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    @click.option("--library", metavar="DIR", help="The library's folder (else KB_LIBRARY).")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.pass_context
    def run(ctx: click.Context, library: str | None, as_json: bool) -> None:
        """Hold on to both options."""
        outer = ctx.obj or {}
        ctx.obj = {
            "library": library or outer.get("library"),
            "json": as_json or bool(outer.get("json")),
        }

    return run


def sub(name: str, of: click.Group | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of a group, under a name; `of`, where it is known, takes it in."""

    def made(function: Callable[..., Any]) -> click.Command:
        """The function as such a command."""
        one = command(function)
        one.name = name
        one.short_help = (function.__doc__ or "").strip().splitlines()[0]  # uncut in the list
        if of:
            of.add_command(one)
        return one

    return made


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of the contract, as options; read them with `filters_of`."""
    options = [
        click.option(
            "--phase", multiple=True, metavar="KEY", help="Phase, or its beginning; repeatable."
        ),
        click.option("--layer", multiple=True, metavar="KEY", help="Layer, likewise; repeatable."),
        click.option("--tag", multiple=True, metavar="FACET=KEY", help="Any facet; repeatable."),
        click.option("--year", default="", help="2024, 2023-2025 or 2023..2025."),
        click.option("--author", default="", help="Part of an author's name."),
        click.option("--category", default="", help="arXiv category, e.g. cs.SE."),
        click.option("--collection", default="", help="A named collection."),
        click.option("--tag-status", default="", metavar="WHO", help="machine or human."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def read_filters(
    edition: Edition | None = None,
    *,
    phase: tuple[str, ...] = (),
    layer: tuple[str, ...] = (),
    tag: tuple[str, ...] = (),
    year: str = "",
    author: str = "",
    category: str = "",
    collection: str = "",
    tag_status: str = "",
) -> Filters:
    """The filters, checked, with full keys.

    A key that was renamed or merged means what it has become; the beginning of one key alone
    means that key.

    Takes: edition, the library's codebook; the shipped one where None. Raises UsageError
    that lists the known keys.
    """
    book = edition or Edition(load_codebook().facets)
    phases = tuple(key_of(book, "phase", key) for key in phase)
    layers = tuple(key_of(book, "layer", key) for key in layer)
    pairs = tuple(_pair(book, text) for text in tag)
    if tag_status not in ("", "machine", "human"):
        raise unknown("tag status", tag_status, ("machine", "human"))
    start, end = read_years(year)
    return Filters(phases, layers, start, end, author, category, collection, tag_status, pairs)


def filters_of(library: Library, edition: Edition | None = None, **options: Any) -> Filters:
    """The filters for a library, checked against what it has. Raises UsageError.

    Takes: edition, an older version of the library's codebook.
    """
    found = read_filters(edition or library.edition, **options)
    if found.collection:
        require(library, found.collection)
    return found


def _pair(edition: Edition, text: str) -> tuple[str, str]:
    facet, _, key = text.partition("=")
    known = [one.key for one in edition.facets]
    if facet not in known:
        raise unknown("facet", facet, [f"{one}=KEY" for one in known])
    return facet, key_of(edition, facet, key)


def read_years(text: str) -> tuple[int | None, int | None]:
    """First and last year of `2024`, `2023-2025` or `2023..2025`. Raises UsageError."""
    if not text:
        return None, None
    found = re.fullmatch(r"(\d{4})(?:\s*(?:-|\.\.)\s*(\d{4}))?", text.strip())
    if not found or (found[2] and found[2] < found[1]):
        raise UsageError(
            f"not a year or range of years: {text}",
            item=text,
            remedy="give 2024, 2023-2025 or 2023..2025",
            code="bad_year",
        )
    return int(found[1]), int(found[2] or found[1])
