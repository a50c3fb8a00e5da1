"""Whether to answer: a small calibrated model over the signs of support."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from kb.catalogue.values import Vector
from kb.errors import KbError
from kb.support import NAMES, Signs

WEIGHTS = Path(__file__).with_name("refusal.json")

# Farther than this by paper and by sentence, no other sign may speak for an answer: a single
# word that some paper has ("weather") outweighs any distance. Of 277 answerable questions to
# 7,912 abstracts none has its papers below .316, nor its nearest sentence below .389.
FAR = 0.3
FAR_SENTENCE = 0.38


@dataclass(frozen=True, slots=True)
class RefusalModel:
    """Logistic regression over `Signs`, each scaled by its mean and spread."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float
    """An answer is given where the chance of one is at least this."""
    fitted: dict[str, float]
    """Numbers of questions and cross-validated shares, as written by `kb.refusal_fit`."""
    curve: tuple[Mapping[str, float], ...] = ()
    """What other thresholds would do: threshold, answered, precision and recall of refusals."""

    def chance(self, found: Signs) -> float:
        """The chance that the library can answer, 0 to 1; 0 for what is far from all it holds."""
        if found.near < FAR and found.sentence < FAR_SENTENCE:
            return 0.0
        return self.chance_of(dataclasses.astuple(found))

    def chance_of(self, values: Sequence[float]) -> float:
        """The same of the signs' values, in the order of `NAMES`."""
        odds = self.bias + sum(
            weight * (value - mean) / scale
            for value, mean, scale, weight in zip(
                values, self.mean, self.scale, self.weights, strict=True
            )
        )
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))

    def shares(self, found: Signs) -> dict[str, float]:
        """What each sign adds to the log-odds of an answer, against the average question."""
        return {
            name: weight * (getattr(found, name) - mean) / scale
            for name, mean, scale, weight in zip(
                NAMES, self.mean, self.scale, self.weights, strict=True
            )
        }

    def to_json(self) -> dict[str, object]:
        """As kept in `refusal.json`."""
        return {
            "signs": list(NAMES),
            "mean": [round(value, 5) for value in self.mean],
            "scale": [round(value, 5) for value in self.scale],
            "weights": [round(value, 5) for value in self.weights],
            "bias": round(self.bias, 5),
            "threshold": round(self.threshold, 4),
            "fitted": self.fitted,
            "curve": [*self.curve],
        }


@cache
def load_refusal(path: Path = WEIGHTS) -> RefusalModel:
    """The model that is shipped. Raises KbError where its signs are not those of the code."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if tuple(data["signs"]) != NAMES:
        raise KbError(
            f"{path} was fitted on other signs than this version computes",
            item=str(path),
            remedy="python -m kb.refusal_fit (see data/questions/README.md)",
            code="refusal_signs",
        )
    return RefusalModel(
        mean=tuple(data["mean"]),
        scale=tuple(data["scale"]),
        weights=tuple(data["weights"]),
        bias=float(data["bias"]),
        threshold=float(data["threshold"]),
        fitted=dict(data["fitted"]),
        curve=tuple(data.get("curve", ())),
    )


def fit(
    table: Vector, answerable: Vector, share: Vector, *, penalty: float, threshold: float = 0.5
) -> RefusalModel:
    """Logistic regression by Newton's method, deterministic.

    Takes signs (n, len(NAMES)), 1 or 0 (n,), how much each row counts (n,; they sum to n)
    and the L2 penalty on the scaled weights.
    """
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    rows = np.c_[np.ones(len(table)), (table - mean) / scale].astype(np.float64)
    ridge = np.diag([0.0] + [penalty] * table.shape[1])
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (chance - answerable)) + ridge @ weights
        bend = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
        weights -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    return RefusalModel(
        tuple(mean.tolist()),
        tuple(scale.tolist()),
        tuple(weights[1:].tolist()),
        float(weights[0]),
        threshold,
        {},
    )
