"""A server on this machine that sends what bytes it is told, as fast as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Bytes = Callable[[str, socket.socket, threading.Event], None]
"""Plays an answer: the path asked for, the connection, and when to stop."""


@dataclass
class PlayedServer:
    """A running server and what was asked of it."""

    port: int
    asked: list[str] = field(default_factory=list)
    """The heads of the requests."""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def plain(body: bytes, *lines: str, status: str = "200 OK") -> Bytes:
    """A proper answer."""
    answer = head(f"Content-Length: {len(body)}", *lines, status=status) + body
    return sent(answer)


def sent(answer: bytes) -> Bytes:
    return lambda _path, line, _over: line.sendall(answer)


def moved(to: str, status: str = "302 Found") -> Bytes:
    return plain(b"", f"Location: {to}", status=status)


def endless(first: bytes, part: bytes, pause: float = 0.0) -> Bytes:
    """`first`, and then `part` again and again until the other side hangs up."""

    def play(_path: str, line: socket.socket, over: threading.Event) -> None:
        line.sendall(first)
        while not over.wait(pause):
            line.sendall(part)

    return play


@contextmanager
def serving(play: Bytes) -> Iterator[PlayedServer]:
    """A server that answers every request so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.02)
        server = PlayedServer(listening.getsockname()[1])

        def answer(line: socket.socket) -> None:
            with line, suppress(OSError):
                line.settimeout(10)
                request = b""
                while b"\r\n\r\n" not in request and (part := line.recv(65536)):
                    request += part
                if request:
                    server.asked.append(request.decode("latin-1"))
                    play(request.split(b" ")[1].decode("latin-1"), line, server.over)

        def accept() -> None:
            while not server.over.is_set():
                with suppress(TimeoutError, OSError):
                    line, _ = listening.accept()
                    line.setblocking(True)
                    threading.Thread(target=answer, args=(line,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            thread.join()
