"""Forbids the network to this process. Lies on PYTHONPATH of the tests' child processes,
where Python runs it first of all; `tests/conftest.py` runs it for the tests themselves.

An audit hook sees every connection that Python makes, whoever makes it, and cannot be
taken away. Addresses of this machine stay open: the tests' own servers lie there.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any


# No OSError: that would pass for an unreachable server, be retried and go unseen.
class NetworkForbidden(RuntimeError):
    """A test tried to reach another machine."""


def _is_here(host: object) -> bool:
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]  # a path for Unix sockets; None for a connected socket
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NetworkForbidden(f"{event} to {address[0]}: tests stay on this machine")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]  # reading a numeric address is no look-up
        if not _is_here(host) and not _is_address(host):
            raise NetworkForbidden(f"look-up of {host!r}: tests stay on this machine")


sys.addaudithook(_forbid)
