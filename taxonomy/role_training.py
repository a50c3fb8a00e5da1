"""Training of the sentence roles: coded sentences -> weights, thresholds, held-out figures.

    python -m kb.role_fit --library DIR --labels data/labels/roles_once.jsonl

joins the codings with the library's sentences and calls `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.cues import CUES
from taxonomy.fitting import logistic
from taxonomy.heads import sigmoid
from taxonomy.roles import LEARNT, METHOD, WEIGHTS, Placed, features
from taxonomy.weights_file import save

Floats = NDArray[np.float32]

# Found by cross-validation over the training papers; .5 and 2 do as well.
PENALTY = 1.0
FOLDS = 5
# A cell is quoted as if it were certain, so of the cells filled this share has to be right, by
# cross-validation; a sentence below FLOOR is nobody's best, whatever the share.
PRECISION = 0.8
FLOOR = 0.2


@dataclass(frozen=True, slots=True)
class RoleExamples:
    """Coded sentences; `n` of them."""

    sentences: tuple[Placed, ...]
    vectors: Floats
    """(n, 384)."""
    statements: Floats
    """(n, 4) probabilities of the statement labels."""
    roles: tuple[frozenset[str], ...]
    papers: tuple[str, ...]
    held_out: NDArray[np.bool_]

    def truth(self, role: str) -> NDArray[np.bool_]:
        """(n,) which sentences play the role."""
        return np.array([role in one for one in self.roles], dtype=bool)


def fit(examples: RoleExamples, path: Path = WEIGHTS) -> dict[str, Any]:
    """Train on what is not held out, write the weights, give the figures on what is."""
    rows = np.asarray(
        features(examples.sentences, examples.vectors, examples.statements), dtype=np.float64
    )
    train = ~examples.held_out
    learnt, thresholds, figures = [], {}, {}
    for role in LEARNT:
        truth = examples.truth(role)
        unseen = _unseen(rows[train], truth[train], np.array(examples.papers)[train])
        thresholds[role] = round(_threshold(unseen, truth[train], examples, train), 3)
        weights, bias = logistic(
            rows[train], truth[train].astype(np.float64), np.ones(train.sum()), PENALTY
        )
        learnt.append((weights, bias))
        chances = sigmoid((rows @ weights + bias).astype(np.float32)).astype(np.float64)
        figures[role] = measured(examples, chances, truth, thresholds[role])
    meta = {
        "method": METHOD,
        "cues": list(CUES),
        "thresholds": thresholds,
        "trained_on": int(train.sum()),
        "held_out": int((~train).sum()),
        "figures": figures,
    }
    arrays = {
        "weights": np.stack([one for one, _ in learnt]).astype(np.float32),
        "bias": np.array([bias for _, bias in learnt], dtype=np.float32),
    }
    save(path, arrays, meta)
    return meta


def measured(
    examples: RoleExamples,
    chances: NDArray[np.float64],
    truth: NDArray[np.bool_],
    threshold: float,
) -> dict[str, float | int]:
    """Figures on the sentences held out: of sentences at .5, and of cells at the threshold."""
    out = examples.held_out
    said = chances[out] >= 0.5
    hits = int((said & truth[out]).sum())
    precision, recall = hits / max(int(said.sum()), 1), hits / max(int(truth[out].sum()), 1)
    found = _cells(chances, truth, examples.papers, out)
    filled = [right for score, right, _ in found if score >= threshold]
    empty = [can for score, _, can in found if score < threshold]
    return {
        "positives": int(truth[out].sum()),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 3),
        "papers": len(found),
        "cells_filled": len(filled),
        "cells_right": sum(filled),
        "cells_empty": len(empty),
        "cells_rightly_empty": sum(not can for can in empty),
    }


def _cells(
    chances: NDArray[np.float64],
    truth: NDArray[np.bool_],
    papers: Sequence[str],
    inside: NDArray[np.bool_],
) -> list[tuple[float, bool, bool]]:
    """(score, right, could be filled) of each paper's best sentence."""
    rows: dict[str, list[int]] = {}
    for at in np.flatnonzero(inside).tolist():
        rows.setdefault(papers[at], []).append(at)
    best = {paper: max(some, key=lambda at: chances[at]) for paper, some in rows.items()}
    return [
        (float(chances[at]), bool(truth[at]), bool(truth[rows[paper]].any()))
        for paper, at in best.items()
    ]


def _unseen(
    rows: NDArray[np.float64], truth: NDArray[np.bool_], papers: NDArray[np.str_]
) -> NDArray[np.float64]:
    """(n,) each sentence's probability by a model that has not seen its paper."""
    names = np.unique(papers)
    fold: Mapping[str, int] = {name: at % FOLDS for at, name in enumerate(names.tolist())}
    at = np.array([fold[name] for name in papers.tolist()])
    chances = np.zeros(len(rows))
    for one in range(FOLDS):
        seen = at != one
        weights, bias = logistic(
            rows[seen], truth[seen].astype(np.float64), np.ones(seen.sum()), PENALTY
        )
        odds = (rows[~seen] @ weights + bias).astype(np.float32)
        chances[~seen] = sigmoid(odds)
    return chances


def _threshold(
    unseen: NDArray[np.float64],
    truth: NDArray[np.bool_],
    examples: RoleExamples,
    train: NDArray[np.bool_],
) -> float:
    """The least probability from which on a paper's best sentence is right `PRECISION` often."""
    papers = [examples.papers[at] for at in np.flatnonzero(train).tolist()]
    found = sorted(_cells(unseen, truth, papers, np.ones(len(unseen), dtype=bool)), reverse=True)
    least, right = 1.0, 0
    for n, (score, hit, _) in enumerate(found, 1):
        right += hit
        if right / n >= PRECISION:
            least = min(least, score)
    return max(least, FLOOR)
