"""kb app."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import click

from ingest.url import Place
from ingest.worker import OWN, own_modules
from kb.commands.common import Session, command
from kb.errors import DependencyMissing, UsageError
from kb.settings import READ_ONLY, USER_HEADER

APP = Path(__file__).resolve().parents[2] / "app.py"
"""Stands beside the package, in a checkout and where the distribution is installed."""

THEME = Path(__file__).resolve().parents[1] / "pages" / "theme.toml"

# Nothing is told to anybody outside, nothing is served beyond this machine unless asked
# for, and no page ever shows a traceback: kb/pages/parts/page.py says what happened.
SETTINGS = {
    "browser.gatherUsageStats": "false",
    "logger.hideWelcomeMessage": "true",  # else it offers its own skills over the page
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
    # A full collection after each run of a page reads every object of the library that is
    # open: 250 ms of 350 at 7,900 papers. Python's own collector suffices.
    "runner.postScriptGC": "false",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "theme.base": str(THEME),
}


@command
@click.option("--port", type=click.IntRange(1, 65535), default=8501, help="Port to listen on.")
@click.option("--address", default="localhost", help="Address to listen on; 0.0.0.0 for all.")
@click.option("--headless", is_flag=True, help="Open no browser.")
@click.option("--read-only", is_flag=True, help="Show the library; nobody may change it.")
def app_command(session: Session, port: int, address: str, headless: bool, read_only: bool) -> int:
    """Start the app in the browser; Ctrl-C stops it."""
    if not APP.is_file():
        raise DependencyMissing(
            "the app's file app.py is not beside the package kb",
            item=str(APP),
            remedy="install Sixfold from its checkout: make install",
        )
    _require_free(address, port)
    environment = own_modules() | told(session.folder, read_only=read_only)
    place = Place("http", address.lower().rstrip("."), port)
    session.say(f"Sixfold on {place} · library {session.folder} · Ctrl-C stops it")
    if not place.loopback:
        session.say(f"Listening beyond this machine: {_reach()}")
    words = [
        sys.executable,
        *OWN,
        "kb.pages.served",
        *arguments(port=port, address=address, headless=headless),
    ]
    if os.name == "posix":
        # In our place, not below us: whoever stops this process stops the server.
        os.execve(sys.executable, words, environment)  # noqa: S606 - no shell is wanted
    return subprocess.run(words, env=environment, check=False).returncode


def _reach() -> str:
    """What whoever reaches the port may do."""
    if header := os.environ.get(USER_HEADER, "").strip():
        return f"let the proxy alone reach it; whoever else does can claim any name in {header}"
    return "whoever reaches it reads this library, and may change it unless it is --read-only"


def _require_free(address: str, port: int) -> None:
    """Raise UsageError where nothing can listen there: not our address, or a port in use."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UsageError(
            f"there is no address {address}",
            item=address,
            remedy="--address localhost, or 0.0.0.0 for all of this machine",
            code="bad_address",
        ) from None
    for family, kind, protocol, _, place in found:
        try:
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
                trial.bind(place)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT or (
                error.errno == errno.EADDRNOTAVAIL and len(found) > 1
            ):
                continue
            taken = error.errno == errno.EADDRINUSE
            raise UsageError(
                f"port {port} of {address} is in use"
                if taken
                else f"nothing can listen on {address}:{port}: {error.strerror}",
                item=f"{address}:{port}",
                remedy=f"--port {port + 1 if port < 65535 else 8501}"
                if taken
                else "--port 8501, or another above 1023"
                if error.errno in (errno.EACCES, errno.EPERM)
                else "--address localhost, or 0.0.0.0 for all of this machine",
                code="port_in_use" if taken else "bad_address",
            ) from None


def told(folder: Path, *, read_only: bool) -> dict[str, str]:
    """What the pages are told by their environment; a mode that was set there stays."""
    return {"KB_LIBRARY": str(folder.resolve())} | ({READ_ONLY: "1"} if read_only else {})


def arguments(*, port: int, address: str, headless: bool) -> list[str]:
    """What `streamlit` is called with."""
    chosen = SETTINGS | {
        "server.port": str(port),
        "server.address": address,
        "server.headless": "true" if headless else "false",
    }
    return ["run", str(APP), *(f"--{key}={value}" for key, value in chosen.items())]
