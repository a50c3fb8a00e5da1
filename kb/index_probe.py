"""Looks into one derived index, as a process of its own: `python -m kb.index_probe`.

A damaged index may kill the process that opens it. So this one is started for it, reads a
request from standard input and writes what it found to standard output, both JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ingest.worker import OWN, own_modules
from kb.catalogue.values import Vector
from kb.text_index import TextIndex
from kb.vector_index import Served, VectorIndex

# Opening takes two seconds, reading 50,000 passages five.
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Probed:
    """What an index holds, or why it could not be read."""

    fault: str = ""
    """"" where it could be read; else what happened, e.g. `killed by signal 11`."""
    late: bool = False
    """True where it did not answer in time: a busy machine, or an index that is stuck."""
    passages: frozenset[int] = frozenset()
    papers: frozenset[int] | None = None
    """None where the index does not know papers (Chroma)."""
    vectors: dict[int, Vector] = field(default_factory=dict)
    """Held vectors of the sample."""
    found: int = 0
    """How many of the sample's vectors the index finds when asked for them."""


def probe(
    name: str, path: Path | Served, sample: Sequence[int], *, seconds: float = SECONDS
) -> Probed:
    """Look into the index `name` (`chroma` or `lexical`) at `path`, from a safe distance.

    Takes the passage numbers whose vectors are wanted (of Chroma).
    """
    request = json.dumps({"name": name, "path": str(path), "sample": list(sample)})
    try:
        done = subprocess.run(
            [sys.executable, *OWN, "kb.index_probe"],
            env=own_modules(),
            input=request,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probed(fault=f"no answer within {seconds:.0f} s", late=True)
    if done.returncode < 0:
        return Probed(fault=f"killed by signal {-done.returncode}")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Probed(fault=last[:200])
    return _read(json.loads(done.stdout))


def _read(answer: dict[str, Any]) -> Probed:
    papers = answer["papers"]
    return Probed(
        passages=frozenset(answer["passages"]),
        papers=None if papers is None else frozenset(papers),
        vectors={
            int(number): np.asarray(values, dtype=np.float32)
            for number, values in answer["vectors"].items()
        },
        found=answer["found"],
    )


def _look(request: dict[str, Any]) -> dict[str, Any]:
    if request["name"] == "lexical":
        text = TextIndex(Path(request["path"]))
        return {
            "passages": sorted(text.passage_numbers()),
            "papers": sorted(text.paper_numbers()),
            "vectors": {},
            "found": 0,
        }
    served = "://" in request["path"]
    index = VectorIndex(Served.read(request["path"]) if served else Path(request["path"]))
    held = index.vectors(request["sample"])
    found = 0
    for vector in held.values():
        # The graph must lead to what is stored: another row may be just as near.
        _, cosines = index.query(vector, 3)
        found += bool(len(cosines) and cosines[0] > 0.99)
    return {
        "passages": sorted(index.numbers()),
        "papers": None,
        "vectors": {number: [float(x) for x in vector] for number, vector in held.items()},
        "found": found,
    }


def main() -> int:
    """Answer one request."""
    sys.stdout.write(json.dumps(_look(json.load(sys.stdin))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
