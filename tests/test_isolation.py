"""The tests' own walls hold: no network, no real home, no silent skip."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
REACH_OUT = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"


def test_another_machine_cannot_be_reached() -> None:
    with (
        socket.socket() as reaching,
        pytest.raises(RuntimeError, match="tests stay on this machine"),
    ):
        reaching.connect(("192.0.2.1", 80))  # an address that RFC 5737 gives to no machine


def test_no_name_is_looked_up() -> None:
    with pytest.raises(RuntimeError, match=r"look-up of 'sixfold\.invalid'"):
        socket.getaddrinfo("sixfold.invalid", 80)


def test_a_child_process_is_held_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REACH_OUT], capture_output=True, text=True, check=False
    )
    assert "NetworkForbidden" in done.stderr


def test_a_server_on_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


def test_home_and_library_are_the_tests_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    ours = tmp_path_factory.getbasetemp()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "KB_LIBRARY"):
        assert Path(os.environ[name]).is_relative_to(ours), name
    assert Path.home().is_relative_to(ours)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import pytest\ndef test_it(): pytest.skip('no browser')\n", "no browser"),
        ("import pytest\npytest.importorskip('no_such_package')\n", "no_such_package"),
        (
            "import pytest\n@pytest.mark.skipif(True, reason='no server')\ndef test_it(): ...\n",
            "no server",
        ),
    ],
)
def test_a_skip_fails_where_all_is_required(source: str, reason: str, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    shutil.copytree(TESTS / "offline", tests / "offline")
    shutil.copy(TESTS / "conftest.py", tests)
    (tests / "test_skipping.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", str(tests)]
    for required in ("", "all"):
        environment = {**os.environ, "SIXFOLD_REQUIRE": required}
        done = subprocess.run(
            command, env=environment, cwd=tests, capture_output=True, text=True, check=False
        )
        assert reason in done.stdout
        # 0: skipped; 5: the only module skipped itself; 1 and 2: failed, broken off
        assert done.returncode in ((1, 2) if required else (0, 5)), done.stdout
