"""While `kb add` of another process holds the write lock, chats and decisions are kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from kb import challenge_acts as acts
from kb.answer import ask
from kb.chats import chats, keep, rename, turns
from kb.doctor import check
from kb.errors import LibraryLocked
from kb.library import Library
from kb.mapping import mapped

ADDED = 100
ROUNDS = 12
QUESTION = "How can verbatim recall of licensed code be reduced?"


def _papers(path: Path) -> Path:
    records = (
        {
            "arxiv_id": f"2611.{n:05d}",
            "title": f"Study {n} of generated code",
            "abstract": (
                f"In study {n} we let {n + 2} developers review generated code. "
                f"Reviews took {n + 3} minutes each, and {n} defects were found. "
                f"However, oracles for the tests of system {n} are still lacking."
            ),
            "published": "2026-11-01",
        }
        for n in range(ADDED)
    )
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


def test_nothing_of_either_is_lost(library: Library, folder: Path, tmp_path: Path) -> None:
    answer = ask(library, QUESTION).to_json()
    named = mapped(library).challenges[0].challenge_id
    child = subprocess.Popen(
        [sys.executable, "-m", "kb.cli", "--library", str(folder), "--json", "add",
         str(_papers(tmp_path / "many.jsonl"))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    written = 0
    deadline = time.monotonic() + 200
    while child.poll() is None and written < ROUNDS and time.monotonic() < deadline:
        if (library.lock.holder() or {}).get("pid") != str(child.pid):
            time.sleep(0.05)
            continue
        try:
            with library.writing():
                continue  # it has just let go
        except LibraryLocked:
            pass
        keep(library, "beside", f"{QUESTION} ({written})", answer)
        rename(library, "beside", f"talk {written}")
        acts.rename(library, named, f"Round {written}", who="ada")
        written += 1
        time.sleep(0.5)
    out, err = child.communicate(timeout=250)
    assert child.returncode == 0, err
    assert json.loads(out)["added"] == ADDED
    assert written >= 3
    (head,) = chats(library)
    assert (head.name, head.turns) == (f"talk {written - 1}", written)
    asked = [one.question for one in turns(library, "beside")]
    assert asked == [f"{QUESTION} ({n})" for n in range(written)]
    entries = acts.history(library)
    assert sorted(one.decision.text for one in entries) == sorted(
        f"Round {n}" for n in range(written)
    )
    assert acts.find(library, named).statement == f"Round {written - 1}"
    with library.catalogue.read() as reader:
        assert reader.counts()["papers"] == 12 + ADDED
    assert check(library) == []
