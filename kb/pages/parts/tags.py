"""Tags as chips: what a tag means, who gave it, and the words that carried it."""

from __future__ import annotations

from collections.abc import Iterable

from kb.catalogue.values import StoredTag
from kb.pages.parts.markup import escaped
from taxonomy.codebook import Category, Codebook
from taxonomy.custom import BY_DEFINITION

_WHOSE = {
    "survey": "the survey's own words",
    "secondary": "as others describe the survey",
    "inferred": "worked out by Sixfold",
}


def names(codebook: Codebook) -> dict[str, dict[str, str]]:
    """The name shown to people, by facet and key."""
    return {facet.key: {one.key: one.name for one in facet.categories} for facet in codebook.facets}


def meaning(category: Category) -> str:
    """A category in two sentences: what it means, and whose words these are."""
    below = "Sub-area, inferred. " if category.parent else ""
    return (
        f"{below}{category.definition} (Name: {_WHOSE[category.source]}; definition: "
        f"{_WHOSE[category.definition_source]}; {category.confidence} confidence.)"
    )


def chips(codebook: Codebook, tags: Iterable[StoredTag]) -> str:
    """The tags of a paper as HTML; each tells its meaning, origin and evidence on hover."""
    order = {key: number for number, key in enumerate(codebook.keys)}
    ranked = sorted(tags, key=lambda tag: order.get(tag.facet, len(order)))
    out = [_chip(codebook, tag) for tag in ranked]
    inner = "".join(out) or '<span class="sf-none">no tag</span>'
    return f'<div class="sf-chips">{inner}</div>'


def bare_chips(codebook: Codebook, keys: Iterable[tuple[str, str]]) -> str:
    """(facet, key) pairs as chips that tell their meaning."""
    out = [
        _made(facet, _name(codebook, facet, key), _told(codebook, facet, key), "machine")
        for facet, key in keys
    ]
    return f'<div class="sf-chips">{"".join(out)}</div>'


def heading(category: Category) -> str:
    """A category's name as HTML, its meaning on hover: heads a row or a column."""
    return (
        f'<div class="sf-head" tabindex="0">{escaped(category.name)}'
        f'<span class="sf-tip" role="tooltip">{escaped(meaning(category))}</span></div>'
    )


def _chip(codebook: Codebook, tag: StoredTag) -> str:
    if tag.by == "human":
        who = "Decided by a person."
    else:
        version = tag.version if tag.method in tag.version else f"{tag.method} {tag.version}"
        who = f"By the machine ({version}), probability {tag.score:.2f}."
        if BY_DEFINITION in tag.method:
            who = f"{who} From its definition only, not trained."
    words = ", ".join(f"“{word}”" for word in tag.evidence)
    because = f" Because of: {words}." if words else ""
    told = f"{_told(codebook, tag.facet, tag.key)} {who}{because}"
    return _made(tag.facet, _name(codebook, tag.facet, tag.key), told, tag.by)


def _made(facet: str, name: str, told: str, by: str) -> str:
    kind = f"sf-chip sf-{escaped(facet)} sf-{escaped(by)}"
    return (
        f'<span class="{kind}" tabindex="0">{escaped(name)}'
        f'<span class="sf-tip" role="tooltip">{escaped(told)}</span></span>'
    )


def _find(codebook: Codebook, facet: str, key: str) -> Category | None:
    if facet not in codebook.keys or key not in codebook.facet(facet).keys:
        return None  # a tag of an older codebook
    return codebook.facet(facet).category(key)


def _name(codebook: Codebook, facet: str, key: str) -> str:
    category = _find(codebook, facet, key)
    return category.name if category else key


def _told(codebook: Codebook, facet: str, key: str) -> str:
    category = _find(codebook, facet, key)
    kind = codebook.facet(facet).name if facet in codebook.keys else facet
    return f"{kind}. {meaning(category)}" if category else f"{kind}: not in this codebook."
