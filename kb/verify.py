"""Re-check every quote of an exported map against the stored text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from kb.exports.reading import quoted_edges
from kb.quotes import contains


@dataclass(frozen=True, slots=True)
class Failed:
    """An edge whose quote could not be confirmed."""

    edge: int
    """Place among the file's edges, from 0."""
    source: str
    target: str
    kind: str
    paper_id: str
    passage_id: str
    quote: str
    reason: str
    """`no_quote`, `unknown_passage` or `not_in_passage`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    edges: int
    verified: int
    failed: tuple[Failed, ...]

    def to_json(self) -> dict[str, Any]:
        """Keys of the contract."""
        return {
            "edges": self.edges,
            "verified": self.verified,
            "failed": [asdict(one) for one in self.failed],
        }


def verify(data: bytes, text_of: Callable[[str], str | None]) -> Verdict:
    """Check the quotes of an exported map in any of `kb.exports.reading.READABLE`.

    `text_of` gives the stored text of a passage id, None where there is none. Raises
    ValueError where `data` is no such map.
    """
    edges = quoted_edges(data)
    failed = []
    for place, edge in enumerate(edges):
        text = text_of(edge.passage_id)
        if not edge.quote.strip():
            reason = "no_quote"
        elif text is None:
            reason = "unknown_passage"
        elif not contains(text, edge.quote):
            reason = "not_in_passage"
        else:
            continue
        failed.append(Failed(place, **asdict(edge), reason=reason))
    return Verdict(len(edges), len(edges) - len(failed), tuple(failed))
