"""The merged challenges of a library, kept beside its indexes until the catalogue moves on.

Two files, both only to save time: the challenges as numbers of sentences, which hold until
something else is stated, and the pairs of sentences that were compared (`kb.known_pairs`), of
which most hold even then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from kb import challenges as merging
from kb import known_pairs
from kb.challenges import Challenge
from kb.evidence import Evidence
from kb.library import Library
from kb.maps import digest
from kb.stated import Stated

# Raised when merging changes, so that a kept result of older rules is not used.
RULES = 5

_PARTS = (
    "challenges.py",
    "evidence.py",
    "known_pairs.py",
    "likeness.py",
    "linkage.py",
    "trouble.json",
    "trouble.py",
    "word_index.py",
    "word_weights.py",
    "wording.py",
)


def merged(library: Library, found: Stated) -> tuple[Challenge, ...]:
    """The challenges of what is stated: those kept, else merged and kept.

    People's tags change no merging; of papers added since only the new sentences are compared.
    """
    kept = _holds_for(library, found)
    known = _recall(library, kept, found)
    if known is not None:
        return known
    path = library.folder / "pairs.npz"
    memory = known_pairs.recall(path)
    made = merging.build(found.statements, found.vectors, memory=memory, rules=code())
    if not library.catalogue.read_only:
        known_pairs.keep(path, memory)
        _keep(library, kept, made)
    return made


def _path(library: Library) -> Path:
    return library.folder / "challenges.json"


def stamp(library: Library, generation: int) -> list[Any]:
    """What challenges in memory hold for: the rules, the library and its generation."""
    with library.catalogue.read() as reader:
        # Another library made in the same folder may be at the same generation.
        created = reader.meta("created")
    judged = [library.classifier.version, library.embedder.model_id]
    return [RULES, code(), created, generation, *judged]


def _holds_for(library: Library, found: Stated) -> list[Any]:
    """What kept challenges hold for: the rules, and every statement with its vector."""
    told = blake2b(np.ascontiguousarray(found.vectors).tobytes())
    for one in found.statements:
        where = (one.sentence_id, one.paper_id, one.label, one.score, one.published, one.start)
        told.update(repr((where, one.quote)).encode(errors="backslashreplace"))
    return [RULES, code(), library.classifier.version, told.hexdigest()]


@cache
def code() -> str:
    """Hash of everything that merging is made of: no threshold or word list can be forgotten."""
    parts = (files("kb") / name for name in _PARTS)
    return digest([part.read_text(encoding="utf-8") for part in parts])


def _keep(library: Library, stamp: list[Any], found: Sequence[Challenge]) -> None:
    """Write the result as sentence numbers; left out where the folder cannot be written.

    Decisions are not in it: they are applied to what is read back.
    """

    def numbers(evidence: tuple[Evidence, ...]) -> list[tuple[int, float]]:
        """(sentence number, likeness) of each statement."""
        return [(one.statement.sentence_id, one.likeness) for one in evidence]

    rows = [
        {
            "challenge_id": one.challenge_id,
            "statement": one.statement,
            "evidence": numbers(one.evidence),
            "answers": numbers(one.answers),
            "directions": numbers(one.directions),
        }
        for one in found
    ]
    path = _path(library)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(json.dumps({"stamp": stamp, "sha256": digest(rows), "rows": rows}))
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _recall(library: Library, stamp: list[Any], found: Stated) -> tuple[Challenge, ...] | None:
    """The kept result, where it is whole, of these statements and rules."""
    by_number = {one.sentence_id: one for one in found.statements}

    def evidence(rows: list[tuple[int, float]]) -> tuple[Evidence, ...]:
        """The statements of such rows; KeyError where one is gone."""
        return tuple(Evidence(by_number[number], likeness) for number, likeness in rows)

    try:
        kept = json.loads(_path(library).read_text(encoding="utf-8"))
        if kept["stamp"] != stamp or kept["sha256"] != digest(kept["rows"]):
            return None
        made = [
            merging.told_of(
                row["challenge_id"],
                row["statement"],
                evidence(row["evidence"]),
                evidence(row["answers"]),
                evidence(row["directions"]),
            )
            for row in kept["rows"]
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return tuple(sorted(made, key=merging.prominence))
