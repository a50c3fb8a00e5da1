"""A child process that reads PDFs, so that a crash, a hang or a bomb costs one file only."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ingest.errors import PdfError

START_SECONDS = 60.0
"""Seconds a child may take to load its libraries: one on a quick disk."""
_ROOT = Path(__file__).resolve().parent.parent

OWN = ("-P", "-m")
"""Has Python run a module of ours, never one of that name in the folder where it is started."""


def own_modules() -> dict[str, str]:
    """The environment of a child that finds these very modules, wherever it is started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Worker:
    """A child process that answers one request at a time; it starts at the first one.

    Takes memory_megabytes, the most address space the child may take, and the command that
    starts it, to which that figure is added. Not for use by several threads at once.
    """

    def __init__(
        self,
        memory_megabytes: int,
        command: Sequence[str] = (sys.executable, *OWN, "ingest.pdf_child"),
        *,
        nice: int = 0,
    ) -> None:
        self._command = [*command, str(memory_megabytes)]
        self._nice = nice
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.Queue[bytes] = queue.Queue()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=own_modules(),
            )
        except OSError as error:  # no memory, no process, no program
            told = f"The process that reads PDFs does not start: {error.strerror}."
            raise PdfError("not_started", told) from error
        if self._nice and hasattr(os, "setpriority"):
            with suppress(OSError):  # it reads all the same
                now = os.getpriority(os.PRIO_PROCESS, process.pid)
                os.setpriority(os.PRIO_PROCESS, process.pid, now + self._nice)
        self._replies = queue.Queue()
        reader = threading.Thread(target=_drain, args=(process.stdout, self._replies), daemon=True)
        reader.start()
        self._process = process
        try:
            greeting = self._replies.get(timeout=START_SECONDS)
        except queue.Empty:
            greeting = b""
        if not greeting:
            self.close()
            raise PdfError("not_started", "The process that reads PDFs does not start.")
        return process

    def ask(self, request: dict[str, Any], seconds: float, item: str) -> dict[str, Any]:
        """The child's answer.

        Takes a request that JSON can hold, the seconds it may take, and what it is about.
        Raises PdfError: what the child answers, or `timeout`, `crashed`, `out_of_memory`.
        """
        process = self._process if self._process and self._process.poll() is None else self._start()
        try:
            _pipe(process.stdin).write(json.dumps(request).encode() + b"\n")
            _pipe(process.stdin).flush()
            # The child's own alarm comes first; this one is for a child that lost it.
            reply = self._replies.get(timeout=seconds + 2.0)
        except queue.Empty:
            self.close()
            raise PdfError("timeout", f"Not read within {seconds:g} seconds.", item) from None
        except OSError:
            reply = b""
        if not reply:
            raise self._failure(seconds, item)
        answer: dict[str, Any] = json.loads(reply)
        if "error" in answer:
            raise PdfError(answer["error"]["code"], answer["error"]["detail"], item)
        return answer

    def _failure(self, seconds: float, item: str) -> PdfError:
        """Why the child ended."""
        process = self._process
        code = process.wait() if process else 0
        self.close()
        if code == -signal.SIGALRM:
            return PdfError("timeout", f"Not read within {seconds:g} seconds.", item)
        if code == -signal.SIGKILL:
            return PdfError("out_of_memory", "The system stopped the reader.", item)
        return PdfError("crashed", f"The PDF library ended with status {code}.", item)

    def close(self) -> None:
        """End the child, if there is one; a later request starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close_quietly(pipe)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the child was started without pipes")
    return pipe


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # What was still to be written has no reader any more.
        return


def _drain(pipe: IO[bytes] | None, replies: queue.Queue[bytes]) -> None:
    """Put every line into the queue, and an empty one at the end."""
    try:
        for line in _pipe(pipe):
            replies.put(line)
    except ValueError:
        # The pipe was closed under the reader: the end as well.
        pass
    replies.put(b"")
