"""The conversation with the endpoint: its text piece by piece, within limits, closed at will.

The only file that knows the client. Its own habits are switched off: retries, redirects,
proxies, logging, and every header that is not needed, so that nothing is sent but to the
endpoint configured, and nothing of this machine but the text. The key goes along only where
the endpoint is trusted with it.
"""

from __future__ import annotations

import logging
import queue
import socket
import struct
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from ingest.errors import SourceError
from ingest.network import reachable
from kb.writing.endpoint import URL, Endpoint, key
from kb.writing.protocol import Stop

if TYPE_CHECKING:
    import openai

Kind = Literal["failed", "limit", "stopped"]

# Seconds to connect, and between looks at the clock and at `stop`.
CONNECT = 10.0
LOOK = 0.05
# Characters a token has at most, on average, and bytes that a character costs on the wire.
CHARACTERS = 10
BYTES = 400
# What is sent of what the client would send: it also tells its version and the machine's.
_HEADERS = frozenset("host accept content-type content-length connection authorization".split())
_AT_ONCE = struct.pack("ii", 1, 0)  # linger, for no second
_END = None
_STATUS = {
    400: "it takes no such request",
    401: "it wants another key",
    403: "it wants another key",
    404: "it knows no such model or address",
    429: "it has too much to do, or the quota is used up",
}


class BrokenOff(Exception):
    """The text ended before its end.

    `kind`: `failed` (the endpoint), `limit` (of time or length), `stopped` (by the person).
    The message is in our words: a server's own could hold the key, or anything.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason


def listen(
    endpoint: Endpoint, messages: Sequence[Mapping[str, str]], stop: Stop
) -> Generator[str, None, None]:
    """The model's text, piece by piece. Raises BrokenOff. Closing it closes the connection."""
    line = _Line(endpoint)
    deadline = time.monotonic() + endpoint.seconds
    worker = threading.Thread(
        target=_ask, args=(endpoint, [dict(one) for one in messages], line), daemon=True
    )
    worker.start()
    heard = 0
    try:
        while True:
            if stop():
                raise BrokenOff("stopped", "stopped")
            if time.monotonic() > deadline:
                raise BrokenOff("limit", f"the time limit of {endpoint.seconds:g} s was reached")
            if line.received > endpoint.tokens * CHARACTERS * BYTES + 1_000_000:
                raise BrokenOff("failed", "it sent far more than was asked for")
            with suppress(queue.Empty):
                piece = line.pieces.get(timeout=LOOK)
                if isinstance(piece, BrokenOff):
                    raise piece
                if piece is _END:
                    return
                heard += len(piece)
                if heard > endpoint.tokens * CHARACTERS:
                    raise BrokenOff("limit", f"the limit of {endpoint.tokens} tokens was reached")
                yield piece
    finally:
        line.close()
        worker.join(timeout=1.0)


class _Refused(BrokenOff):
    """The endpoint answered with a status that is no success."""

    def __init__(self, status: int) -> None:
        moved = 300 <= status < 400
        told = "it sends on to another address, which is not followed" if moved else "it failed"
        super().__init__("failed", f"{_STATUS.get(status, told)} ({status})")
        self.status = status


class _Line:
    """What the two threads share: the pieces, and the socket, to be cut."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.pieces: queue.Queue[str | BrokenOff | None] = queue.Queue(maxsize=1000)
        self.closed = threading.Event()
        self._response: Any = None
        self._socket: socket.socket | None = None

    @property
    def received(self) -> int:
        """Bytes of the answer so far."""
        return int(self._response.num_bytes_downloaded) if self._response is not None else 0

    def put(self, piece: str | BrokenOff | None) -> bool:
        """Hand over a piece; False where nobody listens any more."""
        while not self.closed.is_set():
            with suppress(queue.Full):
                self.pieces.put(piece, timeout=LOOK)
                return True
        return False

    def close(self) -> None:
        """Cut the connection, also under a thread that waits for it."""
        self.closed.set()
        if self._socket is not None:
            with suppress(OSError):
                # Reset, not finished: a sender whose window is full would wait for minutes.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
            with suppress(OSError):
                self._socket.close()  # and lets it read no more

    def on_request(self, request: Any) -> None:
        """The client's hook before it sends."""
        for name in [*request.headers]:
            if name.lower() not in _HEADERS:
                del request.headers[name]
        request.headers["accept-encoding"] = "identity"
        if key() and self.endpoint.trusted:
            request.headers["authorization"] = f"Bearer {key()}"
        elif "authorization" in request.headers:
            del request.headers["authorization"]
        request.extensions["trace"] = self._on_trace
        self._pin(request)

    def _pin(self, request: Any) -> None:
        """Send it to an address that was looked up and checked here, under the host's name."""
        place = self.endpoint.place
        try:
            address = reachable(place, near=self.endpoint.own, seconds=CONNECT)
        except SourceError as error:
            told = error.message.rstrip(".")
            if not self.endpoint.own:
                told += f"; name it in {URL} where that is meant"
            raise BrokenOff("failed", told) from error
        except OSError as error:
            raise BrokenOff("failed", "it cannot be reached: nobody knows its name") from error
        request.headers["host"] = place.netloc
        request.extensions["sni_hostname"] = place.host
        request.url = request.url.copy_with(host=address)

    def on_response(self, response: Any) -> None:
        """The client's hook after the headers came."""
        self._response = response
        if response.status_code != HTTPStatus.OK:
            raise _Refused(response.status_code)  # its text is nothing to read
        if response.headers.get("content-encoding", "identity") != "identity":
            raise BrokenOff("failed", "it sent packed text, which was not asked for")

    def _on_trace(self, name: str, facts: Mapping[str, Any]) -> None:
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = facts["return_value"].get_extra_info("socket")
            if self.closed.is_set():
                self.close()


def _ask(endpoint: Endpoint, messages: list[dict[str, str]], line: _Line) -> None:
    """The other thread: everything that can go wrong becomes a reason."""
    try:
        for piece in _pieces(endpoint, messages, line):
            if not line.put(piece):
                return
        line.put(_END)
    except BrokenOff as broken:
        line.put(broken)
    except Exception as error:  # noqa: BLE001 - a server can provoke any; none may pass on
        line.put(BrokenOff("failed", _reason(error)))


def _pieces(endpoint: Endpoint, messages: list[dict[str, str]], line: _Line) -> Iterator[str]:
    with _client(endpoint, line) as client:
        finish, heard = "", False
        stream = _begin(client, endpoint, messages)
        for chunk in stream:
            if line.closed.is_set():
                return
            choices = getattr(chunk, "choices", None)
            choice = choices[0] if isinstance(choices, list) and choices else None
            text = getattr(getattr(choice, "delta", None), "content", None)
            if isinstance(text, str) and text:
                heard = True
                yield text
            finish = str(getattr(choice, "finish_reason", None) or finish)
    if not heard:
        raise BrokenOff("failed", "it sent no text")
    if finish == "length":
        raise BrokenOff("limit", f"the limit of {endpoint.tokens} tokens was reached")
    if not finish:
        raise BrokenOff("failed", "it broke off in the middle")


def _client(endpoint: Endpoint, line: _Line) -> openai.OpenAI:
    import openai

    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    http = openai.DefaultHttpxClient(
        trust_env=False,
        follow_redirects=False,
        event_hooks={"request": [line.on_request], "response": [line.on_response]},
    )
    # Named, so that the client reads none of them from its own variables.
    return openai.OpenAI(
        base_url=endpoint.url,
        api_key="none",  # the true one is set on the request
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        max_retries=0,
        timeout=openai.Timeout(endpoint.seconds, connect=min(CONNECT, endpoint.seconds)),
        http_client=http,
    )


def _begin(client: openai.OpenAI, endpoint: Endpoint, messages: list[Any]) -> Any:
    """The stream. Models that know no `temperature` or `max_tokens` are asked without."""
    asked: dict[str, Any] = {"model": endpoint.model, "messages": messages, "stream": True}
    try:
        return client.chat.completions.create(**asked, temperature=0.0, max_tokens=endpoint.tokens)
    except _Refused as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        return client.chat.completions.create(**asked)


def _reason(error: Exception) -> str:
    """What went wrong, from the kind of error alone."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "it did not answer in time"
    if isinstance(error, openai.APIConnectionError):
        return "it cannot be reached, or hung up"
    return "it sent something that cannot be read"
