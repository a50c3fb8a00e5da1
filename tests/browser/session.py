"""A session of the app without a browser: Streamlit's own messages over its WebSocket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

MAIN = 0
"""First number of the path of what stands on the page itself, not beside it."""


@dataclass
class Drawn:
    """What one run of a page sent."""

    seconds: float
    messages: list[ForwardMsg]
    address: str = ""
    """Query string that the page has set, without `?`."""

    @property
    def main(self) -> str:
        """All text that stands on the page itself."""
        parts = [
            one.delta.SerializeToString()
            for one in self.messages
            if one.WhichOneof("type") == "delta" and one.metadata.delta_path[:1] == [MAIN]
        ]
        return b"\n".join(parts).decode("utf-8", errors="replace")

    @property
    def text(self) -> str:
        """All text of the page, and of what stands beside it."""
        parts = (one.delta.SerializeToString() for one in self.messages if one.HasField("delta"))
        return b"\n".join(parts).decode("utf-8", errors="replace")

    def widget(self, key: str) -> str:
        """Id of the widget that has this key."""
        for one in self.messages:
            element = one.delta.new_element
            held = getattr(element, str(element.WhichOneof("type") or ""), None)
            found = str(getattr(held, "id", ""))
            if found.endswith(f"-{key}"):
                return found
        raise AssertionError(f"nothing with the key {key} is drawn")

    @property
    def failures(self) -> list[str]:
        """What went wrong: tracebacks, and our own red boxes (format 1 of an alert)."""
        found = []
        for one in self.messages:
            if one.WhichOneof("type") != "delta" or not one.delta.HasField("new_element"):
                continue
            element = one.delta.new_element
            if element.HasField("exception"):
                found.append(element.exception.message)
            if element.HasField("alert") and element.alert.format == element.alert.ERROR:
                found.append(element.alert.body)
        return found


@dataclass
class Session:
    """One person's connection. Close it."""

    url: str
    """Of the app, e.g. `http://localhost:8501/`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the browser, or a proxy before the app, sends besides."""
    earlier: str = ""
    """Id of a session whose connection was lost, to go on with."""
    called: str = ""
    """Host by which the app is called, where that is not the address's."""
    number: str = field(default="", init=False)
    """Id of the session; known once a page was drawn."""
    _socket: ClientConnection = field(init=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        at = urlsplit(self.url)
        where = f"ws://{self.called or at.netloc}{at.path}_stcore/stream"
        # As the browser does: the protocol, a token against forgery, the session before.
        subprotocols: list[Any] = ["streamlit", *(["none", self.earlier] if self.earlier else [])]
        connection = connect(
            where,
            subprotocols=subprotocols,
            additional_headers=self.headers,
            max_size=None,
            sock=socket.create_connection((at.hostname, at.port)),
        )
        self._socket = self._open.enter_context(connection)

    def close(self) -> None:
        """Leave."""
        self._open.close()

    def load(
        self, page: str, query: str = "", states: Iterable[WidgetState] = (), patience: float = 60
    ) -> Drawn:
        """Have a page drawn and wait until it is done."""
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = query
        asked.rerun_script.widget_states.widgets.extend(states)
        begun = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        drawn = Drawn(0.0, [])
        while True:
            received = self._socket.recv(timeout=patience)
            message = ForwardMsg.FromString(
                bytes(received) if not isinstance(received, str) else b""
            )
            kind = message.WhichOneof("type")
            drawn.messages.append(message)
            if kind == "new_session":
                self.number = message.new_session.initialize.session_id
            if kind == "page_info_changed":
                drawn.address = message.page_info_changed.query_string
            if kind == "script_finished" and message.script_finished == (
                ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                drawn.seconds = time.perf_counter() - begun
                return drawn


def chat_box(drawn: Drawn) -> str:
    """Id of the box in which a question is asked."""
    for one in drawn.messages:
        element = one.delta.new_element
        if one.WhichOneof("type") == "delta" and element.HasField("chat_input"):
            return str(element.chat_input.id)
    raise AssertionError("no box to ask in")


def asking(box: str, question: str) -> WidgetState:
    """The state of the box when a question was entered."""
    state = WidgetState(id=box)
    state.chat_input_value.data = question
    return state
