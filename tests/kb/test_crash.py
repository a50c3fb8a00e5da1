"""Writers that are killed, and writers that meet: nothing acknowledged is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.doctor import check, examine
from kb.library import Library

PLAIN_KILLS = 2
SOAK_KILLS = 20

# Three batches of the writer, so that a kill falls before, between and after commits.
PAPERS = 150

Acknowledged = set[str]


def write_papers(path: Path, round_: int) -> Path:
    """Invented papers, other ones each round."""
    lines = [
        {
            "arxiv_id": f"24{round_ % 12 + 1:02d}.{round_ // 12}{n:04d}",
            "title": f"Invented paper {n} of round {round_}",
            "abstract": f"We count to {n} in a language model. Counting past {n} remains open.",
        }
        for n in range(PAPERS)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def start_adding(folder: Path, papers: Path, *options: str) -> subprocess.Popen[str]:
    words = ["--library", str(folder), "add", str(papers), "--events", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "kb.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def acknowledged(line: str) -> Acknowledged:
    """The id that an event line acknowledges."""
    return {json.loads(line)["paper_id"]} if line.startswith("{") else set()


def kill_while_adding(folder: Path, papers: Path, after: int, delay: float) -> Acknowledged:
    """Kill the writer `delay` seconds after its event number `after`. What it acknowledged."""
    known: Acknowledged = set()
    with start_adding(folder, papers) as process:
        assert process.stderr is not None
        while len(known) < after and (line := process.stderr.readline()):
            known |= acknowledged(line)
        time.sleep(delay)
        process.kill()
        _, rest = process.communicate(timeout=60)
    for line in rest.splitlines(keepends=True):
        # A line cut short by the kill was not yet said.
        known |= acknowledged(line) if line.endswith("}\n") else set()
    return known


def survives(folder: Path, tmp_path: Path, kills: int) -> None:
    rng = random.Random(3)
    known: Acknowledged = set()
    hit = 0
    for round_ in range(kills):
        papers = write_papers(tmp_path / "papers.jsonl", round_)
        # Before the first commit, between two, and while the indexes follow the last.
        after = (1, 64, PAPERS, 0)[round_ % 4]
        delay = rng.uniform(0, 5.0 if after == 0 else 0.4)
        told = kill_while_adding(folder, papers, after, delay)
        hit += bool(told)
        known |= told
        assert examine(folder) == []
        library = Library.open(folder)
        with library.catalogue.read() as reader:
            here = set(reader.numbers(known))
            held = reader.passages_of(reader.numbers(known).values())
        assert known == here
        assert len(held) == len(known)
        assert check(library) == []
        library.close()
    assert hit >= kills // 2


def test_killed_writers_lose_nothing(folder: Path, tmp_path: Path) -> None:
    survives(folder, tmp_path, PLAIN_KILLS)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_killed_writers_lose_nothing(folder: Path, tmp_path: Path) -> None:
    survives(folder, tmp_path, SOAK_KILLS)


@pytest.mark.parametrize("options", [(), ("--wait", "120")])
def test_two_writers_at_once(options: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    files = [write_papers(tmp_path / f"{n}.jsonl", n) for n in (0, 1)]
    processes = [start_adding(folder, papers, *options) for papers in files]
    ended = [(process.communicate(timeout=240), process.returncode) for process in processes]
    statuses = sorted(status for _, status in ended)
    assert statuses == ([0, 0] if options else [0, 3])
    known: Acknowledged = set()
    for (_, told), status in ended:
        if status:
            assert "is being written by process" in told
        for line in told.splitlines():
            known |= acknowledged(line)
    assert len(known) == PAPERS * statuses.count(0)
    library = Library.open(folder)
    with library.catalogue.read() as reader:
        assert set(reader.numbers(known)) == known
    assert check(library) == []
    library.close()
