"""Teaching the tagger in the background: worked out, looked at, then applied or left.

One piece of work a library, seen by whoever opens the page. Nothing here knows of the screen.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from kb.errors import KbError
from kb.learning import Pair, Proposal, apply, propose
from kb.library import Library
from kb.own_tags import learn_own

_log = logging.getLogger(__name__)


class Stopped(Exception):
    """Raised between two steps of work that was asked to stop."""


@dataclass
class Lessons:
    """What the tagger would learn, and how far the work is."""

    state: str = ""
    """"", `working`, `ready`, `applying`, `applied`, `stopped` or `failed`."""
    proposal: Proposal | None = None
    own: dict[Pair, tuple[int, int]] = field(default_factory=dict)
    """(facet, key) of the library's own categories -> (yes, no) they would learn from."""
    changed: int = 0
    """Papers that changed when it was applied."""
    message: str = ""
    """Why it failed, and what to do."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def busy(self) -> bool:
        """True while a thread works."""
        return self.state in ("working", "applying")

    def look_ahead(self, library: Library) -> None:
        """Begin to work out what would change; nothing is written."""
        self._begin("working", lambda: self._propose(library))

    def apply(self, library: Library) -> None:
        """Begin to apply what was worked out; one transaction, which cannot be stopped."""
        if self.state in ("ready", "failed") and self.proposal is not None:
            self._begin("applying", lambda: self._apply(library))

    def stop(self) -> None:
        """Have the working out end at its next step."""
        if self.state == "working":
            self._stop.set()

    def leave(self) -> None:
        """Forget what was worked out."""
        with self._turn:
            if not self.busy:
                self.state, self.message, self.proposal = "", "", None

    def _begin(self, state: str, act: Callable[[], None]) -> None:
        with self._turn:  # two people may press at once
            if self.busy:
                return
            self.state, self.message = state, ""
            self._stop.clear()
        threading.Thread(target=self._run, args=(act,), name="learn", daemon=True).start()

    def _run(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Stopped:
            self.proposal, self.state = None, "stopped"
        except KbError as error:
            self.message, self.state = f"{error.message}: {error.remedy}", "failed"
            if error.code == "changed_meanwhile":
                self.proposal = None  # of a library that is no more
                self.message = (
                    "Meanwhile the library has changed, so nothing was applied: work it out again."
                )
        except Exception:  # noqa: BLE001 - a thread's last stop: shown and logged
            _log.exception("learning")
            self.message = f"A fault of Sixfold; nothing was changed.\n{traceback.format_exc(1)}"
            self.state = "failed"

    def _propose(self, library: Library) -> None:
        self.proposal = None
        found = propose(library, between=self._between)
        self.own = learn_own(library, apply=False)
        self._between()
        self.proposal, self.state = found, "ready"

    def _apply(self, library: Library) -> None:
        if self.proposal is None:
            return
        self.changed = apply(library, self.proposal)
        if self.own:
            learn_own(library)
        self.proposal, self.state = None, "applied"

    def _between(self) -> None:
        if self._stop.is_set():
            raise Stopped
