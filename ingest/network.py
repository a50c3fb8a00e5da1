"""Everything that is fetched: named places only, a pinned address, limits on size and time.

The only module that opens a connection for papers, and the owner of the HTTP library. The
name is looked up once; the connection goes to the very address that was checked, under the
name's own certificate. No proxy, user name or certificate is taken from the environment
but what is named here: `SIXFOLD_PROXY` (a proxy looks names up itself, so that the list of
places still holds, and the check of addresses is the proxy's), `SSL_CERT_FILE`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.errors import SourceError
from ingest.url import Gate, Place, Url, inner, kind_of, not_allowed

if TYPE_CHECKING:
    import urllib3

PROXY = "SIXFOLD_PROXY"
CERTIFICATES = "SSL_CERT_FILE"
_CHUNK = 1 << 16
_MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one answer may take."""

    idle: float = 30.0
    """Seconds to connect, and without a byte."""
    total: float = 300.0
    """Seconds in all, from the first look-up to the last byte, however it trickles."""
    size: int = 20_000_000
    """Bytes after unpacking."""
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status_code: int
    headers: Mapping[str, str]
    """By name in lower case."""
    content: bytes


class Unreached(SourceError):
    """No whole answer came; the same request may succeed later."""

    def __init__(self, why: str, item: str, *, offline: bool = False) -> None:
        super().__init__(
            "unreachable",
            f"arXiv cannot be reached: {why}.",
            item,
            "Check the connection and run the same command again; what came in is kept.",
        )
        self.offline = offline
        """True where there seems to be no network at all."""


def fetch(text: str, gate: Gate, limits: Limits, headers: Mapping[str, str]) -> Answer:
    """The answer at an address, after a few redirections, each of them checked.

    Raises SourceError: `not_allowed`, `too_large`, `malformed`; Unreached.
    """
    url = gate.check(text)
    deadline = _Deadline(limits.total)
    for _ in range(limits.redirects + 1):
        with _asked(url, gate, limits, headers, deadline) as response:
            if response.status not in _MOVED or "location" not in response.headers:
                content = b"".join(_parts(response, str(url), limits))
                # What was cut at the deadline can look like an answer without a length.
                deadline.check(str(url))
                told = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, told, content)
            location = response.headers["location"]
        url = gate.follow(url, location)
    raise SourceError(
        "malformed", f"{url.place.netloc} redirects without end.", text, "Try again later."
    )


def addresses(place: Place, *, near: bool = False) -> list[str]:
    """The IP addresses of a place, looked up now and all of them checked; IPv4 first.

    Takes: near, True where the place may lie in a private network. Raises SourceError
    `not_allowed`; OSError where it cannot be looked up.
    """
    looked_up = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(one[4][0]) for one in looked_up))
    kept = []
    for address in found:
        within = inner(address)
        if within and not kind_of(within) and not place.loopback:
            continue  # a provider's NAT64 gives one beside the true one
        if fault := _fault(address, place, near=near):
            raise not_allowed(f"{place} lies at {fault}.")
        kept.append(address)
    if not kept:
        raise not_allowed(f"{place} has no address that may be asked.")
    return sorted(kept, key=lambda one: ":" in one)


def _fault(address: str, place: Place, *, near: bool) -> str:
    """Why a place may not lie at an address; "" where it may."""
    kind = kind_of(address)
    if place.loopback:
        return "" if kind == "a loopback address" else "an address of another machine"
    if near and kind in ("a loopback address", "a private address"):
        return ""
    return kind


class _Deadline:
    """Cuts the connection when the time is over, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds
        self._line: socket.socket | None = None

    @property
    def left(self) -> float:
        """Seconds until the time is over; below 0 afterwards."""
        return self.ends - time.monotonic()

    def check(self, item: str) -> None:
        """Raise Unreached when the time is over."""
        if self.left <= 0:
            raise Unreached("the answer trickled in for too long", item)

    def hold(self, line: socket.socket) -> None:
        """Take a second handle of a connection: TLS takes over the first."""
        self._line = line.dup()
        if self.left <= 0:
            self._cut()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Cut the connection held meanwhile once the time is over."""
        timer = threading.Timer(max(0.0, self.left), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if self._line is not None:
                self._line.close()
                self._line = None

    def _cut(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


@contextmanager
def _asked(
    url: Url, gate: Gate, limits: Limits, headers: Mapping[str, str], deadline: _Deadline
) -> Iterator[urllib3.BaseHTTPResponse]:
    """One request, and its answer as far as its headers. Raises SourceError, Unreached."""
    import urllib3

    pool = _pool(url.place, gate, limits, deadline)
    try:
        with deadline.running(), pool:
            # A proxy is told the whole address of what it is to fetch in the open.
            forwarded = pool.proxy is not None and url.place.scheme == "http"
            response = pool.urlopen(
                "GET",
                str(url) if forwarded else url.target,
                headers={**headers, "Host": url.place.netloc, "Connection": "close"},
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=True,
            )
            try:
                yield response
            finally:
                response.close()
    except urllib3.exceptions.HTTPError as error:
        deadline.check(str(url))
        raise _unreached(error, url, limits) from error


def _pool(place: Place, gate: Gate, limits: Limits, deadline: _Deadline) -> Any:
    """Connections to a place that go to its checked address, or through the proxy named."""
    import urllib3

    kept: dict[str, Any] = {"timeout": limits.idle, "retries": False, "maxsize": 1}
    trusted: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED", "ca_certs": _certificates()}
    proxy = os.environ.get(PROXY, "").strip()
    if proxy and not place.loopback:
        # Its own address may hold a user name: it is the person's, and not repeated.
        try:
            through = urllib3.ProxyManager(proxy, **kept, **trusted)
        except urllib3.exceptions.HTTPError:
            raise SourceError(
                "bad_proxy", f"{PROXY} is no address of a proxy.", PROXY, "Give http://HOST:PORT."
            ) from None
        asked = through.connection_from_host(place.host, place.port, place.scheme)
        asked.ConnectionCls = _held(asked.ConnectionCls, deadline)
        return asked
    made: urllib3.HTTPConnectionPool
    if place.scheme == "https":
        made = urllib3.HTTPSConnectionPool(place.host, place.port, **kept, **trusted)
    else:
        made = urllib3.HTTPConnectionPool(place.host, place.port, **kept)
    pinned = partial(_connected, place, near=place in gate.near)
    made.ConnectionCls = _held(made.ConnectionCls, deadline, pinned)
    return made


def _held(
    plain: Any, deadline: _Deadline, connect: Callable[[Any], socket.socket] | None = None
) -> Any:
    """A connection of the library's that ends at the deadline; the rest stays its own.

    Takes: connect, which looks the name up our way; None where a proxy does.
    """

    class Held(plain):  # type: ignore[misc]
        """The library's connection, whose socket the deadline can close."""

        def _new_conn(self) -> socket.socket:
            line: socket.socket = connect(self) if connect else super()._new_conn()
            deadline.hold(line)
            return line

    return Held


def _connected(place: Place, connection: Any, *, near: bool) -> socket.socket:
    """A connection to one of the checked addresses. Raises the library's errors, SourceError."""
    from urllib3 import exceptions

    try:
        known = addresses(place, near=near)
    except OSError as error:
        raise exceptions.NameResolutionError(place.host, connection, error) from error  # type: ignore[arg-type]
    failure: OSError = OSError("no address")
    for address in known:
        try:
            return socket.create_connection((address, place.port), connection.timeout)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise exceptions.ConnectTimeoutError(connection, "timed out") from failure
    raise exceptions.NewConnectionError(connection, str(failure)) from failure


def _certificates() -> str:
    import certifi

    return os.environ.get(CERTIFICATES, "") or certifi.where()


def _parts(response: Any, item: str, limits: Limits) -> Iterator[bytes]:
    """The body, unpacked, as long as it stays within its size. Raises SourceError, Unreached."""
    size = 0
    for part in response.stream(_CHUNK, decode_content=True):
        size += len(part)
        if size > limits.size:
            raise SourceError(
                "too_large",
                f"arXiv's answer exceeds {limits.size / 1e6:.0f} MB.",
                item,
                "Ask for less at once.",
            )
        yield part


_REASONS = (
    ("NameResolution", "its address cannot be looked up, as without a network"),
    ("Connection refused", "the connection was refused"),
    ("Network is unreachable", "there is no network"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted here"),
    ("ProxyError", "the proxy does not answer"),
    ("IncompleteRead", "the answer was cut short"),
    ("imed out", "no answer within {idle:g} seconds"),
)
"""Part of what the HTTP library says -> what it means."""
_OFFLINE = ("NameResolution", "Network is unreachable")


def _unreached(error: Exception, url: Url, limits: Limits) -> Unreached:
    """What an error of the library means; its own words may hold anything a server sent."""
    text = f"{type(error).__name__} {error!r}"
    meant = (meaning for sign, meaning in _REASONS if sign in text)
    why = next(meant, "it sent something that cannot be read").format(idle=limits.idle)
    offline = any(sign in text for sign in _OFFLINE)
    if offline and not os.environ.get(PROXY) and _other_proxy():
        why += f"; a proxy is used where {PROXY} names it"
    return Unreached(why, str(url), offline=offline)


def _other_proxy() -> bool:
    return any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"))


def reachable(place: Place, *, near: bool = False, seconds: float = 10.0) -> str:
    """One checked address of a place; of several, one that takes connections.

    Raises SourceError `not_allowed`; OSError where none does.
    """
    known = addresses(place, near=near)
    for address in known[:-1]:
        with suppress(OSError), socket.create_connection((address, place.port), seconds):
            return address
    return known[-1]
