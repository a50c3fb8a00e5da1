"""Showing an answer on the command line while it is written."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kb.commands.common import Session
from kb.library import Library
from kb.reply import Answer
from kb.writer import Done, Event, Notice, Sentence, Stop, settled, write


def show_answer(session: Session, library: Library, answer: Answer, writer: str) -> Answer:
    """Print `answer` as `writer` words it, and return that.

    On a terminal a model's sentences come as they are verified, notices go to standard
    error. Ctrl-C stops the model, not the command; a second one ends it.
    """
    if writer == "extractive" or not answer.citations:
        session.emit(answer.to_json(), answer.to_text())
        return answer
    with _interruptible() as stop:
        events = write(library, answer, writer, stop)
        if not session.as_json:
            return _stream(session, answer, events)
        final = settled(events)
    for notice in final.notices:
        session.say(notice)
    session.emit(final.to_json())
    return final


def _stream(session: Session, answer: Answer, events: Iterable[Event]) -> Answer:
    final = answer
    session.emit(None, f"Understood as: {answer.understood.told}\n" * bool(answer.understood.told))
    for event in events:
        match event:
            case Sentence():
                marks = "".join(f"[{one.n}]" for one in event.citations)
                session.emit(None, f"{event.text} {marks}".rstrip())
                sys.stdout.flush()
            case Notice():
                session.say(event.text)
            case Done():
                final = event.answer
                session.emit(None, final.to_sources() if event.stands else final.to_text())
    return final


@contextmanager
def _interruptible() -> Iterator[Stop]:
    """Ctrl-C sets the flag that is given; a second one does as ever."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        """Ask for an end; a second Ctrl-C ends at once."""
        flag.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield flag.is_set
    finally:
        signal.signal(signal.SIGINT, before)
