"""Writers that are killed: each in a process forked from one that has all its imports done.

A writer says on a file what it has finished; the file outlives it. It is killed by its
parent after a while, or by itself at one of the points that a rehearsal has counted.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOAD = ["kb.cli", "kb.adding", "kb.bundle", "kb.commands.adding", "kb.commands.keeping",
           "kb.commands.tagging", "kb.commands.teaching", "kb.doctor", "chromadb", "tantivy",
           "onnxruntime", "alembic.command", "tests.soak.operations"]  # fmt: skip

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(PRELOAD)

# Statements of SQL at which a transaction begins and ends.
_TURNS = ("BEGIN IMMEDIATE", "COMMIT")

# Longest that a trial may take; a writer that hangs has failed.
PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Kill:
    """When a writer dies: at a point it passes, or, without one, after some seconds."""

    seconds: float
    """From the beginning; of a kill during a point, from its beginning."""
    point: int = -1
    when: str = "during"
    """before, during, after"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a writer has said before it ended."""

    done: dict[int, int]
    """Number of the command -> its exit status."""
    events: tuple[dict[str, Any], ...]
    killed: bool
    points: tuple[str, ...]
    seconds: float
    errors: str


def work(folder: Path, commands: Sequence[Sequence[str]], out: Path, kill: Kill | None) -> Told:
    """Have a writer do the commands, and die as told (None: a rehearsal)."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    process = FORK.Process(target=_writer, args=(folder, commands, out, kill))
    process.start()
    deadline = time.monotonic() + PATIENCE
    while not (out / "begun").exists() and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)
    if kill and kill.point < 0:
        process.join(kill.seconds)
        process.kill()
    process.join(PATIENCE)
    hung = process.is_alive()
    process.kill()
    process.join()
    assert not hung, f"no end within {PATIENCE} s: {commands}"
    return _told(out, killed=process.exitcode == -signal.SIGKILL)


def _told(out: Path, *, killed: bool) -> Told:
    done = [line.split() for line in _lines(out / "done")]
    errors = _lines(out / "stderr")
    points = out / "points.json"
    counted: dict[str, Any] = {"points": [], "seconds": 0.0}
    if points.exists():
        counted = json.loads(points.read_text())
    return Told(
        {int(number): int(status) for number, status in done},
        tuple(json.loads(line) for line in errors if line.startswith("{")),
        killed,
        tuple(counted["points"]),
        counted["seconds"],
        "\n".join(line for line in errors if not line.startswith("{"))[-2_000:],
    )


def _lines(path: Path) -> list[str]:
    """The whole lines of a file: one cut short by the kill was not said."""
    text = path.read_text(errors="replace") if path.exists() else ""
    return [line for line in text.split("\n")[:-1] if line]


def _writer(folder: Path, commands: Sequence[Sequence[str]], out: Path, kill: Kill | None) -> None:
    from kb.cli import main

    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(out / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    counter = _Counter(kill)
    _watch(counter)
    started = time.perf_counter()
    (out / "begun").touch()
    for number, words in enumerate(commands):
        status = main(["--library", str(folder), *words])
        with (out / "done").open("a") as stream:
            stream.write(f"{number} {status}\n")
    facts = {"points": counter.names, "seconds": time.perf_counter() - started}
    (out / "points.json").write_text(json.dumps(facts))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Counter:
    """Counts the points that a writer passes, and ends it at the one that was chosen."""

    def __init__(self, kill: Kill | None) -> None:
        self._kill = kill
        self.names: list[str] = []

    def pass_by(self, name: str, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        here = len(self.names)
        self.names.append(name)
        kill = self._kill if self._kill and self._kill.point == here else None
        if kill and kill.when == "before":
            _die()
        if kill and kill.when == "during":
            threading.Thread(target=_die, args=(kill.seconds,), daemon=True).start()
        try:
            return real(*given, **named)
        finally:
            if kill and kill.when == "after":
                _die()


def _die(seconds: float = 0.0) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def _watch(counter: _Counter) -> None:
    """Have every step that changes a file pass by the counter."""
    from sqlalchemy import Connection

    from kb.catalogue.sqlite_file import SqliteFile
    from kb.index_state import IndexFolder
    from kb.indexes import Indexes
    from kb.text_index import TextIndex
    from kb.vector_index import VectorIndex

    for owner, name in [
        (Path, "replace"), (Path, "unlink"), (shutil, "rmtree"), (shutil, "copyfileobj"),
        (Indexes, "follow"), (Indexes, "rebuild"), (IndexFolder, "mark"), (IndexFolder, "adopt"),
        (TextIndex, "put"), (VectorIndex, "put"), (VectorIndex, "drop"),
        (SqliteFile, "backup"), (SqliteFile, "overwrite"),
    ]:  # fmt: skip
        _pass_by(counter, owner, name)
    real = Connection.exec_driver_sql

    def said(self: Connection, statement: str, *given: Any, **named: Any) -> Any:
        if statement not in _TURNS:
            return real(self, statement, *given, **named)
        return counter.pass_by(statement, real, self, statement, *given, **named)

    Connection.exec_driver_sql = said  # type: ignore[method-assign]


def _pass_by(counter: _Counter, owner: Any, name: str) -> None:
    real = getattr(owner, name)
    label = f"{owner.__name__}.{name}"
    setattr(owner, name, lambda *a, **k: counter.pass_by(label, real, *a, **k))


def look(function: Callable[..., list[str]], *given: Any, out: Path) -> list[str]:
    """What `function` finds wrong, asked of a process of its own: it may die of it."""
    out.unlink(missing_ok=True)
    process = FORK.Process(target=_look, args=(function, given, out))
    process.start()
    process.join(PATIENCE)
    hung = process.is_alive()
    process.kill()
    process.join()
    if hung or not out.exists():
        return [f"the process that looked ended with {process.exitcode}"]
    found: list[str] = json.loads(out.read_text())
    return found


def _look(function: Callable[..., list[str]], given: Sequence[Any], out: Path) -> None:
    try:
        found = function(*given)
    except BaseException as error:  # noqa: BLE001 - told to whoever asked
        found = [f"{type(error).__name__}: {error}"]
    part = out.with_suffix(".writing")
    part.write_text(json.dumps(found))
    part.replace(out)
    os._exit(0)
