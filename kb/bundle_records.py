"""A bundle's records: papers to JSON values and back, every value checked on the way in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ingest.errors import IngestError
from ingest.identity import arxiv_id, normal_doi, paper_id
from kb.catalogue.carrying import FACTS, CarriedPaper, CarriedPassage
from kb.catalogue.values import StoredTag
from kb.errors import BundleError
from taxonomy.codebook import Codebook

LABELS = ("challenge", "direction", "contribution", "other")

# Bounds far above anything real, so that a crafted number or text stops here.
MAX_NUMBER = 2**31 - 1
MAX_ITEMS = 200_000
MAX_TEXT = 16_000_000
MAX_POINTS = 100_000

_HASH = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"([0-9a-f]{64})?")
_NO_VECTORS = np.zeros((0, 0), dtype="<f2")

Check = Callable[[Any, str], Any]
"""Takes a value and where it stands; gives the value. Raises BundleError."""


def wrong(where: str, wanted: str) -> BundleError:
    """The error for a value that is not what it should be."""
    return BundleError(
        f"damaged bundle: {where} is not {wanted}",
        item=where,
        remedy="ask for the bundle again; nothing was changed",
        code="bundle_damaged",
    )


def text(value: Any, where: str) -> str:
    """A text that UTF-8 can hold."""
    if type(value) is not str or len(value) > MAX_TEXT:
        raise wrong(where, "a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise wrong(where, "valid Unicode") from error
    return value


def whole(value: Any, where: str) -> int:
    """A whole number from 0 to 2³¹ - 1."""
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise wrong(where, "a whole number from 0")
    return value


def share(value: Any, where: str) -> float:
    """A number from 0 to 1."""
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise wrong(where, "a number from 0 to 1")
    return float(value)


def length(value: Any, where: str) -> float:
    """A finite number of points on a page, or beside it."""
    if type(value) not in (int, float) or not -MAX_POINTS <= value <= MAX_POINTS:
        raise wrong(where, "a length in points")
    return float(value)


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise wrong(where, "true or false")
    return value


def optional(check: Check) -> Check:
    """A value or null."""
    return lambda value, where: None if value is None else check(value, where)


def one_of(known: tuple[str, ...]) -> Check:
    """One of some texts."""

    def check(value: Any, where: str) -> str:
        """The value, where it is one of them."""
        if type(value) is not str or value not in known:
            raise wrong(where, f"one of {', '.join(known)}")
        return value

    return check


def matching(pattern: re.Pattern[str], wanted: str) -> Check:
    """A text of a given form."""

    def check(value: Any, where: str) -> str:
        """The value, where the whole of it has the form."""
        if type(value) is not str or not pattern.fullmatch(value):
            raise wrong(where, wanted)
        return value

    return check


def listed(check: Check) -> Check:
    """A list of values of one kind."""

    def whole_list(value: Any, where: str) -> list[Any]:
        """The list with each value as `check` gives it back."""
        if type(value) is not list or len(value) > MAX_ITEMS:
            raise wrong(where, "a list")
        return [check(one, f"{where}[{i}]") for i, one in enumerate(value)]

    return whole_list


def row(*checks: Check) -> Check:
    """A list of fixed length, each place of its own kind."""

    def check(value: Any, where: str) -> list[Any]:
        """The list with each value as the check of its place gives it back."""
        if type(value) is not list or len(value) != len(checks):
            raise wrong(where, f"a list of {len(checks)}")
        return [
            part(one, f"{where}[{i}]")
            for i, (part, one) in enumerate(zip(checks, value, strict=True))
        ]

    return check


def record(checks: Mapping[str, Check], may: Mapping[str, Check] | None = None) -> Check:
    """An object with exactly these keys, and those of `may` where it has them."""
    known = {**checks, **(may or {})}

    def check(value: Any, where: str) -> dict[str, Any]:
        """The object with each value as the check of its key gives it back."""
        if type(value) is not dict or not checks.keys() <= value.keys() <= known.keys():
            raise wrong(where, f"an object with the keys {', '.join(checks)}")
        return {key: known[key](one, f"{where}.{key}") for key, one in value.items()}

    return check


def mapping(check: Check, known: Mapping[str, Check] | None = None) -> Check:
    """An object with free keys (or some of the `known` ones)."""

    def whole_mapping(value: Any, where: str) -> dict[str, Any]:
        """The object with each value as `check`, or that of its key, gives it back."""
        if type(value) is not dict or len(value) > MAX_ITEMS:
            raise wrong(where, "an object")
        if known is not None and not value.keys() <= known.keys():
            raise wrong(where, f"an object with keys among {', '.join(known)}")
        parts = known or {}
        return {
            text(key, where): parts.get(key, check)(one, f"{where}.{key}")
            for key, one in value.items()
        }

    return whole_mapping


def identity(value: Any, where: str) -> str:
    """A paper's id in its one form."""
    try:
        known = paper_id(text(value, where))
    except IngestError as error:
        raise wrong(where, "a paper's id") from error
    if known != value:
        raise wrong(where, "a paper's id in its plain form")
    return known


def arxiv(value: Any, where: str) -> str:
    """An arXiv id without version, or "": it becomes part of a link."""
    if value != "" and (type(value) is not str or arxiv_id(value) != value):
        raise wrong(where, "an arXiv id")
    return str(value)


def doi(value: Any, where: str) -> str:
    """A DOI, or "": it becomes part of a link."""
    if value != "" and (type(value) is not str or normal_doi(value) != value):
        raise wrong(where, "a DOI")
    return str(value)


_number = optional(whole)
_digest = mapping(
    text,
    dict.fromkeys(("problem", "contribution", "finding", "challenge", "direction"), text),
)
_reference = record({"raw": text, "title": text, "year": _number, "doi": doi, "arxiv_id": arxiv})

_FACT: dict[str, Check] = {
    "paper_id": identity,
    "title": text,
    "abstract": text,
    "authors": listed(text),
    "categories": listed(text),
    "published": text,
    "year": _number,
    "doi": doi,
    "arxiv_id": arxiv,
    "version": text,
    "pages": _number,
    "pdf_sha256": matching(_SHA256, "a SHA-256 hash"),
    "full_text": flag,
    "digest": optional(_digest),
    "sections": listed(row(text, whole, _number)),
    "refs": listed(_reference),
    "notes": listed(row(text, text)),
    "source": text,
    "content_hash": matching(_HASH, "a content hash"),
    "scores": mapping(mapping(share)),
    "added": text,
}
_TAG = record(
    {
        "facet": text,
        "key": text,
        "score": share,
        "evidence": listed(text),
        "by": one_of(("machine", "human")),
        "method": text,
        "version": text,
        "present": flag,
    }
)
_PASSAGE = record(
    {
        "section": text,
        "page": _number,
        "start": whole,
        "end": whole,
        "sentences": listed(row(whole, whole, one_of(LABELS), share)),
    },
    {"boxes": listed(row(*[length] * 4))},  # bundles of format 1 know none
)
_PAPER = record(
    {
        **{name: _FACT[name] for name in FACTS},
        "page_texts": listed(row(whole, text)),
        "passages": listed(_PASSAGE),
        "tags": listed(_TAG),
    }
)
COLLECTED = record({"name": text, "paper_id": identity, "at": text})


def to_record(paper: CarriedPaper) -> dict[str, Any]:
    """A paper as JSON values; its vectors travel apart, in the same order."""
    return {
        **paper.facts,
        "page_texts": [list(page) for page in paper.page_texts],
        "passages": [
            {
                "section": passage.section,
                "page": passage.page,
                "start": passage.start,
                "end": passage.end,
                "sentences": [list(sentence) for sentence in passage.sentences],
                **({"boxes": [list(box) for box in passage.boxes]} if passage.boxes else {}),
            }
            for passage in paper.passages
        ],
        "tags": [
            {
                "facet": tag.facet,
                "key": tag.key,
                "score": tag.score,
                "evidence": list(tag.evidence),
                "by": tag.by,
                "method": tag.method,
                "version": tag.version,
                "present": tag.present,
            }
            for tag in paper.tags
        ],
    }


def from_record(value: Any, where: str, codebook: Codebook) -> CarriedPaper:
    """A paper from JSON values, without its vectors. Raises BundleError."""
    checked = _PAPER(value, where)
    paper = CarriedPaper(
        {name: checked[name] for name in FACTS},
        tuple((page, content) for page, content in checked["page_texts"]),
        tuple(
            CarriedPassage(
                one["section"],
                one["page"],
                one["start"],
                one["end"],
                tuple((a, b, label, score) for a, b, label, score in one["sentences"]),
                tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in one.get("boxes", ())),
            )
            for one in checked["passages"]
        ),
        tuple(StoredTag(**one | {"evidence": tuple(one["evidence"])}) for one in checked["tags"]),
        _NO_VECTORS,
        _NO_VECTORS,
    )
    _check_spans(paper, where)
    _check_tags(paper, where, codebook)
    return paper


def what_is_wrong(paper: CarriedPaper) -> str:
    """What no paper can be, of one that a catalogue holds; "" where nothing is.

    Whether its tags are of the codebook is not looked at.
    """
    try:
        _PAPER(to_record(paper), paper.paper_id)
        _check_spans(paper, paper.paper_id)
    except BundleError as error:
        return error.message.partition(": ")[2]
    return ""


def _check_spans(paper: CarriedPaper, where: str) -> None:
    """Passages lie within their page's text, sentences within their passage."""
    pages = dict(paper.page_texts)
    if len(pages) != len(paper.page_texts):
        raise wrong(f"{where}.page_texts", "one text a page")
    for i, passage in enumerate(paper.passages):
        held = len(pages.get(passage.page or 0, ""))
        if not passage.start < passage.end <= held:
            raise wrong(f"{where}.passages[{i}]", "a span of its page's text")
        length = passage.end - passage.start
        for start, end, _, _ in passage.sentences:
            if not start < end <= length:
                raise wrong(f"{where}.passages[{i}].sentences", "spans of the passage's text")


def _check_tags(paper: CarriedPaper, where: str, codebook: Codebook) -> None:
    """Tags name categories that the codebook has, each once a judge."""
    seen = set()
    for tag in paper.tags:
        if tag.facet not in codebook.keys or tag.key not in codebook.facet(tag.facet).keys:
            raise wrong(f"{where}.tags: {tag.facet} {tag.key}", "a category of this codebook")
        place = (tag.facet, tag.key, tag.by)
        if place in seen:
            raise wrong(f"{where}.tags: {tag.facet} {tag.key}", "named once")
        seen.add(place)
