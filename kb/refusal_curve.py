"""How well a chance of an answer tells what to refuse: a curve of thresholds, areas by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kb.metrics import auc

# Thresholds at which a curve is drawn, beside the one in use.
STEPS = tuple(i / 20 for i in range(1, 20))

_BEGINS = {
    "out of corpus": "off_corpus",
    "near miss": "near_miss",
    "false premise": "false_premise",
}


def kind_of(record: Mapping[str, Any]) -> str:
    """The kind of an unanswerable question: its `kind`, else what its `why` begins with."""
    why = str(record.get("why", "")).partition(":")[0].replace("-", " ").strip()
    return str(record.get("kind") or _BEGINS.get(why, "unanswerable"))


def curve(
    answerable: Sequence[float], unanswerable: Sequence[float], thresholds: Sequence[float] = STEPS
) -> tuple[dict[str, float], ...]:
    """What each threshold would do, from the chances of either sort of question.

    `answered`: share of the answerable that is answered; `recall`: share of the unanswerable
    that is refused; `precision`: share of refusals that is right if there were as many of
    either sort. () where one sort is missing.
    """
    yes, no = np.asarray(answerable), np.asarray(unanswerable)
    if not len(yes) or not len(no):
        return ()
    found = []
    for threshold in sorted(set(thresholds)):
        answered, refused = float((yes >= threshold).mean()), float((no < threshold).mean())
        right = refused / max(refused + 1 - answered, 1e-9)
        found.append(
            {
                "threshold": round(threshold, 4),
                "answered": round(answered, 4),
                "recall": round(refused, 4),
                "precision": round(right, 4),
            }
        )
    return tuple(found)


def by_kind(
    answerable: Sequence[float], unanswerable: Mapping[str, Sequence[float]], threshold: float
) -> dict[str, dict[str, float | None]]:
    """For each kind of unanswerable questions: n, the share refused, and the area under the
    curve against the answerable ones (None where there are none).
    """
    return {
        kind: {
            "n": len(chances),
            "refused": round(float((np.asarray(chances) < threshold).mean()), 4),
            "auc": round(auc(answerable, chances), 4) if len(answerable) else None,
        }
        for kind, chances in sorted(unanswerable.items())
    }
