"""What an answer rests on: counts of papers, and the papers behind each count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb.library import Library
from kb.naming import read_filters


@dataclass(frozen=True, slots=True)
class Coverage:
    """Papers: passing the filters; looked into; cited; looked into without full text."""

    tagged: int
    retrieved: int
    cited: int
    without_full_text: int

    def to_json(self) -> dict[str, int]:
        """The counts as the command line prints them."""
        return {
            "tagged": self.tagged,
            "retrieved": self.retrieved,
            "cited": self.cited,
            "without_full_text": self.without_full_text,
        }


def papers_behind(library: Library, answer: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The ids of the papers behind each count of an answer, as the library is now.

    Takes an answer as `kb ask --json` prints it, perhaps one of long ago. Ids of papers that
    have left the library are left out. `retrieved` and `cited` keep the answer's order, the
    others are sorted.
    """
    snapshot = library.snapshot()
    table = snapshot.table
    full = dict(zip(table.paper_id, table.full_text.tolist(), strict=True))
    held = dict(answer.get("coverage_ids") or {})
    among = set(dict(answer.get("understood") or {}).get("papers") or ())
    passing = snapshot.mask(read_filters(answer.get("filters") or {}))
    tagged = sorted(
        one
        for one, passes in zip(table.paper_id, passing.tolist(), strict=True)
        if passes and (not among or one in among)
    )
    retrieved = tuple(one for one in held.get("retrieved", ()) if one in full)
    return {
        "tagged": tuple(tagged),
        "retrieved": retrieved,
        "cited": tuple(one for one in held.get("cited", ()) if one in full),
        "without_full_text": tuple(sorted(one for one in retrieved if not full[one])),
    }
