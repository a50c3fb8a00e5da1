"""What every writer does: it turns an answer in quotes into the answer that is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from kb.citations import Citation
from kb.library import Library
from kb.reply import Answer

Stop = Callable[[], bool]
"""True once the person wants no more."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that passed the gate; it may be shown at once."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the person should know: where the text goes, what failed."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last event. Where a writer failed, `answer` is the one in quotes and
    takes the place of the sentences before.
    """

    answer: Answer
    stands: bool
    """True where its sentences are those of the events before."""


Event = Sentence | Notice | Done


class Writer(Protocol):
    """Words an answer. Refusals and counts never get this far."""

    def write(self, library: Library, answer: Answer, stop: Stop) -> Generator[Event, None, None]:
        """Events, `Done` once and last. Never raises for what an endpoint does.

        Takes the extractive answer: its passages are the material, itself the fallback.
        """
        ...


class Extractive:
    """The sentences themselves, as they stand in the papers."""

    def write(self, library: Library, answer: Answer, stop: Stop) -> Generator[Event, None, None]:  # noqa: ARG002
        """All at once: they are verified already."""
        for one in answer.sentences:
            cited = tuple(answer.citations[n - 1] for n in one.citations)
            yield Sentence(one.text, cited)
        yield Done(answer, stands=True)
