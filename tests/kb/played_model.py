"""A language model played by a server on this machine: it sends whatever a test wants."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "sk-SECRET-do-not-tell-7261"
PASSAGE = re.compile(r"=== passage (\d+) \w+\n(.*?)\n=== end of passage", re.DOTALL)


@dataclass
class Played:
    """A running server and what it was asked."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when the other side closed before all was sent."""
    over: threading.Event = field(default_factory=threading.Event)

    def passages(self) -> dict[int, str]:
        """Number -> text of the passages in the last request."""
        user = self.bodies[-1]["messages"][-1]["content"]
        return {int(number): text for number, text in PASSAGE.findall(user)}

    def number(self, words: str) -> int:
        """The number of the passage that has `words`."""
        return next(n for n, text in self.passages().items() if words in text)


class Line:
    """One answer on its way."""

    def __init__(self, handler: BaseHTTPRequestHandler, played: Played) -> None:
        self.handler, self.played = handler, played

    def head(self, status: int = 200, kind: str = "text/event-stream", **more: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        for name, value in more.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def event(self, data: object) -> None:
        self.raw(b"data: " + json.dumps(data).encode() + b"\n\n")

    def piece(self, text: str | None, finish: str | None = None, **delta: object) -> None:
        choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}
        self.event({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})

    def say(self, text: str, finish: str = "stop") -> None:
        """A proper answer, a few characters at a time."""
        self.head()
        for start in range(0, len(text), 7):
            self.piece(text[start : start + 7])
        self.piece(None, finish)
        self.raw(b"data: [DONE]\n\n")


Reply = Callable[[Line], None]


@contextmanager
def play(reply: Reply) -> Iterator[Played]:
    """A server that answers every request with `reply`."""
    played = Played()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            played.bodies.append(json.loads(self.rfile.read(size)))
            played.headers.append({name.lower(): value for name, value in self.headers.items()})
            played.paths.append(self.path)
            try:
                reply(Line(self, played))
            except OSError:
                played.hung_up.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    played.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield played
    finally:
        played.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def use(monkeypatch: pytest.MonkeyPatch, url: str, *, key: str = KEY) -> None:
    """Set the endpoint up as a person does."""
    monkeypatch.setenv("SIXFOLD_LLM_URL", url)
    monkeypatch.setenv("SIXFOLD_LLM_MODEL", "played")
    monkeypatch.setenv("SIXFOLD_LLM_KEY", key)
