"""kb ask."""

from __future__ import annotations

from typing import Any

import click

from ingest.sources import encodable
from kb.answer import ask
from kb.chats import Talk, keep, talk
from kb.commands.common import Session, command, filter_options, filters_of
from kb.commands.writing import show_answer
from kb.errors import CatalogueUnwritable
from kb.library import Library
from kb.reply import Answer
from kb.writer import writer_named


@command
@click.argument("question")
@filter_options
@click.option("--writer", default="extractive", help="extractive, or llm where one is set up.")
@click.option("--chat", default="", metavar="NAME", help="Go on with a chat, or last; else new.")
def ask_command(session: Session, question: str, writer: str, chat: str, **filters: Any) -> None:
    """Ask a question; get quotes that can be checked, or a refusal.

    With --chat the question and its answer are kept (see kb chats), and a follow-up such as
    "and for deployment?" is read against the chat.
    """
    library = session.open()
    asked = filters_of(library, **filters)
    writer_named(writer, library.settings)
    begun = talk(library, encodable(chat)) if chat else None
    answer = ask(library, encodable(question), asked, begun.earlier if begun else ())
    answer = show_answer(session, library, answer, writer)
    if begun:
        _keep(session, library, begun, encodable(question), answer)


def _keep(session: Session, library: Library, begun: Talk, question: str, answer: Answer) -> None:
    """Keep a turn. The answer is printed: where it cannot be kept, that is said beside it."""
    try:
        keep(library, begun.chat, question, answer.to_json(), begun.name)
    except CatalogueUnwritable as error:
        session.say(f"not kept in the chat: {error.message} — {error.remedy}")
        raise click.exceptions.Exit(1) from error
