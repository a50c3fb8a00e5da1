"""Flip one bit of a catalogue at a time, and count what sees it: `python -m tests.bench.damage`.

`new`: the file's time is that of the damage, as after a copy by a bad disk or a write beside it.
`kept`: the time is as before, as when a disk loses a bit. Each damaged copy is opened as any
command opens it, then looked into as `kb doctor` does. Prints JSON: trials, and how many were
found at opening, found by the doctor, harmless (no row changed) or silent, by table.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ingest.sources import jsonl
from kb.adding import add
from kb.catalogue.checked import NOTE
from kb.catalogue.places import CATALOGUE
from kb.library import Library
from tests.kb.test_damage import content, flip_bit, outcome, rot

PAPERS = Path(__file__).parents[1] / "data" / "papers.jsonl"


def trials(folder: Path, number: int, *, kept: bool, seed: int) -> dict[str, object]:
    """Damage the library in `folder` so many times, one bit each."""
    path = folder / CATALOGUE
    Library.open(folder, heal=False).close()  # notes the file as good
    whole, note, before = path.read_bytes(), (folder / NOTE).read_bytes(), content(path)
    rng, found, silent = random.Random(seed), Counter[str](), Counter[str]()
    for _ in range(number):
        damaged = flip_bit(whole, rng.randrange(8 * len(whole)))
        (folder / NOTE).write_bytes(note)
        rot(path, damaged) if kept else path.write_bytes(damaged)
        seen = outcome(path, before)
        found[seen] += 1
        if seen == "silent":
            silent.update(_tables(before, content(path)))
        path.write_bytes(whole) if not kept else rot(path, whole)
    return {"time": "kept" if kept else "new", "trials": number, **found, "silent in": dict(silent)}


def _tables(before: list[str], now: list[str]) -> set[str]:
    changed = set(now) - set(before)
    named = (re.match(r'INSERT INTO "(\w+)"', line) for line in changed)
    return {one[1] for one in named if one} or {"schema"}


def _library(target: Path, source: str) -> Path:
    if source:
        shutil.copytree(source, target)
        return target
    library = Library.create(target)
    add(library, [jsonl(PAPERS)])
    library.close()
    return target


def main() -> None:
    """Run both kinds of trials on a copy of a library, by default one of twelve papers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default="", help="a folder; it is copied")
    parser.add_argument("--new", type=int, default=250)
    parser.add_argument("--kept", type=int, default=120)
    parser.add_argument("--seed", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = _library(Path(place) / "library", given.library)
        for number, kept in ((given.new, False), (given.kept, True)):
            told = trials(folder, number, kept=kept, seed=given.seed)
            sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
