"""Who cites whom within the library: references that are held papers, and who cites a paper.

A reference is a held paper by its arXiv id, else its DOI, else its exact title; never by a
title that many works bear, and never where the arXiv ids differ.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.identity import arxiv_id
from kb.catalogue.cited import Bearer, bearers, names_of, reference_lists
from kb.catalogue.reading import Reader
from kb.library import Library
from kb.titles import generic, title_key

Name = tuple[str, str]
"""What a reference names a paper by: (`arxiv`, id), (`doi`, DOI) or (`title`, key)."""


def held_references(library: Library, references: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Place of a reference in the list, from 0 -> number of the held paper that it is."""
    named = [_names(one) for one in references]
    with library.catalogue.read() as reader:
        kinds: dict[str, set[str]] = defaultdict(set)
        for kind, value in (name for names in named for name in names):
            kinds[kind].add(value)
        held = bearers(reader, kinds["arxiv"], kinds["doi"], kinds["title"])
    by_name: dict[Name, list[Bearer]] = defaultdict(list)
    for one in held:
        for name in _names_of(one):
            by_name[name].append(one)
    found = {}
    for place, names in enumerate(named):
        arxiv = next((value for kind, value in names if kind == "arxiv"), "")
        fits = (one for name in names for one in by_name.get(name, ()) if _may_be(one, arxiv))
        best = next(fits, None)
        if best is not None:
            found[place] = best.stands
    return found


class Citations:
    """Every reference list of a library by what it names; read once, then what has changed.

    Safe from several threads.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._generation = -1
        self._named: dict[int, list[tuple[Name, str]]] = {}
        self._by_name: dict[Name, dict[int, str]] = {}
        self._turn = threading.Lock()

    def of(self, number: int) -> list[int]:
        """Numbers of the papers that cite a paper or one joined to it, the newest added first."""
        with self._turn, self._library.catalogue.read() as reader:
            self._follow(reader)
            group = names_of(reader, number)
            found = {
                citing
                for one in group
                for name in _names_of(one)
                for citing, arxiv in self._by_name.get(name, {}).items()
                if _may_be(one, arxiv)
            }
        return sorted(found - {one.n for one in group}, reverse=True)

    def _follow(self, reader: Reader) -> None:
        """Read the lists that are new since last time; all of them at first."""
        generation = reader.generation
        if generation == self._generation:
            return
        changed = None
        if self._generation >= 0:
            changed = reader.changed_since(self._generation)
            for gone in {*changed, *reader.removed_since(self._generation)}:
                self._forget(gone)
        for number, references in reference_lists(reader, changed):
            for one in references:
                self._take(number, one)
        self._generation = generation

    def _take(self, number: int, reference: Mapping[str, Any]) -> None:
        names = _names(reference)
        arxiv = next((value for kind, value in names if kind == "arxiv"), "")
        for name in names:
            self._by_name.setdefault(name, {})[number] = arxiv
            self._named.setdefault(number, []).append((name, arxiv))

    def _forget(self, number: int) -> None:
        for name, _ in self._named.pop(number, ()):
            self._by_name.get(name, {}).pop(number, None)


def _names(reference: Mapping[str, Any]) -> list[Name]:
    """What a reference names its paper by, the surest first."""
    doi = str(reference.get("doi") or "").lower()
    arxiv = str(reference.get("arxiv_id") or "") or (arxiv_id(doi) if doi else "")
    title = str(reference.get("title") or "")
    found = [("arxiv", arxiv)] if arxiv else []
    if doi and not arxiv_id(doi):  # arXiv's own DOI says no more than the id
        found.append(("doi", doi))
    if title and not generic(title):
        found.append(("title", title_key(title)))
    return found


def _names_of(held: Bearer) -> list[Name]:
    named = (("arxiv", held.arxiv_id), ("doi", held.doi.lower()), ("title", held.title_key))
    return [(kind, value) for kind, value in named if value]


def _may_be(held: Bearer, arxiv: str) -> bool:
    return not arxiv or not held.arxiv_id or arxiv == held.arxiv_id
