"""Merging challenges in a process of its own: `python -m kb.merge_process`.

Merging is Python's own work for seconds and would hold up every thread of the process that
does it: where people are served, a child does it. It reads one `Work` from standard input
and answers with the challenges as `kb.kept_challenges` keeps them, JSON on standard output.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ingest.worker import OWN, own_modules
from kb import known_pairs
from kb.challenges import Challenge, Vectors, build
from kb.evidence import Evidence, Statement

SECONDS = 900.0
"""After which a child is ended; the full library of 7,912 papers takes about 20 s of a core."""
_NICE = 5
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
    """Merge in a child process; None where it came to nothing, so that somebody else must."""
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
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _log.warning("merging challenges in a process of its own: %s", error)
        return None
    return found


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


def main() -> int:
    """Merge what standard input holds."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    work = Work.from_bytes(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(rows_of(merge_here(work))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
