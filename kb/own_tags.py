"""Tags of the categories that a library's people have added: from their definitions alone,
or from what people have decided since.

They are kept beside the tagger's own, under the same rules; each says how it was made.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.catalogue.editions import (
    custom_versions,
    drop_keys,
    machine_keys,
    people_said,
    set_custom,
    versions,
)
from kb.catalogue.filing import Filing
from kb.catalogue.fronts import read_fronts
from kb.catalogue.reading import Reader
from kb.catalogue.values import StoredTag, Vector
from kb.catalogue.writing import Writer
from kb.library import Library
from taxonomy import custom
from taxonomy.codebook import Category
from taxonomy.edition import Edition, Place
from taxonomy.tagger import DIMENSIONS

HEADS = "own_heads"
"""Fact of the library: what its own categories have learned, as JSON."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A category as papers are judged by it."""

    place: Place
    """(facet, key) under which its tags are kept."""
    category: Category
    own: Vector
    """(dimensions,), the vector of its texts."""
    head: custom.Head | None
    version: str

    @property
    def method(self) -> str:
        """How its tags are made."""
        return custom.BY_EXAMPLES if self.head else custom.BY_DEFINITION


@dataclass(frozen=True, slots=True)
class OwnTagger:
    """Judges papers by a library's own categories."""

    units: tuple[Unit, ...]
    shared: Vector
    """(dimensions,), what the shipped categories share."""

    def judge(
        self, texts: Sequence[tuple[str, str]], vectors: Vector
    ) -> dict[Place, dict[int, StoredTag]]:
        """(facet, key) -> row -> tag, of (title, abstract) pairs and their vectors (n, d)."""
        points = custom.centred(vectors, self.shared)
        plain = [custom.plain(f"{title} . {abstract}") for title, abstract in texts]
        found: dict[Place, dict[int, StoredTag]] = {}
        for unit in self.units:
            cues = custom.cues_found(unit.category, plain)
            odds = self.odds(unit, points, cues)
            chances = custom.score(points, odds, unit.head)
            rows = np.flatnonzero(chances >= custom.PASS).tolist()
            found[unit.place] = {
                row: _tag(unit, float(chances[row]), cues[row], texts[row]) for row in rows
            }
        return found

    def odds(
        self, unit: Unit, points: Vector, cues: Sequence[Sequence[str]]
    ) -> npt.NDArray[np.float64]:
        """Log-odds (n,) by the definition alone."""
        return custom.by_definition(points, unit.own, self.shared, [len(some) for some in cues])


def own_tagger(library: Library, edition: Edition, heads: str = "") -> OwnTagger:
    """The judge for an edition's own categories. Takes: heads, as kept under `HEADS`."""
    learned = _heads(heads)
    book = library.shipped_edition.codebook
    shipped = [one for facet in book.facets for one in facet.categories]
    every = [*shipped, *edition.units.values()]
    texts = [custom.texts(one) for one in every]
    encoded = library.embedder.encode([text for some in texts for text in some])
    ends = np.cumsum([len(some) for some in texts])
    anchors = [custom.anchor(part) for part in np.split(encoded, ends[:-1])]
    shared = custom.background(np.stack(anchors[: len(shipped)]))
    units = []
    for (place, one), own in zip(edition.units.items(), anchors[len(shipped) :], strict=True):
        said = unit_digest(one)
        head, version = learned.get((*place, said), (None, ""))
        units.append(Unit(place, one, own, head, version or f"{custom.BY_DEFINITION}.{said}"))
    return OwnTagger(tuple(units), shared)


def unit_digest(category: Category) -> str:
    """Names what a category's entry says, 8 hex digits."""
    said = json.dumps(custom.texts(category))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


_kept: dict[str, OwnTagger] = {}


def present_tagger(library: Library) -> OwnTagger | None:
    """The judge for the codebook in force; None where all of it is the tagger's."""
    edition = library.edition
    if not edition.units:
        return None
    with library.catalogue.read() as reader:
        heads = reader.meta(HEADS)
    named = [[*place, unit_digest(one)] for place, one in edition.units.items()]
    key = json.dumps([named, heads, library.embedder.model_id])
    if key not in _kept:
        if len(_kept) > 4:
            _kept.clear()
        _kept[key] = own_tagger(library, edition, heads)
    return _kept[key]


def derive(library: Library, writer: Writer, edition: Edition) -> int:
    """Make the machine's tags of an edition's own categories. Gives how many papers changed."""
    if not edition.units:
        return 0
    changed: set[int] = set()
    for place, rows in _judged(library, writer, edition, writer.meta(HEADS)).items():
        changed |= set_custom(writer.connection, place, rows)
    return len(changed)


def _judged(
    library: Library, reader: Reader, edition: Edition, heads: str
) -> dict[Place, dict[int, StoredTag]]:
    """(facet, key) -> paper number -> tag, of all papers."""
    # Joined papers too: one that is taken out of its group again has its tags at once.
    fronts = read_fronts(reader, joined=True)
    if not len(fronts.numbers):
        return {place: {} for place in edition.units}
    found = own_tagger(library, edition, heads).judge(fronts.texts, fronts.vectors)
    numbers = fronts.numbers.tolist()
    return {
        place: {numbers[row]: tag for row, tag in rows.items()} for place, rows in found.items()
    }


def filing_of(library: Library, edition: Edition) -> Filing:
    """How tags are read under an older edition: entries since reworded are judged as then."""
    now = library.edition.units
    reworded = {
        place: one
        for place, one in edition.units.items()
        if place not in now or unit_digest(now[place]) != unit_digest(one)
    }
    if not reworded:
        return Filing(edition)
    with library.catalogue.read() as reader:
        older = Edition(edition.facets, edition.aliases, reworded)
        return Filing(edition, _judged(library, reader, older, reader.meta(HEADS)))


def astray(library: Library, reader: Reader) -> list[Place]:
    """Own categories whose tags are of another entry than the codebook's."""
    units = library.edition.units
    if not units:
        return []
    learned = {key: version for key, (_, version) in _heads(reader.meta(HEADS)).items()}
    held = custom_versions(reader.connection, list(units))
    wrong = []
    for place, one in units.items():
        said = unit_digest(one)
        wanted = learned.get((*place, said), f"{custom.BY_DEFINITION}.{said}")
        if held[place] - {wanted}:
            wrong.append(place)
    return wrong


def strange_keys(library: Library, reader: Reader) -> list[Place]:
    """Keys of the machine's tags that no version of the codebook has ever known."""
    known = {*library.shipped_edition.live}
    for one in versions(reader.connection):
        known |= {*one.edition.live, *one.edition.aliases, *one.edition.units}
    return sorted(machine_keys(reader.connection) - known)


def drop_strange(library: Library, writer: Writer) -> None:
    """Delete the machine's tags of keys that no version knows; what people said stays."""
    drop_keys(writer.connection, strange_keys(library, writer))


def learn_own(library: Library, *, apply: bool = True) -> dict[Place, tuple[int, int]]:
    """Refit the heads of own categories of which people have decided enough papers.

    Gives (facet, key) -> (decisions for, against) of those fitted. With `apply` the heads
    are kept and the tags follow. Raises LibraryLocked.
    """
    edition = library.edition
    if not edition.units:
        return {}
    with library.catalogue.read() as reader:
        fronts = read_fronts(reader)
        said = {place: _said(reader, edition, place) for place in edition.units}
    judge = own_tagger(library, edition)
    points = custom.centred(fronts.vectors, judge.shared) if len(fronts.numbers) else None
    row_of = {number: row for row, number in enumerate(fronts.numbers.tolist())}
    heads: dict[Place, custom.Head] = {}
    for unit in judge.units:
        rows = [row_of[number] for number in said[unit.place] if number in row_of]
        told = np.array([said[unit.place][int(fronts.numbers[row])] for row in rows], dtype=bool)
        if points is None or not custom.can_fit(told):
            continue
        plain = [custom.plain(" . ".join(fronts.texts[row])) for row in rows]
        prior = judge.odds(unit, points[rows], custom.cues_found(unit.category, plain))
        heads[unit.place] = custom.fit(points[rows], told, prior)
    if apply:
        with library.writing(), library.catalogue.write() as writer:
            writer.set_meta(HEADS, _heads_text(heads, edition))
            derive(library, writer, edition)
    return {place: (head.yes, head.no) for place, head in heads.items()}


def _said(reader: Reader, edition: Edition, place: Place) -> dict[int, bool]:
    """Paper -> what a person said of the category that a key now belongs to."""
    facet, now = place[0], edition.current(*place)
    found: dict[int, bool] = {}
    for other, key in (place, *edition.aliases, (facet, now)):
        if other == facet and edition.current(facet, key) == now:
            found |= people_said(reader.connection, (facet, key))
    return found


def _tag(unit: Unit, chance: float, cues: Sequence[str], paper: tuple[str, str]) -> StoredTag:
    text = f"{paper[0]} {paper[1]}"
    words = dict.fromkeys(custom.verbatim(cue, text) for cue in cues[: custom.MOST_CUES])
    score = round(chance, 4)
    return StoredTag(*unit.place, score, tuple(words), "machine", unit.method, unit.version)


def _heads_text(heads: Mapping[Place, custom.Head], edition: Edition) -> str:
    rows = []
    for place, head in heads.items():
        weights = head.weights.astype("<f4").tobytes()
        packed = base64.b85encode(weights).decode("ascii")
        digest = hashlib.sha256(weights + str(head.bias).encode()).hexdigest()[:8]
        version = f"{custom.BY_EXAMPLES}.{digest}"
        said = unit_digest(edition.units[place])
        rows.append([*place, said, packed, head.bias, head.yes, head.no, version])
    return json.dumps(rows) if rows else ""


def heads_sound(text: str) -> bool:
    """True where a text holds heads as they are kept: of a bundle, it may hold anything."""
    try:
        return all(
            head.weights.shape == (DIMENSIONS,)
            and bool(np.isfinite(head.weights).all())
            and math.isfinite(head.bias)
            and isinstance(version, str)
            for head, version in _heads(text).values()
        )
    except (ValueError, TypeError, KeyError):
        return False


def _heads(text: str) -> dict[tuple[str, str, str], tuple[custom.Head, str]]:
    """(facet, key, digest of its entry) -> (head, version)."""
    found = {}
    for facet, key, said, packed, bias, yes, no, version in json.loads(text) if text else ():
        weights = np.frombuffer(base64.b85decode(packed), dtype="<f4").astype(np.float64)
        found[facet, key, said] = (custom.Head(weights, bias, yes, no), version)
    return found
