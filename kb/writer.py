"""The way in to the writers: `extractive` shows the papers' own sentences, `llm` words them.

    answer = ask(library, question, filters)
    for event in write(library, answer, "llm", stop): ...   # Sentence | Notice | Done

Whether to answer is decided before any writer is asked, and is never theirs.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Literal, get_args

from kb.errors import unknown
from kb.library import Library
from kb.reply import Answer
from kb.settings import Settings
from kb.writing.endpoint import available, read_endpoint
from kb.writing.model import ModelWriter
from kb.writing.protocol import Done, Event, Extractive, Notice, Sentence, Stop, Writer

__all__ = [
    "Done", "Event", "Notice", "Sentence", "Stop", "Writer", "WriterName", "available", "settled",
    "write", "writer_named",
]  # fmt: skip

WriterName = Literal["extractive", "llm"]


def writer_named(name: str, settings: Settings) -> Writer:
    """The writer. Raises UsageError for an unknown one, and where `llm` is not set up."""
    if name not in get_args(WriterName):
        raise unknown("writer", name, get_args(WriterName))
    return ModelWriter(read_endpoint(settings)) if name == "llm" else Extractive()


def write(
    library: Library, answer: Answer, writer: str, stop: Stop = lambda: False
) -> Generator[Event, None, None]:
    """An extractive answer worded by `writer`: events, `Done` last.

    Refusals and counts are not reworded. `stop` is asked many times a second; closing the
    generator closes the connection too. Raises UsageError as `writer_named`.
    """
    named = writer_named(writer, library.settings)
    reworded = answer.answered and bool(answer.citations)
    return (named if reworded else Extractive()).write(library, answer, stop)


def settled(events: Iterable[Event]) -> Answer:
    """The answer at the end of `events`."""
    return next(event.answer for event in events if isinstance(event, Done))
