"""One entry of a bibliography, whatever its format, and the paper it describes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ingest.errors import SourceError
from ingest.identity import OLD_ARCHIVES, arxiv_id, arxiv_version, normal_doi, paper_id, work_id
from ingest.names import family_name
from ingest.records import Paper, ParseNote
from ingest.sources import clean_text, encodable

_DOI = re.compile(
    r"(?:doi\.org/|/doi/(?:[a-z]+/)*|\bdoi:\s*|^\s*)(10\.\d{4,9}/[^\s?#\"<>]+)", re.IGNORECASE
)
_ARXIV_DOI = "10.48550/arxiv."
_ARXIV_NUMBER = r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
_ARXIV = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html)/|arxiv(?:\.org)?\s*(?:preprint)?\s*[:/ ]\s*(?:arxiv:\s*)?)"
    rf"({_ARXIV_NUMBER})",
    re.IGNORECASE,
)
_CORR = re.compile(rf"abs/({_ARXIV_NUMBER})")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?![\d])(?:[-/](\d{1,2})(?!\d))?)?")
_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")
# arXiv's own, ACM's and the AMS's classes, which arXiv lists together.
_CATEGORY = re.compile(r"[a-z-]+\.[A-Z][A-Za-z-]+|[A-K]\.\d+(?:\.\d+)?|\d\d[A-Z]\d\d")
_NO_ABSTRACT = re.compile(r"\[?no abstract (?:available|provided)\.?\]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """What an entry says, as plain text; every field "" or () where it does not."""

    item: str
    """What to call it in messages: file, line or number, and its key."""
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    """In reading order."""
    published: str = ""
    """ISO date, see `published`."""
    doi: str = ""
    eprint: str = ""
    """An arXiv id, where the field can hold nothing else."""
    mentions: tuple[str, ...] = ()
    """Fields in which an arXiv id or a DOI may stand: addresses, notes, the journal."""
    categories: tuple[str, ...] = ()
    version: str = ""
    files: tuple[str, ...] = ()
    """Paths of PDFs as written."""
    key: str = ""
    own: str = ""
    """The paper id, where Sixfold itself wrote the entry."""
    notes: tuple[ParseNote, ...] = ()


def classes(words: Iterable[str]) -> tuple[str, ...]:
    """Those of some keywords that are categories on arXiv, e.g. `cs.SE` or `I.2.7`."""
    return tuple(word for word in words if _CATEGORY.fullmatch(word) or word in OLD_ARCHIVES)


def published(when: str = "", year: str = "", month: str = "", day: str = "") -> str:
    """An ISO date as precise as known: `2025-06-30`, `2025-06`, `2025` or "".

    Takes a whole date in any usual form, or its parts; the whole date wins.
    """
    iso = _ISO.match(when.strip())
    if iso:
        return _joined(iso[1], iso[2] or month, iso[3] or day)
    found = _YEAR.search(when) or _YEAR.search(year)
    if not found:
        return ""
    if _YEAR.search(when):
        named = _MONTH.search(when)
        numbered = re.match(r"\s*(\d{1,2})[/.-]\d{4}\s*$", when)
        days = re.search(r"(?<!\d)(\d{1,2})(?!\d)", when) if named else None
        month = named[1] if named else (numbered[1] if numbered else month)
        day = days[1] if days else day
    return _joined(found[0], month, day)


def _joined(year: str, month: str, day: str) -> str:
    if int(year) < 1000:
        return ""
    named = _MONTH.search(month)
    digits = re.search(r"\d{1,2}", month)
    number = _MONTHS.index(named[1].lower()) + 1 if named else int(digits[0]) if digits else 0
    if not 1 <= number <= 12:
        return year
    # `jun # "~30"` has its day in the month.
    day = day or (digits[0] if named and digits else "")
    try:
        return date(int(year), number, int(day)).isoformat()
    except ValueError:
        return f"{year}-{number:02}"


def paper_of(record: Record, source: str) -> Paper:
    """The paper that an entry describes. Raises SourceError `missing_title`.

    Its id is the arXiv id, else the DOI, else `work_id` of title, first author and year.
    """
    title = clean_text(record.title)
    if not title:
        raise SourceError("missing_title", "The entry has no title.", record.item, "Add its title.")
    arxiv, version = _arxiv(record)
    doi = _doi(record)
    authors = tuple(encodable(name).replace("\0", " ").strip() for name in record.authors)
    year = int(record.published[:4]) if record.published else None
    first = family_name(authors[0]) if authors else ""
    identity = arxiv or (f"doi:{doi}" if doi else work_id(title, first, year))
    abstract = clean_text(record.abstract)
    return Paper(
        paper_id=paper_id(record.own) if record.own else identity,
        title=title,
        abstract="" if _NO_ABSTRACT.fullmatch(abstract) else abstract,
        authors=authors,
        categories=tuple(encodable(one) for one in record.categories),
        published=record.published,
        doi=doi,
        arxiv_id=arxiv,
        version=record.version or version,
        source=source,
        warnings=record.notes,
    )


def _arxiv(record: Record) -> tuple[str, str]:
    """(arXiv id, version) that the entry names in any of its fields; ("", "") for none."""
    for given in (record.eprint, record.doi):
        if arxiv_id(given):
            return arxiv_id(given), arxiv_version(given)
    for text in record.mentions:
        # Deep in a note another paper may be meant.
        found = _ARXIV.search(text[:200]) or _CORR.match(text.strip())
        if found and arxiv_id(found[1]):
            return arxiv_id(found[1]), arxiv_version(found[1])
    return "", ""


def _doi(record: Record) -> str:
    """The DOI; arXiv's own DOIs are left out, for the arXiv id says the same."""
    for text in (record.doi, *record.mentions):
        found = normal_doi(text)
        if not found:
            named = _DOI.search(text[:2_000])
            found = normal_doi(named[1].rstrip(".,;)]}").removesuffix(".pdf")) if named else ""
        if found and not found.startswith(_ARXIV_DOI):
            return encodable(found)
    return ""
