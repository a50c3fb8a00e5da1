"""When the same failure comes again and again, the fault lies with none of the papers."""

from __future__ import annotations

import re
from dataclasses import dataclass

SURROUNDINGS = frozenset({"unreachable", "rate_limited", "not_started", "os:28", "os:24", "os:30"})
"""Codes of failures that no single paper causes: the network, the disk (28 full, 30 read-only),
the parser's process, too many open files (24)."""

WEIGHT = 5
"""Such a failure counts for five: each costs retries, and the next paper meets it too."""

# What differs between two papers that fail alike: quotes, paths, addresses, ids, figures.
_OWN = re.compile(r"\"[^\"]*\"|'[^']*'|\([^)]*\)|\S*[/\\]\S*|\b[0-9a-f]{8,}\b|[A-Za-z-]*\d[\w.:-]*")


def normal(step: str, reason: str) -> str:
    """A reason without what is a paper's own, e.g. paths, ids and figures."""
    return f"{step}: {' '.join(_OWN.sub('…', reason).split())}".lower()


@dataclass
class Repeats:
    """Counts failures alike in a row. Takes how many stop a run; 0 never does."""

    stop_after: int
    _last: str = ""
    _row: int = 0
    _weight: int = 0

    def passed(self) -> None:
        """An item went through."""
        self._last, self._row, self._weight = "", 0, 0

    def failed(self, step: str, reason: str, code: str = "") -> int:
        """Count a failure. How many alike came in a row where that is enough, else 0."""
        key = normal(step, reason)
        if key != self._last:
            self.passed()
            self._last = key
        self._row += 1
        self._weight += WEIGHT if code in SURROUNDINGS else 1
        return self._row if 0 < self.stop_after <= self._weight else 0
