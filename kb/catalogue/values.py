"""The values that the catalogue gives out. Frozen; plain Python and NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.records import Box

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredTag:
    """One tag of a paper, by the machine or by a person."""

    facet: str
    key: str
    score: float
    """Calibrated probability; 1.0 where a person decided."""
    evidence: tuple[str, ...]
    """The words that carried the decision."""
    by: str
    """`machine` or `human`."""
    method: str
    version: str
    present: bool = True
    """False where a person removed the tag."""


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as the catalogue keeps it."""

    n: int
    """The catalogue's own number of the paper; the indexes refer to it."""
    paper_id: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published: str
    year: int | None
    doi: str
    arxiv_id: str
    version: str
    pages: int | None
    pdf_path: str
    full_text: bool
    digest: dict[str, str] | None
    source: str
    added: str
    notes: tuple[tuple[str, str], ...] = ()
    """(code, detail) of what a reader should know, e.g. hidden text."""
    tags: tuple[StoredTag, ...] = ()
    """Effective tags: a person's decision over the machine's."""

    def keys(self, facet: str) -> tuple[str, ...]:
        """Effective keys of one facet, the surest first."""
        return tuple(tag.key for tag in self.tags if tag.facet == facet)

    @property
    def url(self) -> str:
        """Where the paper can be read: arXiv, else its DOI, else ""."""
        if self.arxiv_id:
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        return f"https://doi.org/{self.doi}" if self.doi else ""


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as the catalogue keeps it, without its vector."""

    n: int
    passage_id: str
    paper: int
    paper_id: str
    section: str
    page: int | None
    start: int
    end: int
    text: str
    boxes: tuple[Box, ...] = ()
    """Where it stands on its page, in points from the top left; () where that is not known."""


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """A sentence of a passage, with its label and vector."""

    n: int
    passage: int
    start: int
    """First character in the passage's text."""
    end: int
    label: str
    score: float
    vector: Vector


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the derived indexes hold of one paper."""

    paper: StoredPaper
    passages: tuple[StoredPassage, ...]
    vectors: Vector
    """(passages, dimension), unit length."""


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage to keep: its place, text, vector and sentences."""

    section: str
    page: int | None
    start: int
    end: int
    text: str
    vector: Vector
    sentences: tuple[tuple[int, int, str, float, Vector], ...]
    """(start, end, label, score, vector) of each sentence."""
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """Which papers a search, an answer or a map may use.

    Any-of within one field, all-of across fields.
    """

    phases: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    author: str = ""
    """Part of an author's name, case ignored."""
    category: str = ""
    """arXiv category, e.g. `cs.SE`."""
    collection: str = ""
    tag_status: str = ""
    """`machine`, `human` or ""; of the tag filtered on, else of any tag."""
    tags: tuple[tuple[str, str], ...] = ()
    """(facet, key) of any facet of the library's codebook; any-of within a facet."""

    def by_facet(self) -> dict[str, tuple[str, ...]]:
        """Facet -> the keys of which a paper must have one."""
        given = [("phase", key) for key in self.phases] + [("layer", key) for key in self.layers]
        found: dict[str, tuple[str, ...]] = {}
        for facet, key in (*given, *self.tags):
            found[facet] = (*found.get(facet, ()), key)
        return found

    def __bool__(self) -> bool:
        return self != Filters()

    def to_json(self) -> dict[str, Any]:
        """The filters that are set, as JSON values."""
        known = {name: getattr(self, name) for name in self.__slots__}
        known["tags"] = tuple("=".join(pair) for pair in self.tags)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in known.items()
            if value not in ((), "", None)
        }


@dataclass(frozen=True, slots=True)
class PaperTable:
    """All papers as columns, for filters and counts; row i is one paper."""

    n: npt.NDArray[np.int64]
    year: npt.NDArray[np.int64]
    """0 where unknown."""
    paper_id: tuple[str, ...]
    published: tuple[str, ...]
    authors: tuple[str, ...]
    """Authors joined by a new line, lower case."""
    categories: tuple[tuple[str, ...], ...]
    full_text: npt.NDArray[np.bool_]
    has_tags: dict[tuple[str, str], npt.NDArray[np.bool_]]
    """(facet, key) -> which papers effectively have that tag."""
    human_tags: dict[tuple[str, str], npt.NDArray[np.bool_]]
    """(facet, key) -> where that tag was decided by a person."""
    row_of: dict[int, int] = field(default_factory=dict)
    """Paper number -> row."""
