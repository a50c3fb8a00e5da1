"""Questions for a number of papers, answered by a query of the catalogue, never by ranking."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kb.catalogue import Filters
from kb.library import Library
from taxonomy.codebook import Codebook

_COUNT = re.compile(
    r"^\s*(?:how many|what (?:is the )?number of|count(?: the| of| all)*)\s+"
    r"(?:different |distinct )?(?:papers?|studies|articles|publications|works)\b(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# Longer forms first: "from 2023 to 2025" before "from 2023".
_YEARS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (
            r"\b(?:between|from|in|of)?\s*((?:19|20)\d\d)\s*(?:and|to|until|[-–]|\.\.)\s*((?:19|20)\d\d)",
            "range",
        ),
        (r"\b(?:since|from|starting(?: in)?)\s+((?:19|20)\d\d)(?:\s+(?:on|onwards?))?\b", "from"),
        (r"\bafter\s+((?:19|20)\d\d)\b", "after"),
        (r"\bbefore\s+((?:19|20)\d\d)\b", "before"),
        (r"\b(?:until|up to|by)\s+((?:19|20)\d\d)\b", "until"),
        (r"\b(?:in|of|during|from the year)\s+((?:19|20)\d\d)\b", "in"),
    )
)
_CATEGORY = re.compile(r"\b([a-z]+(?:-[a-z]+)?\.[A-Z]{2})\b")
_FILLER = re.compile(
    r"\b(?:are|is|were|was|have|has|had|been|do|does|did|there|we|you|i|here|exist|exists|hold|"
    r"contain|deal|deals|dealing|about|on|of|in|with|for|to|that|which|who|study|studies|"
    r"discuss|discusses|mention|mentions|address|addresses|cover|covers|concern|concerning|use|"
    r"uses|using|published|appeared|written|tagged|filed|under|as|the|a|an|this|library|"
    r"knowledge base|corpus|collection|arxiv|category|any|all|topic|subject|phase|layer|so far|"
    r"currently|and)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a count question asks for."""

    filters: Filters
    """Phases, layers, years and category that it names."""
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

    @property
    def sentence(self) -> str:
        """The count in words, saying exactly what was counted."""
        noun = "paper" if self.papers == 1 else "papers"
        narrowed = ", ".join(_phrases(self.filters))
        within = f" ({narrowed})" if narrowed else ""
        if self.words:
            return (
                f"{self.papers} {noun} in this library{within} "
                f"{'has' if self.papers == 1 else 'have'} all of these words in title or "
                f"abstract: {self.words}. Counted by words (with their endings), not by meaning."
            )
        return (
            f"{self.papers} {noun} in this library{within}."
            if within
            else (f"{self.papers} {noun} in this library.")
        )

    def to_json(self) -> dict[str, Any]:
        """The count as the command line prints it."""
        return {
            "papers": self.papers,
            "of": self.of,
            "words": self.words,
            "filters": self.filters.to_json(),
            "method": "words in title or abstract" if self.words else "filters",
        }


def read_count(question: str, codebook: Codebook) -> Wanted | None:
    """What a question for a number of papers asks for; None for any other question."""
    found = _COUNT.match(question)
    if not found:
        return None
    rest = found["rest"].strip().rstrip("?.! ")
    start, end, rest = _years(rest)
    category = ""
    named = _CATEGORY.search(rest)
    if named:
        category = named[1]
        rest = rest.replace(named[0], " ")
    words = _bare(rest)
    phases, layers, left = _facets(words, codebook)
    filters = Filters(phases, layers, start, end, category=category)
    return Wanted(filters, left)


def count(library: Library, wanted: Wanted, filters: Filters) -> Count:
    """Count the papers that pass both the question's filters and those given beside it."""
    merged = _merged(wanted.filters, filters)
    snapshot = library.snapshot()
    passing = snapshot.mask(merged)
    mask = passing
    if wanted.words:
        text = library.indexes.text
        stems = text.stems(wanted.words)
        held = text.papers_with_all(stems)
        mask = passing & np.isin(snapshot.table.n, np.fromiter(held, dtype=np.int64))
    bare = int((mask & ~snapshot.table.full_text).sum())
    return Count(int(mask.sum()), int(passing.sum()), wanted.words, merged, bare)


def _years(rest: str) -> tuple[int | None, int | None, str]:
    """(first year, last year, the rest without them)."""
    for pattern, kind in _YEARS:
        found = pattern.search(rest)
        if not found:
            continue
        left = rest[: found.start()] + " " + rest[found.end() :]
        year = int(found[1])
        if kind == "range":
            return min(year, int(found[2])), max(year, int(found[2])), left
        bounds: dict[str, tuple[int | None, int | None]] = {
            "from": (year, None),
            "after": (year + 1, None),
            "before": (None, year - 1),
            "until": (None, year),
            "in": (year, year),
        }
        return *bounds[kind], left
    return None, None, rest


def _facets(words: str, codebook: Codebook) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """(phases, layers, words left) where the words are exactly a category's key or name."""
    wanted = words.lower().replace("-", " ")

    def named(facet: str) -> tuple[str, ...]:
        return tuple(
            category.key
            for category in codebook.facet(facet).categories
            if wanted
            and wanted in (_bare(_spaced(category.key)), _bare(_spaced(category.name.lower())))
        )

    phases, layers = named("phase"), named("layer")
    return phases, layers, "" if phases or layers else words


def _bare(text: str) -> str:
    """The words of a subject without those that only hold a sentence together."""
    return " ".join(_FILLER.sub(" ", text).split()).strip(" ,;:")


def _spaced(key: str) -> str:
    return key.replace("-", " ")


def _merged(ours: Filters, given: Filters) -> Filters:
    """Both filters at once: the given ones, narrowed by the question's."""
    first = max((y for y in (ours.year_from, given.year_from) if y is not None), default=None)
    last = min((y for y in (ours.year_to, given.year_to) if y is not None), default=None)
    return replace(
        given,
        phases=given.phases or ours.phases,
        layers=given.layers or ours.layers,
        year_from=first,
        year_to=last,
        category=given.category or ours.category,
    )


def _phrases(filters: Filters) -> list[str]:
    """The filters as a person would say them."""
    said = []
    if filters.year_from is not None and filters.year_from == filters.year_to:
        said.append(f"from {filters.year_from}")
    elif filters.year_from is not None or filters.year_to is not None:
        since = f"from {filters.year_from}" if filters.year_from is not None else ""
        until = f"to {filters.year_to}" if filters.year_to is not None else "on"
        said.append(f"{since} {until}".strip() if since else f"up to {filters.year_to}")
    if filters.phases:
        said.append(f"tagged {' or '.join(filters.phases)}")
    if filters.layers:
        said.append(f"tagged {' or '.join(filters.layers)}")
    own = {facet for facet, _ in filters.tags}
    said += [f"tagged {' or '.join(keys)}" for f, keys in filters.by_facet().items() if f in own]
    others = {name: getattr(filters, name) for name in ("author", "category", "collection")}
    said += [f"{name} {value}" for name, value in others.items() if value]
    return said
