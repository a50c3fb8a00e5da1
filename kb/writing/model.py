"""The writer that asks a language model, and lets only verified sentences through."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from kb.grouping import CLOSEST, Group
from kb.library import Library
from kb.reply import Answer, AnswerSentence
from kb.writing.endpoint import Endpoint
from kb.writing.gate import Gate
from kb.writing.given import gather_material
from kb.writing.prompt import messages
from kb.writing.protocol import Done, Event, Notice, Stop
from kb.writing.wire import BrokenOff, listen

_INSTEAD = "The sentences of the papers are shown instead."


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Asks one endpoint. What fails, fails over to the answer in quotes."""

    endpoint: Endpoint

    def write(self, library: Library, answer: Answer, stop: Stop) -> Generator[Event, None, None]:
        """Sentences as they pass, and notices; see `Writer`."""
        started = time.perf_counter()
        notices: list[str] = []
        material = gather_material(library, answer)
        gate = Gate(library, material)
        broken: BrokenOff | None = None
        if material.given and not stop():
            notices += [self.endpoint.notice] if self.endpoint.notice else []
            yield from map(Notice, notices)
            try:
                with closing(listen(self.endpoint, messages(material), stop)) as pieces:
                    for piece in pieces:
                        yield from gate.feed(piece)
                yield from gate.end()
            except BrokenOff as error:
                broken = error
        told = _told(gate, broken, asked=bool(material.given))
        yield from map(Notice, told)
        stands = bool(gate.passed) and (broken is None or broken.kind != "failed")
        final = replace(
            _worded(answer, gate) if stands else answer,
            notices=(*answer.notices, *notices, *told),
            removed=dict(gate.removed),
            took_ms=answer.took_ms + (time.perf_counter() - started) * 1000,
        )
        yield Done(final, stands=stands)


def _worded(answer: Answer, gate: Gate) -> Answer:
    """The answer in the model's words."""
    sentences = tuple(
        AnswerSentence(one.text, tuple(cited.n for cited in one.citations)) for one in gate.passed
    )
    papers = len({one.paper_id for one in gate.citations})
    return replace(
        answer,
        sentences=sentences,
        citations=tuple(gate.citations),
        coverage=replace(answer.coverage, cited=papers),
        groups=(Group("further", CLOSEST, tuple(range(len(sentences)))),),
        writer="llm",
    )


def _told(gate: Gate, broken: BrokenOff | None, *, asked: bool) -> Sequence[str]:
    """What the person should know about how it went."""
    told = []
    removed = gate.removed["unsupported"]
    if not asked:
        told.append(f"No passage could be given to the language model. {_INSTEAD}")
    elif broken is not None and broken.kind == "failed":
        told.append(f"The language model failed: {broken.reason}. {_INSTEAD}")
    elif not gate.passed:
        why = (broken.reason if broken else "") or (
            "none of its sentences is stated by the passage that it cites"
            if removed
            else "it found no answer in the passages"
        )
        told.append(f"The language model gave no answer that could be verified: {why}. {_INSTEAD}")
    elif broken is not None:
        told.append(f"The language model was cut short: {broken.reason}.")
    if gate.passed and removed:
        what = "sentence was" if removed == 1 else "sentences were"
        told.append(f"{removed} {what} removed: not stated by a passage that it cites.")
    if gate.material.withheld:
        told.append(
            f"{gate.material.withheld} of the passages hold text that speaks to a machine or is "
            "not English; the language model was not given them."
        )
    return told
