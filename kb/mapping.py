"""The library's challenges and maps: statements from the catalogue, merged and laid out.

Merging every statement takes seconds, so its result is kept (`kb.kept_challenges`) and made
again when the catalogue has moved on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kb import challenges as merging
from kb import kept_challenges
from kb.catalogue import Filters, StoredPaper
from kb.catalogue.challenge_log import latest_decision, read_challenge_log
from kb.catalogue.filing import Filing
from kb.challenge_decisions import Decided, decided
from kb.challenges import Challenge, within
from kb.codebooks import edition_at, filing_at
from kb.errors import KbError, UsageError
from kb.evidence import Statement
from kb.lattice import AXES, PaperFacts, filled
from kb.library import Library
from kb.map_diff import MapDiff, diff
from kb.maps import ChallengeMap, build_map, digest
from kb.quotes import legible
from kb.restated import restated
from kb.snapshot import Snapshot
from kb.stated import Stated, stated
from taxonomy.edition import Edition


@dataclass(frozen=True, slots=True)
class Mapped:
    """Everything that papers state, merged; of one generation of the library."""

    generation: int
    decided: Decided
    """The challenges as people's decisions leave them, and what was decided."""
    built: tuple[Challenge, ...]
    """The challenges as the system merged them."""
    statements: tuple[Statement, ...]
    """All statements, of every label that is mapped."""
    papers: dict[str, StoredPaper]

    @property
    def challenges(self) -> tuple[Challenge, ...]:
        """The challenges as people's decisions leave them, best supported first."""
        return self.decided.challenges


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was mapped last, and what it holds for."""

    stamp: list[Any]
    latest: tuple[int, str]
    """The latest decision on challenges that is in it."""
    found: Stated
    made: Mapped


_memory: dict[tuple[Path, int | None], _Kept] = {}
_NONE = (-1, "")
"""Latest decision of what no decision was applied to."""
_log = logging.getLogger(__name__)

# Merging takes a core for seconds: whoever wants the same meanwhile waits for it.
_merging = threading.RLock()

# Folders of libraries that are merged behind people's backs, each with the thread at it.
_served: dict[Path, threading.Thread | None] = {}

# The generation at which merging behind people's backs began last and is not done, or failed.
_failed: dict[Path, int] = {}

# Statements up to which merging is quicker than beginning a process for it.
_FEW = 4_000

# Maps under older codebooks that are kept in memory.
_OLDER = 2


def mapped(library: Library, version: int | None = None) -> Mapped:
    """The library's statements and challenges, read and merged again only where it has changed.

    Takes: version, of the codebook; the one in force where None. Raises UsageError.
    """
    with _merging:
        return _mapped(library, version)


def _mapped(library: Library, version: int | None) -> Mapped:
    generation, stamp = library.snapshot().generation, kept_challenges.stamp(library)
    with library.catalogue.read() as reader:
        latest = latest_decision(reader.connection)
        log = read_challenge_log(reader.connection)
    known = _memory.get((library.folder, version))
    if known is not None and known.stamp != stamp:
        known = None
    if known is not None and (known.made.generation, known.latest) == (generation, latest):
        return known.made
    found, built, generation = _built(library, version, known, generation)
    made = Mapped(generation, decided(built, log), built, found.statements, found.papers)
    older = [key for key in _memory if key[1] is not None]
    for key in older[: -_OLDER + 1] if version is not None else ():
        del _memory[key]
    _memory[library.folder, version] = _Kept(stamp, latest, found, made)
    return made


def _built(
    library: Library, version: int | None, known: _Kept | None, generation: int
) -> tuple[Stated, tuple[Challenge, ...], int]:
    """What papers state, the challenges merged of it, and of which generation that is."""
    if known is not None and known.made.generation == generation:
        return known.found, known.made.built, generation
    if version is not None:
        found = stated(library, None, filing=_filing(library, version))
        return found.without_vectors(), merging.build(found.statements, found.vectors), generation
    if known is not None:
        before = known.found, known.made.built, known.made.generation
        if being_merged(library):
            return before
        again = restated(library, *before)
        if again is not None:
            return *again, generation
        # Where it failed before, whoever asks reads in place, and is told why.
        behind = library.folder in _served and _failed.get(library.folder) != generation
        if behind and len(known.found.statements) > _FEW:
            _begin(library)
            return before
    return _read(library, generation)


def _read(library: Library, generation: int) -> tuple[Stated, tuple[Challenge, ...], int]:
    found = stated(library, None)
    apart = library.folder in _served and len(found.statements) > _FEW
    built = kept_challenges.merged(library, found, apart=apart)
    return found.without_vectors(), built, generation


def merge_behind(library: Library) -> None:
    """Let nobody of this process wait while papers are merged that came in: it goes on in the
    background, in a process of its own, and until then `mapped` is of before.

    The first time there is nothing of before, and few statements are merged at once.
    """
    _served.setdefault(library.folder, None)


def being_merged(library: Library) -> bool:
    """True while what `mapped` gives is of before, and the present state is being merged."""
    thread = _served.get(library.folder)
    return thread is not None and thread.is_alive()


def _begin(library: Library) -> None:
    thread = threading.Thread(target=_merge, args=(library,), name="merge", daemon=True)
    _served[library.folder] = thread
    thread.start()


def _merge(library: Library) -> None:
    """Read and merge what is here now, and have `mapped` give that from then on."""
    try:
        generation, stamp = library.snapshot().generation, kept_challenges.stamp(library)
        _failed[library.folder] = generation
        found, built, _ = _read(library, generation)
        # The next call of `mapped` applies the decisions, and what came in meanwhile.
        made = Mapped(generation, Decided(built), built, found.statements, found.papers)
        with _merging:
            now = _memory.get((library.folder, None))
            # Whoever could not wait, as after a change of codebook, has read something newer.
            if now is None or (now.stamp == stamp and now.made.generation < generation):
                _memory[library.folder, None] = _Kept(stamp, _NONE, found, made)
            _failed.pop(library.folder, None)
    except KbError as error:
        # Whoever asks next is told.
        _log.warning("merging challenges: %s", error.message)


def _filing(library: Library, version: int | None) -> Filing | None:
    return None if version is None else filing_at(library, version)


def challenges(library: Library, filters: Filters = Filters()) -> tuple[Challenge, ...]:  # noqa: B008 - frozen
    """Challenges as the papers that pass the filters tell them, best supported first."""
    everything = mapped(library)
    if not filters:
        return everything.challenges
    ids = passing_ids(library, filters)
    parts = (within(whole, ids) for whole in everything.challenges)
    return tuple(sorted((part for part in parts if part is not None), key=merging.prominence))


def passing_ids(library: Library, filters: Filters, version: int | None = None) -> set[str]:
    """Ids of the papers that pass the filters, under a version of the codebook."""
    filing = _filing(library, version)
    snapshot = library.snapshot() if filing is None else Snapshot.take(library.catalogue, filing)
    rows = np.flatnonzero(snapshot.mask(filters))
    return {snapshot.table.paper_id[row] for row in rows}


def challenge_map(
    library: Library,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    rows: str = "phase",
    columns: str = "layer",
    since: str = "",
    version: int | None = None,
) -> ChallengeMap:
    """The map of the papers that pass the filters, published since `since` where given.

    Takes: rows and columns, any facets of the codebook, `year` or `category`; version, of
    the codebook, the one in force where None. Raises UsageError for what is not known.
    """
    everything = mapped(library, version)
    ids = passing_ids(library, filters, version)
    whole = [paper_facts(paper) for paper in everything.papers.values()]
    facts = [
        one
        for one in whole
        if one.paper_id in ids and (not since or one.published[: len(since)] >= since)
    ]
    edition = library.edition if version is None else edition_at(library, version)
    _check_axes((rows, columns), edition)
    axis_keys = {facet.key: facet.keys for facet in edition.facets}
    names = {
        f"{facet.key}:{one.key}": one.name for facet in edition.facets for one in facet.categories
    }
    # What a filter leaves out is known, too: only the filtered map is empty there.
    looked = searched_cells(library, rows, columns, edition) | filled(whole, rows, columns)
    said = filters.to_json() | ({"since": since} if since else {})
    try:
        chart = build_map(
            facts,
            everything.challenges,
            [one for one in everything.statements if one.label == "direction"],
            rows=rows,
            columns=columns,
            row_keys=axis_keys.get(rows, ()),
            column_keys=axis_keys.get(columns, ()),
            searched=looked,
            names=names,
            filters=said,
            generation=everything.generation,
            versions=versions(library, version),
        )
    except ValueError as error:
        raise UsageError(str(error), item=f"{rows} × {columns}", code="unknown_axis") from error
    told = {"names": _named(chart, names), **_told(everything.decided, ids)}
    return replace(chart, meta={**chart.meta, **told})


def _named(chart: ChallengeMap, names: dict[str, str]) -> dict[str, str]:
    """A name for every row, column and filter, though no challenge lies there."""
    grid = chart.lattice
    bare = {f"{grid.row_axis}:{key}": legible(key) for key in grid.rows}
    bare |= {f"{grid.column_axis}:{key}": legible(key) for key in grid.columns}
    return bare | {key: legible(name) for key, name in names.items()} | dict(chart.meta["names"])


def changed_since(
    library: Library, filters: Filters, since: str, *, version: int | None = None
) -> MapDiff:
    """What papers published since `since` brought, to the map of all that pass the filters.

    Raises UsageError as `challenge_map`.
    """
    everything = mapped(library, version)
    ids = passing_ids(library, filters, version)
    facts = [paper_facts(paper) for key, paper in everything.papers.items() if key in ids]
    said = [one for one in everything.statements if one.label == "direction"]
    before = [paper for paper in facts if paper.published[: len(since)] < since]
    earlier, later = (build_map(some, everything.challenges, said) for some in (before, facts))
    return diff(earlier, later)


def _told(done: Decided, ids: set[str]) -> dict[str, Any]:
    """What people decided, for a map's manifest: which decisions, and what they took out."""
    said = [[one.at, one.who, one.action, one.details, one.why] for one in done.in_force]
    gone = [one for one in done.rejected if within(one, ids) is not None]
    rows = [one for one in done.rejected_rows if one.statement.paper_id in ids]
    return {
        "decisions": {"in_force": len(said), "lost": len(done.lost), "sha256": digest(said)},
        "rejected": {"challenges": len(gone), "rows": len(rows)},
    }


def _check_axes(axes: Sequence[str], edition: Edition) -> None:
    known = list(dict.fromkeys([*AXES, *(facet.key for facet in edition.facets)]))
    if len(set(axes)) < len(axes):
        others = [axis for axis in known if axis not in axes]
        raise UsageError(
            f"rows and columns are both {axes[0]}",
            item=axes[0],
            remedy=f"give another axis for one of them: {', '.join(others)}",
            code="unknown_axis",
        )
    for axis in axes:
        if axis not in known:
            raise UsageError(
                f"unknown axis: {axis}",
                item=axis,
                remedy=f"known: {', '.join(known)}",
                code="unknown_axis",
            )


def versions(library: Library, version: int | None = None) -> dict[str, str]:
    """What judged the papers: goes into every map and bundle."""
    now, filing = library.taxonomy
    book = filing.codebook if version is None else edition_at(library, version).codebook
    return {
        "codebook": book.version,
        # The number by which `kb map --taxonomy` makes this map again.
        "taxonomy": str(now if version is None else version),
        "tagger": library.tagger.version,
        "statements": library.classifier.version,
        "merging": str(kept_challenges.RULES),
        "model": library.embedder.model_id,
    }


def searched_cells(
    library: Library,
    rows: str = "phase",
    columns: str = "layer",
    edition: Edition | None = None,
) -> set[tuple[str, str]]:
    """Pairs of keys on two axes that logged searches have looked into."""
    book = edition or library.edition
    with library.catalogue.read() as reader:
        logged = reader.searched()
    cells: set[tuple[str, str]] = set()
    for filters in logged:
        across, down = (_looked(filters, axis, book) for axis in (rows, columns))
        cells |= {(row, column) for row in across for column in down}
    return cells


def _looked(filters: dict[str, Any], axis: str, edition: Edition) -> set[str]:
    """Keys of an axis that a logged search was filtered by, as they are named now."""
    if axis == "year":
        low, high = filters.get("year_from"), filters.get("year_to")
        return {str(year) for year in range(low, high + 1)} if low and high else set()
    if axis == "category":
        return {filters["category"]} if filters.get("category") else set()
    pairs = (str(pair).partition("=") for pair in filters.get("tags", ()))
    keys = [*filters.get(f"{axis}s", ()), *(key for facet, _, key in pairs if facet == axis)]
    return {now for key in keys if (now := edition.current(axis, key))}


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
        facets={facet: paper.keys(facet) for facet in {tag.facet for tag in paper.tags}},
    )
