"""The command line: names every command, loads only the one that is called."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from ingest.errors import IngestError
from kb.errors import KbError
from kb.shown import visible, visible_json
from kb.stopping import status_of, terminable

# command -> (module of kb.commands, one line of help). Kept here so that `kb --help`
# imports none of them.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("keeping", "Make a library; --starter loads the papers that come with Sixfold."),
    "add": ("adding", "Add papers: arXiv ids, PDFs, folders, bibliographies, a bundle."),
    "fetch": ("adding", "Fetch full text (or --missing abstracts) of papers already held."),
    "journal": ("journal", "What was added when, and what failed at which step."),
    "remove": ("keeping", "Remove papers everywhere."),
    "duplicates": ("merging", "Papers that may be one, with the evidence."),
    "same": ("merging", "Join papers that are one; --list shows them, --undo takes back."),
    "apart": ("merging", "Keep two papers apart for good."),
    "search": ("finding", "Search papers or passages, by meaning and by words."),
    "searches": ("searching", "The log of searches: what was looked for, and found."),
    "related": ("finding", "Papers most like one paper."),
    "passages": ("finding", "The stored text of a paper, passage by passage."),
    "show": ("finding", "A paper's card."),
    "ask": ("answering", "Ask a question; get quotes that can be checked, or a refusal."),
    "chats": ("chatting", "Chats that are kept: list, show, rename, search, export, rm."),
    "collection": ("collecting", "Named collections of papers: add, rm, list."),
    "review": ("screening", "Systematic reviews: criteria, screening, the PRISMA diagram."),
    "note": ("noting", "Notes that people write on papers: add, list, edit, remove."),
    "saved": ("saving", "Saved searches: list, add, rm, rename, run; and what is new in each."),
    "reading": ("reading", "A person's reading list: to_read, reading, read; set, export."),
    "tag": ("tagging", "Decide on tags: give, remove, accept; what people say holds."),
    "undo": ("tagging", "Undo a decision on tags."),
    "tags": ("tagging", "Tags with their papers; --queue says what to decide next."),
    "learn": ("teaching", "Teach the tagger what people decided."),
    "agreement": ("teaching", "How far coders agree, and what there is to settle."),
    "challenges": ("mapping", "Challenges that papers state, with their evidence."),
    "challenge": ("challenge", "Merge, split, rename or reject challenges; undo; list."),
    "map": ("mapping", "The map of phases, layers, challenges and directions."),
    "diff": ("mapping", "What changed from one exported map to a later one."),
    "taxonomy": ("taxonomy", "Show and change the codebook; every change is a new version."),
    "verify": ("mapping", "Re-check every quote of an exported map."),
    "table": ("tabling", "The literature table: papers in rows, what they say in columns."),
    "export": ("exporting", "Write papers as BibTeX, RIS, CSL-JSON, CSV, JSON lines or notes."),
    "bundle": ("keeping", "Write the whole library to one file."),
    "status": ("keeping", "What is here."),
    "doctor": ("keeping", "Is it sound? --fix mends what can be mended."),
    "reindex": ("keeping", "Rebuild both indexes from the catalogue."),
    "backup": ("keeping", "Copy the catalogue to a file, while others work."),
    "restore": ("keeping", "Put a backup in the catalogue's place."),
    "app": ("serving", "Start the app in the browser."),
    "parse": ("stages", "Read one PDF: title, abstract, sections, references."),
    "classify": ("stages", "Tag titles and abstracts by both codebooks."),
    "statements": ("stages", "Label sentences: challenge, direction, contribution, other."),
    "eval": ("evaluating", "Measure retrieval, answers or tagging on your own data."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """All commands, in the order of a paper's way through Sixfold."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command `cmd_name`, imported; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kb.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named by the first argument. Unknown: an error that lists the known."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=3)
            known = f"Known: {', '.join(COMMANDS)}"
            meant = f"Did you mean {' or '.join(close)}?" if close else known
            raise click.UsageError(f"unknown command: {args[0]}. {meant}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context) -> None:
    from importlib.metadata import version  # takes longer than all else here

    number = version("sixfold")
    as_json = (ctx.obj or {}).get("json")  # it may stand behind
    click.echo(visible_json({"version": number}) if as_json else f"kb, version {number}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--library", metavar="DIR", help="The library's folder (else KB_LIBRARY).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _version(ctx) if asked else None,
    help="Show the version and exit.",
)
@click.pass_context
def kb(ctx: click.Context, library: str | None, as_json: bool) -> None:
    """Sixfold: a library of papers on how language models are engineered and write code.

    Every paper is filed under six lifecycle phases and six code-generation layers.
    --library and --json may also follow the command.
    """
    ctx.obj = {"library": library, "json": as_json}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0, 1, 2 or 3, as the contract says.

    Stopped by Ctrl-C it is 130, by SIGTERM 143, as shells have it.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not be UTF-8
    try:
        with terminable():
            result = kb.main(
                args=words, prog_name="kb", standalone_mode=False, obj={"json": as_json}
            )
    except click.exceptions.Exit as error:
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # `kb … | head`: the reader has gone
        return 0
    except (KbError, IngestError, click.ClickException, click.Abort, OSError) as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
            error.show()  # `kb`, `kb taxonomy`: the help, on standard error
            return 2
        facts, status = _facts(error)
        return _report(facts, status, as_json)
    except KeyboardInterrupt as error:
        return _report(_INTERRUPTED, status_of(error), as_json)
    except Exception as error:
        if os.environ.get("SIXFOLD_DEBUG") == "1":
            raise
        return _report(_internal(error), 3, as_json)
    return result if isinstance(result, int) else 0


_INTERRUPTED = {
    "code": "interrupted",
    "message": "stopped; what was kept is kept",
    "item": "",
    "remedy": "",
}


def _internal(error: Exception) -> dict[str, str]:
    """The last resort: a fault of Sixfold's own, of which nobody has thought."""
    told = (str(error).strip().splitlines() or ["no reason given"])[0]
    return {
        "code": "internal",
        "message": f"an error within Sixfold: {type(error).__name__}: {told[:300]}",
        "item": "",
        "remedy": "kb doctor; SIXFOLD_DEBUG=1 shows where, for a report of it",
    }


def _facts(error: Exception) -> tuple[dict[str, str], int]:
    """What the person is told of an error, and the exit status."""
    if isinstance(error, KbError):
        return error.to_json(), error.exit_status
    if isinstance(error, IngestError):
        facts = {"code": error.code, "message": error.message, "item": error.item}
        return facts | {"remedy": error.remedy}, 2 if error.code == "unknown_id" else 1
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        facts = {"code": "usage", "message": "no command is named", "item": ""}
        return facts | {"remedy": f"{error.ctx.command_path} --help"}, 2
    if isinstance(error, click.ClickException):
        ctx = getattr(error, "ctx", None)
        command = f"{ctx.command_path} --help" if ctx else "kb --help"
        message = error.format_message()
        return {"code": "usage", "message": message, "item": "", "remedy": command}, 2
    if isinstance(error, OSError):
        return {
            "code": "os_error",
            "message": error.strerror or str(error),
            "item": str(error.filename or ""),
            "remedy": "check the path, the free space and the rights",
        }, 1
    return _INTERRUPTED, status_of(error.__cause__)


def _report(facts: dict[str, Any], status: int, as_json: bool) -> int:
    """Say what went wrong: JSON on standard output, or one line on standard error."""
    if as_json:
        sys.stdout.write(visible_json({"error": facts}) + "\n")
        return status
    item = f" [{facts['item']}]" if facts["item"] and facts["item"] not in facts["message"] else ""
    remedy = f" — {facts['remedy']}" if facts["remedy"] else ""
    # Names of papers, people and collections may hold what drives a terminal.
    told = " ".join(visible(facts["message"] + item + remedy).split())
    sys.stderr.write(f"kb: {told}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
