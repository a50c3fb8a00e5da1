"""Requests to arXiv with manners: one at a time, spaced, timed, capped, and told why they fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ingest.errors import SourceError

if TYPE_CHECKING:
    import requests

RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
MAX_WAIT = 120.0
"""Seconds; a server that asks for a longer wait is obeyed by giving up."""
_CHUNK = 1 << 16


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
    """The one way requests leave for arXiv; it stands in for a `requests.Session`.

    Takes manners and, so that time can be played, how to sleep and to tell seconds.
    """

    manners: Manners = field(default_factory=Manners)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    agent: str = "sixfold (literature knowledge base)"
    _session: Any = None
    _last: float | None = None
    _reached: bool = False
    """True once arXiv has answered: what fails later may pass, what is offline does not."""

    def get(self, url: str, headers: dict[str, str] | None = None) -> requests.Response:
        """The whole answer to a request for an API page. Raises SourceError."""
        return self._asked(url, headers or {}, self.manners.page_bytes)

    def download(self, url: str) -> bytes:
        """The bytes of a PDF. Raises SourceError."""
        content: bytes = self._asked(url, {}, self.manners.pdf_bytes).content
        return content

    def _asked(self, url: str, headers: dict[str, str], limit: int) -> requests.Response:
        """The answer with status 200, asked for again while that may help."""
        error = _unreachable(url, "not tried")
        for attempt in range(self.manners.tries):
            if attempt:
                self.sleep(self._pause(error, attempt))
            try:
                return self._once(url, headers, limit)
            except _Temporary as failure:
                error = failure
                if failure.offline and not self._reached:
                    break
        raise SourceError(error.code, error.message, error.item, error.remedy) from error

    def _pause(self, error: SourceError, attempt: int) -> float:
        """Seconds to wait before trying again."""
        wait = error.wait if isinstance(error, _Temporary) else None
        return wait if wait is not None else self.manners.delay_seconds * 2.0 ** (attempt - 1)

    def _space(self) -> None:
        """Wait until the last request is long enough ago."""
        if self._last is not None:
            left = self.manners.delay_seconds - (self.clock() - self._last)
            if left > 0:
                self.sleep(left)
        self._last = self.clock()

    def _once(self, url: str, headers: dict[str, str], limit: int) -> requests.Response:
        import requests

        self._space()
        if self._session is None:
            self._session = requests.Session()
        own = {**headers, "user-agent": self.agent}
        timeout = self.manners.timeout
        try:
            answer: requests.Response = _followed(self._session, url, own, timeout)
            self._reached = True
            with answer:
                _check_status(answer, url)
                content = b"".join(self._chunks(answer, url, limit))
        except requests.exceptions.Timeout as error:
            raise _Temporary(_unreachable(url, f"no answer within {timeout:g} seconds")) from error
        except requests.exceptions.RequestException as error:
            told = _Temporary(_unreachable(url, _reason(error)))
            told.offline = any(sign in str(error) for sign in _OFFLINE)
            raise told from error
        # The client asks a response for `content`; it has been read, with a cap, here.
        answer._content = content
        return answer

    def _chunks(self, answer: requests.Response, url: str, limit: int) -> Iterator[bytes]:
        """The body, as long as it stays within size and time. Raises SourceError."""
        import requests
        import urllib3

        begun, size = self.clock(), 0
        try:
            for chunk in answer.iter_content(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise SourceError(
                        "too_large",
                        f"arXiv's answer exceeds {limit / 1e6:.0f} MB.",
                        url,
                        "Ask for less at once.",
                    )
                if self.clock() - begun > self.manners.total_timeout:
                    raise _Temporary(_unreachable(url, "the answer trickled in for too long"))
                yield chunk
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ConnectionError(error) from error
        promised = answer.headers.get("content-length", "")
        if promised.isdigit() and size < int(promised) and "content-encoding" not in answer.headers:
            raise _Temporary(
                _unreachable(url, f"the answer was cut after {size} of {promised} bytes")
            )


class _Temporary(SourceError):
    """A failure after which the same request may succeed; `wait` in seconds, if told."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(error.code, error.message, error.item, error.remedy)
        self.wait = wait
        self.offline = False


def _unreachable(url: str, why: str) -> SourceError:
    return SourceError(
        "unreachable",
        f"arXiv cannot be reached: {why}.",
        url,
        "Check the connection and run the same command again; what came in is kept.",
    )


_OFFLINE = ("NameResolution", "Network is unreachable")
_REASONS = (
    ("NameResolution", "its address cannot be looked up, as without a network"),
    ("Connection refused", "the connection was refused"),
    ("Network is unreachable", "there is no network"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted here"),
    ("Unable to connect to proxy", "the proxy does not answer"),
)
"""Part of what the HTTP library says -> what it means."""


def _reason(error: Exception) -> str:
    text = str(error)
    for sign, meaning in _REASONS:
        if sign in text:
            return meaning
    return (text if len(text) < 160 else text[:160] + "…") or type(error).__name__


def _followed(session: Any, url: str, headers: dict[str, str], timeout: float) -> Any:
    """The answer after at most three redirections, none of them to a foreign host."""
    home = urlsplit(url).hostname or ""
    for _ in range(4):
        answer = session.get(
            url, headers=headers, timeout=timeout, stream=True, allow_redirects=False
        )
        if not answer.is_redirect:
            return answer
        target = urljoin(url, answer.headers["location"])
        answer.close()
        host = urlsplit(target).hostname or ""
        if host != home and not (host == "arxiv.org" or host.endswith(".arxiv.org")):
            raise SourceError(
                "malformed", f"arXiv points to another host, {host}.", url, "Check the settings."
            )
        url = target
    raise SourceError("malformed", "arXiv redirects without end.", url, "Try again later.")


def _check_status(answer: requests.Response, url: str) -> None:
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
    raise _Temporary(error, wait)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait; None where it says nothing."""
    value = value.strip()
    if value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
