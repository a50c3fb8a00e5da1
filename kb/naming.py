"""Phases, layers and other categories as people name them, and years as people say them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kb.catalogue import Filters
from taxonomy.codebook import Category, Codebook

# What people call a shipped category beside its name and the parts of its name.
_ALSO = {
    "requirements-engineering": ("requirements",),
    "dataset-construction": ("data construction", "data collection", "dataset building"),
    "model-development-and-enhancement": ("training", "model training", "development"),
    "testing-and-evaluation": ("test", "evaluating"),
    "deployment-and-operations": ("deploying", "operation", "production"),
    "maintenance-and-evolution": ("maintaining",),
    "synthesis": ("code synthesis",),
    "refinement-and-debug": ("debugging",),
}
# Parts of a name that mean much else too: only with "layer" or "phase" beside them.
_LOOSE = frozenset({"user", "execution", "enhancement", "development", "test", "production"})

_YEAR = r"((?:19|20)\d\d)"
# Longer forms first: "from 2023 to 2025" before "from 2023".
_YEARS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (
            rf"\b(?:between|from|in|of)?\s*{_YEAR}\s*(?:and|to|until|through|[-–]|\.\.)\s*{_YEAR}\b",
            "range",
        ),
        (rf"\b(?:since|from|starting(?: in)?)\s+{_YEAR}(?:\s+(?:on|onwards?))?\b", "from"),
        (rf"\bafter\s+{_YEAR}\b", "after"),
        (rf"\b{_YEAR}\s+(?:or|and) later\b", "from"),
        (rf"\b(?:before|older than)\s+{_YEAR}\b", "before"),
        (rf"\b(?:until|till|up to|by)\s+{_YEAR}\b", "until"),
        (rf"\b(?:in|of|during|from the year)\s+{_YEAR}\b", "in"),
    )
)


def years_in(text: str) -> tuple[int | None, int | None, str]:
    """(first year, last year, the text without them); None where it names none."""
    for pattern, kind in _YEARS:
        found = pattern.search(text)
        if not found:
            continue
        left = text[: found.start()] + " " + text[found.end() :]
        year = int(found[1])
        if kind == "range":
            other = int(found[2])
            return min(year, other), max(year, other), left
        bounds: dict[str, tuple[int | None, int | None]] = {
            "from": (year, None),
            "after": (year + 1, None),
            "before": (None, year - 1),
            "until": (None, year),
            "in": (year, year),
        }
        return *bounds[kind], left
    return None, None, text


def places_in(text: str, codebook: Codebook) -> tuple[tuple[str, str], ...]:
    """The (facet, key) that the whole of `text` names, such as "deployment" or "the synthesis
    layer"; none where it says anything else. One name may stand in two facets.
    """
    wanted, facet = _plain(text), ""
    for one in codebook.facets:
        for word in (one.key, one.plural):
            if wanted.endswith(f" {word}"):
                wanted, facet = wanted[: -len(word) - 1], one.key
    if not wanted:
        return ()
    found = [
        (one.key, category.key)
        for one in codebook.facets
        for category in one.categories
        if facet in ("", one.key)
        and wanted in {*names_of(category)} - (_LOOSE if not facet else frozenset())
    ]
    return tuple(found)


def names_of(category: Category) -> Iterator[str]:
    """What a category is called: key, name, the parts of its name, other words for it."""
    whole = re.sub(r" (?:layer|phase)$", "", _plain(category.name))
    yield from (_plain(category.key), _plain(category.name), whole)
    yield from (part for part in re.split(r" and |, ?", whole) if part)
    yield from _ALSO.get(category.key, ())


def with_places(filters: Filters, places: tuple[tuple[str, str], ...]) -> Filters:
    """`filters` with these categories in place of others of their facets."""
    for facet in dict.fromkeys(facet for facet, _ in places):
        keys = tuple(key for one, key in places if one == facet)
        if facet in ("phase", "layer"):
            filters = (
                replace(filters, phases=keys) if facet == "phase" else replace(filters, layers=keys)
            )
        else:
            others = tuple(pair for pair in filters.tags if pair[0] != facet)
            filters = replace(filters, tags=others + tuple((facet, key) for key in keys))
    return filters


def phrases(filters: Filters) -> list[str]:
    """The filters as a person would say them."""
    said = []
    first, last = filters.year_from, filters.year_to
    if first is not None:
        said.append(f"from {first}" + {None: " on", first: ""}.get(last, f" to {last}"))
    elif last is not None:
        said.append(f"up to {last}")
    said += [f"{facet}: {' or '.join(keys)}" for facet, keys in filters.by_facet().items()]
    others = {name: getattr(filters, name) for name in ("author", "category", "collection")}
    said += [f"{name}: {value}" for name, value in others.items() if value]
    return said


def read_filters(held: Mapping[str, Any]) -> Filters:
    """The filters of `Filters.to_json`; names that this version does not know are left out."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in held.items()
        if name in Filters.__slots__
    }
    pairs = (str(pair).partition("=") for pair in given.pop("tags", ()))
    return Filters(**given, tags=tuple((facet, key) for facet, _, key in pairs))


def merged(ours: Filters, given: Filters) -> Filters:
    """Both filters at once: what the question names, within what was chosen beside it.

    Of categories, the question's take the place of those given in the same facet.
    """
    first = max((y for y in (ours.year_from, given.year_from) if y is not None), default=None)
    last = min((y for y in (ours.year_to, given.year_to) if y is not None), default=None)
    return replace(
        given,
        phases=ours.phases or given.phases,
        layers=ours.layers or given.layers,
        tags=ours.tags + tuple(p for p in given.tags if p[0] not in {f for f, _ in ours.tags}),
        year_from=first,
        year_to=last,
        author=ours.author or given.author,
        category=ours.category or given.category,
        collection=ours.collection or given.collection,
    )


def _plain(text: str) -> str:
    """Lower case, words apart by one blank, no article in front."""
    words = re.sub(r"[^a-z0-9,]+", " ", text.lower().replace("&", " and ")).strip(" ,")
    return re.sub(r"^(?:the|a|an) ", "", words)
