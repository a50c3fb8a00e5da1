"""Requests to arXiv with manners: one at a time, spaced, timed, capped, and told why they fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ingest.errors import SourceError
from ingest.network import Answer, Limits, Unreached, fetch
from ingest.url import Gate

RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
MAX_WAIT = 120.0
"""Seconds; a server that asks for a longer wait is obeyed by giving up."""
PLACES = ("https://export.arxiv.org", "https://arxiv.org")
"""Where arXiv is; nothing else is asked unless it is named."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How arXiv is asked."""

    delay_seconds: float = 3.0
    """Between two requests; arXiv's terms of use ask for 3 (info.arxiv.org/help/api/tou)."""
    timeout: float = 30.0
    """Seconds without a byte after which a request has failed."""
    total_timeout: float = 300.0
    """Seconds one answer may take in all, however it trickles."""
    tries: int = 4
    """How often a request is sent before it has failed."""
    page_bytes: int = 20_000_000
    """Largest answer of the API; 100 records take about 0.3 MB."""
    pdf_bytes: int = 200_000_000
    """Largest PDF."""


@dataclass(slots=True)
class PoliteSession:
    """The one way requests leave for arXiv; it stands in for the client's own session.

    Takes manners, the places that may be asked and, so that time can be played, how to sleep
    and to tell seconds.
    """

    manners: Manners = field(default_factory=Manners)
    gate: Gate = field(default_factory=lambda: Gate.of(PLACES))
    """The places that may be asked."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    agent: str = "sixfold (literature knowledge base)"
    _last: float | None = None
    _reached: bool = False
    """True once arXiv has answered: what fails later may pass, what is offline does not."""

    def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        """The whole answer to a request for an API page. Raises SourceError."""
        return self._asked(url, headers or {}, self.manners.page_bytes)

    def download(self, url: str) -> bytes:
        """The bytes of a PDF. Raises SourceError."""
        return self._asked(url, {}, self.manners.pdf_bytes).content

    def _asked(self, url: str, headers: dict[str, str], limit: int) -> Answer:
        """The answer with status 200, asked for again while that may help."""
        error: SourceError = Unreached("not tried", url)
        for attempt in range(self.manners.tries):
            if attempt:
                self.sleep(self._pause(error, attempt))
            try:
                return self._once(url, headers, limit)
            except Unreached as failure:
                error = failure
                if failure.offline and not self._reached:
                    break
            except _Busy as failure:
                error = failure
        raise SourceError(error.code, error.message, error.item, error.remedy) from error

    def _pause(self, error: SourceError, attempt: int) -> float:
        """Seconds to wait before trying again."""
        wait = error.wait if isinstance(error, _Busy) else None
        return wait if wait is not None else self.manners.delay_seconds * 2.0 ** (attempt - 1)

    def _space(self) -> None:
        """Wait until the last request is long enough ago."""
        if self._last is not None:
            left = self.manners.delay_seconds - (self.clock() - self._last)
            if left > 0:
                self.sleep(left)
        self._last = self.clock()

    def _once(self, url: str, headers: dict[str, str], limit: int) -> Answer:
        self._space()
        manners = self.manners
        limits = Limits(manners.timeout, manners.total_timeout, limit)
        answer = fetch(url, self.gate, limits, {**headers, "user-agent": self.agent})
        self._reached = True
        _check_status(answer, url)
        return answer


class _Busy(SourceError):
    """A failure after which the same request may succeed; `wait` in seconds, if told."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(error.code, error.message, error.item, error.remedy)
        self.wait = wait


def _check_status(answer: Answer, url: str) -> None:
    """Raise what a status other than 200 means."""
    status = answer.status_code
    if status == 200:
        return
    if status in (404, 410):
        raise SourceError("not_found", "arXiv does not have it.", url, "Check the id.")
    if status == 400:
        raise SourceError(
            "bad_query", "arXiv does not understand the request.", url, "Check id or query."
        )
    if status not in RETRY_STATUS:
        raise SourceError(
            "unreachable", f"arXiv answered with status {status}.", url, "Try again later."
        )
    wait = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
    told = f" and asks to wait {wait:.0f} seconds" if wait is not None else ""
    code = "rate_limited" if status == 429 or wait is not None else "unreachable"
    error = SourceError(
        code,
        f"arXiv answered with status {status}{told}.",
        url,
        "Run the same command again later.",
    )
    if wait is not None and wait > MAX_WAIT:
        raise error
    raise _Busy(error, wait)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait; None where it says nothing."""
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
