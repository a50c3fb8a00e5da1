"""What the README tells people to type exists, and all that exists is told."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from kb.cli import COMMANDS, kb

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

# `kb …` in running text and tables, and after a prompt in blocks.
INLINE = re.findall(r"`(?:\.venv/bin/)?kb ([^`]+)`", README)
TYPED = re.findall(r"^\$ (?:\.venv/bin/)?kb (.+)$", README, flags=re.MULTILINE)
MAKE = re.findall(r"(?:`|^\$ )make ([a-z-]+)", README, flags=re.MULTILINE)


def words_of(line: str) -> list[str]:
    plain = re.sub(r"[\[\]…]", " ", line.replace("\\|", " "))
    return [word for word in shlex.split(plain, comments=True) if word not in ("COMMAND", "|")]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words call, and the words that follow its name."""
    context = click.Context(kb)
    command: click.Command = kb
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found, f"kb has no command {words[0]}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("line", sorted({*INLINE, *TYPED}))
def test_what_the_readme_types_exists(line: str) -> None:
    command, rest = command_of(words_of(line))
    known = {option for param in (*command.params, *kb.params) for option in param.opts}
    known |= {option for param in command.params for option in param.secondary_opts}
    named = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert named <= known | {"--help"}


@pytest.mark.parametrize("line", sorted(set(TYPED)))
def test_a_line_to_be_typed_parses(line: str) -> None:
    command, rest = command_of(words_of(line))
    command.make_context(command.name, rest)


def test_every_command_is_in_the_readme() -> None:
    told = {name for line in INLINE for name in words_of(line)[:1]}
    assert set(COMMANDS) <= told


def test_every_make_target_exists_and_ci_runs_the_test_command() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert {"app", "test"} <= set(MAKE) <= targets
    assert "\nmake test " in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
