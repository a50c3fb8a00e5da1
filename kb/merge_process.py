"""Merging challenges in a process of its own: `python -m kb.merge_process`.

Merging is Python's own work for seconds and would hold up every thread of the process that
does it: where people are served, a child does it. It reads one `Work` from standard input
and answers with the challenges as `kb.kept_challenges` keeps them, JSON on standard output.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ingest.worker import OWN, own_modules
from kb import known_pairs
from kb.challenges import Challenge, Vectors, build
from kb.errors import KbError
from kb.evidence import Evidence, Statement

SECONDS = 900.0
"""After which a child is ended; the full library of 7,912 papers takes about 20 s of a core."""
_NICE = 5
_LOOK = 1.0
"""Seconds between a child's looks at whether its parent is still there."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be merged."""

    statements: tuple[Statement, ...]
    vectors: Vectors
    pairs: Path
    """Where pairs compared before lie; looked up, and kept there."""
    rules: str
    keep: bool
    """False where nothing may be written."""

    def to_bytes(self) -> bytes:
        """The work as a child reads it: an archive of two arrays, JSON's bytes and the vectors."""
        said = [[getattr(one, name) for name in Statement.__slots__] for one in self.statements]
        told = json.dumps([said, str(self.pairs), self.rules, self.keep]).encode()
        whole = BytesIO()
        np.savez(whole, told=np.frombuffer(told, dtype=np.uint8), vectors=self.vectors)
        return whole.getvalue()

    @staticmethod
    def from_bytes(whole: bytes) -> Work:
        """What `to_bytes` gave."""
        with np.load(BytesIO(whole), allow_pickle=False) as held:
            said, pairs, rules, keep = json.loads(held["told"].tobytes())
            vectors = held["vectors"]
        statements = tuple(Statement(*map(_frozen, row)) for row in said)
        return Work(statements, vectors, Path(pairs), rules, keep)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def merge_here(work: Work) -> tuple[Challenge, ...]:
    """Merge in this process."""
    memory = known_pairs.recall(work.pairs)
    made = build(work.statements, work.vectors, memory=memory, rules=work.rules)
    if work.keep:
        known_pairs.keep(work.pairs, memory)
    return made


def merge_apart(work: Work, *, seconds: float = SECONDS) -> list[dict[str, Any]] | None:
    """Merge in a child process; None where none can be begun, so that somebody else must.

    Raises KbError where one began and came to nothing: what was too much for it, no process
    that serves people may try.
    """
    command = [sys.executable, *OWN, "kb.merge_process"]
    # A second thread of its arithmetic would only take the other core from whoever waits.
    environment = {**own_modules(), "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            input=work.to_bytes(),
            capture_output=True,
            env=environment,
            timeout=seconds,
            check=True,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except OSError as error:
        _log.warning("merging challenges: no process of its own: %s", error)
        return None
    except ValueError as error:
        raise _failed("gave an answer that cannot be read") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(f"was not done within {seconds:g} seconds", error.stderr) from error
    except subprocess.CalledProcessError as error:
        raise _failed(f"ended with status {error.returncode}", error.stderr) from error
    return found


def _failed(how: str, said: bytes | None = None) -> KbError:
    """A child that came to nothing; its last words go to the log."""
    lines = (said or b"").decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    _log.warning("merging challenges in a process of its own: it %s: %s", how, last)
    return KbError(
        f"the challenges could not be merged: the process for it {how}",
        remedy="kb challenges, on the command line, merges them without a limit of time and "
        "keeps them for the app",
        code="merging",
    )


def rows_of(found: tuple[Challenge, ...]) -> list[dict[str, Any]]:
    """Challenges as numbers of sentences, from which they can be told again."""

    def numbers(evidence: tuple[Evidence, ...]) -> list[tuple[int, float]]:
        """(sentence number, likeness) of each statement."""
        return [(one.statement.sentence_id, one.likeness) for one in evidence]

    return [
        {
            "challenge_id": one.challenge_id,
            "statement": one.statement,
            "evidence": numbers(one.evidence),
            "answers": numbers(one.answers),
            "directions": numbers(one.directions),
        }
        for one in found
    ]


def _end_with(parent: int) -> None:
    """End this process once another has become its parent: nobody waits for it any more."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def main() -> int:
    """Merge what standard input holds."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    if hasattr(signal, "alarm"):
        signal.alarm(int(SECONDS))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    work = Work.from_bytes(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(rows_of(merge_here(work))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
