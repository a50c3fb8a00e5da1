"""Fuzzing: each reader gives a value or its own error, in time, and writes nowhere else.

    make fuzz                                       five minutes of one core
    HYPOTHESIS_PROFILE=fuzz pytest tests/fuzz -k bundle

What was found lies in `corpus/READER/`, one small file a case, and is tried in every run.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target, close

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 20.0
"""Longest time of one input; a busy machine is no hang."""
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A proper input with a few bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        drop = draw(st.sampled_from((0, 1, 1, 2, 8, 64)))
        data[at : at + drop] = draw(st.binary(max_size=8))
    return bytes(data)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    kinds = [st.binary(max_size=200), st.text(max_size=100).map(lambda one: one.encode())]
    if target.words:
        piece = st.one_of(st.sampled_from(target.words), st.text(max_size=3))
        several = st.lists(piece, max_size=30)
        kinds.append(several.map(lambda parts: "".join(parts).encode(errors="surrogatepass")))
        # One piece many times: nesting, and patterns that take time.
        many = st.tuples(st.sampled_from(target.words), st.integers(1, 3000))
        kinds.append(many.map(lambda one: (one[0] * one[1])[:60_000].encode()))
    if target.seeds:
        kinds += [damaged(target.seeds)] * 3
    return st.one_of(kinds)


class Watch:
    """Writes outside a folder, seen by an audit hook."""

    home: Path | None = None
    found: list[str]


def _seen(event: str, arguments: tuple[Any, ...]) -> None:
    if Watch.home is None:
        return
    writes = event in ("os.remove", "os.rename", "os.mkdir", "os.symlink", "os.link", "os.rmdir")
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        writes |= isinstance(mode, str) and bool(set(mode) & set("wax+"))
    if writes or event in ("os.system", "os.exec", "socket.connect", "pty.spawn"):
        path = str(arguments[0]) if arguments else event
        if not path.startswith((str(Watch.home), "/dev/null", "<socket")) and not path.isdigit():
            Watch.found.append(f"{event} {path}")


sys.addaudithook(_seen)


def tried(name: str, data: bytes, folder: Path) -> None:
    """Run one input, and hold the reader to its promises."""
    target = TARGETS[name]
    begun = time.monotonic()
    Watch.home, Watch.found = folder, []
    try:
        target.run(data, folder)
    except target.errors as error:
        assert str(error), "an error says something"  # noqa: PT017 - either outcome is right
    finally:
        Watch.home = None
    assert not Watch.found, Watch.found
    assert time.monotonic() - begun < SECONDS


@pytest.fixture(scope="module", autouse=True)
def _parsers_end() -> Iterator[None]:
    yield
    close()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.timeout(0 if LONG else 300)
def test_a_reader_answers_or_refuses(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = TARGETS[name]
    folder = tmp_path_factory.mktemp("fuzz")
    # The PDF reader's child process starts outside the watch.
    many = target.examples * (50 if LONG else 1)

    @settings(max_examples=many, suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def run(data: bytes) -> None:
        tried(name, data, folder)

    run()


CASES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_stays_mended(case: Path, tmp_path: Path) -> None:
    names = {name.replace(" ", "-").replace("'", ""): name for name in TARGETS}
    tried(names[case.parent.name], case.read_bytes(), tmp_path)


MADE = {
    "codebook": [b"a = " + b"[" * 5000, b"a = " + b"9" * 5000],
    "codebook file": [b"a = " + b"[" * 5000, b"a = " + b"9" * 5000],
    "settings": [b"threads = " + b"[" * 5000, b"threads = " + b"9" * 5000],
    "csl": [b"[" * 200_000, b'[{"title":' + b"9" * 5000 + b"}]", b'{"a":' * 100_000],
    "jsonl": [b"[" * 200_000, b'{"title":' + b"9" * 5000 + b"}\n"],
    "labels": [b"[" * 200_000, b'{"id":' + b"9" * 5000 + b"}\n"],
    "exported map": [b'{"edges":' + b"[" * 200_000, b'{"edges":[' + b"9" * 5000 + b"]}"],
    "map as XML": [b"<graphml" + b"<a>" * 50_000, b"<graphml" + b" a='b'" * 50_000],
    "arXiv's feed": [b"<feed>" + b"<entry>" * 3000 + b"</feed>"],
    "query": [b'"' * 20_000, b"-" * 20_000, b"title:" * 5_000, b"a" * 200_000],
    "text on a screen": [b"[" * 20_000, b"<" * 20_000, b"![" * 10_000, b"\x1b]" * 10_000],
    "bibtex": [b"@a{" * 3_000, b"{" * 20_000, b"@string{a=" + b"#" * 20_000],
    "csv": [b"title\n" + b'"' * 50_001, b"," * 50_000, b"title\n" + b"x" * 200_000],
    "run": [b"q Q0 d 1 " + b"9" * 5000 + b" x\n", b"q Q0 d " + b"9" * 5000 + b" 1 x\n"],
}
"""Inputs too long to keep as files."""


@pytest.mark.parametrize(("name", "number"), [(n, i) for n in MADE for i in range(len(MADE[n]))])
def test_what_is_deep_or_long_is_refused_in_time(name: str, number: int, tmp_path: Path) -> None:
    tried(name, MADE[name][number], tmp_path)
