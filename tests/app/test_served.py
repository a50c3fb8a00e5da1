"""Streamlit's server as `kb app` starts it: what it may be called, and what the terminal says."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import config, net_util, runtime
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from ingest.worker import OWN, own_modules
from kb.cli import main as kb
from kb.pages import served
from kb.settings import USER_HEADER

Started = list[list[str]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The words each server is started with; none runs."""
    calls: Started = []

    def noted(words: list[str]) -> subprocess.CompletedProcess[bytes]:
        calls.append(words)
        return subprocess.CompletedProcess(words, 0)

    # Where a process takes our place, it does not come back: here it does, and goes on.
    monkeypatch.setattr(os, "execve", lambda _program, words, _environment: noted(words))
    monkeypatch.setattr(subprocess, "run", lambda words, **_: noted(words))
    return calls


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_on_this_machine_the_server_has_its_names_and_the_public_one(address: str) -> None:
    assert served.names(address, "") == list(served.HERE)
    for public in ("papers.example.org", "https://papers.example.org:8443/kb"):
        assert served.names(address, public) == [*served.HERE, "papers.example.org"]


@pytest.mark.parametrize(
    ("address", "host"), [("127.0.0.2", "127.0.0.2"), ("LOCALHOST", "localhost")]
)
def test_another_name_of_this_machine_is_its_own_and_no_open_door(address: str, host: str) -> None:
    held = served.names(address, "")
    assert set(held) == {*served.HERE, host}
    config.set_option(served.HOSTS, held)
    try:
        assert is_host_allowed(f"{host}:8501")
        assert not is_host_allowed("papers.example.org")
    finally:
        config.set_option(served.HOSTS, [])


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "papers.example.org"])
def test_beyond_this_machine_it_may_be_called_anything(address: str) -> None:
    assert served.names(address, "papers.example.org") == []


def allowed(call: str, address: str, **flags: object) -> list[str]:
    """What a server started in the checkout may be called, once `call` was made."""
    given = json.dumps({"server.address": address} | flags)
    code = (
        "import json, sys; from streamlit import config; from kb.pages import served\n"
        "config.get_config_options(options_from_flags=json.loads(sys.argv[1]))\n"
        f"{call}\nprint(json.dumps(config.get_option(served.HOSTS)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, given],
        check=True,
        cwd=served.OURS.parents[1],
        stdout=subprocess.PIPE,
    )
    return list(json.loads(done.stdout))


def test_streamlit_run_in_the_checkout_answers_to_this_machine_only() -> None:
    assert allowed("", "localhost") == list(served.HERE)
    assert allowed("", "0.0.0.0") == list(served.HERE)


def test_the_file_of_the_checkout_does_not_bind_kb_app() -> None:
    call = "served._name_hosts()"
    assert allowed(call, "localhost") == list(served.HERE)
    assert allowed(call, "0.0.0.0") == []
    public = allowed(call, "localhost", **{served.PUBLIC: "papers.example.org"})
    assert public == [*served.HERE, "papers.example.org"]
    assert allowed(call, "0.0.0.0", **{served.HOSTS: ["a.example"]}) == ["a.example"]


def test_what_the_operator_allows_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "is_manually_set", lambda option: option == served.HOSTS)
    monkeypatch.setattr(config, "get_where_defined", lambda _option: "command-line argument")
    before = config.get_option(served.HOSTS)
    served._name_hosts()
    assert config.get_option(served.HOSTS) == before


def test_streamlit_still_asks_where_it_is_told_not_to() -> None:
    """Else `served` sets what nobody reads."""
    assert callable(net_util.get_external_ip)
    assert {served.HOSTS, served.PUBLIC} <= set(config.get_config_options())


@pytest.mark.parametrize(
    ("error", "remedy"), [(errno.EACCES, "--port 8501"), (errno.EADDRNOTAVAIL, "--address")]
)
def test_what_cannot_be_listened_on_is_named_and_what_to_change(
    error: int,
    remedy: str,
    started: Started,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(socket, "socket", refuse)
    assert kb(["--library", str(tmp_path), "app", "--address", "127.0.0.9", "--port", "80"]) == 2
    said = capsys.readouterr().err
    assert "nothing can listen on 127.0.0.9:80" in said
    assert said.split("—")[1].strip().startswith(remedy)
    assert not started


def test_the_address_that_is_said_can_be_opened(
    started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb(["--library", str(tmp_path), "app", "--port", "18866", "--address", "::1"])
    assert "http://[::1]:18866" in capsys.readouterr().err
    assert started


def test_listening_beyond_this_machine_is_said(
    started: Started,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(USER_HEADER, raising=False)
    words = ["--library", str(tmp_path), "app", "--port", "18866"]
    kb([*words])
    assert "Listening beyond" not in capsys.readouterr().err
    kb([*words, "--address", "0.0.0.0"])
    assert "whoever reaches it" in capsys.readouterr().err
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    kb([*words, "--address", "0.0.0.0"])
    assert "can claim any name in X-Forwarded-User" in capsys.readouterr().err
    assert started
    assert all(one[1:4] == [*OWN, "kb.pages.served"] for one in started)


@pytest.mark.parametrize("module", ["kb.pages.served", "kb.index_probe", "ingest.pdf_child"])
def test_a_child_takes_no_package_of_the_folder_it_is_started_in(
    tmp_path: Path, module: str
) -> None:
    for name in ("ingest", "kb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit(7)")
    # -S, for what stands in this checkout's environment goes before all else.
    words = [sys.executable, "-S", *OWN, module, "--help"]
    environment = own_modules() | {"PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])}
    done = subprocess.run(
        words,
        check=False,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert done.returncode != 7
    assert b"No module named" not in done.stderr


def test_pages_are_loaded_once_the_server_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    stands = iter([False, False, True])
    loaded: list[str] = []
    monkeypatch.setattr(runtime, "exists", lambda: next(stands))
    monkeypatch.setattr(served, "import_module", loaded.append)
    served._load_ahead()
    assert loaded == ["kb.pages.parts.page"]
    assert next(stands, None) is None
