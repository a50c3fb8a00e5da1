"""What the taxonomy's tests share: the shipped weights, and made-up papers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from taxonomy.statements import StatementClassifier
from taxonomy.tagger import Tagger

# Titles and abstracts are made up for the tests.
UNLEARNING = (
    "Unlearning without forgetting the rest in large language models",
    (
        "Large language models memorize personal data. We propose a machine unlearning method "
        "that removes chosen facts from a trained model and keeps its other abilities. "
        "Experiments on an unlearning benchmark show less forgetting than earlier methods."
    ),
)
REPAIR = (
    "Agents that repair programs with the help of failing tests",
    (
        "We present an automated program repair approach in which a large language model reads "
        "the failing tests, localizes the fault and refines its patch with execution feedback. "
        "It fixes more bugs than existing program repair tools."
    ),
)
BIOLOGY = (
    "Migration of reed warblers along the Danube",
    (
        "We followed forty birds with light-level geolocators over three years and describe "
        "their wintering grounds and stopover sites."
    ),
)


@pytest.fixture(scope="session")
def papers() -> dict[str, tuple[str, str]]:
    """Made-up papers by what they are about."""
    return {"unlearning": UNLEARNING, "repair": REPAIR, "biology": BIOLOGY}


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    return Tagger.load()


@pytest.fixture(scope="session")
def classifier() -> StatementClassifier:
    return StatementClassifier.load()


@pytest.fixture(scope="session")
def vectors(tagger: Tagger) -> NDArray[np.float32]:
    """Unit vectors of real papers, taken from the weights."""
    held = tagger.parts.vectors
    return np.asarray(held / np.linalg.norm(held, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="session")
def nowhere() -> NDArray[np.float32]:
    """A vector without direction: what words alone decide."""
    return np.zeros((1, 384), dtype=np.float32)
