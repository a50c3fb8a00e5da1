"""Writers of every kind, killed at any moment: nothing that was acknowledged is lost.

Sixty kills; `SIXFOLD_KILLS=500` in the environment makes five hundred, `SIXFOLD_SEED` others.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from filelock import FileLock

from tests.soak.conftest import say
from tests.soak.crew import Kill, Told, look, work
from tests.soak.operations import Operation, faults, make_operations, operations

KILLS = int(os.environ.get("SIXFOLD_KILLS", "60"))
SEED = int(os.environ.get("SIXFOLD_SEED", "9"))

# The command line's own doctor, as a person starts it, is asked after every so many kills.
DOCTOR_EVERY = 10

# A kill during a step comes within so many seconds of its beginning: most take less.
DURING = 0.02


def choose(rng: random.Random, rehearsed: Told) -> Kill:
    """A moment: any, or before, during or after any step that changes a file."""
    if not rehearsed.points or rng.random() < 0.4:
        return Kill(rng.uniform(0, rehearsed.seconds))
    point = rng.randrange(len(rehearsed.points))
    return Kill(rng.uniform(0, DURING), point, rng.choice(("before", "during", "after")))


def in_folder(operation: Operation, folder: Path) -> list[list[str]]:
    (folder / "kept").mkdir(exist_ok=True)
    return [[word.replace("FOLDER", str(folder)) for word in one] for one in operation.commands]


def by_command_line(folder: Path) -> list[str]:
    words = [sys.executable, "-m", "kb.cli", "--library", str(folder), "doctor", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return [] if json.loads(done.stdout)["ok"] else [f"kb doctor: {done.stdout[:500]}"]


def examined(folder: Path, operation: Operation, told: Told, place: Path) -> list[str]:
    """What is wrong after a kill."""
    events = [str(one["paper_id"]) for one in told.events]
    wrong = look(faults, folder, operation, told.done, events, out=place / "looked.json")
    with FileLock(folder / ".lock").acquire(timeout=0):
        pass  # nobody holds it
    return wrong


@pytest.mark.soak
@pytest.mark.timeout(60 + KILLS * 60)
def test_killed_writers_lose_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    assert look(make_operations, tmp_path, out=tmp_path / "made.json") == []
    all_of_them = list(operations(tmp_path))
    rehearsed = {}
    for one in all_of_them:
        folder = tmp_path / "rehearsal"
        shutil.copytree(one.base, folder)
        told = work(folder, in_folder(one, folder), tmp_path / "out", None)
        assert set(told.done.values()) == {0}, (one.name, told)
        assert examined(folder, one, told, tmp_path) == [], one.name
        rehearsed[one.name] = told
        shutil.rmtree(folder)
    trials: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    wrong: list[str] = []
    for turn in range(KILLS):
        one = all_of_them[turn % len(all_of_them)]
        kill = choose(rng, rehearsed[one.name])
        folder = tmp_path / "library"
        shutil.copytree(one.base, folder)
        told = work(folder, in_folder(one, folder), tmp_path / "out", kill)
        trials[one.name] += 1
        hit[one.name] += told.killed
        found = examined(folder, one, told, tmp_path)
        if turn % DOCTOR_EVERY == 0:
            found += by_command_line(folder)
        wrong += [f"{turn} {one.name} {kill}: {what}" for what in found]
        shutil.rmtree(folder)
    say(f"killed writers, seed {SEED}: {KILLS} trials, {sum(hit.values())} killed before the end")
    for name, count in trials.items():
        failed = [line for line in wrong if line.split(" ", 1)[1].startswith(f"{name} Kill")]
        lost = sum("LOST" in line for line in failed)
        points = len(rehearsed[name].points)
        say(
            f"  {name:<13} {count:>4} trials, {hit[name]:>4} killed, {len(failed)} failures, "
            f"{lost} losses, {points} points, {rehearsed[name].seconds:.1f} s"
        )
    assert wrong == []
    assert sum(hit.values()) >= KILLS * 0.7
