"""The values that ingestion produces. Frozen, storage-free, and they pickle."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in PDF points (1/72 inch) from the top left of the page as shown."""

Said = tuple[str, tuple[Box, ...]]
"""A quote, and where its passage stands on its page."""

Place = tuple[int, Box | None]
"""(first character, box of the line that begins there); None for a line on another page."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A stretch of text that begins on one page."""

    page: int | None
    """Page number counted from 1; None where there is no PDF (an abstract, a digest)."""
    text: str
    """Clean text in reading order. A sentence that runs over the page break is kept
    whole, on the page where it begins."""
    places: tuple[Place, ...] = ()
    """Where each line of the text stands, in order; () where that is not known."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a paper's body, in reading order."""

    heading: str
    """Heading as printed, without its number; "" for text before the first heading."""
    level: int
    """Depth of the heading, from 1."""
    page: int | None
    """Page on which the heading stands, from 1."""
    parts: tuple[PageText, ...]
    """The section's text, one part a page."""

    @property
    def text(self) -> str:
        """The section's whole text, its pages joined by a new line."""
        return "\n".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of a reference list."""

    raw: str
    """The entry as printed, white space normalised."""
    title: str = ""
    year: int | None = None
    doi: str = ""
    """DOI without resolver, lower case; "" where none is printed."""
    arxiv_id: str = ""
    """arXiv id without version; "" where none is printed."""


@dataclass(frozen=True, slots=True)
class ParseNote:
    """Something a reader of the parsed paper should know."""

    code: str
    """Stable key, e.g. `no_text`, `truncated`, `repaired`, `hidden_text`."""
    detail: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one PDF says: the result of `ingest.pdf.parse`."""

    title: str
    authors: tuple[str, ...]
    abstract: str
    """"" where the paper has none."""
    abstract_page: int | None
    sections: tuple[Section, ...]
    """Body only: neither abstract nor references are among them."""
    references: tuple[Reference, ...]
    pages: int
    arxiv_id: str = ""
    """arXiv id (without version) printed on the first page; "" where there is none."""
    doi: str = ""
    """DOI printed on the first page; "" where there is none."""
    year: int | None = None
    """Year printed on the first page or in the metadata; None where unsure."""
    warnings: tuple[ParseNote, ...] = ()
    abstract_boxes: tuple[Box, ...] = ()
    """Where the abstract stands on its page."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of a paper in Sixfold's own words; never the authors' text."""

    problem: str = ""
    contribution: str = ""
    finding: str = ""
    challenge: str = ""
    direction: str = ""

    def sentences(self) -> tuple[tuple[str, str], ...]:
        """(field name, sentence) of every field that is not empty, in reading order."""
        names = ("problem", "contribution", "finding", "challenge", "direction")
        return tuple((name, getattr(self, name)) for name in names if getattr(self, name))


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as a source gives it."""

    paper_id: str
    """arXiv id without version, else `doi:…`, else `sha256:` + 16 hex digits."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """arXiv categories, e.g. `cs.SE`; the primary one first."""
    published: str = ""
    """ISO date as precise as known: `2025-06-30`, `2025-06`, `2025` or ""."""
    doi: str = ""
    arxiv_id: str = ""
    version: str = ""
    """Version of the arXiv paper, e.g. `v2`; "" where unknown."""
    abstract_page: int | None = None
    """Page of the abstract where it was read from a PDF."""
    sections: tuple[Section, ...] = ()
    references: tuple[Reference, ...] = ()
    pages: int | None = None
    """Pages of the PDF; None where there is none."""
    pdf_path: str = ""
    """Where the PDF lay when it was read; "" where there is none."""
    pdf_sha256: str = ""
    digest: Digest | None = None
    source: str = ""
    """Where the record came from, e.g. `jsonl:papers.jsonl`, `arxiv`, `pdf:x.pdf`."""
    warnings: tuple[ParseNote, ...] = ()
    abstract_boxes: tuple[Box, ...] = ()
    """Where the abstract stands on `abstract_page`; means nothing where that is None."""

    @property
    def year(self) -> int | None:
        """Year of publication, or None where unknown."""
        return int(self.published[:4]) if self.published[:4].isdecimal() else None

    @property
    def has_full_text(self) -> bool:
        """True where the body was read from a PDF."""
        return bool(self.sections)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one page of a paper, short enough for the embedding model."""

    section: str
    """Heading of the section; `Abstract`, `Title` or `Digest` for those."""
    page: int | None
    start: int
    """First character in the stored text of that page (`Split.pages`), from 0."""
    end: int
    text: str
    """Exactly `page_text[start:end]`."""
    boxes: tuple[Box, ...] = ()
    """Where it stands on its page: one box a column or block; () where that is not known."""
    overleaf: tuple[tuple[int, int], ...] = ()
    """(start, end) of what stands on the next page: the ends of sentences that go on there."""


@dataclass(frozen=True, slots=True)
class Split:
    """A paper cut into passages, with the page texts they point into."""

    pages: tuple[PageText, ...]
    """Stored text, one entry a page; page None first, where there is one."""
    passages: tuple[Passage, ...]
