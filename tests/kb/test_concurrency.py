"""Many processes at one library: readers, writers, the app and the command line; and the lock.

`SIXFOLD_SOAK_SECONDS=600 python -m pytest -m soak tests/kb/test_concurrency.py` is the whole of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from kb.decisions import history
from kb.doctor import check
from kb.embed import Embedder
from kb.errors import LibraryLocked
from kb.library import Library
from kb.lock import WriteLock
from tests.kb.many_clients import said

SECONDS = float(os.environ.get("SIXFOLD_SOAK_SECONDS", "40"))
CLIENT = Path(__file__).with_name("many_clients.py")
CREW = (("writer", 2), ("decider", 2), ("reader", 2))
KILLS = 8


# -- many clients ------------------------------------------------------------------------------


def start(role: str, name: str, folder: Path, logs: Path) -> subprocess.Popen[str]:
    words = [sys.executable, str(CLIENT), role, str(folder), str(logs), str(SECONDS), name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def app(folder: Path) -> Iterator[int]:
    """The port of the app on the library."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["-m", "kb.cli", "--library", str(folder), "app", "--port", str(port), "--headless"]
    environment = os.environ | {"KB_LIBRARY": str(folder)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=quiet, stderr=quiet
    )
    health = f"http://127.0.0.1:{port}/_stcore/health"
    for _ in range(600):
        try:
            with urllib.request.urlopen(health, timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(20)


def visit(port: int) -> list[str]:
    """Open the app as a browser does; the errors that the page shows."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    wrong = []
    with connect(address, subprotocols=["streamlit"], max_size=None) as line:  # type: ignore[list-item]
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        line.send(asked.SerializeToString())
        while True:
            message = ForwardMsg()
            received = line.recv(timeout=120)
            message.ParseFromString(received if isinstance(received, bytes) else received.encode())
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                wrong.append(message.delta.new_element.exception.message)
            if kind == "script_finished":
                return wrong


def run_kb(folder: Path, *words: str) -> str:
    """A call of the command line; "" where it succeeded."""
    command = [sys.executable, "-m", "kb.cli", "--library", str(folder), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 else f"{words}: {done.returncode} {done.stdout[-300:]}"


def overlaps(log: Path) -> tuple[int, int]:
    """(times the lock was taken, times while another held it)."""
    holder, taken, wrong = "", 0, 0
    for line in log.read_text().splitlines():
        what, pid = line.split()
        if what == "in":
            taken += 1
            wrong += bool(holder)
            holder = pid
        else:
            wrong += holder != pid
            holder = ""
    return taken, wrong


def lost(library: Library, logs: Path) -> list[str]:
    """What was acknowledged and is not in the catalogue, and what was removed and is."""
    there, gone = said(logs / "papers")
    with library.catalogue.read() as reader:
        held = set(reader.numbers([*there, *gone]))
        collections = reader.collections()
    kept = {(one.decision.who, one.decision.why) for one in history(library)}
    wrong = [f"{paper} is lost" for paper in there.keys() - held]
    wrong += [f"{paper} is back" for paper in gone & held]
    for line in (logs / "decisions").read_text().splitlines():
        who, turn = line.split()
        if (who, f"turn {turn}") not in kept:
            wrong.append(f"the decision {turn} of {who} is lost")
    for name in (logs / "collected").read_text().split():
        if collections.get(name) != 1:
            wrong.append(f"the collection {name} is lost")
    return wrong


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 400)
@pytest.mark.parametrize(
    "folder", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_many_clients_of_one_library(
    folder: Path, app: int, tmp_path: Path, embedder: Embedder
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    clients = [
        start(role, f"{role}{n}", folder, logs) for role, count in CREW for n in range(count)
    ]
    until, pages, calls = time.monotonic() + SECONDS, 0, 0
    errors: list[str] = []
    while time.monotonic() < until:
        errors += visit(app)
        pages += 1
        errors += [said for said in [run_kb(folder, *COMMANDS[calls % len(COMMANDS)])] if said]
        calls += 1
    told: list[dict[str, Any]] = []
    for client in clients:
        out, err = client.communicate(timeout=300)
        assert client.returncode == 0, err[-2000:]
        told.append(json.loads(out.splitlines()[-1]))
    library = Library.open(folder)
    library.embedder = embedder
    taken, overlapped = overlaps(logs / "lock")
    found: dict[str, Any] = {
        "done": {one["role"]: one["done"] for one in told} | {"app": pages, "kb": calls},
        "refused": sum(one["refused"] for one in told),
        "errors": errors + [said for one in told for said in one["errors"]],
        "stale": [said for one in told for said in one["stale"]],
        "lost": lost(library, logs),
        "locked": taken,
        "overlaps": overlapped,
        "faults": [fault.code for fault in check(library)],
    }
    library.close()
    print(json.dumps(found))  # noqa: T201 - the figures, seen with -s
    for kind in ("errors", "stale", "lost", "faults"):
        assert not found[kind], Counter(found[kind])
    assert not overlapped
    # One of the writers may have been refused all the time, where the other was slow.
    done = found["done"]
    assert done.pop("writer0") + done.pop("writer1")
    assert all(done.values())


COMMANDS = (
    ("status",),
    ("search", "repository completion"),
    ("journal",),
    ("ask", "Which benchmark is for repositories?"),
    ("map",),
)


# -- the lock ----------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from kb.lock import WriteLock
with WriteLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(60)
"""


def holding(folder: Path, *before: str) -> subprocess.Popen[str]:
    """A process that holds the lock, by a program that starts it where one is given."""
    words = [*before, sys.executable, "-c", HOLD, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "held\n", child.stderr.read()[-2000:]
    return child


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path)
    for _ in range(KILLS):
        with holding(tmp_path) as child:
            with pytest.raises(LibraryLocked, match=f"process {child.pid} of"), lock.held():
                pass
            child.send_signal(signal.SIGKILL)
            child.wait()
        with lock.held():
            pass


def test_the_note_of_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    note = {"pid": str(os.getppid()), "user": "x", "host": "h", "command": "other", "since": "?"}
    (tmp_path / ".lock").write_text("")
    (tmp_path / ".lock.json").write_text(json.dumps(note))  # a live process, of another program
    with WriteLock(tmp_path).held():
        holder = WriteLock(tmp_path).holder()
        assert holder is not None
        assert holder["pid"] == str(os.getpid())


@pytest.mark.skipif(os.name != "posix", reason="users and groups are POSIX")
def test_two_users_of_one_library_take_turns(made_library: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may act as two users")
    folder = Path("/tmp") / f"sixfold-users-{os.getpid()}"  # below no folder of root's own
    shutil.copytree(made_library, folder)
    try:
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, "root", "nogroup")
            path.chmod(0o2775 if path.is_dir() else 0o664)
        nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        lock = WriteLock(folder)
        with lock.held():
            pass  # the file is root's now
        with holding(folder, *nobody) as child:
            with pytest.raises(LibraryLocked, match="of nobody on"), lock.held():
                pass
            child.kill()
        with lock.held():
            refused = subprocess.run(
                [*nobody, sys.executable, "-c", HOLD, str(folder)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )
            assert "is being written by process" in refused.stderr
    finally:
        shutil.rmtree(folder)
