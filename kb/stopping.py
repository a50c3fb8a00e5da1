"""Being asked to stop: SIGTERM ends a command as cleanly as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

BY_PERSON = 130
BY_SYSTEM = 143
"""Exit statuses of a command that was stopped, as shells give them: 128 and the signal."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: a service manager, a shutdown, `kill`."""


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM raises Terminated where Ctrl-C would raise KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def status_of(cause: BaseException | None) -> int:
    """The exit status of a command ended by `cause`; 1 where no signal ended it."""
    if isinstance(cause, Terminated):
        return BY_SYSTEM
    return BY_PERSON if isinstance(cause, KeyboardInterrupt) else 1
