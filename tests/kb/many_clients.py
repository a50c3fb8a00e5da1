"""One client of a library that others use at the same time, as a program of its own.

Usage: python many_clients.py ROLE FOLDER LOGS SECONDS NAME. Roles: writer, decider, reader.
What it has done, and when, stands in LOGS; its last line of output is a report in JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.sources import jsonl
from kb.adding import add
from kb.answer import ask
from kb.collecting import collect
from kb.decisions import decide
from kb.errors import LibraryLocked
from kb.library import Library
from kb.mapping import mapped
from kb.ranking import Mode
from kb.search import search

LETTERS = "bdfgklmnprstvz"
VOWELS = "aeiou"


def word(n: int) -> str:
    """A word of no language, another for each number."""
    found = "qu"
    for _ in range(5):
        n, consonant = divmod(n, len(LETTERS))
        n, vowel = divmod(n, len(VOWELS))
        found += LETTERS[consonant] + VOWELS[vowel]
    return found + "x"


def note(path: Path, *words: object) -> None:
    """Append a line, whole, whoever else appends."""
    line = " ".join(map(str, words)) + "\n"
    with path.open("ab", buffering=0) as stream:
        stream.write(line.encode())


@dataclass
class Told:
    """What a client reports."""

    role: str
    done: int = 0
    refused: int = 0
    """Times that another one was writing, and this one was told so."""
    errors: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


@contextmanager
def watched(library: Library, log: Path) -> Iterator[None]:
    """Note in `log` whenever this process takes and gives back the write lock."""
    held, depth = library.lock.held, 0

    @contextmanager
    def noting(*, seconds: float = 0.0) -> Iterator[None]:
        nonlocal depth
        with held(seconds=seconds):
            depth += 1
            if depth == 1:
                note(log, "in", os.getpid())
            try:
                yield
            finally:
                if depth == 1:
                    note(log, "out", os.getpid())
                depth -= 1

    library.lock.held = noting  # type: ignore[method-assign]
    yield
    library.lock.held = held  # type: ignore[method-assign]


def said(log: Path) -> tuple[dict[str, str], set[str]]:
    """({id: word} of papers that are surely there, ids that are surely gone)."""
    there, gone = {}, set()
    for line in log.read_text().splitlines() if log.exists() else ():
        what, paper, its = line.split()
        if what == "added":
            there[paper] = its
        elif what == "removing":
            there.pop(paper, None)
        elif what == "removed":
            gone.add(paper)
    return there, gone


def write(library: Library, logs: Path, told: Told, turn: int) -> None:
    """Add a paper with a word of its own; take an older one away at every third turn."""
    number = 1 + turn + 10_000 * int(told.role[-1])
    its, paper = word(number * 7919), f"2403.{number:05d}"
    source = logs / f"{paper}.jsonl"
    facts = {"arxiv_id": paper, "title": f"On {its} models", "abstract": f"We study {its}."}
    source.write_text(json.dumps(facts))
    report = add(library, [jsonl(source)])
    # Kept already, where removing was refused.
    if report.added + report.updated + report.unchanged != 1:
        told.errors.append(f"{paper} was not added: {report}")
    note(logs / "papers", "added", paper, its)
    if turn % 3 == 2:
        gone = f"2403.{number - 2:05d}"
        note(logs / "papers", "removing", gone, "-")
        library.remove([gone])
        note(logs / "papers", "removed", gone, "-")


def judge(library: Library, logs: Path, told: Told, turn: int) -> None:
    """Decide on a paper that is always there, and collect it."""
    ids = [paper for paper in library.snapshot().table.paper_id if paper.startswith("2501.")]
    keys = library.codebook.facet("phase").keys
    # Never what holds already: that would be no new decision.
    rest, paper = divmod(turn, len(ids))
    rest, key = divmod(rest, len(keys))
    verdict = "no" if rest % 2 else "yes"
    decide(library, ids[paper], "phase", keys[key], verdict, told.role, f"turn {turn}")
    note(logs / "decisions", told.role, turn)
    collect(library, f"{told.role}-{turn}", [ids[paper]])
    note(logs / "collected", f"{told.role}-{turn}")
    time.sleep(0.2)  # a person's pace: the writer of papers is to have its turn too


def read(library: Library, logs: Path, told: Told, turn: int) -> None:
    """Search what was acknowledged and what is gone; ask and map now and then."""
    there, gone = said(logs / "papers")
    if there:
        paper, its = random.choice(list(there.items())[-3:])
        mode: Mode = "hybrid" if turn % 2 else "lexical"
        found = [hit.paper.paper_id for hit in search(library, its, mode=mode).hits]
        still, _ = said(logs / "papers")
        if paper not in found and paper in still:
            told.stale.append(f"{paper} {its} was added, and not found ({mode})")
        told.stale += [f"{one} was removed, and found" for one in gone & set(found)]
    if turn % 7 == 3:
        ask(library, "Which benchmark is for repository-level completion?")
    if turn % 11 == 5:
        mapped(library)


ROLES: dict[str, Any] = {"writer": write, "decider": judge, "reader": read}


def main() -> None:
    """Work until the time is over."""
    role, folder, logs, seconds, name = sys.argv[1:6]
    told, turn, library = Told(name), 0, Library.open(Path(folder))
    search(library, "warm up", limit=1)
    until = time.monotonic() + float(seconds)
    with watched(library, Path(logs) / "lock"):
        while time.monotonic() < until:
            try:
                ROLES[role](library, Path(logs), told, turn)
                told.done += 1
                turn += 1
            except LibraryLocked:
                told.refused += 1
                time.sleep(0.05)
            except Exception as error:  # noqa: BLE001 - every error is what is looked for
                told.errors.append(f"{type(error).__name__}: {error}"[:300])
                turn += 1
    library.close()
    sys.stdout.write(json.dumps(vars(told)) + "\n")


if __name__ == "__main__":
    main()
