"""The parts of a tagger, and how they lie in a weights file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxonomy.dense import DenseMap, Topics
from taxonomy.features import TextSpace, Zone
from taxonomy.heads import Heads
from taxonomy.weights_file import Weights, pack_words, save, unpack_words

Floats = NDArray[np.float32]

METHOD = "kernel-and-words-1"
"""Name of the way of tagging; a new one where the arithmetic changes."""


@dataclass(frozen=True, slots=True)
class TaggerParts:
    """Everything a tagger needs."""

    vocabulary: tuple[str, ...]
    space: TextSpace
    """The grams that count one by one."""
    dense: DenseMap
    heads: Heads
    vectors: Floats
    """(m, 384): vectors of the coded papers."""
    places: tuple[Floats, ...]
    """Topic positions of the coded papers, as `DenseMap.places` gives them."""
    ids: tuple[str, ...]
    """Ids of the coded papers."""


def _shrink(table: Floats) -> tuple[NDArray[np.int8], Floats]:
    """A table as whole numbers from -127 to 127 and a scale for each column."""
    scale = np.maximum(np.abs(table).max(axis=0), 1e-12) / 127
    return np.round(table / scale).astype(np.int8), scale.astype(np.float32)


def _space_arrays(name: str, space: TextSpace) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for zone in space.zones:
        arrays[f"{name}.{zone.name}.keys"] = zone.keys
        arrays[f"{name}.{zone.name}.idf"] = zone.idf.astype(np.float16)
    return arrays


def _space_meta(space: TextSpace) -> dict[str, Any]:
    return {"longest": space.longest, "zones": [[z.name, z.weight] for z in space.zones]}


def _read_space(name: str, weights: Weights, meta: Mapping[str, Any], base: int) -> TextSpace:
    zones = tuple(
        Zone(
            str(zone),
            float(weight),
            weights.whole(f"{name}.{zone}.keys"),
            weights.array(f"{name}.{zone}.idf"),
        )
        for zone, weight in meta["zones"]
    )
    return TextSpace(zones, int(meta["longest"]), base)


# Recomputed from vectors and places when read: their sum would lie in the file twice.
_DERIVED = "references"
_HALF = ("pull", "text")


def write(path: Path, parts: TaggerParts, meta: Mapping[str, Any]) -> None:
    """Write the parts to `path` (.npz) and its .json."""
    arrays: dict[str, NDArray[Any]] = {"vocabulary": pack_words(parts.vocabulary)}
    arrays |= _space_arrays("text", parts.space)
    shape: dict[str, Any] = {"text": _space_meta(parts.space)}
    shape["vector_weight"] = parts.dense.vector_weight
    shape["topics"] = []
    for at, (topics, place) in enumerate(zip(parts.dense.topics, parts.places, strict=True)):
        arrays |= _space_arrays(f"topics{at}", topics.space)
        arrays[f"topics{at}.axes"], arrays[f"topics{at}.scale"] = _shrink(topics.axes)
        arrays[f"topics{at}.places"] = place.astype(np.float16)
        shape["topics"].append(
            {**_space_meta(topics.space), "prefixes": [list(p) for p in topics.prefixes]}
        )
    arrays["vectors"] = parts.vectors.astype(np.float16)
    arrays["ids"] = pack_words(parts.ids)
    for field in fields(Heads):
        if field.name != _DERIVED:
            table = getattr(parts.heads, field.name)
            arrays[f"heads.{field.name}"] = (
                table.astype(np.float16) if field.name in _HALF else table
            )
    save(path, arrays, {**meta, "shape": shape})


def read(weights: Weights) -> TaggerParts:
    """The parts that a weights file holds. Raises WeightsError where one is missing."""
    vocabulary = tuple(unpack_words(weights.whole("vocabulary")))
    base = len(vocabulary) + 1
    shape = weights.meta["shape"]
    topics, places = [], []
    for at, meta in enumerate(shape["topics"]):
        axes = weights.array(f"topics{at}.axes") * weights.array(f"topics{at}.scale")
        prefixes = tuple((int(count), float(weight)) for count, weight in meta["prefixes"])
        topics.append(Topics(_read_space(f"topics{at}", weights, meta, base), axes, prefixes))
        places.append(weights.array(f"topics{at}.places"))
    dense = DenseMap(float(shape["vector_weight"]), tuple(topics))
    vectors = weights.array("vectors")
    values = {
        field.name: weights.array(f"heads.{field.name}")
        for field in fields(Heads)
        if field.name not in (_DERIVED, "facet_of")
    }
    heads = Heads(
        references=dense.points(vectors, tuple(places)),
        facet_of=weights.whole("heads.facet_of"),
        **values,
    )
    space = _read_space("text", weights, shape["text"], base)
    ids = tuple(unpack_words(weights.whole("ids")))
    return TaggerParts(vocabulary, space, dense, heads, vectors, tuple(places), ids)
