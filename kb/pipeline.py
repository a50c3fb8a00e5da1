"""Stages of a pipeline: reading ahead in one thread, writing behind in another.

The model's own stage stays in the calling thread between them, so that Ctrl-C and its errors
arrive where they are expected. Both queues are short: memory stays bounded, order is kept.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

# Seconds between two looks at whether the other side has gone.
_LOOK = 0.1

# Seconds that closing waits for a reader that hangs in a download or a parser.
_PATIENCE = 2.0


class Ahead(Generic[T]):
    """Iterates in a thread of its own, at most `room` values ahead of who takes them.

    A context manager; what the iterator raises is raised to who takes the values. `stop` is
    set when nobody takes any more.
    """

    def __init__(self, values: Iterator[T], stop: threading.Event, room: int = 2) -> None:
        self._values = values
        self._stop = stop
        self._ready: queue.Queue[tuple[T | None, BaseException | None] | None] = queue.Queue(room)
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._taken()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            for value in self._values:
                if not self._put((value, None)):
                    return
        except BaseException as error:  # noqa: BLE001 - handed over, raised by the other thread
            self._put((None, error))
            return
        self._put(None)

    def _put(self, one: tuple[T | None, BaseException | None] | None) -> bool:
        """Hand a value over; False where nobody takes it."""
        while not self._stop.is_set():
            try:
                self._ready.put(one, timeout=_LOOK)
            except queue.Full:
                continue  # still full after a while: look whether to stop
            return True
        return False

    def _taken(self) -> Iterator[T]:
        while not self._stop.is_set():
            try:
                one = self._ready.get(timeout=_LOOK)
            except queue.Empty:
                continue  # still empty after a while: look whether to stop
            if one is None:
                return
            value, error = one
            if error is not None:
                raise error
            yield value  # type: ignore[misc]


class Behind:
    """Does what it is given in a thread of its own, in order.

    A context manager: leaving it waits until all is done. After a failure the rest is
    dropped, and the failure raised to whoever gives it more, or at the end.
    """

    def __init__(self, room: int = 4) -> None:
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(room)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="write-behind", daemon=True)

    def __enter__(self) -> Behind:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.put(None)
        self._thread.join()
        if error is None:
            self._check()

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done after all that was given before."""
        self._check()
        self._work.put(work)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            if self._failure is None:
                try:
                    work()
                except BaseException as error:  # noqa: BLE001 - raised by who gives the work
                    self._failure = error
