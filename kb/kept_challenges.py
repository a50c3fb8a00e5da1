"""The merged challenges of a library, kept beside its indexes until the catalogue moves on.

Two files, both only to save time: the challenges as numbers of sentences, which hold until
something else is stated, and the pairs of sentences that were compared (`kb.known_pairs`), of
which most hold even then.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from kb import challenges as merging
from kb.challenges import Challenge
from kb.evidence import Evidence
from kb.library import Library
from kb.maps import digest
from kb.merge_process import Work, merge_apart, merge_here, rows_of
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


def merged(library: Library, found: Stated, *, apart: bool = False) -> tuple[Challenge, ...]:
    """The challenges of what is stated: those kept, else merged and kept.

    People's tags change no merging; of papers added since only the new sentences are compared.
    Takes: apart, whether to merge in a process of its own, where this one serves people.
    Raises KbError where such a process began and came to nothing.
    """
    kept = _holds_for(library, found)
    known = _recall(library, kept, found)
    if known is not None:
        return known
    writable = not library.catalogue.read_only
    path = library.folder / "pairs.npz"
    work = Work(found.statements, found.vectors, path, code(), writable)
    rows = merge_apart(work) if apart else None
    made = _made(rows, found) if rows is not None else merge_here(work)
    if writable:
        _keep(library, kept, rows_of(made))
    return made


def _path(library: Library) -> Path:
    return library.folder / "challenges.json"


def stamp(library: Library) -> list[Any]:
    """What challenges in memory hold for at a generation: rules, library, codebook, models."""
    with library.catalogue.read() as reader:
        # Another library made in the same folder may be at the same generation.
        created = reader.meta("created")
    judged = [library.taxonomy[0], library.classifier.version, library.embedder.model_id]
    return [RULES, code(), created, *judged]


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


def _keep(library: Library, stamp: list[Any], rows: list[dict[str, Any]]) -> None:
    """Write the result as sentence numbers; left out where the folder cannot be written.

    Decisions are not in it: they are applied to what is read back.
    """
    path = _path(library)
    # Threads of one process may keep at once, too; the process stands last (`kb.leavings`).
    part = path.with_suffix(f".{threading.get_ident()}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps({"stamp": stamp, "sha256": digest(rows), "rows": rows}))
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _recall(library: Library, stamp: list[Any], found: Stated) -> tuple[Challenge, ...] | None:
    """The kept result, where it is whole, of these statements and rules."""
    try:
        kept = json.loads(_path(library).read_text(encoding="utf-8"))
        if kept["stamp"] != stamp or kept["sha256"] != digest(kept["rows"]):
            return None
        return _made(kept["rows"], found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _made(rows: Sequence[Mapping[str, Any]], found: Stated) -> tuple[Challenge, ...]:
    """The challenges of kept rows; KeyError where a statement is gone."""
    by_number = {one.sentence_id: one for one in found.statements}

    def evidence(of: Sequence[tuple[int, float]]) -> tuple[Evidence, ...]:
        """The statements of such numbers."""
        return tuple(Evidence(by_number[number], likeness) for number, likeness in of)

    made = (
        merging.told_of(
            row["challenge_id"],
            row["statement"],
            evidence(row["evidence"]),
            evidence(row["answers"]),
            evidence(row["directions"]),
        )
        for row in rows
    )
    return tuple(sorted(made, key=merging.prominence))
