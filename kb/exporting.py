"""Papers of a library in files that other tools read, and that `kb add` reads back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from kb.card import Card, card, stated_challenges
from kb.catalogue import Filters, StoredPaper
from kb.catalogue.many_papers import named
from kb.catalogue.standing import stands_for
from kb.collecting import require
from kb.errors import UsageError, unknown
from kb.exports.bibliography import bibtex, ris
from kb.exports.csl import csl
from kb.exports.entries import Entry, citation_keys, entry_of, named_entry
from kb.exports.reading_list import reading_list
from kb.exports.tables import json_lines, sheet
from kb.exports.vault import write_vault
from kb.library import Library
from kb.remarks import Remark, remarks
from kb.whole_file import require_free, write_whole

FOLDER = "obsidian"
"""The one format that is a folder."""
FORMATS = ("bibtex", "ris", "csl", "csv", "jsonl", "markdown", FOLDER)
"""Names of the formats, in the order of the command line's contract."""

_CITED: Mapping[str, Callable[[Iterable[Entry], Mapping[str, str]], str]] = {
    "bibtex": bibtex,
    "csl": csl,
}
_LISTED: Mapping[str, Callable[[Iterable[Entry]], str]] = {
    "ris": ris,
    "csv": sheet,
    "jsonl": json_lines,
}


def chosen(library: Library, filters: Filters, names: Sequence[str] = ()) -> list[StoredPaper]:
    """The papers that pass the filters, of those named where any are; the first added first.

    Raises UsageError for a name that is no paper's, or a collection that is not there.
    """
    if filters.collection:
        require(library, filters.collection)
    named = {library.number(name) for name in names}
    snapshot = library.snapshot()
    passing = {int(snapshot.table.n[row]) for row in np.flatnonzero(snapshot.mask(filters))}
    with library.catalogue.read() as reader:
        held = reader.papers(passing & named if names else passing)
    return [held[number] for number in sorted(held)]


def exported(library: Library, papers: Sequence[StoredPaper], form: str) -> bytes:
    """The papers as a file of the format `form`; the same library gives the same bytes.

    Raises UsageError for an unknown format and for `obsidian`, which is a folder.
    """
    if form in _CITED:
        return _CITED[form](map(entry_of, papers), keys_of(library)).encode()
    if form in _LISTED:
        return _LISTED[form](map(entry_of, papers)).encode(errors="backslashreplace")
    if form == "markdown":
        stated = stated_challenges(library, papers)
        return reading_list(papers, library.codebook, stated, _remarks(library)).encode()
    if form == FOLDER:
        raise UsageError("obsidian notes are a folder", remedy="name it with -o FOLDER")
    raise unknown("format", form, FORMATS)


def export_to(library: Library, papers: Sequence[StoredPaper], form: str, target: Path) -> None:
    """Write the papers to `target`, whole or not at all; Obsidian's notes one by one.

    Raises UsageError as `exported` and where the target is of the wrong kind, OSError.
    """
    if form == FOLDER:
        if target.exists() and not target.is_dir():
            raise UsageError(
                f"{target} is a file", item=str(target), remedy="name a folder with -o"
            )
        require_free(target, folder=True)
        keys, card_of = keys_of(library), partial(_card, library)
        write_vault(target, papers, keys, library.codebook, card_of, _remarks(library))
        return
    write_whole(target, exported(library, papers, form))


def keys_of(library: Library) -> dict[str, str]:
    """Citation keys of the whole library: a paper's does not hang on what is exported."""
    with library.catalogue.read() as reader:
        held = named(reader)
    return citation_keys(map(named_entry, held))


def _card(library: Library, paper: StoredPaper) -> Card:
    return card(library, paper.n)


def _remarks(library: Library) -> dict[str, list[Remark]]:
    """Notes by the id of the paper that stands for theirs; not those of papers removed since."""
    found: dict[str, list[Remark]] = {}
    written = remarks(library)
    with library.catalogue.read() as reader:
        numbers = reader.numbers({one.paper_id for one in written})
        roots = {one: stands_for(reader.connection, n) for one, n in numbers.items()}
        papers = reader.papers(set(roots.values()))
    for one in written:
        if one.paper_id in roots:
            found.setdefault(papers[roots[one.paper_id]].paper_id, []).append(one)
    return found
