"""An answer while a language model words it: sentence by sentence, to be stopped any time.

The writing goes on in a thread of its own, so that a click elsewhere on the page does not
end it; what is written is kept whether or not anybody still looks. Nothing here knows of
the screen.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from kb.chats import Whose, keep
from kb.errors import KbError
from kb.library import Library
from kb.reply import Answer
from kb.writer import Done, Notice, Sentence, write

_log = logging.getLogger(__name__)


@dataclass
class Writing:
    """One answer on its way."""

    library: Library
    chat: str
    question: str
    answer: Answer
    """In quotes: the material, and what is shown where the model fails."""
    whose: Whose = None
    """Whose chat it is."""
    sentences: list[Sentence] = field(default_factory=list)
    """Those verified so far."""
    notices: list[str] = field(default_factory=list)
    final: dict[str, Any] | None = None
    """The answer as JSON, once it is over and kept."""
    unsaved: bool = False
    """True where it could not be kept."""
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Writing:
        """Begin to write."""
        threading.Thread(target=self._run, name="writer", daemon=True).start()
        return self

    def stop(self) -> None:
        """Write no more: what is verified stays."""
        self._stopped.set()

    @property
    def stopping(self) -> bool:
        """True once somebody wants no more."""
        return self._stopped.is_set()

    def _run(self) -> None:
        answer = self.answer
        try:
            for event in write(self.library, self.answer, "llm", self._stopped.is_set):
                match event:
                    case Sentence():
                        self.sentences.append(event)
                    case Notice():
                        self.notices.append(event.text)
                    case Done():
                        answer = event.answer
        except Exception:  # noqa: BLE001 - a thread's last stop: the answer in quotes stands
            _log.exception("writing an answer")
        told = answer.to_json()
        try:
            keep(self.library, self.chat, self.question, told, whose=self.whose)
        except KbError as error:
            _log.warning("keeping an answer: %s", error.message)
            self.unsaved = True
        self.final = told
