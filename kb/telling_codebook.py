"""The codebook and its changes, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.catalogue.editions import Version
from kb.codebooks import Plan
from taxonomy.codebook import Category, category_table
from taxonomy.edition import Edition, Place

WHOSE = {
    "survey": "[P] the survey's own words",
    "secondary": "[S] as others describe the survey",
    "inferred": "[I] inferred here",
}
"""A source as shown to people."""

UNTRAINED = "tagged from its definition only, not trained"
"""Said wherever tags of a library's own category show."""


def is_own(edition: Edition, facet: str, key: str) -> bool:
    """True where some of a category's tags come from its definition or from examples."""
    return any(place[0] == facet and edition.current(*place) == key for place in edition.units)


def category_json(
    edition: Edition, facet: str, category: Category, counts: Mapping[Place, int]
) -> dict[str, Any]:
    """A category as the command line prints it; `entry` is what a TOML file would hold."""
    own = is_own(edition, facet, category.key)
    return {
        "key": category.key,
        "name": category.name,
        "parent": category.parent,
        "definition": category.definition,
        "source": category.source,
        "definition_source": category.definition_source,
        "confidence": category.confidence,
        "tagged_by": "definition or examples" if own else "tagger",
        "papers": counts.get((facet, category.key), 0) if counts else None,
        "entry": category_table(category),
    }


def category_lines(
    edition: Edition, facet: str, category: Category, counts: Mapping[Place, int]
) -> list[str]:
    """A category in two or three lines."""
    indent = "      " if category.parent else "  "
    papers = f" · {counts.get((facet, category.key), 0):,} papers" if counts else ""
    below = f" · sub-area of {category.parent}, inferred" if category.parent else ""
    own = [f"{indent}  {UNTRAINED}"] if is_own(edition, facet, category.key) else []
    names, words = WHOSE[category.source], WHOSE[category.definition_source]
    return [
        f"{indent}{category.key} · {category.name}{papers}{below}",
        f"{indent}  {category.definition}",
        f"{indent}  name {names}; definition {words}; {category.confidence} confidence",
        *own,
    ]


def change_text(change: Mapping[str, Any]) -> str:
    """A change in a few words, from its JSON values."""
    facet = change.get("facet", "")
    key = change.get("key", "")
    kind = str(change.get("kind", "changed"))
    told = {
        "shipped": "as shipped",
        "add": f"{facet}: added {', '.join(change.get('keys', ()))}",
        "rename": f"{facet}: {key} is now {change.get('to')}, “{change.get('name')}”",
        "merge": f"{facet}: {', '.join(change.get('keys', ()))} merged into {change.get('to')}",
        "split": f"{facet}: {key} has the sub-areas {', '.join(change.get('parts', ()))}",
        "retire": f"{facet}: {key or 'the whole facet'} retired",
        "edit": f"{facet}: texts of {key} changed",
        "revert": f"back to version {change.get('version')}",
    }
    return told.get(kind, kind)


def change_line(version: Version) -> str:
    """A version in one line."""
    why = f" ({version.change['why']})" if version.change.get("why") else ""
    who = f"{version.at[:19]} {version.who}".strip()
    return f"{version.n} · {who} · {change_text(version.change)}{why}"


def plan_lines(plan: Plan, *, dry_run: bool) -> str:
    """What a change does, line by line."""
    head = "Would make" if dry_run else "Made"
    lines = [f"{head} version {plan.version}; tags of {plan.papers:,} papers differ."]
    for place in dict.fromkeys([*plan.before, *plan.after]):
        was, now = plan.before.get(place), plan.after.get(place)
        moves = f"{was or 0:,} → {now or 0:,} papers"
        moves += ", new" * (was is None) + ", no longer a category" * (now is None)
        own = f" ({UNTRAINED})" if now is not None and is_own(plan.edition, *place) else ""
        lines.append(f"  {place[0]} {place[1]}: {moves}{own}")
    if dry_run:
        lines.append("Nothing was changed.")
    return "\n".join(lines)
