"""What a library's tagger has learned, kept in the catalogue: so backups hold it too."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np

from kb.catalogue.reading import Reader
from kb.catalogue.writing import Writer
from taxonomy.learning import Lesson, taught
from taxonomy.tagger import Tagger

VERSION = "learned_version"
"""Fact of the library: version of the tagger it has learned; "" = the shipped one."""

_FACTS = "learned_facts"
_WEIGHTS = "learned_weights"


def keep(writer: Writer, lesson: Lesson, facts: dict[str, Any]) -> None:
    """Keep a lesson, with what is to be told of it."""
    file = io.BytesIO()
    np.savez_compressed(file, points=lesson.points.astype(np.float16), pull=lesson.pull)
    writer.set_meta(VERSION, lesson.version)
    writer.set_meta(_FACTS, json.dumps(facts | {"base": lesson.base}))
    writer.set_meta(_WEIGHTS, base64.b85encode(file.getvalue()).decode("ascii"))


def forget(writer: Writer) -> None:
    """Go back to the shipped tagger."""
    for key in (VERSION, _FACTS, _WEIGHTS):
        writer.set_meta(key, "")


def facts(reader: Reader) -> dict[str, Any] | None:
    """What is told of the lesson held; None where there is none."""
    held = reader.meta(_FACTS)
    return dict(json.loads(held)) if held else None


def stale(reader: Reader, shipped: Tagger) -> bool:
    """True where the lesson was made for another shipped tagger, and is therefore not used."""
    held = facts(reader)
    return held is not None and held["base"] != shipped.version


def with_lesson(reader: Reader, shipped: Tagger) -> Tagger:
    """The tagger with the library's lesson; the shipped one where there is none to use."""
    version = reader.meta(VERSION)
    if not version or stale(reader, shipped):
        return shipped
    held = np.load(io.BytesIO(base64.b85decode(reader.meta(_WEIGHTS))), allow_pickle=False)
    points, pull = held["points"].astype(np.float32), held["pull"].astype(np.float32)
    return taught(shipped, Lesson(shipped.version, version, points, pull))
