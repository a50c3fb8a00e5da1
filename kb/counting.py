"""Questions for a number of papers, answered by a query of the catalogue, never by ranking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.catalogue import Filters, StoredPaper
from kb.collecting import require
from kb.library import Library
from kb.naming import merged, phrases, places_in, with_places, years_in
from taxonomy.codebook import Codebook

# Papers shown with a count, the newest first, and ids given with it at most: a count of a
# whole library needs no list.
SHOWN = 10
IDS = 200

_COUNT = re.compile(
    r"^\s*(?:and\s+)?(?:how many|what (?:is the )?number of|count(?: the| of| all)*)\s+"
    r"(?:different |distinct )?(?:papers?|studies|articles|publications|works)\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_CATEGORY = re.compile(r"\b([a-z]+(?:-[a-z]+)?\.[A-Z]{2})\b")
# Names of people: capitals, perhaps with "de" or "van" between; what else stands after "by"
# is a year or a subject.
_AUTHOR = re.compile(
    r"\b(?:(?:co-?)?(?:authored|written|published)\s+)?by\s+(?:authors?\s+)?"
    r"(?P<name>[A-Z][\w.'’-]*(?:\s+(?:(?:de|van|von|der|den|di|la|le|el|al)\s+)?[A-Z][\w.'’-]*)*)"
)
_COLLECTION = re.compile(
    r"\b(?:in|of|from)\s+(?:the\s+|my\s+|our\s+)?collection\s+[\"“'‘]?(?P<name>[^\"”'’?]+)[\"”'’]?",
    re.IGNORECASE,
)
_FACET = re.compile(
    r"(?P<words>(?:[\w&/-]+,?\s+){1,6}?)(?P<facet>phases?|layers?)\b", re.IGNORECASE
)
_FILLERS = (
    r"are|is|were|was|have|has|had|been|do|does|did|there|we|you|i|here|exist|exists|hold|"
    r"contain|deal|deals|dealing|about|on|of|in|with|for|to|that|which|who|study|studies|"
    r"discuss|discusses|mention|mentions|address|addresses|cover|covers|concern|concerning|use|"
    r"uses|using|published|appeared|written|tagged|filed|under|as|the|a|an|this|library|"
    r"knowledge base|corpus|collection|arxiv|category|any|all|topic|subject|phase|layer|so far|"
    r"currently|and|belong|belongs|fall|falls|into|from|at"
)
_FILLER = re.compile(rf"\b(?:{_FILLERS})\b", re.IGNORECASE)
_EDGES = re.compile(rf"^(?:\s*(?:{_FILLERS})\b)+|(?:\b(?:{_FILLERS})\s*)+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a count question asks for."""

    filters: Filters
    """Phases, layers, years, author, category and collection that it names."""
    words: str
    """What is left of its subject; "" where the filters say it all."""


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted."""

    papers: int
    of: int
    """Papers that pass the filters, whether they have the words or not."""
    words: str
    """Words that every counted paper has in title or abstract; "" for filters alone."""
    filters: Filters
    without_full_text: int
    paper_ids: tuple[str, ...] = ()
    """The papers counted, the newest first, at most `IDS`."""
    first: tuple[StoredPaper, ...] = ()
    """The first `SHOWN` of them."""

    @property
    def sentence(self) -> str:
        """The count in words, saying exactly what was counted."""
        noun = "paper" if self.papers == 1 else "papers"
        narrowed = ", ".join(phrases(self.filters))
        within = f" ({narrowed})" if narrowed else ""
        if self.words:
            return (
                f"{self.papers} {noun} in this library{within} "
                f"{'has' if self.papers == 1 else 'have'} all of these words in title or "
                f"abstract: {self.words}. Counted by words (with their endings), not by meaning."
            )
        return f"{self.papers} {noun} in this library{within}."

    def to_json(self) -> dict[str, Any]:
        """The count as the command line prints it."""
        return {
            "papers": self.papers,
            "of": self.of,
            "words": self.words,
            "filters": self.filters.to_json(),
            "method": "words in title or abstract" if self.words else "filters",
            "first": [
                {"paper_id": one.paper_id, "title": one.title, "year": one.year, "url": one.url}
                for one in self.first
            ],
        }


def read_count(question: str, codebook: Codebook, collections: Iterable[str] = ()) -> Wanted | None:
    """What a question for a number of papers asks for; None for any other question.

    Takes: collections, the names there are; one is meant whatever its capitals.
    """
    found = _COUNT.match(question)
    if not found:
        return None
    rest = found["rest"].strip().rstrip("?.! ")
    collection, rest = _collection(rest, collections)
    author, rest = _taken(_AUTHOR, rest)
    start, end, rest = years_in(rest)
    category, rest = _taken(_CATEGORY, rest)
    filters = Filters(
        year_from=start, year_to=end, author=author, category=category, collection=collection
    )
    return _by_category(filters, rest, codebook)


def count(library: Library, wanted: Wanted, filters: Filters, among: Sequence[str] = ()) -> Count:
    """Count the papers that pass both the question's filters and those given beside it.

    Takes: among, ids of the papers to count from, () for all. Raises UsageError for a
    collection that there is not, with the known ones.
    """
    if wanted.filters.collection:
        require(library, wanted.filters.collection)
    both = merged(wanted.filters, filters)
    snapshot = library.snapshot()
    table = snapshot.table
    passing = snapshot.mask(both)
    if among:
        passing = passing & snapshot.columns.among(among)
    mask = passing
    if wanted.words:
        text = library.indexes.text
        held = text.papers_with_all(text.stems(wanted.words))
        mask = passing & np.isin(table.n, np.fromiter(held, dtype=np.int64))
    rows = sorted(
        np.flatnonzero(mask).tolist(), key=lambda i: (table.published[i], table.paper_id[i])
    )[::-1][:IDS]
    with library.catalogue.read() as reader:
        held_papers = reader.papers(int(table.n[i]) for i in rows[:SHOWN])
    return Count(
        int(mask.sum()),
        int(passing.sum()),
        wanted.words,
        both,
        int((mask & ~table.full_text).sum()),
        tuple(table.paper_id[i] for i in rows),
        tuple(held_papers[n] for i in rows[:SHOWN] if (n := int(table.n[i])) in held_papers),
    )


def _by_category(filters: Filters, rest: str, codebook: Codebook) -> Wanted:
    """The categories that the rest of a question names, and the words then left."""
    for found in _FACET.finditer(rest):
        words = found["words"].split()
        for some in range(len(words)):
            places = places_in(f"{' '.join(words[some:])} {found['facet']}", codebook)
            if places:
                filters = with_places(filters, places)
                rest = rest.replace(" ".join([*words[some:], found["facet"]]), " ")
                break
    bare = _bare(rest)
    for subject in (_EDGES.sub("", rest).strip(" ,"), bare):
        places = places_in(subject, codebook)
        places = tuple(place for place in places if place[0] == places[0][0])
        if places:
            return Wanted(with_places(filters, places), "")
    return Wanted(filters, bare)


def _collection(rest: str, names: Iterable[str]) -> tuple[str, str]:
    """(name of the collection asked for or "", the rest)."""
    found = _COLLECTION.search(rest)
    if not found:
        return "", rest
    asked = found["name"].strip()
    for name in sorted(names, key=len, reverse=True):
        if asked.lower().startswith(name.lower()):
            end = found.start("name") + len(name)
            return name, f"{rest[: found.start()]} {rest[end:].lstrip(chr(34) + '”’')}"
    return asked, f"{rest[: found.start()]} {rest[found.end() :]}"


def _taken(pattern: re.Pattern[str], rest: str) -> tuple[str, str]:
    """(what the pattern's group found or "", the rest without it)."""
    found = pattern.search(rest)
    if not found:
        return "", rest
    return found[1].strip(), f"{rest[: found.start()]} {rest[found.end() :]}"


def _bare(text: str) -> str:
    """The words of a subject without those that only hold a sentence together."""
    return " ".join(_FILLER.sub(" ", text).split()).strip(" ,;:")
