"""What changed between two maps, as JSON and as a Markdown report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kb.errors import unknown
from kb.exports.report import escaped, in_code, told
from kb.map_diff import MapDiff

FORMS = ("json", "markdown")
_MOST = 100


def changes_as(found: MapDiff, form: str, manifests: Sequence[Mapping[str, Any]]) -> bytes:
    """The diff as a file; `manifests` are those of the earlier and the later map.

    Raises UsageError for a format that is none of `FORMS`.
    """
    if form == "json":
        earlier, later = (dict(one) for one in manifests)
        told = {"meta": {"earlier": earlier, "later": later}, **found.to_json()}
        text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    elif form == "markdown":
        warned = warning(manifests)
        head = [
            "# What changed on the map",
            "",
            *([f"**{escaped(warned)}.**", ""] if warned else []),
        ]
        text = "\n".join([*head, *lines(found), *_about(manifests)])
    else:
        raise unknown("format of a comparison", form, FORMS)
    return text.encode("utf-8", errors="backslashreplace")


def lines(found: MapDiff) -> list[str]:
    """The diff as lines of Markdown; at most 100 of a kind are shown."""
    new = [
        f"- {escaped(one.label)} (`{one.id}`, papers by different authors: {one.papers})"
        for one in _new(found)
    ]
    grown = [
        f"- {escaped(one.label)} (`{one.challenge_id}`): {len(one.new_papers)} more papers"
        + (f", {one.before} → {one.after}" if one.before != one.after else "")
        for one in sorted(found.grown_challenges, key=lambda one: -len(one.new_papers))
    ]
    taken = [
        f"- “{escaped(one.quote)}” ({escaped(one.paper_id)}) for: {escaped(one.challenge)}"
        for one in found.directions_taken_up
    ]
    gone = [f"- {escaped(one.label)} (`{one.id}`)" for one in found.gone_challenges]
    papers = [f"- {escaped(one)}" for one in found.new_papers]
    return [
        *_section("New challenges", new),
        *_section("Grown challenges", grown),
        *_section("Directions taken up", taken),
        *_section("Challenges that are gone", gone),
        *_section("New papers", papers),
    ]


def _new(found: MapDiff) -> list[Any]:
    return sorted(found.new_challenges, key=lambda one: (-(one.papers or 0), one.id))


def _section(title: str, rows: Sequence[str]) -> list[str]:
    more = [f"- … and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return [f"## {title}: {len(rows)}", "", *rows[:_MOST], *more, ""]


def _about(manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which two maps: their manifests."""
    whole = {name: dict(one) for name, one in zip(("earlier", "later"), manifests, strict=True)}
    return ["## Manifests", "", *in_code(whole), ""]


def warning(manifests: Sequence[Mapping[str, Any]]) -> str:
    """What to know where two maps are not of the same papers; "" where they are."""
    earlier, later = manifests
    if earlier.get("filters") == later.get("filters"):
        return ""
    return (
        "The maps have different filters, so what differs need not have changed: "
        f"earlier {told(earlier)}; later {told(later)}"
    )
