"""Is a library sound? What is wrong with it, what would mend it, and mending it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb import learned
from kb.backup import newest_backup
from kb.catalogue.joining import regroup
from kb.catalogue.soundness import (
    Unsound,
    drop_orphans,
    held_dimension,
    index_sample,
    lacking,
    put_bytes_back,
    unsound,
)
from kb.catalogue.values import Vector
from kb.decisions import mend_tags
from kb.errors import DamagedCatalogue, IndexUnreachable, NewerSchema, UsageError
from kb.index_probe import Probed, probe
from kb.index_state import IndexFolder
from kb.leavings import left_over, sweep
from kb.library import Library
from kb.own_tags import astray, derive, drop_strange, strange_keys
from kb.reembed import embed_again
from kb.row_check import odd
from kb.selftest import gate
from kb.vector_server import ServedIndex

# Vectors compared between catalogue and Chroma: a damaged segment hits many at once.
SAMPLE = 64

# Chroma holds what the catalogue holds, float16 read as float32.
SAME_VECTOR = 1e-3

# Of the sample's vectors, this share must be found when asked for: the graph is approximate.
FOUND_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    code: str
    """Stable key, e.g. `chroma_damaged`."""
    detail: str
    remedy: str
    """The command that mends it."""

    def to_json(self) -> dict[str, Any]:
        """The fault as the command line prints it."""
        return asdict(self)


_FIX = "kb doctor --fix"
_AGAIN = "kb remove the papers named, and add them again"
_BEFORE = "kb restore FILE, with a backup from before; what else they hold is still there"
_UNSOUND: dict[str, tuple[str, str]] = {
    "orphan_rows": ("rows of papers that are gone", _FIX),
    "quote_mismatch": ("passages that are not in their page's stored text", _AGAIN),
    "sentence_span": ("passages with a sentence that reaches beyond their text", _AGAIN),
    "no_passages": ("papers without a passage", _AGAIN),
    "joined_to_nothing": ("papers joined to one that is not here", _FIX),
    "joined_in_chain": ("papers joined to one that is joined itself", _FIX),
    "decisions_astray": ("tags by people that are not what the log of decisions says", _FIX),
    "row_changed": ("rows of papers whose bytes are not those written", _AGAIN),
    "said_changed": ("rows of what people said whose bytes are not those written", _BEFORE),
    "odd_values": ("papers whose values cannot be, or contradict each other", _AGAIN),
    "vector_missing": ("vectors missing or of another length", _FIX),
    "vector_not_unit": ("vectors that are not of length 1", _FIX),
    "vector_changed": ("vectors whose bytes are not those written", _FIX),
}
_OTHER_SCHEMA = (
    "a Sixfold that was never released wrote it, or its tables were changed: kb restore FILE with "
    "a backup of before, or bundle it with the Sixfold that wrote it, and add the bundle here"
)
CLOSED = ("damaged_catalogue", "catalogue_damaged", "newer_schema", "settings", "schema")
"""Codes of faults around which nothing is mended."""

# Codes of faults that are in no index, beside those of rows.
_NO_INDEX = ("stale_files", "model_mismatch", "learned_stale", "index_unreachable", "not_examined")

# Codes of faults beside which it can be asked whether papers are found.
_HARMLESS = {"learned_stale", "unknown_tags", "tags_astray", "decisions_astray"}

# Code of a damage -> the index that is put aside, and made anew.
_INDEX = {
    "lexical_damaged": "lexical",
    "lexical_differs": "lexical",
    "chroma_damaged": "chroma",
    "chroma_differs": "chroma",
    "vector_differs": "chroma",
}

# Code of a fault in an index -> it heals when the index follows the catalogue.
_LAGS = ("index_missing", "index_behind", "index_unfinished")


def examine(folder: Path) -> list[Fault]:
    """The faults of the library in `folder`, also where its catalogue cannot be opened.

    Indexes that merely lag are healed first, as at any opening, and are no fault. Raises
    NoLibrary where there is none, LibraryLocked while another process writes.
    """
    try:
        library = Library.open(folder, heal=False)
    except (DamagedCatalogue, NewerSchema, UsageError) as error:
        return [_cannot_open(folder, error)]
    try:
        faults = check(library)
        codes = {fault.code for fault in faults}
        if not library.mirror and codes and codes <= {*_LAGS, "stale_files"}:
            # A writer died: what it had begun is finished or cleared away.
            mend(library, [])
            faults = check(library)
        return faults
    finally:
        library.close()


def _cannot_open(folder: Path, error: DamagedCatalogue | NewerSchema | UsageError) -> Fault:
    remedy = error.remedy
    if isinstance(error, DamagedCatalogue):
        newest = newest_backup(folder)
        remedy = (
            f"kb restore {newest}"
            if newest
            else "kb restore FILE; the library's backups folder holds no sound one"
        )
    code = "settings" if isinstance(error, UsageError) else error.code
    return Fault(code, error.message, remedy)


def check(library: Library) -> list[Fault]:
    """Everything that is wrong with an open library. Raises LibraryLocked."""
    # Under the lock: between two steps of a writer, the indexes rightly lag.
    with nullcontext() if library.mirror else library.lock.held():
        faults = _catalogue(library)
        if not any(fault.code in CLOSED for fault in faults):
            faults += _lexical(library) + _chroma(library)
        if not {fault.code for fault in faults} - _HARMLESS:
            faults += _weak(library)
        return faults + _files(library)


def _weak(library: Library) -> list[Fault]:
    """Indexes that are complete, and do not find what they hold."""
    return [Fault("weak_retrieval", one.detail, one.remedy) for one in gate(library)]


def _catalogue(library: Library) -> list[Fault]:
    """What is wrong with the catalogue; one fault alone where it cannot be read to the end."""
    found = library.catalogue.integrity()
    if found == "ok" and (missing := _lacking(library)):
        told = f"the catalogue lacks {len(missing)} tables or columns: {', '.join(missing[:5])}"
        return [Fault("schema", told, _OTHER_SCHEMA)]
    if found == "ok" or "refers to" in found:
        try:
            return _rows(library)
        except DamagedCatalogue as error:
            found = error.message
    newest = newest_backup(library.folder)
    remedy = f"kb restore {newest}" if newest else "kb restore FILE"
    return [Fault("catalogue_damaged", found.splitlines()[0], remedy)]


def _lacking(library: Library) -> list[str]:
    with library.catalogue.read() as reader:
        return lacking(reader)


def _rows(library: Library) -> list[Fault]:
    with library.catalogue.read() as reader:
        model = reader.meta("model")
        # The vectors held may rightly be of another model than the settings name.
        mine = model == library.embedder.model_id
        dimension = library.embedder.dimension if mine else held_dimension(reader)
        rows = unsound(reader, dimension)
        if not any(one.code == "vector_missing" for one in rows):
            rows += odd(reader)
        strange = strange_keys(library, reader)
        stray = astray(library, reader)
        outdated = learned.stale(reader, library.shipped_tagger)
    faults = [_row_fault(one) for one in rows]
    if outdated:
        detail = "what was learned from decisions was for other weights, and is not used"
        remedy = "kb learn --apply, or kb learn --reset --apply"
        faults.append(Fault("learned_stale", detail, remedy))
    if strange:
        told = ", ".join(f"{facet} {key}" for facet, key in strange[:5])
        detail = f"tags of {len(strange)} keys that no version of the codebook knows: {told}"
        faults.append(Fault("unknown_tags", detail, _FIX))
    if stray:
        told = ", ".join(f"{facet} {key}" for facet, key in stray[:5])
        detail = f"tags of {len(stray)} own categories do not follow the codebook: {told}"
        faults.append(Fault("tags_astray", detail, _FIX))
    if model != library.embedder.model_id:
        detail = f"vectors are from {model}, the settings name {library.embedder.model_id}"
        faults.append(Fault("model_mismatch", detail, "kb reindex --embed, or set `model` back"))
    return faults


def _row_fault(one: Unsound) -> Fault:
    told, remedy = _UNSOUND[one.code]
    return Fault(one.code, f"{one.count} {told}: {', '.join(one.examples)}", remedy)


def _state(library: Library, index: IndexFolder | ServedIndex, name: str) -> list[Fault]:
    """What an index's own note says is wrong."""
    with library.catalogue.read() as reader:
        generation = reader.generation
    state = index.state()
    if state is None:
        return [Fault("index_missing", f"there is no {name} index", _FIX)]
    if state.dirty:
        return [Fault("index_unfinished", f"a write to the {name} index was cut short", _FIX)]
    if state.generation != generation:
        detail = f"the {name} index is at generation {state.generation}, not {generation}"
        return [Fault("index_behind", detail, _FIX)]
    return []


def _not_as_sealed(index: IndexFolder | ServedIndex, code: str, name: str) -> list[Fault]:
    wrong = index.broken(deep=True)
    if not wrong:
        return []
    told = f"{len(wrong)} files of {name} are not as they were written: {', '.join(wrong[:3])}"
    return [Fault(code, told, _FIX)]


def _not_in_time(name: str, seen: Probed) -> Fault:
    told = f"the {name} index could not be examined in time ({seen.fault}); no damage was seen"
    return Fault("not_examined", told, "kb doctor again, when the machine has less to do")


def _lexical(library: Library) -> list[Fault]:
    index = library.indexes.lexical
    faults = _state(library, index, "lexical")
    if faults:
        return faults
    faults = _not_as_sealed(index, "lexical_damaged", "the text index")
    if faults:
        return faults
    seen = probe("lexical", index.path, [])
    if seen.late:
        return [_not_in_time("text", seen)]
    if seen.fault:
        return [Fault("lexical_damaged", f"the text index cannot be read: {seen.fault}", _FIX)]
    with library.catalogue.read() as reader:
        numbers, _ = index_sample(reader, 0, SAMPLE)
        held = set(reader.changed_since(-1))
    return [
        *_difference("lexical_differs", "papers of the text index", held, seen.papers or ()),
        *_difference("lexical_differs", "passages of the text index", numbers, seen.passages),
    ]


def _chroma(library: Library) -> list[Fault]:
    index = library.indexes.chroma
    with library.catalogue.read() as reader:
        numbers, sample = index_sample(reader, held_dimension(reader), SAMPLE)
    try:
        faults = _state(library, index, "vector")
    except IndexUnreachable as error:
        return [Fault(error.code, error.message, error.remedy)]
    # A missing index has no files to look into; any other is looked into, lagging or not.
    if any(fault.code in ("index_missing", "index_unfinished") for fault in faults):
        return faults
    wrong = _not_as_sealed(index, "chroma_damaged", "Chroma")
    if wrong:
        return wrong
    seen = probe("chroma", index.path, list(sample))
    if seen.late:
        return [_not_in_time("vector", seen)]
    if seen.fault:
        return [Fault("chroma_damaged", f"Chroma's files cannot be read: {seen.fault}", _FIX)]
    if faults:
        return faults
    return [
        *_difference("chroma_differs", "passages of the vector index", numbers, seen.passages),
        *_compared(sample, seen),
    ]


def _difference(code: str, what: str, wanted: set[int], held: Iterable[int]) -> list[Fault]:
    present = set(held)
    missing, strange = len(wanted - present), len(present - wanted)
    if not missing and not strange:
        return []
    return [Fault(code, f"{what}: {missing} missing, {strange} too many", _FIX)]


def _compared(sample: dict[int, Vector], seen: Probed) -> list[Fault]:
    """Vectors of the sample that Chroma holds otherwise, or holds and does not find."""
    faults = []
    other = [
        number
        for number, vector in seen.vectors.items()
        if vector.shape != sample[number].shape
        or not np.allclose(vector, sample[number], atol=SAME_VECTOR)
    ]
    if other:
        detail = f"{len(other)} of {len(sample)} vectors compared differ from the catalogue's"
        faults.append(Fault("vector_differs", detail, _FIX))
    if seen.found < FOUND_SHARE * len(seen.vectors):
        detail = f"Chroma finds {seen.found} of {len(seen.vectors)} vectors that it holds"
        faults.append(Fault("chroma_damaged", detail, _FIX))
    return faults


def _files(library: Library) -> list[Fault]:
    left = left_over(library.folder, library.indexes)
    if not left:
        return []
    names = ", ".join(path.name for path in left[:5])
    return [Fault("stale_files", f"{len(left)} left over by a run cut short: {names}", _FIX)]


def mend(library: Library, faults: list[Fault]) -> list[Path]:
    """Mend what can be mended without guessing: rows of nothing, vectors, indexes, leftovers.

    Takes the faults that `check` found. Gives where damaged indexes are kept, put aside.
    Raises LibraryLocked.
    """
    kept: list[Path] = []
    codes = {fault.code for fault in faults}
    tag_codes = codes & {"unknown_tags", "tags_astray"}
    index_codes = codes - set(_UNSOUND) - set(_NO_INDEX) - tag_codes
    with library.lock.held():
        # First: whatever follows must not open an index that may be damaged.
        if index_codes:
            named = {_INDEX[code] for code in index_codes if code in _INDEX}
            kept = library.indexes.put_aside(named, f"{library.clock():%Y%m%dT%H%M%S}")
            library.indexes.discard()
        if "orphan_rows" in codes:
            with library.catalogue.write() as writer:
                drop_orphans(writer)
        if "decisions_astray" in codes:
            mend_tags(library)
        if codes & {"joined_to_nothing", "joined_in_chain"}:
            with library.catalogue.write() as writer:
                regroup(writer)
        if tag_codes:
            with library.catalogue.write() as writer:
                drop_strange(library, writer)
                derive(library, writer, library.edition)
        if codes & {"vector_missing", "vector_not_unit", "vector_changed"}:
            with library.catalogue.write() as writer:
                put_bytes_back(writer)
            embed_again(library, everything=False)
        library.indexes.follow(library.catalogue)
        sweep(library.folder, library.indexes, everything="stale_files" in codes)
    return kept
