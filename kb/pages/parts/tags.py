"""Tags as chips: what a tag means, who gave it, and the words that carried it."""

from __future__ import annotations

from collections.abc import Iterable

from kb.catalogue.values import StoredTag
from kb.pages.parts.markup import escaped
from kb.pages.parts.words import _, later
from taxonomy.codebook import Category, Codebook
from taxonomy.custom import BY_DEFINITION

_WHOSE = {
    "survey": later("the survey's own words"),
    "secondary": later("as others describe the survey"),
    "inferred": later("worked out by Sixfold"),
}

_SURE = {"high": later("high"), "medium": later("medium"), "low": later("low")}


def names(codebook: Codebook) -> dict[str, dict[str, str]]:
    """The name shown to people, by facet and key."""
    return {
        facet.key: {one.key: _(one.name) for one in facet.categories} for facet in codebook.facets
    }


def meaning(category: Category) -> str:
    """A category in two sentences: what it means, and whose words these are."""
    below = _("Sub-area, inferred.") + " " if category.parent else ""
    told = _("{meaning} (Name: {whose}; definition: {by}; {confidence} confidence.)")
    return below + told.format(
        meaning=_(category.definition),
        whose=_(_WHOSE[category.source]),
        by=_(_WHOSE[category.definition_source]),
        confidence=_(_SURE.get(category.confidence, category.confidence)),
    )


def chips(codebook: Codebook, tags: Iterable[StoredTag]) -> str:
    """The tags of a paper as HTML; each tells its meaning, origin and evidence on hover."""
    order = {key: number for number, key in enumerate(codebook.keys)}
    ranked = sorted(tags, key=lambda tag: order.get(tag.facet, len(order)))
    out = [_chip(codebook, tag) for tag in ranked]
    inner = "".join(out) or '<span class="sf-none">' + escaped(_("no tag")) + "</span>"
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
        f'<div class="sf-head" tabindex="0">{escaped(_(category.name))}'
        f'<span class="sf-tip" role="tooltip">{escaped(meaning(category))}</span></div>'
    )


def _chip(codebook: Codebook, tag: StoredTag) -> str:
    if tag.by == "human":
        who = _("Decided by a person.")
    else:
        version = tag.version if tag.method in tag.version else f"{tag.method} {tag.version}"
        who = _("By the machine ({version}), probability {score}.")
        who = who.format(version=version, score=f"{tag.score:.2f}")
        if BY_DEFINITION in tag.method:
            who += " " + _("From its definition only, not trained.")
    words = ", ".join(f"“{word}”" for word in tag.evidence)
    because = " " + _("Because of: {words}.").format(words=words) if words else ""
    told = f"{who}{because} {_told(codebook, tag.facet, tag.key)}"
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
    return _(category.name) if category else key


def _told(codebook: Codebook, facet: str, key: str) -> str:
    category = _find(codebook, facet, key)
    kind = _(codebook.facet(facet).name) if facet in codebook.keys else facet
    if category is None:
        return _("{kind}: not in this codebook.").format(kind=kind)
    return f"{kind}. {meaning(category)}"
