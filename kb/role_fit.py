"""Fitting the sentence roles on codings and a library that has the abstracts.

    python -m kb.role_fit --library DIR data/labels/roles_once.jsonl

prints the figures on the papers held out and writes `taxonomy/weights/roles.npz`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import UsageError
from kb.library import Library
from kb.sentences import placed_sentences
from taxonomy.role_training import RoleExamples, fit


def examples(library: Library, codings: Sequence[dict[str, Any]]) -> RoleExamples:
    """The coded sentences as the library has them.

    Takes: lines {paper, sentence (its number in the abstract, from 0), sha256, roles, use}.
    Raises UsageError where the library lacks one, or has another text for it.
    """
    with library.catalogue.read() as reader:
        numbers = reader.numbers({str(one["paper"]) for one in codings})
    held = placed_sentences(library, numbers.values())
    found = []
    for one in codings:
        of_paper = [s for s in held.get(numbers.get(one["paper"], -1), ()) if s.front]
        at = int(one["sentence"])
        text = of_paper[at].place.text if at < len(of_paper) else ""
        if hashlib.sha256(text.encode()).hexdigest() != one["sha256"]:
            raise UsageError(
                f"the library has not the abstract of {one['paper']} that was coded",
                item=str(one["paper"]),
                remedy="fit on a library with the abstracts of ../shared/data",
            )
        found.append(of_paper[at])
    vectors = np.stack([one.row.vector for one in found])
    places = tuple(one.place for one in found)
    return RoleExamples(
        places,
        vectors,
        library.classifier.probabilities([one.text for one in places], vectors),
        tuple(frozenset(map(str, one["roles"])) for one in codings),
        tuple(str(one["paper"]) for one in codings),
        np.array([one["use"] == "held_out" for one in codings]),
    )


def main() -> None:
    """Fit and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True, type=Path)
    parser.add_argument("labels", type=Path)
    asked = parser.parse_args()
    lines = asked.labels.read_text(encoding="utf-8").splitlines()
    library = Library.open(asked.library)
    found = fit(examples(library, [json.loads(line) for line in lines]))
    told = {"thresholds": found["thresholds"], "figures": found["figures"]}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
