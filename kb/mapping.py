"""The library's challenges and maps: statements from the catalogue, merged and laid out.

Merging every statement takes seconds, so its result is kept beside the indexes, as
numbers of sentences, and made again when the catalogue has moved on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb import challenges as merging
from kb.catalogue import Filters, StoredPaper
from kb.challenges import Challenge, within
from kb.errors import UsageError
from kb.evidence import Evidence, Statement
from kb.lattice import PaperFacts
from kb.library import Library
from kb.maps import ChallengeMap, build_map
from kb.stated import Stated, stated

# Raised when merging changes, so that a kept result of older rules is not used.
RULES = 1


@dataclass(frozen=True, slots=True)
class Mapped:
    """Everything that papers state, merged; of one generation of the library."""

    generation: int
    challenges: tuple[Challenge, ...]
    statements: tuple[Statement, ...]
    """All statements, of every label that is mapped."""
    papers: dict[str, StoredPaper]


_memory: dict[Path, tuple[list[Any], Mapped]] = {}


def mapped(library: Library) -> Mapped:
    """The library's statements and challenges, merged again only where it has changed."""
    snapshot = library.snapshot()
    stamp = _stamp(library, snapshot.generation)
    known = _memory.get(library.folder)
    if known is not None and known[0] == stamp:
        return known[1]
    found = stated(library, None)
    kept = _recall(library, stamp, found)
    if kept is None:
        kept = merging.build(found.statements, found.vectors)
        _keep(library, stamp, kept)
    made = Mapped(snapshot.generation, kept, found.statements, found.papers)
    _memory[library.folder] = (stamp, made)
    return made


def challenges(library: Library, filters: Filters = Filters()) -> tuple[Challenge, ...]:  # noqa: B008 - frozen
    """Challenges as the papers that pass the filters tell them, best supported first."""
    everything = mapped(library)
    if not filters:
        return everything.challenges
    ids = passing_ids(library, filters)
    return tuple(
        part for whole in everything.challenges if (part := within(whole, ids)) is not None
    )


def passing_ids(library: Library, filters: Filters) -> set[str]:
    """Ids of the papers that pass the filters."""
    snapshot = library.snapshot()
    rows = np.flatnonzero(snapshot.mask(filters))
    return {snapshot.table.paper_id[row] for row in rows}


def challenge_map(
    library: Library,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    rows: str = "phase",
    columns: str = "layer",
    since: str = "",
) -> ChallengeMap:
    """The map of the papers that pass the filters, published since `since` where given.

    Raises UsageError for an axis that is not known.
    """
    everything = mapped(library)
    ids = passing_ids(library, filters)
    facts = [
        paper_facts(paper)
        for key, paper in everything.papers.items()
        if key in ids and (not since or paper.published[: len(since)] >= since)
    ]
    codebook = library.codebook
    axis_keys = {facet.key: facet.keys for facet in codebook.facets}
    names = {
        f"{facet.key}:{one.key}": one.name for facet in codebook.facets for one in facet.categories
    }
    said = filters.to_json() | ({"since": since} if since else {})
    try:
        return build_map(
            facts,
            everything.challenges,
            [one for one in everything.statements if one.label == "direction"],
            rows=rows,
            columns=columns,
            row_keys=axis_keys.get(rows, ()),
            column_keys=axis_keys.get(columns, ()),
            searched=searched_cells(library),
            names=names,
            filters=said,
            generation=everything.generation,
            versions=versions(library),
        )
    except ValueError as error:
        raise UsageError(str(error), item=f"{rows} × {columns}", code="unknown_axis") from error


def versions(library: Library) -> dict[str, str]:
    """What judged the papers: goes into every map and bundle."""
    return {
        "codebook": library.codebook.version,
        "tagger": library.tagger.version,
        "statements": library.classifier.version,
        "merging": str(RULES),
        "model": library.embedder.model_id,
    }


def searched_cells(library: Library) -> set[tuple[str, str]]:
    """(phase, layer) pairs that logged searches have looked into."""
    with library.catalogue.read() as reader:
        logged = reader.searched()
    cells: set[tuple[str, str]] = set()
    for filters in logged:
        for phase in filters.get("phases", ()):
            for layer in filters.get("layers", ()):
                cells.add((phase, layer))
    return cells


def paper_facts(paper: StoredPaper) -> PaperFacts:
    """A paper as maps and bibliographies take it."""
    return PaperFacts(
        paper_id=paper.paper_id,
        title=paper.title,
        authors=paper.authors,
        year=paper.year,
        published=paper.published,
        categories=paper.categories,
        phases=paper.keys("phase"),
        layers=paper.keys("layer"),
        url=paper.url,
        doi=paper.doi,
        arxiv_id=paper.arxiv_id,
        # A bare title holds no sentence in which a challenge could be stated.
        examined=bool(paper.abstract or paper.digest or paper.full_text),
    )


def _path(library: Library) -> Path:
    return library.folder / "challenges.json"


def _stamp(library: Library, generation: int) -> list[Any]:
    with library.catalogue.read() as reader:
        # Another library made in the same folder may be at the same generation.
        created = reader.meta("created")
    return [RULES, created, generation, library.classifier.version, library.embedder.model_id]


def _keep(library: Library, stamp: list[Any], found: Sequence[Challenge]) -> None:
    """Write the result as sentence numbers; left out where the folder cannot be written."""

    def numbers(evidence: tuple[Evidence, ...]) -> list[tuple[int, float]]:
        return [(one.statement.sentence_id, one.likeness) for one in evidence]

    rows = [
        {
            "challenge_id": one.challenge_id,
            "statement": one.statement,
            "status": one.status,
            "phases": one.phases,
            "layers": one.layers,
            "papers": one.papers,
            "paper_ids": one.paper_ids,
            "first_year": one.first_year,
            "last_year": one.last_year,
            "evidence": numbers(one.evidence),
            "answers": numbers(one.answers),
            "directions": numbers(one.directions),
            "renamed": one.renamed,
        }
        for one in found
    ]
    path = _path(library)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(json.dumps({"stamp": stamp, "rows": rows}))
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _recall(library: Library, stamp: list[Any], found: Stated) -> tuple[Challenge, ...] | None:
    """The kept result, where it is whole, of this generation and of these rules."""
    by_number = {one.sentence_id: one for one in found.statements}

    def evidence(rows: list[tuple[int, float]]) -> tuple[Evidence, ...]:
        return tuple(Evidence(by_number[number], likeness) for number, likeness in rows)

    try:
        kept = json.loads(_path(library).read_text(encoding="utf-8"))
        if kept["stamp"] != stamp:
            return None
        return tuple(
            Challenge(
                **{
                    **row,
                    "phases": tuple(row["phases"]),
                    "layers": tuple(row["layers"]),
                    "paper_ids": tuple(row["paper_ids"]),
                    "evidence": evidence(row["evidence"]),
                    "answers": evidence(row["answers"]),
                    "directions": evidence(row["directions"]),
                }
            )
            for row in kept["rows"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
